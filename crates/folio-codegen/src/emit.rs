//! Writes the model as the Rust that users see: records by table, thin request builders.
//!
//! The text is formatted as it is written, so that "go to definition" shows readable code and no formatter is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::collections::{self, Collection};
use crate::document::{COMMON, Document};
use crate::does::Deletes;
use crate::error::Error;
use crate::facts::{Answer, Body, BodyKind, Operation, Paging, Parameter, Success, SuccessKind};
use crate::model::{Enum, Field, Model, Record, Signature, Ty, Union, component_type};
use crate::text::{code, doc, line};

/// Where the facts of a module's types come from.
pub(crate) struct Origin<'a> {
    pub(crate) document: &'a Document,
    /// The shared records.
    pub(crate) shared: &'a Document,
}

/// Required fields fit into the bits of a `u64`.
const MOST_REQUIRED: usize = 64;

/// The words that a field, an argument or a function cannot have.
const UNUSABLE: [&str; 5] = ["Self", "_", "crate", "self", "super"];

/// The words that it can have when they are written raw, in their order.
const RESERVED: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Methods of every builder: a parameter of one of these names gets an underscore.
const BUILDER: [&str; 10] = [
    "body", "confirm", "send", "stream", "header", "param", "retry", "timeout", "new", "unsorted",
];

/// The file of a module.
pub(crate) fn module(
    origin: &Origin<'_>,
    model: &Model,
    operations: &[Operation],
) -> Result<String, Error> {
    let mut out = String::new();
    let name = &origin.document.name;
    line(&mut out, 0, "#[allow(unused_imports)]");
    line(&mut out, 0, "use crate::runtime as rt;");
    types(&mut out, origin, model)?;
    stored(&mut out, &collections::find(model, operations));
    for operation in operations {
        constant(&mut out, operation, name);
    }
    doc(
        &mut out,
        0,
        "The calls of the module: what its handle gives.",
    );
    line(&mut out, 0, "pub mod call {");
    line(&mut out, 1, "#[allow(unused_imports)]");
    line(&mut out, 1, "use crate::runtime as rt;");
    api(&mut out, origin, model, operations)?;
    line(&mut out, 1, "crate::__builder!();");
    markers(&mut out, operations);
    for operation in operations {
        builder(&mut out, origin, model, operation)?;
    }
    line(&mut out, 0, "}");
    Ok(out)
}

/// Where records are kept.
fn stored(out: &mut String, collections: &[Collection<'_>]) {
    if collections.is_empty() {
        return;
    }
    line(out, 0, "crate::__stored! {");
    for collection in collections {
        let Collection {
            record,
            path,
            items,
            batch,
            retrieve,
        } = collection;
        line(
            out,
            1,
            &format!("{record}({path:?}, {items:?}, {batch:?}, {retrieve:?});"),
        );
    }
    line(out, 0, "}");
}

/// The file of the shared records.
pub(crate) fn common(origin: &Origin<'_>, model: &Model) -> Result<String, Error> {
    let mut out = String::new();
    line(&mut out, 0, "#[allow(unused_imports)]");
    line(&mut out, 0, "use crate::runtime as rt;");
    types(&mut out, origin, model)?;
    Ok(out)
}

/// The types of the required fields of records, by the records that require any; their names are unlike all others.
pub(crate) fn companions(model: &Model) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = model.names().cloned().collect();
    let mut companions = BTreeMap::new();
    for record in &model.records {
        if required(record).next().is_none() {
            continue;
        }
        let mut companion = format!("{}Required", record.name);
        while !taken.insert(companion.clone()) {
            companion.push_str("Fields");
        }
        companions.insert(record.name.clone(), companion);
    }
    companions
}

/// The names that a module gives to shared types.
pub(crate) fn shared(names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    if names.is_empty() {
        return out;
    }
    let list: Vec<String> = names
        .iter()
        .map(|(shared, name)| match shared == name {
            true => name.clone(),
            false => format!("{shared} as {name}"),
        })
        .collect();
    line(&mut out, 0, "#[doc(no_inline)]");
    let list = list.join(", ");
    line(&mut out, 0, &format!("pub use crate::common::{{{list}}};"));
    out
}

fn types(out: &mut String, origin: &Origin<'_>, model: &Model) -> Result<(), Error> {
    let companions = companions(model);
    for record in &model.records {
        let companion = companions.get(&record.name).map_or("", String::as_str);
        emit_record(out, origin, record, companion)?;
    }
    if !model.records.is_empty() {
        let names: Vec<&str> = model
            .records
            .iter()
            .map(|record| record.name.as_str())
            .collect();
        line(out, 0, &format!("crate::__record!({});", names.join(", ")));
    }
    let mut boxed = BTreeSet::new();
    let fields = model.records.iter().flat_map(|record| &record.fields);
    fields.for_each(|field| boxes(&field.ty, &mut boxed));
    if !boxed.is_empty() {
        let names: Vec<String> = boxed.into_iter().collect();
        line(out, 0, &format!("crate::__boxed!({});", names.join(", ")));
    }
    if !model.unions.is_empty() {
        line(out, 0, "crate::__union! {");
        for item in &model.unions {
            union(out, item);
        }
        line(out, 0, "}");
    }
    if !model.enums.is_empty() {
        line(out, 0, "crate::__open_enum! {");
        for item in &model.enums {
            open_enum(out, item);
        }
        line(out, 0, "}");
    }
    Ok(())
}

