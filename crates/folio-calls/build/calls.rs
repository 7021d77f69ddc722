//! Writes the program that calls each operation.
//!
//! It takes what to send by the names that the *document* has, so that a parameter that the SDK
//! does not know is one that does not arrive. It is small: one function per operation, without
//! types of its own, since all that it names costs the compiler for 2,800 operations. It is written
//! against what this crate has in `program.rs`.

use std::collections::BTreeMap;

use folio_codegen::surface::{
    BodySetter, Call, Content, Response, Setter, Surface, Takes, TakesBody,
};

/// The files of the program by their names: one file per module, and `calls.rs` which holds them
/// all.
pub(crate) fn files(built: &[Surface]) -> BTreeMap<String, String> {
    let built = built.iter().filter(|surface| surface.document != "common");
    let mut files = BTreeMap::new();
    let mut index = String::new();
    let mut modules = Vec::new();
    for surface in built {
        let module = &surface.module;
        files.insert(format!("calls_{module}.rs"), program(surface));
        index.push_str(&format!(
            r#"mod {module} {{
    include!(concat!(env!("OUT_DIR"), "/calls_{module}.rs"));
}}
"#
        ));
        modules.push(format!("({:?}, {module}::CALLS)", surface.document));
    }
    let list = modules.join(", ");
    index.push_str(&format!(
        "pub(crate) const MODULES: &[(&str, &[(&str, Call)])] = &[{list}];\n"
    ));
    files.insert("calls.rs".to_owned(), index);
    files
}

fn program(surface: &Surface) -> String {
    let calls = surface.calls.iter();
    let names: Vec<String> = calls
        .map(|call| format!("({:?}, {})", call.operation, call.function))
        .collect();
    let calls = surface.calls.iter().map(|of| call(of, &surface.module));
    format!(
        "use super::*;
pub(crate) const CALLS: &[(&str, Call)] = &[{}];
{}",
        names.join(", "),
        calls.collect::<String>()
    )
}

/// The function of a call.
fn call(call: &Call, module: &str) -> String {
    let function = &call.function;
    let path = call.path.iter().map(|name| format!("i.path({name:?})"));
    let required = call.required.iter().map(|setter| {
        let read = reader(setter.takes);
        format!("i.{read}({:?}).unwrap_or_default()", setter.parameter)
    });
    let arguments: Vec<String> = path.chain(required).collect();
    let mut steps: Vec<String> = call.optional.iter().map(set).collect();
    steps.extend(call.bodies.iter().map(set_body));
    if call.needs_confirmation {
        steps.push("c = c.confirm(Deletion::All);".to_owned());
    }
    steps.extend(call.accepts.iter().map(|(media_type, accept)| {
        format!("if i.asks_for({media_type:?}) {{ c = c.{accept}(); }}")
    }));
    let steps: String = steps.iter().map(|step| format!("    {step}\n")).collect();
    format!(
        "fn {function}(f: &FolioClient, i: &Input) -> Result<Step, String> {{
    let mut c = f.{module}().{function}({});
{steps}    for (n, v) in i.headers() {{ c = c.header(n, v); }}
    Ok({})
}}
",
        arguments.join(", "),
        sent(call, module)
    )
}

/// How `i`, the input, gives the value of a parameter.
fn reader(takes: Takes) -> &'static str {
    match takes {
        Takes::Flag => "flag",
        Takes::Number => "number",
        Takes::Count => "count",
        Takes::List => "list",
        Takes::Text => "text",
    }
}

fn set(setter: &Setter) -> String {
    let (name, function) = (&setter.parameter, &setter.function);
    let read = reader(setter.takes);
    format!("if let Some(v) = i.{read}({name:?}) {{ c = c.{function}(v); }}")
}

fn set_body(setter: &BodySetter) -> String {
    let (media_type, function) = (&setter.media_type, &setter.function);
    let body = match setter.takes {
        TakesBody::Records => "&list_of(v)?",
        TakesBody::Record => "&record_of(v)?",
        TakesBody::Multipart => "form_of(v)",
        TakesBody::Bytes => "bytes_of(v)",
    };
    format!("if let Some(v) = i.body({media_type:?}) {{ c = c.{function}({body}); }}")
}

/// How a call is sent, and its output processed.
fn sent(call: &Call, module: &str) -> String {
    let maybe = if call.may_be_empty { "maybe_" } else { "" };
    match &call.response {
        Response::Json => format!("{maybe}json(c.send())"),
        Response::Text => format!("{maybe}text(c.send())"),
        Response::Bytes => format!("{maybe}bytes(c.send())"),
        Response::Lines => "lines(c.stream())".to_owned(),
        Response::Nothing => "nothing(c.send())".to_owned(),
        Response::Undescribed => "response(c.send())".to_owned(),
        Response::Several(name, variants) => {
            let name = format!("folio_sdk::{module}::call::{name}");
            let arms = variants.iter().map(|(variant, content)| {
                let read = match content {
                    Content::Json => "written(&v)",
                    Content::Text => "Received::Text(v)",
                    Content::Bytes => "Received::Bytes(v.to_vec())",
                };
                format!("{name}::{variant}(v) => {read}, ")
            });
            let arms: String = arms.collect();
            format!(
                "step(async move {{ Ok(match c.send().await? {{ {arms}{name}::Unknown(v) => raw(&v), _ => Received::Nothing }}) }})"
            )
        }
    }
}
