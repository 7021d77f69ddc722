//! Examples: the first call of a handle, and what is done with a record.

use crate::context::Context;
use crate::emit::responses::{item_type, output};
use crate::facts::Operation;
use crate::model::{Field, Record, Ty};
use crate::module_name::rust_name;
use crate::names::{ident, snake};

/// Lines of an example that compiles and is not run. They have `folio`, a client.
fn example(lines: &[String]) -> Vec<String> {
    let mut docs = vec![
        String::new(),
        "```no_run".to_owned(),
        "# async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {"
            .to_owned(),
    ];
    docs.extend_from_slice(lines);
    docs.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    docs
}

/// Whether a call needs no query parameter.
fn is_simple(operation: &&Operation) -> bool {
    !operation.query.iter().any(|query| query.required)
}

/// The lists whose calls need no parameters, each with the type of its records.
pub(super) fn simple_lists<'a>(
    context: &Context<'_>,
    operations: &'a [Operation],
) -> Vec<(&'a Operation, String)> {
    let lists = operations.iter().filter(|operation| {
        operation.path_parameters.is_empty() && operation.method == "get" && is_simple(operation)
    });
    lists
        .filter_map(|list| Some((list, item_type(context, list)?)))
        .collect()
}

/// The first call of a module: of its simple lists the one with the shortest path, else a response.
pub(super) fn handle_example(
    context: &Context<'_>,
    operations: &[Operation],
    lists: &[(&Operation, String)],
) -> Vec<String> {
    let module = rust_name(context.document.feature());
    if let Some((list, item)) = lists.iter().min_by_key(|(list, _)| list.path.len()) {
        return example(&stream(&module, list, &print(context, "record", item)));
    }
    let sendable = |operation: &&Operation| {
        is_simple(operation) && !operation.needs_body && operation.method == "get"
    };
    if let Some(get) = operations.iter().find(sendable) {
        let call = call(&module, get);
        let ty = output(context, get).map_or_else(|_| String::new(), |output| output.ty);
        return example(&[
            format!("let response = {call}.send().await?;"),
            print(context, "response", &ty),
        ]);
    }
    // What else there is may need more than an example can know; it is made and not sent.
    match operations.iter().find(is_simple) {
        Some(operation) => example(&[
            format!("let call = {};", call(&module, operation)),
            "println!(\"{call:?}\");".to_owned(),
        ]),
        None => Vec::new(),
    }
}

/// A call of an operation, with an id for each parameter of its path.
fn call(module: &str, operation: &Operation) -> String {
    let arguments = vec!["\"5b7e\""; operation.path_parameters.len()].join(", ");
    format!("folio.{module}().{}({arguments})", ident(&operation.name))
}

/// Reads a list to its end; `each` does something with a `record`.
fn stream(module: &str, list: &Operation, each: &str) -> Vec<String> {
    vec![
        format!("let mut records = {}.stream();", call(module, list)),
        "while let Some(record) = records.next().await {".to_owned(),
        "    let record = record?;".to_owned(),
        format!("    {each}"),
        "}".to_owned(),
    ]
}

/// How a record is used: changed and written back where it is stored, else read from its list, one
/// of the simple ones.
pub(super) fn record_example(
    context: &Context<'_>,
    lists: &[(&Operation, String)],
    record: &Record,
    is_stored: bool,
) -> Vec<String> {
    let module = rust_name(context.document.feature());
    let name = &*record.name;
    let field = changeable(record);
    if is_stored {
        let Some((field, value)) = field else {
            return Vec::new();
        };
        let variable = ident(&snake(name));
        let change = format!("{variable}.{} = {value}", ident(&field.name));
        return example(&[
            format!("use folio_sdk::{module}::{name};"),
            String::new(),
            "// Reads the record, changes it, and writes it back.".to_owned(),
            "let id = \"c7a8a7f6-0b5e-4a9c-9d55-3d9d6f5f1c4e\";".to_owned(),
            format!(
                "let update = folio.update_with(id, |{variable}: &mut {name}| {change}).await?;"
            ),
            "println!(\"written: {}\", update.written);".to_owned(),
        ]);
    }
    let item = format!("super::{name}");
    let list = lists.iter().find(|(_, ty)| *ty == item);
    match list {
        Some((list, item)) if text_of(record).is_some() => {
            example(&stream(&module, list, &print(context, "record", item)))
        }
        _ => Vec::new(),
    }
}

/// Prints a text of a record or the length of its list; all of what has neither.
fn print(context: &Context<'_>, variable: &str, ty: &str) -> String {
    let record = ty.strip_prefix("super::");
    let record = record.and_then(|name| context.model.record(name));
    let printed = record.and_then(|record| text_of(record).or_else(|| length_of(record)));
    match printed {
        Some(text) => format!("println!(\"{{}}\", {variable}.{text});"),
        None => format!("println!(\"{{{variable}:?}}\");"),
    }
}

/// A text of a record, rather one that each record has.
fn text_of(record: &Record) -> Option<String> {
    let texts = || {
        let fields = record.fields.iter();
        fields.filter(|field| matches!(field.ty, Ty::String) && field.key != "id")
    };
    let field = texts().find(|field| field.required);
    let field = field.or_else(|| texts().next())?;
    let name = ident(&field.name);
    Some(match field.required {
        true => name.to_string(),
        false => format!("{name}.unwrap_or_default()"),
    })
}

/// A field that a program may change, and a value for it.
fn changeable(record: &Record) -> Option<(&Field, String)> {
    let value = |field: &Field| {
        let value = match &field.ty {
            Ty::String if field.key != "id" => "\"…\".into()",
            Ty::Bool => "true",
            _ => return None,
        };
        Some(match field.required {
            true => value.to_owned(),
            false => format!("Some({value})"),
        })
    };
    let mut fields = record.fields.iter();
    fields.find_map(|field| Some((field, value(field)?)))
}

/// The length of a record's first list.
fn length_of(record: &Record) -> Option<String> {
    let mut fields = record.fields.iter();
    let list = fields.find(|field| matches!(field.ty, Ty::Vec(_)))?;
    Some(format!("{}.len()", ident(&list.name)))
}