fn emit_record(
    out: &mut String,
    origin: &Origin<'_>,
    record: &Record,
    companion: &str,
) -> Result<(), Error> {
    let name = &record.name;
    let needed: Vec<&Field> = required(record).collect();
    if needed.len() > MOST_REQUIRED {
        let problem = format!(
            "{} required fields; at most {MOST_REQUIRED} are supported",
            needed.len()
        );
        return Err(Error::document(
            &origin.document.name,
            format!("/components/schemas/{name}/required"),
            problem,
        ));
    }
    let extra = extra_name(record);
    for text in record_docs(origin, name) {
        doc(out, 0, &text);
    }
    line(out, 0, "#[derive(Clone)]");
    line(out, 0, &format!("pub struct {name} {{"));
    for field in &record.fields {
        doc(out, 1, &field_docs(field));
        let ty = rust(&field.ty, "");
        let ty = if field.required {
            ty
        } else {
            format!("Option<{ty}>")
        };
        line(out, 1, &format!("pub {}: {ty},", ident(&field.name)));
    }
    doc(
        out,
        1,
        "What the server sent and the description does not have; written back with the record.",
    );
    line(out, 1, &format!("pub {extra}: rt::Extra,"));
    line(out, 0, "}");

    if needed.is_empty() {
        line(out, 0, &format!("impl Default for {name} {{"));
        doc(
            out,
            1,
            "A record of which no field is set: the description requires none.",
        );
        line(out, 1, "#[inline]");
        line(out, 1, "fn default() -> Self {");
        line(out, 2, "rt::Record::blank()");
        line(out, 1, "}");
        line(out, 0, "}");
    } else {
        doc(out, 0, &format!("The required fields of a [`{name}`]."));
        // Without `Debug`: it lives for one call, and may hold a password.
        line(out, 0, &format!("pub struct {companion} {{"));
        for field in &needed {
            doc(out, 1, &field_docs(field));
            line(
                out,
                1,
                &format!("pub {}: {},", ident(&field.name), rust(&field.ty, "")),
            );
        }
        line(out, 0, "}");
        line(out, 0, &format!("impl {name} {{"));
        doc(
            out,
            1,
            "A record with its required fields; the others are absent.",
        );
        line(out, 1, "#[inline]");
        line(
            out,
            1,
            &format!("pub fn new(required: {companion}) -> Self {{"),
        );
        line(out, 2, "Self {");
        for field in &needed {
            line(out, 3, &format!("{0}: required.{0},", ident(&field.name)));
        }
        line(out, 3, "..rt::Record::blank()");
        line(out, 2, "}");
        line(out, 1, "}");
        line(out, 0, "}");
    }

    line(out, 0, &format!("impl rt::Record for {name} {{"));
    let keys: Vec<&String> = needed.iter().map(|field| &field.key).collect();
    line(
        out,
        1,
        &format!("const ABOUT: (&'static str, &'static [&'static str]) = ({name:?}, &{keys:?});"),
    );
    line(out, 1, "#[inline]");
    line(out, 1, "fn blank() -> Self {");
    line(out, 2, "Self {");
    for field in &record.fields {
        let blank = if field.required {
            blank(&field.ty)
        } else {
            "None"
        };
        line(out, 3, &format!("{}: {blank},", ident(&field.name)));
    }
    line(out, 3, &format!("{extra}: rt::Extra::default(),"));
    line(out, 2, "}");
    line(out, 1, "}");
    line(
        out,
        1,
        "fn set<S: rt::Source>(&mut self, key: &str, from: &mut S) {",
    );
    line(out, 2, "match key {");
    let mut number = 0;
    for field in &record.fields {
        let name = ident(&field.name);
        let read = if field.required {
            number += 1;
            format!("S::required(from, &mut self.{name}, {})", number - 1)
        } else {
            format!("S::optional(from, &mut self.{name})")
        };
        line(out, 3, &format!("{:?} => {read},", field.key));
    }
    line(
        out,
        3,
        &format!("_ => S::unknown(from, &mut self.{extra}, key),"),
    );
    line(out, 2, "}");
    line(out, 1, "}");
    line(
        out,
        1,
        "fn put<'a, P: rt::Put<'a>>(&'a self, other: &'a Self, out: &mut P) {",
    );
    line(
        out,
        2,
        &format!("P::extra(out, &self.{extra}, &other.{extra});"),
    );
    for field in &record.fields {
        let name = ident(&field.name);
        line(
            out,
            2,
            &format!(
                "P::field(out, {:?}, &self.{name}, &other.{name});",
                field.key
            ),
        );
    }
    line(out, 1, "}");
    line(out, 0, "}");
    Ok(())
}

/// The types that lie in boxes within a type.
fn boxes(ty: &Ty, found: &mut BTreeSet<String>) {
    match ty {
        Ty::Box(inner) => {
            found.insert(rust(inner, ""));
            boxes(inner, found);
        }
        Ty::Vec(inner) | Ty::Map(inner) | Ty::Option(inner) => boxes(inner, found),
        _ => {}
    }
}

fn required(record: &Record) -> impl Iterator<Item = &Field> {
    record.fields.iter().filter(|field| field.required)
}

/// `extra`, unless the record has a field of that name.
fn extra_name(record: &Record) -> String {
    let mut name = "extra".to_owned();
    while record.fields.iter().any(|field| field.name == name) {
        name = match &*name {
            "extra" => "unknown_fields".to_owned(),
            _ => name + "_",
        };
    }
    name
}

fn union(out: &mut String, item: &Union) {
    let other = ["Other", "OtherValue", "OtherThanListed"]
        .into_iter()
        .find(|name| item.variants.iter().all(|variant| variant.name != *name))
        .unwrap_or("AnyOther");
    let told = match item.tag.as_str() {
        "" => "Which one is told by what fits best.".to_owned(),
        tag => format!("Which one is told by {}.", code(tag)),
    };
    doc(
        out,
        1,
        &format!("One of those listed here, or any other that the server has. {told}"),
    );
    line(
        out,
        1,
        &format!("{} by {:?} / {other} {{", item.name, item.tag),
    );
    for variant in &item.variants {
        let ty = rust(&variant.ty, "");
        // Boxed, since a record may hold the union that it is in.
        let held = match &variant.ty {
            Ty::Named(_) | Ty::Common(_) => format!("Box<{ty}>"),
            _ => ty.clone(),
        };
        let tags: Vec<String> = variant.tags.iter().map(|tag| format!("{tag:?}")).collect();
        let docs: Vec<String> = variant.tags.iter().map(|tag| code(tag)).collect();
        let docs = match &docs[..] {
            [] => code(&ty),
            docs => docs.join(" or "),
        };
        doc(out, 2, &docs.to_string());
        line(
            out,
            2,
            &format!(
                "{}: {held} as {ty} = [{}] {},",
                variant.name,
                tags.join(", "),
                variant.size
            ),
        );
    }
    line(out, 1, "}");
}

fn open_enum(out: &mut String, item: &Enum) {
    let unlisted = ["Unlisted", "UnlistedValue", "ValueThatIsNotListed"]
        .into_iter()
        .find(|name| item.variants.iter().all(|(variant, _)| variant != name))
        .unwrap_or("UnlistedText");
    doc(
        out,
        1,
        "A value of those listed here, or any other that the server has.",
    );
    line(out, 1, &format!("{} / {unlisted} {{", item.name));
    for (variant, text) in &item.variants {
        doc(out, 2, &code(text));
        line(out, 2, &format!("{variant} = {text:?},"));
    }
    line(out, 1, "}");
}

fn constant(out: &mut String, operation: &Operation, module: &str) {
    doc(
        out,
        0,
        &format!(
            "{}: [`{}`](call::Api::{}).",
            route(operation),
            operation.name,
            operation.name
        ),
    );
    line(
        out,
        0,
        &format!(
            "pub static {}: rt::Operation = rt::Operation {{",
            constant_name(operation)
        ),
    );
    line(out, 1, &format!("name: {:?},", operation.name));
    line(out, 1, &format!("module: {module:?},"));
    line(out, 1, &format!("interface: {:?},", operation.interface));
    line(
        out,
        1,
        &format!("method: rt::Method::{},", upper(operation.method)),
    );
    line(out, 1, &format!("path: {:?},", operation.path));
    line(
        out,
        1,
        &format!("permissions: &{:?},", operation.permissions),
    );
    line(
        out,
        1,
        &format!(
            "paging: {},",
            operation
                .paging
                .as_ref()
                .map_or_else(|| "None".to_owned(), paging)
        ),
    );
    line(out, 1, &format!("accept: {:?},", operation.accept));
    line(out, 1, &format!("needs_body: {},", needs_body(operation)));
    let parameters: Vec<&String> = operation.query.iter().map(|query| &query.name).collect();
    line(out, 1, &format!("parameters: &{parameters:?},"));
    line(out, 1, &format!("responses: &{:?},", operation.responses));
    line(
        out,
        1,
        &format!("facts: {},", operation.does.expression("rt::")),
    );
    line(out, 0, "};");
}

