//! Writes a program that calls each typed operation: for `folio-calls`, which compares what arrives at a server with the documents.
//!
//! The program takes what to send by the names that the *document* has, so that a parameter that the SDK does not know is one that does not
//! arrive. It is small: a function an operation, without types of its own, since all that it names costs the compiler for 2,800 operations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::document::{Document, Specs};
use crate::emit::{self, Origin, ident};
use crate::error::Error;
use crate::facts::{Answer, BodyKind, Operation, SuccessKind};
use crate::lower;
use crate::model::{self, Model, Ty};
use crate::rust_name;
use crate::text::line;

/// The files of the program by their names: one a module, and `calls.rs` which holds them all. They are written against what
/// `folio-calls` has in `program.rs`.
///
/// # Errors
/// A document is not canonical, or progenitor rejects it.
pub fn calls(specs: &Specs) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    let mut index = String::new();
    let mut modules = Vec::new();
    let texts = crate::on_all_cores(specs, |document| module(document, &specs.common));
    for (document, text) in specs.modules.iter().zip(texts) {
        let rust = rust_name(document.feature());
        files.insert(format!("calls_{rust}.rs"), text?);
        line(&mut index, 0, &format!("mod {rust} {{"));
        let file = format!("include!(concat!(env!(\"OUT_DIR\"), \"/calls_{rust}.rs\"));");
        line(&mut index, 1, &file);
        line(&mut index, 0, "}");
        modules.push(format!("({:?}, {rust}::CALLS)", document.name));
    }
    let list = modules.join(", ");
    line(
        &mut index,
        0,
        &format!("pub(crate) const MODULES: &[(&str, &[(&str, Call)])] = &[{list}];"),
    );
    files.insert("calls.rs".to_owned(), index);
    Ok(files)
}

fn module(document: &Document, common: &Document) -> Result<String, Error> {
    let lowered = lower::module(document, common)?;
    let model = model::build(&document.name, &lowered)?;
    let origin = Origin {
        document,
        shared: common,
    };
    let rust = rust_name(document.feature());
    let mut out = String::new();
    line(&mut out, 0, "use super::*;");
    let names: Vec<String> = lowered
        .operations
        .iter()
        .map(|operation| format!("({:?}, {})", operation.name, ident(&operation.name)))
        .collect();
    line(
        &mut out,
        0,
        &format!(
            "pub(crate) const CALLS: &[(&str, Call)] = &[{}];",
            names.join(", ")
        ),
    );
    for operation in &lowered.operations {
        call(&mut out, &origin, &model, operation, &rust)?;
    }
    Ok(out)
}

/// How `i`, the input, gives the value of a parameter: by the type that the builder takes.
fn reader(argument: &str) -> &'static str {
    match argument {
        "bool" => "flag",
        "i64" => "number",
        "u32" => "count",
        text if text.starts_with("impl IntoIterator") => "list",
        _ => "text",
    }
}

fn call(
    out: &mut String,
    origin: &Origin<'_>,
    model: &Model,
    operation: &Operation,
    rust: &str,
) -> Result<(), Error> {
    let signature = emit::signature(origin, model, operation)?;
    let name = ident(&operation.name);
    line(
        out,
        0,
        &format!("fn {name}(f: &FolioClient, i: &Input) -> Result<Step, String> {{"),
    );
    let mut arguments: Vec<String> = operation
        .path_parameters
        .iter()
        .map(|name| format!("i.path({name:?})"))
        .collect();
    for parameter in operation.query.iter().filter(|query| query.required) {
        let query = emit::query_type(origin, operation, signature, parameter)?;
        let read = reader(&query.argument);
        arguments.push(format!(
            "i.{read}({:?}).unwrap_or_default()",
            parameter.name
        ));
    }
    let arguments = arguments.join(", ");
    line(
        out,
        1,
        &format!("let mut c = f.{rust}().{name}({arguments});"),
    );
    for (parameter, function) in emit::optional_setters(operation) {
        let query = &parameter.name;
        let is_count = emit::is_paged(operation) && matches!(query.as_str(), "limit" | "offset");
        let (function, read) = match is_count {
            true => (query.clone(), "count"),
            false => {
                let query = emit::query_type(origin, operation, signature, parameter)?;
                (function, reader(&query.argument))
            }
        };
        line(
            out,
            1,
            &format!("if let Some(v) = i.{read}({query:?}) {{ c = c.{function}(v); }}"),
        );
    }
    let functions = emit::body_functions(operation);
    for (body, function) in operation.bodies.iter().zip(functions) {
        let is_list = matches!(signature.arguments.get("body"), Some(Ty::Vec(_)));
        let given = match &body.kind {
            BodyKind::Json | BodyKind::Form if is_list => "&list_of(v)?",
            BodyKind::Json | BodyKind::Form => "&record_of(v)?",
            BodyKind::Multipart(_) => "form_of(v)",
            BodyKind::Bytes => "bytes_of(v)",
        };
        let media_type = &body.media_type;
        line(
            out,
            1,
            &format!("if let Some(v) = i.body({media_type:?}) {{ c = c.{function}({given}); }}"),
        );
    }
    if emit::needs_confirmation(operation) {
        line(out, 1, "c = c.confirm(Deletion::All);");
    }
    if let Answer::Several(answers) = &operation.answer {
        for success in answers.iter().filter(|success| success.status.is_none()) {
            let function = emit::accept_function(success);
            for media_type in &success.media_types {
                let asked = format!("if i.asks_for({media_type:?}) {{ c = c.{function}(); }}");
                line(out, 1, &asked);
            }
        }
    }
    line(out, 1, "for (n, v) in i.headers() { c = c.header(n, v); }");
    let maybe = match operation.may_be_empty {
        true => "maybe_",
        false => "",
    };
    let sent = match &operation.answer {
        Answer::Json => format!("{maybe}json(c.send())"),
        Answer::Text => format!("{maybe}text(c.send())"),
        Answer::Bytes => format!("{maybe}bytes(c.send())"),
        Answer::Lines => "lines(c.stream())".to_owned(),
        Answer::Empty => "nothing(c.send())".to_owned(),
        Answer::Undescribed => "response(c.send())".to_owned(),
        Answer::Several(answers) => {
            let name = format!("folio_sdk::{rust}::call::{}", operation.answer_type);
            let mut arms = String::new();
            for success in answers {
                let read = match success.kind {
                    SuccessKind::Json(_) => "written(&v)",
                    SuccessKind::Text => "Received::Text(v)",
                    SuccessKind::Bytes => "Received::Bytes(v.to_vec())",
                };
                let _ = write!(arms, "{name}::{}(v) => {read}, ", success.name);
            }
            format!(
                "step(async move {{ Ok(match c.send().await? {{ {arms}{name}::Other(v) => raw(&v), _ => Received::Nothing }}) }})"
            )
        }
    };
    line(out, 1, &format!("Ok({sent})"));
    line(out, 0, "}");
    Ok(())
}