/// Whether more than what the path or the parameters name may be deleted.
pub(crate) fn needs_confirmation(operation: &Operation) -> bool {
    let names_a_record = operation.path.ends_with('}') && !operation.path.ends_with("{+rest}");
    operation.method == "delete"
        && match operation.does.deletes {
            Some(Deletes::Query | Deletes::All) => true,
            Some(_) => false,
            None => !names_a_record,
        }
}

/// Whether an operation is not sent without a body.
fn needs_body(operation: &Operation) -> bool {
    operation.needs_body && !operation.bodies.is_empty()
}

/// The operations as types: by them the calls of a module are told apart, which are one type else.
fn markers(out: &mut String, operations: &[Operation]) {
    doc(
        out,
        1,
        "The operations as types, by which their calls are told apart.",
    );
    line(out, 1, "#[allow(missing_docs)]");
    line(out, 1, "pub mod operation {");
    for operation in operations {
        line(out, 2, &format!("pub enum {} {{}}", operation.call));
    }
    line(out, 1, "}");
}

/// The variant of a style of paging.
pub(crate) fn style(style: &str) -> Option<&'static str> {
    Some(match style {
        "browse" => "Browse",
        "cql" => "Cql",
        "erm" => "Erm",
        "offset" => "Offset",
        "retrieve" => "Retrieve",
        "search" => "Search",
        "stream" => "Stream",
        "whole" => "Whole",
        _ => return None,
    })
}

fn paging(paging: &Paging) -> String {
    let style = style(&paging.style).unwrap_or("Offset");
    let job = paging.job.as_ref();
    let job = job.map_or_else(String::new, |kind| format!(".with_job({kind:?})"));
    format!(
        "Some(rt::Paging::new(rt::PagingStyle::{style}, {:?}, {:?}, {:?}){}{job})",
        paging.items,
        paging.key,
        paging.max,
        paging.limits.calls()
    )
}

fn api(
    out: &mut String,
    origin: &Origin<'_>,
    model: &Model,
    operations: &[Operation],
) -> Result<(), Error> {
    doc(
        out,
        1,
        &format!("The operations of `{}`.", origin.document.name),
    );
    line(out, 1, "#[derive(Clone, Debug)]");
    line(out, 1, "pub struct Api<M = rt::Async> {");
    line(out, 2, "pub(crate) client: rt::FolioClient,");
    line(out, 2, "pub(crate) mode: M,");
    line(out, 1, "}");
    line(out, 1, "impl<M: rt::Mode> Api<M> {");
    for operation in operations {
        let signature = signature(origin, model, operation)?;
        for text in operation_docs(origin, operation) {
            doc(out, 2, &text);
        }
        let (given, _) = answer(origin, model, operation, signature)?;
        doc(out, 2, &given_docs(&given));
        if let Some(id) = operation
            .upstream_id
            .as_ref()
            .filter(|id| is_alias(id) && **id != operation.name)
        {
            line(out, 2, &format!("#[doc(alias = {id:?})]"));
        }
        if operation.deprecated {
            line(out, 2, "#[deprecated = \"deprecated by the module\"]");
        }
        let mut arguments = String::new();
        let mut path = Vec::new();
        let mut names = BTreeSet::new();
        for parameter in &operation.path_parameters {
            let name = argument(parameter, &mut names);
            let _ = write!(arguments, ", {name}: impl rt::Display");
            path.push(format!("&{name}"));
        }
        let mut setters = String::new();
        for parameter in operation
            .query
            .iter()
            .filter(|parameter| parameter.required)
        {
            let name = argument(&parameter.name, &mut names);
            let query = query_type(origin, operation, signature, parameter)?;
            let _ = write!(arguments, ", {name}: {}", query.argument);
            let _ = write!(
                setters,
                "{}",
                query.call(&format!("{:?}", parameter.name), &name)
            );
        }
        let build = format!(
            "self::begin(self, &super::{}, &[{}])",
            constant_name(operation),
            path.join(", ")
        );
        line(
            out,
            2,
            &format!(
                "pub fn {}(&self{arguments}) -> {}<M> {{",
                ident(&operation.name),
                operation.call
            ),
        );
        if setters.is_empty() {
            line(out, 3, &build);
        } else {
            line(out, 3, &format!("let mut call = {build};"));
            line(out, 3, &setters.replace("self.0.", "call.0."));
            line(out, 3, "call");
        }
        line(out, 2, "}");
    }
    line(out, 1, "}");
    Ok(())
}

fn builder(
    out: &mut String,
    origin: &Origin<'_>,
    model: &Model,
    operation: &Operation,
) -> Result<(), Error> {
    let signature = signature(origin, model, operation)?;
    let name = &operation.call;
    let (given, answer) = answer(origin, model, operation, signature)?;
    doc(
        out,
        1,
        &format!(
            "{}, about to be sent. {}",
            route(operation),
            given_docs(&given)
        ),
    );
    line(
        out,
        1,
        &format!("pub type {name}<M = rt::Async> = Builder<operation::{name}, M>;"),
    );
    if let Some(answer) = answer {
        line(
            out,
            1,
            &format!("impl rt::Answers for operation::{name} {{ type Answer = {answer}; }}"),
        );
    }
    if is_streamed(operation) {
        line(
            out,
            1,
            &format!("impl rt::Streamed for operation::{name} {{}}"),
        );
    }
    if operation.paging.is_some()
        && let Some(item) = item_type(origin, model, operation, signature)
    {
        line(
            out,
            1,
            &format!("impl rt::Listed for operation::{name} {{ type Item = {item}; }}"),
        );
    }
    let mut setters = String::new();
    setters_of(&mut setters, origin, operation, signature, &given)?;
    if !setters.is_empty() {
        line(
            out,
            1,
            &format!("impl<M: rt::Mode> Builder<operation::{name}, M> {{"),
        );
        out.push_str(&setters);
        line(out, 1, "}");
    }
    if let Answer::Several(answers) = &operation.answer {
        several(out, origin, model, operation, answers)?;
    }
    Ok(())
}

/// Whether an answer may be read piece by piece.
fn is_streamed(operation: &Operation) -> bool {
    matches!(
        operation.answer,
        Answer::Text | Answer::Bytes | Answer::Lines | Answer::Several(_) | Answer::Undescribed
    )
}

/// The setters of the bodies that an operation takes.
pub(crate) fn body_functions(operation: &Operation) -> Vec<String> {
    let mut functions: Vec<String> = Vec::new();
    for body in &operation.bodies {
        let name = match functions.is_empty() {
            true => "body".to_owned(),
            false => format!("body_{}", short(&body.media_type)),
        };
        let mut number = 1;
        let mut function = name.clone();
        while functions.contains(&function) {
            number += 1;
            function = format!("{name}_{number}");
        }
        functions.push(function);
    }
    functions
}

/// The setter that asks for one of several answers.
pub(crate) fn accept_function(success: &Success) -> String {
    format!("accept_{}", success.name.to_ascii_lowercase())
}

/// The setters of the parameters that may be absent: each with the name of its function.
pub(crate) fn optional_setters(operation: &Operation) -> Vec<(&Parameter, String)> {
    // What the call has besides: a parameter of one of these names gets an underscore.
    let mut names: BTreeSet<String> = body_functions(operation).into_iter().collect();
    if let Answer::Several(answers) = &operation.answer {
        names.extend(answers.iter().map(accept_function));
    }
    if is_streamed(operation) {
        names.insert("download".to_owned());
    }
    let mut optional: Vec<_> = operation
        .query
        .iter()
        .filter(|parameter| !parameter.required)
        .map(|parameter| (parameter, String::new()))
        .collect();
    // One whose name is that of its function already keeps it, whatever others there are.
    for is_so_named in [true, false] {
        for (parameter, function) in &mut optional {
            if (snake(&parameter.name) == parameter.name) == is_so_named {
                *function = argument(&parameter.name, &mut names);
            }
        }
    }
    optional
}

/// Whether `limit` and `offset` of an operation are numbers of records, which a stream sets itself.
pub(crate) fn is_paged(operation: &Operation) -> bool {
    operation
        .paging
        .as_ref()
        .is_some_and(|paging| paging.style != "erm")
}

/// What the builder of an operation has of its own.
fn setters_of(
    out: &mut String,
    origin: &Origin<'_>,
    operation: &Operation,
    signature: &Signature,
    given: &str,
) -> Result<(), Error> {
    let bodies = body_functions(operation);
    let paged = is_paged(operation);
    for (parameter, function) in optional_setters(operation) {
        if paged && matches!(parameter.name.as_str(), "limit" | "offset") {
            doc(
                out,
                2,
                match parameter.name.as_str() {
                    "limit" => {
                        "How many records a page has. Without it the server decides, mostly 10; a stream asks for larger pages."
                    }
                    _ => "How many records to pass over.",
                },
            );
            line(
                out,
                2,
                &format!("pub fn {0}(mut self, {0}: u32) -> Self {{", parameter.name),
            );
            line(out, 3, &format!("self.0.{0}({0});", parameter.name));
        } else {
            let query = query_type(origin, operation, signature, parameter)?;
            doc(
                out,
                2,
                &format!("The query parameter {}.", code(&parameter.name)),
            );
            line(
                out,
                2,
                &format!(
                    "pub fn {function}(mut self, {function}: {}) -> Self {{",
                    query.argument
                ),
            );
            line(
                out,
                3,
                &query.call(&format!("{:?}", parameter.name), &function),
            );
        }
        line(out, 3, "self");
        line(out, 2, "}");
    }
    for (body, function) in operation.bodies.iter().zip(&bodies) {
        emit_body(out, origin, operation, signature, body, function)?;
    }
    if needs_confirmation(operation) {
        doc(
            out,
            2,
            match operation.does.deletes {
                Some(Deletes::Query) => {
                    "Confirms that the records that match the query are to be deleted. Without it nothing is sent."
                }
                _ => {
                    "Confirms, by `Deletion::All`, that everything is to be deleted. Without it nothing is sent."
                }
            },
        );
        line(
            out,
            2,
            "pub fn confirm(mut self, deletion: rt::Deletion) -> Self {",
        );
        line(out, 3, "self.0.confirm(deletion);");
        line(out, 3, "self");
        line(out, 2, "}");
    }
    if let Answer::Several(answers) = &operation.answer {
        for success in answers.iter().filter(|success| success.status.is_none()) {
            let media_type = success.media_types.first().map_or("", String::as_str);
            doc(
                out,
                2,
                &format!(
                    "Asks for [`{}`]({}::{}), {}.",
                    success.name,
                    operation.answer_type,
                    success.name,
                    code(media_type)
                ),
            );
            line(
                out,
                2,
                &format!("pub fn {}(mut self) -> Self {{", accept_function(success)),
            );
            line(
                out,
                3,
                &format!("self.0.accept({:?});", success.media_types.join(", ")),
            );
            line(out, 3, "self");
            line(out, 2, "}");
        }
    }
    let errors = "The request could not be made or sent, the server refused it, or its answer is not as described: see [`Error`](crate::Error).";
    if operation.answer == Answer::Lines {
        doc(
            out,
            2,
            "Sends the request and gives the records of the answer, a line a record, as they come: see [`Records`](crate::Records).",
        );
        doc(out, 2, "");
        doc(out, 2, "# Errors");
        doc(out, 2, errors);
        line(
            out,
            2,
            &format!("pub fn stream(self) -> M::Sent<M::Stream<rt::Records<{given}>>> {{"),
        );
        line(out, 3, "self.1.open(self.0.lines())");
        line(out, 2, "}");
    }
    Ok(())
}

/// The setter of a body.
fn emit_body(
    out: &mut String,
    origin: &Origin<'_>,
    operation: &Operation,
    signature: &Signature,
    body: &Body,
    function: &str,
) -> Result<(), Error> {
    let media_type = &body.media_type;
    let as_type = code(media_type);
    match &body.kind {
        kind @ (BodyKind::Json | BodyKind::Form) => {
            let ty = signature.arguments.get("body").ok_or_else(|| {
                Error::model(
                    &origin.document.name,
                    format!("progenitor's `{}` takes no body", operation.name),
                )
            })?;
            let ty = match ty {
                Ty::Vec(inner) => format!("[{}]", rust(inner, "super::")),
                ty => rust(ty, "super::"),
            };
            doc(
                out,
                2,
                &match kind {
                    BodyKind::Form => {
                        "The record to send, its fields as a form. It is written here and now."
                            .to_owned()
                    }
                    _ if media_type == "application/json" => {
                        "The record to send. It is turned into JSON here and now.".to_owned()
                    }
                    _ => format!(
                        "The record to send, as {as_type}. It is turned into JSON here and now."
                    ),
                },
            );
            line(
                out,
                2,
                &format!("pub fn {function}(mut self, body: &{ty}) -> Self {{"),
            );
            match kind {
                BodyKind::Form => line(out, 3, "self.0.form(body);"),
                _ => line(out, 3, &format!("self.0.json({media_type:?}, body);")),
            }
        }
        BodyKind::Multipart(parts) => {
            let named: Vec<String> = parts
                .iter()
                .map(|(name, is_file)| match is_file {
                    true => format!("the file {}", code(name)),
                    false => code(name),
                })
                .collect();
            let described = match &named[..] {
                [] => "Its parts are not described.".to_owned(),
                named => format!("Described are {}.", named.join(", ")),
            };
            doc(
                out,
                2,
                &format!("The form to send, fields and files. {described}"),
            );
            line(
                out,
                2,
                &format!("pub fn {function}(mut self, body: rt::Multipart) -> Self {{"),
            );
            line(out, 3, "self.0.multipart(body);");
        }
        BodyKind::Bytes => {
            doc(
                out,
                2,
                &format!(
                    "What to send, as {as_type}: bytes, text, or a [`Body`](crate::Body) that is sent while it is read."
                ),
            );
            line(
                out,
                2,
                &format!("pub fn {function}(mut self, body: impl Into<rt::Body>) -> Self {{"),
            );
            line(
                out,
                3,
                &format!("self.0.body({media_type:?}, body.into());"),
            );
        }
    }
    line(out, 3, "self");
    line(out, 2, "}");
    Ok(())
}

/// A media type as part of a name: `application/x-www-form-urlencoded` is `form`.
fn short(media_type: &str) -> String {
    let (kind, name) = media_type.split_once('/').unwrap_or(("", media_type));
    match name.split(';').next().unwrap_or_default().trim() {
        "x-www-form-urlencoded" => "form".to_owned(),
        "form-data" => "multipart".to_owned(),
        "octet-stream" => "bytes".to_owned(),
        "plain" => "text".to_owned(),
        _ if kind.is_empty() => snake(media_type),
        name => snake(name),
    }
}

/// What one of several answers is, as a type and as the function that reads it.
fn success(
    origin: &Origin<'_>,
    model: &Model,
    success: &Success,
) -> Result<(String, &'static str), Error> {
    Ok(match &success.kind {
        SuccessKind::Text => ("String".into(), "rt::text(answer)"),
        SuccessKind::Bytes => ("rt::Bytes".into(), "answer.into_body()"),
        SuccessKind::Json(name) => {
            let ty = model
                .operations
                .get(name)
                .and_then(|signature| signature.answer.as_ref())
                .ok_or_else(|| {
                    Error::model(
                        &origin.document.name,
                        format!("progenitor made no type for `{name}`"),
                    )
                })?;
            (received(ty), "rt::record(answer)")
        }
    })
}

/// The enum of an operation that gives one of several things.
fn several(
    out: &mut String,
    origin: &Origin<'_>,
    model: &Model,
    operation: &Operation,
    answers: &[Success],
) -> Result<(), Error> {
    let name = operation.answer_type.clone();
    doc(out, 1, &format!("What {} answers.", route(operation)));
    line(out, 1, "#[derive(Debug)]");
    line(out, 1, "#[non_exhaustive]");
    line(out, 1, &format!("pub enum {name} {{"));
    let mut arms = Vec::new();
    let is_rest = |answer: &&Success| answer.status.as_deref() == Some("2XX");
    let (rest, exact): (Vec<_>, Vec<_>) = answers.iter().partition(is_rest);
    for answer in exact.into_iter().chain(rest) {
        let (ty, read) = success(origin, model, answer)?;
        let types: Vec<String> = answer.media_types.iter().map(|name| code(name)).collect();
        let status = match &answer.status {
            Some(status) => format!("Status {status}, as "),
            None => "As ".to_owned(),
        };
        doc(out, 2, &format!("{status}{}.", types.join(" or ")));
        line(out, 2, &format!("{}({ty}),", answer.name));
        let pattern = match &answer.status {
            // `2XX` is all that no other names.
            Some(status) if status.ends_with("XX") => "(200..=299, _)".to_owned(),
            Some(status) => format!("({status}, _)"),
            None => format!("(_, {:?})", answer.name),
        };
        arms.push(match answer.kind {
            SuccessKind::Bytes => {
                format!("{pattern} => Ok(Self::{}({read})),", answer.name)
            }
            _ => format!("{pattern} => {read}.map(Self::{}),", answer.name),
        });
    }
    if operation.may_be_empty {
        doc(out, 2, "Nothing.");
        line(out, 2, "Nothing,");
    }
    doc(out, 2, "What is not described, as it came.");
    line(out, 2, "Other(rt::Response),");
    line(out, 1, "}");
    line(out, 1, &format!("impl rt::Answer for {name} {{"));
    line(out, 2, "type Given = Self;");
    line(
        out,
        2,
        "fn read(answer: rt::Response) -> rt::Result<Self> {",
    );
    if operation.may_be_empty {
        line(out, 3, "if answer.body().is_empty() {");
        line(out, 4, "return Ok(Self::Nothing);");
        line(out, 3, "}");
    }
    line(
        out,
        3,
        "match (answer.status().as_u16(), rt::variant(&answer)) {",
    );
    for arm in arms {
        line(out, 4, &arm);
    }
    line(out, 4, "_ => Ok(Self::Other(answer)),");
    line(out, 3, "}");
    line(out, 2, "}");
    line(out, 1, "}");
    Ok(())
}

/// What an operation gives, as it is said and written; and how its answer is read, unless it comes line by line.
fn answer(
    origin: &Origin<'_>,
    model: &Model,
    operation: &Operation,
    signature: &Signature,
) -> Result<(String, Option<String>), Error> {
    let given = |ty: &str, read: &str| match operation.may_be_empty {
        true => (format!("Option<{ty}>"), Some(format!("Option<{read}>"))),
        false => (ty.to_owned(), Some(read.to_owned())),
    };
    let typed = || {
        signature.answer.as_ref().ok_or_else(|| {
            Error::model(
                &origin.document.name,
                format!("progenitor's `{}` gives nothing back", operation.name),
            )
        })
    };
    Ok(match &operation.answer {
        Answer::Json => {
            let ty = received(typed()?);
            given(&ty, &format!("rt::Json<{ty}>"))
        }
        // Described is a record, or the list of all.
        Answer::Lines => match typed()? {
            Ty::Vec(item) => (rust(item, "super::"), None),
            ty => (item_of(model, ty), None),
        },
        Answer::Text => given("String", "String"),
        Answer::Bytes => given("rt::Bytes", "rt::Bytes"),
        Answer::Empty => ("()".into(), Some("()".into())),
        Answer::Undescribed => ("rt::Response".into(), Some("rt::Response".into())),
        Answer::Several(_) => {
            let name = operation.answer_type.clone();
            (name.clone(), Some(name))
        }
    })
}

/// The records of a collection that is described where each record comes alone; else the record itself.
fn item_of(model: &Model, ty: &Ty) -> String {
    if let Ty::Named(name) = ty
        && let Some(record) = model.records.iter().find(|record| record.name == *name)
        && name.ends_with("Collection")
    {
        let mut lists = record.fields.iter().filter_map(|field| match &field.ty {
            Ty::Vec(item) => Some(item),
            _ => None,
        });
        if let (Some(item), None) = (lists.next(), lists.next()) {
            return rust(item, "super::");
        }
    }
    rust(ty, "super::")
}

/// The type of a list's records: of the array that its paging names.
fn item_type(
    origin: &Origin<'_>,
    model: &Model,
    operation: &Operation,
    signature: &Signature,
) -> Option<String> {
    let paging = operation.paging.as_ref()?;
    if let Some(record) = &paging.record {
        let name = record.strip_prefix("#/components/schemas/");
        let is_typed = model
            .records
            .iter()
            .any(|record| Some(&*record.name) == name);
        let named = name.filter(|_| is_typed);
        return Some(named.map_or_else(|| "rt::Value".into(), |name| format!("super::{name}")));
    }
    let Some(answer) = &signature.answer else {
        // Of an answer of several media types the list is the JSON.
        return Some("rt::Value".into());
    };
    let list = match (&paging.items, answer) {
        (None, list) => list,
        (Some(items), Ty::Named(name)) => {
            let Some(record) = model.records.iter().find(|record| record.name == *name) else {
                // One of several collections.
                return Some("rt::Value".into());
            };
            &record.fields.iter().find(|field| field.key == *items)?.ty
        }
        (Some(items), Ty::Common(name)) => {
            let item = shared_item(origin.shared, name, items);
            return Some(item.unwrap_or_else(|| "rt::Value".into()));
        }
        // An answer that is not typed: its records are any JSON.
        (Some(_), _) => return Some("rt::Value".into()),
    };
    match list {
        Ty::Vec(item) => Some(rust(item, "super::")),
        _ => None,
    }
}

/// The type of the records in a shared collection.
fn shared_item(shared: &Document, collection: &str, items: &str) -> Option<String> {
    let schemas = shared.schemas().ok()?;
    let (_, schema) = schemas
        .iter()
        .find(|(name, _)| component_type(name) == collection)?;
    let reference = schema
        .get("properties")?
        .get(items)?
        .get("items")?
        .get("$ref")?;
    let name = reference.as_str()?.strip_prefix("#/components/schemas/")?;
    let is_type = crate::lower::is_type(schemas.get(name)?);
    is_type.then(|| format!("crate::common::{}", component_type(name)))
}

/// How a query parameter is taken from the caller and put into the request.
pub(crate) struct QueryType {
    pub(crate) argument: String,
    method: &'static str,
    /// What stands between the elements of a list that is one parameter.
    delimiter: Option<&'static str>,
}

impl QueryType {
    fn call(&self, name: &str, value: &str) -> String {
        if let (Some(delimiter), "queries") = (self.delimiter, self.method) {
            return format!(
                "self.0.query({name}, {value}.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join({delimiter:?}));"
            );
        }
        match self
            .argument
            .strip_prefix("impl Into<")
            .and_then(|ty| ty.strip_suffix('>'))
        {
            Some(ty) => format!("self.0.query({name}, Into::<{ty}>::into({value}));"),
            None => format!("self.0.{}({name}, {value});", self.method),
        }
    }
}

pub(crate) fn query_type(
    origin: &Origin<'_>,
    operation: &Operation,
    signature: &Signature,
    parameter: &Parameter,
) -> Result<QueryType, Error> {
    let name = &*parameter.name;
    let known: BTreeMap<String, &Ty> = signature
        .arguments
        .iter()
        .map(|(name, ty)| (squashed(name), ty))
        .collect();
    let ty = known
        .get(&squashed(&parameter.argument))
        .copied()
        .ok_or_else(|| {
            Error::model(
                &origin.document.name,
                format!("progenitor's `{}` has no argument `{name}`", operation.name),
            )
        })?;
    let (argument, method) = match ty {
        Ty::String if name == "query" => ("impl Into<rt::Cql>".into(), "query"),
        Ty::Named(name) => (format!("impl Into<super::{name}>"), "query"),
        Ty::Common(name) => (format!("impl Into<crate::common::{name}>"), "query"),
        Ty::Bool => ("bool".into(), "query"),
        Ty::I32 | Ty::I64 => ("i64".into(), "query"),
        Ty::Vec(_) => (
            "impl IntoIterator<Item = impl rt::Display>".into(),
            "queries",
        ),
        _ => ("impl rt::Display".into(), "query"),
    };
    Ok(QueryType {
        argument,
        method,
        delimiter: parameter.delimiter,
    })
}

pub(crate) fn signature<'a>(
    origin: &Origin<'_>,
    model: &'a Model,
    operation: &Operation,
) -> Result<&'a Signature, Error> {
    model.operations.get(&operation.name).ok_or_else(|| {
        Error::model(
            &origin.document.name,
            format!(
                "progenitor made no `{}`; are two operations of that name?",
                operation.name
            ),
        )
    })
}

fn operation_docs(origin: &Origin<'_>, operation: &Operation) -> Vec<String> {
    let mut docs = vec![route(operation), String::new()];
    let version = origin.document.root.pointer("/info/version");
    let version = version.and_then(|version| version.as_str());
    let mut facts = vec![match version {
        Some(version) => format!("`{}` {}", origin.document.name, plain(version)),
        None => format!("`{}`", origin.document.name),
    }];
    if !operation.interface.is_empty() {
        facts.push(format!("interface {}", code(&operation.interface)));
    }
    if let Some(source) = &operation.source {
        facts.push(format!("described in {}", code(source)));
    }
    if operation.untyped {
        facts.push("no schema is published: JSON in, JSON out".into());
    }
    docs.push(format!("{}.", facts.join(", ")));
    match &operation.permissions[..] {
        [] => docs.push("Needs no permission.".into()),
        list => docs.push(format!(
            "Needs {}.",
            list.iter()
                .map(|permission| code(permission))
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
    if let Some(paging) = &operation.paging {
        let by = match &paging.key {
            Some(key) => format!("; `stream` pages by {}", code(key)),
            None => String::new(),
        };
        let max = paging
            .max
            .map(|max| format!("; at most {max} records a page"))
            .unwrap_or_default();
        docs.push(format!(
            "A list ({} paging{by}{max}).",
            plain(&paging.style)
        ));
    }
    docs.extend(does_docs(operation));
    docs
}

/// What a caller must know of what the server does.
fn does_docs(operation: &Operation) -> Vec<String> {
    let does = &operation.does;
    let mut docs = Vec::new();
    match &does.deletes {
        Some(Deletes::Query) => docs.push("Deletes the records that match the query. The matching records are counted first; see [`Deletion`](crate::Deletion).".into()),
        Some(Deletes::All) => docs.push("**Deletes everything there**: the server ignores a query. See [`Deletion`](crate::Deletion).".into()),
        Some(Deletes::Body) => docs.push("Deletes what the body selects.".into()),
        Some(Deletes::Selected(ways)) => {
            let ways: Vec<String> = ways.iter().map(|way| {
                let names: Vec<String> = way.split('&').map(code).collect();
                names.join(" and ")
            }).collect();
            docs.push(format!("Deletes what is selected by {}, which must be given.", ways.join(", or by ")));
        }
        _ => {}
    }
    match does.creates.as_deref() {
        Some("record") => docs.push("The record is stored under the `id` that is sent, so that the request is retried after a transient failure if it has one.".into()),
        Some("new-id") => docs.push("The server gives the record an `id` of its own, whatever is sent: use that of the response.".into()),
        _ => {}
    }
    match does.absent.as_deref() {
        Some("ignored") => docs.push(
            "Where there is no such record, the server reports success and stores nothing.".into(),
        ),
        Some("created") => {
            docs.push("Where there is no such record, the server creates it.".into())
        }
        _ => {}
    }
    if does.effect {
        docs.push(
            "Changes something on the server, although it is a GET; it is not retried.".into(),
        );
    }
    docs
}

/// What the answer becomes, by the type that `send` gives.
fn given_docs(ty: &str) -> String {
    match ty {
        "()" => "Gives nothing back.".to_owned(),
        "rt::Response" => "Gives the answer as it came: no success is described.".to_owned(),
        ty => {
            let plain = ty.replace("super::", "").replace("crate::common::", "");
            format!("Gives `{}`.", plain.replace("rt::", ""))
        }
    }
}

fn record_docs(origin: &Origin<'_>, name: &str) -> Vec<String> {
    let schema = origin
        .document
        .schemas()
        .ok()
        .and_then(|schemas| schemas.get(name));
    let module = if origin.document.name == COMMON {
        "several modules"
    } else {
        &origin.document.name
    };
    let mut docs = vec![format!("A record of {module}.")];
    let Some(schema) = schema else { return docs };
    let sources: Vec<String> = schema
        .pointer("/x-folio/sources")
        .and_then(|sources| sources.as_array())
        .into_iter()
        .flatten()
        .filter_map(|source| source.as_str().map(code))
        .take(3)
        .collect();
    if !sources.is_empty() {
        docs.push(String::new());
        docs.push(format!("Described in {}.", sources.join(", ")));
    }
    if schema.pointer("/x-folio/locking") == Some(&serde_json::Value::Bool(true)) {
        docs.push("Guarded by `_version` (optimistic locking): send back what was read.".into());
    }
    docs
}

fn field_docs(field: &Field) -> String {
    match &field.facts {
        Some(facts) => format!("{}: {facts}.", code(&field.key)),
        None => code(&field.key),
    }
}

/// The type of a response. What is no record has no place for what does not fit: it gets one.
fn received(ty: &Ty) -> String {
    let name = rust(ty, "super::");
    match ty {
        Ty::Vec(_) | Ty::Map(_) => format!("rt::Received<{name}>"),
        _ => name,
    }
}

/// A type as it is written in a module's file; `outer` goes before the names of its records.
fn rust(ty: &Ty, outer: &str) -> String {
    match ty {
        Ty::String => "String".into(),
        Ty::Bool => "bool".into(),
        Ty::I32 => "i32".into(),
        Ty::I64 => "i64".into(),
        Ty::Number => "rt::Number".into(),
        Ty::Id => "rt::Id".into(),
        Ty::DateTime => "rt::DateTime".into(),
        Ty::Value => "rt::JsonValue".into(),
        Ty::Object => "rt::BTreeMap<String, rt::JsonValue>".into(),
        Ty::Vec(inner) => format!("Vec<{}>", rust(inner, outer)),
        Ty::Map(inner) => format!("rt::BTreeMap<String, {}>", rust(inner, outer)),
        Ty::Box(inner) => format!("Box<{}>", rust(inner, outer)),
        Ty::Option(inner) => format!("Option<{}>", rust(inner, outer)),
        Ty::Named(name) => format!("{outer}{name}"),
        Ty::Common(name) => format!("crate::common::{name}"),
    }
}

fn blank(ty: &Ty) -> &'static str {
    match ty {
        Ty::String => "String::new()",
        Ty::Bool => "false",
        Ty::I32 | Ty::I64 => "0",
        Ty::Vec(_) => "Vec::new()",
        _ => "rt::Field::blank()",
    }
}

/// The Rust name of an argument, unlike those before it.
fn argument(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut rust = snake(name);
    if rust.is_empty() {
        rust.push_str("parameter");
    }
    if BUILDER.contains(&rust.as_str()) {
        rust.push('_');
    }
    while !taken.insert(rust.clone()) {
        rust.push('_');
    }
    ident(&rust)
}

/// A name that Rust takes: keywords are written raw.
pub(crate) fn ident(name: &str) -> String {
    // Parsing a hundred thousand names is a good part of the time of a build script, which is compiled without optimisation.
    let begins_well = name.starts_with(|c: char| c == '_' || c.is_alphabetic());
    if UNUSABLE.contains(&name) || !begins_well {
        format!("_{name}")
    } else if RESERVED.binary_search(&name).is_ok() {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower {
                snake.push('_');
            }
            lower = !c.is_ascii_uppercase();
            snake.push(c.to_ascii_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
            lower = false;
        }
    }
    snake.trim_end_matches('_').to_owned()
}

pub(crate) fn squashed(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn constant_name(operation: &Operation) -> String {
    operation.name.to_ascii_uppercase()
}

/// Method and path as code.
fn route(operation: &Operation) -> String {
    code(&format!("{} {}", upper(operation.method), operation.path))
}

/// Text that documentation shows as it is: a version, a style. What looks like no such thing is shown as code.
fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | ' ');
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        code(text)
    }
}

fn upper(method: &str) -> String {
    method.to_ascii_uppercase()
}

fn is_alias(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The file that holds all modules, and their handles on the client.
pub(crate) fn api_file(modules: &[Document]) -> String {
    let mut out = String::new();
    doc(
        &mut out,
        0,
        "Records of one content that several modules have.",
    );
    line(&mut out, 0, "pub mod common {");
    line(
        &mut out,
        1,
        "include!(concat!(env!(\"OUT_DIR\"), \"/common.rs\"));",
    );
    line(&mut out, 0, "}");
    for module in modules {
        let name = crate::rust_name(module.feature());
        let version = module
            .root
            .pointer("/info/version")
            .and_then(|v| v.as_str())
            .unwrap_or_default();
        doc(
            &mut out,
            0,
            &format!(
                "`{}` {}: its records, and its operations in [`call::Api`]({name}::call::Api).",
                module.name,
                plain(version)
            ),
        );
        line(
            &mut out,
            0,
            &format!(
                "#[cfg_attr(docsrs, doc(cfg(feature = {:?})))]",
                module.feature()
            ),
        );
        line(&mut out, 0, &format!("pub mod {name} {{"));
        line(
            &mut out,
            1,
            &format!("include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));"),
        );
        line(&mut out, 0, "}");
    }
    handles(
        &mut out,
        modules,
        "crate::FolioClient",
        "crate::Async",
        "crate::Async",
    );
    line(&mut out, 0, "#[cfg(feature = \"blocking\")]");
    handles(
        &mut out,
        modules,
        "crate::blocking::FolioClient",
        "crate::blocking::Blocking",
        "self.mode()",
    );
    out
}

/// The handles of the modules on a client.
fn handles(out: &mut String, modules: &[Document], client: &str, mode: &str, make: &str) {
    let inner = match make {
        "crate::Async" => "self.clone()",
        _ => "self.as_async().clone()",
    };
    line(out, 0, &format!("impl {client} {{"));
    for module in modules {
        let name = crate::rust_name(module.feature());
        doc(out, 1, &format!("The operations of `{}`.", module.name));
        line(
            out,
            1,
            &format!(
                "#[cfg_attr(docsrs, doc(cfg(feature = {:?})))]",
                module.feature()
            ),
        );
        line(
            out,
            1,
            &format!("pub fn {name}(&self) -> {name}::call::Api<{mode}> {{"),
        );
        line(
            out,
            2,
            &format!("{name}::call::Api {{ client: {inner}, mode: {make} }}"),
        );
        line(out, 1, "}");
    }
    line(out, 0, "}");
}

/// The names of components, each with that of its type.
pub(crate) type Components = Vec<(String, String)>;

/// A function that sends JSON through the type of a component: for tests, which include the file. Of each module its document's name, its
/// name in Rust, and the names of components with those of their types.
pub(crate) fn records_file(modules: &[(String, String, Components)]) -> String {
    let mut out = String::new();
    let head = r#"
/// Reads JSON as what the component `name` of `module` is in Rust, and writes it again; nothing where it has no type of its own.
#[allow(clippy::too_many_lines)]
fn through(module: &str, name: &str, json: &str) -> Option<Result<String, String>> {
    fn of<T: serde::de::DeserializeOwned + serde::Serialize>(json: &str) -> Result<String, String> {
        let record: T = serde_json::from_str(json).map_err(|error| error.to_string())?;
        serde_json::to_string(&record).map_err(|error| error.to_string())
    }
    Some(match (module, name) {"#;
    for text in head.trim_start().lines() {
        let depth = text.len() - text.trim_start().len();
        line(&mut out, depth / 4, text.trim_start());
    }
    for (module, rust, records) in modules {
        for (component, record) in records {
            let call = format!("of::<folio_sdk::{rust}::{record}>(json)");
            let arm = format!("({module:?}, {component:?}) => {call},");
            line(&mut out, 2, &arm);
        }
    }
    line(&mut out, 2, "_ => return None,");
    line(&mut out, 1, "})");
    line(&mut out, 0, "}");
    out
}

/// A function that says what the record of a name makes of JSON that does not fit: for tests, which include the file.
pub(crate) fn lenient_file(modules: &[(String, String, Vec<String>)]) -> String {
    let given = "Option<Result<(String, Vec<String>, Vec<folio_sdk::Mistyped>), String>>";
    let mut out = String::new();
    doc(&mut out, 0, "Modules and their records.");
    line(&mut out, 0, "const RECORDS: &[(&str, &str)] = &[");
    for (module, _, records) in modules {
        for record in records {
            line(&mut out, 1, &format!("({module:?}, {record:?}),"));
        }
    }
    line(&mut out, 0, "];");
    doc(
        &mut out,
        0,
        "Reads JSON into the record `name` of `module`, writes it again, and gives what is missing and mistyped; nothing where there is no such record.",
    );
    line(
        &mut out,
        0,
        "#[allow(clippy::too_many_lines, clippy::type_complexity)]",
    );
    line(
        &mut out,
        0,
        &format!("fn reread(module: &str, name: &str, json: &str) -> {given} {{"),
    );
    line(&mut out, 1, "Some(match (module, name) {");
    for (module, rust, records) in modules {
        for record in records {
            line(
                &mut out,
                2,
                &format!("({module:?}, {record:?}) => of::<folio_sdk::{rust}::{record}>(json),"),
            );
        }
    }
    line(&mut out, 2, "_ => return None,");
    line(&mut out, 1, "})");
    line(&mut out, 0, "}");
    out
}

/// The variants of all unions with what they are described as, and a function that tells which one JSON is read as: for tests, which include
/// the file.
pub(crate) fn unions_file(modules: &[(String, String, Vec<crate::unions::Union>)]) -> String {
    let mut out = String::new();
    doc(
        &mut out,
        0,
        "Module, union, variant, values of the tag, and what the variant is described as.",
    );
    line(
        &mut out,
        0,
        "const VARIANTS: &[(&str, &str, &str, &[&str], &str)] = &[",
    );
    for (module, _, unions) in modules {
        for union in unions {
            for variant in &union.variants {
                let described = variant.described.to_string();
                line(
                    &mut out,
                    1,
                    &format!(
                        "({module:?}, {:?}, {:?}, &{:?}, {described:?}),",
                        union.name, variant.name, variant.tags
                    ),
                );
            }
        }
    }
    line(&mut out, 0, "];");
    doc(
        &mut out,
        0,
        "Which variant of the union `name` of `module` JSON is read as, and what is written; nothing where there is no such union.",
    );
    line(
        &mut out,
        0,
        "fn variant(module: &str, name: &str, json: &str) -> Option<Result<(&'static str, serde_json::Value), String>> {",
    );
    line(
        &mut out,
        1,
        "fn of<T: serde::de::DeserializeOwned + serde::Serialize + folio_sdk::runtime::Union>(json: &str) -> Result<(&'static str, serde_json::Value), String> {",
    );
    line(
        &mut out,
        2,
        "let union: T = serde_json::from_str(json).map_err(|error| error.to_string())?;",
    );
    line(
        &mut out,
        2,
        "let written = serde_json::to_value(&union).map_err(|error| error.to_string())?;",
    );
    line(&mut out, 2, "Ok((union.variant(), written))");
    line(&mut out, 1, "}");
    line(&mut out, 1, "Some(match (module, name) {");
    for (module, rust, unions) in modules {
        for union in unions {
            line(
                &mut out,
                2,
                &format!(
                    "({module:?}, {0:?}) => of::<folio_sdk::{rust}::{0}>(json),",
                    union.name
                ),
            );
        }
    }
    line(&mut out, 2, "_ => return None,");
    line(&mut out, 1, "})");
    line(&mut out, 0, "}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_rust_reserves_is_written_raw_and_no_other() {
        assert!(RESERVED.is_sorted());
        for word in RESERVED.into_iter().chain(UNUSABLE) {
            // syn goes by an older edition, which does not reserve `gen`.
            let refused = syn::parse_str::<syn::Ident>(word).is_err();
            assert!(refused || word == "gen", "{word}");
            assert!(syn::parse_str::<syn::Ident>(&ident(word)).is_ok(), "{word}");
        }
        for word in [
            "union",
            "default",
            "auto",
            "macro_rules",
            "raw",
            "safe",
            "_type",
        ] {
            assert_eq!(ident(word), word);
            assert!(syn::parse_str::<syn::Ident>(word).is_ok(), "{word}");
        }
        assert_eq!(ident("2nd"), "_2nd");
    }
}
