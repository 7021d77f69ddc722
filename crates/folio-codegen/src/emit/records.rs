//! Records: structs that read and write themselves by a table.

use std::collections::{BTreeMap, BTreeSet};

use super::docs::Types;
use super::types::{blank, boxes, rust};
use crate::context::Context;
use crate::error::Error;
use crate::model::{Field, Model, Record};
use crate::names::ident;
use crate::template::{Code, fill, literal};

const RECORDS: &str = "
    {records}
    crate::__record!({names});
";

const BOXED: &str = "crate::__boxed!({types});";

const RECORD: &str = "
    {docs}
    #[derive(Clone)]
    pub struct {name} {
        {fields}
        /// What the server sent and the description does not have; written back with the record.
        pub {extra}: rt::AdditionalFields,
    }
    {constructor}
    impl rt::Record for {name} {
        const ABOUT: (&'static str, &'static [&'static str]) = ({name_literal}, &{required_keys});
        #[inline]
        fn blank() -> Self {
            Self {
                {blanks}
                {extra}: rt::AdditionalFields::default(),
            }
        }
        fn set<S: rt::Source>(&mut self, key: &str, from: &mut S) {
            match key {
                {arms}
                _ => S::unknown(from, &mut self.{extra}, key),
            }
        }
        fn put<'a, P: rt::Put<'a>>(&'a self, other: &'a Self, out: &mut P) {
            P::extra(out, &self.{extra}, &other.{extra});
            {puts}
        }
    }
";

const REQUIRED_FIELD: &str = "
    {docs}
    pub {name}: {ty},
";

const OPTIONAL_FIELD: &str = "
    {docs}
    pub {name}: Option<{ty}>,
";

const BLANK: &str = "{name}: {blank},";
const REQUIRED_ARM: &str = "{key} => S::required(from, &mut self.{name}, {number}),";
const OPTIONAL_ARM: &str = "{key} => S::optional(from, &mut self.{name}),";
const PUT: &str = "P::field(out, {key}, &self.{name}, &other.{name});";

/// The constructor of a record without required fields.
const DEFAULT: &str = "
    impl Default for {name} {
        /// A record of which no field is set: the description requires none.
        #[inline]
        fn default() -> Self {
            rt::Record::blank()
        }
    }
";

/// The constructor of a record with required fields. Their type has no `Debug`: it lives for one
/// call, and may hold a password.
const NEW: &str = "
    /// The required fields of a [`{name}`].
    pub struct {companion} {
        {fields}
    }
    impl {name} {
        /// A record with its required fields; the others are absent.
        #[inline]
        pub fn new(required: {companion}) -> Self {
            Self {
                {assignments}
                ..rt::Record::blank()
            }
        }
    }
";

const ASSIGNMENT: &str = "{name}: required.{name},";

/// Required fields fit into the bits of a `u64`.
const MOST_REQUIRED: usize = 64;

/// All records of a document.
pub(super) fn records(context: &Context<'_>, docs: &Types<'_>) -> Result<Code, Error> {
    let mut out = Code::default();
    let all = &context.model.records;
    if all.is_empty() {
        return Ok(out);
    }
    let companions = companions(context.model);
    let mut records = Code::default();
    for item in all {
        let companion = companions.get(&item.name).map(String::as_str);
        record(&mut records, context, docs, item, companion)?;
    }
    let names: Vec<&str> = all.iter().map(|record| record.name.as_str()).collect();
    fill!(&mut out, RECORDS, records, names = names.join(", "));
    let mut boxed = BTreeSet::new();
    let fields = all.iter().flat_map(|record| &record.fields);
    fields.for_each(|field| boxes(&field.ty, &mut boxed));
    if !boxed.is_empty() {
        let types: Vec<String> = boxed.into_iter().collect();
        fill!(&mut out, BOXED, types = types.join(", "));
    }
    Ok(out)
}

/// The types of the required fields of records, by the records that require any; their names are
/// unlike all others.
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

fn record(
    out: &mut Code,
    context: &Context<'_>,
    docs: &Types<'_>,
    record: &Record,
    companion: Option<&str>,
) -> Result<(), Error> {
    let needed: Vec<&Field> = required(record).collect();
    if needed.len() > MOST_REQUIRED {
        let problem = format!(
            "{} required fields; at most {MOST_REQUIRED} are supported",
            needed.len()
        );
        return Err(Error::document(
            &context.document.name,
            format!("/components/schemas/{}/required", record.name),
            problem,
        ));
    }
    let mut fields = Code::default();
    let mut blanks = Code::default();
    let mut arms = Code::default();
    let mut puts = Code::default();
    let mut number = 0;
    for item in &record.fields {
        field(&mut fields, item, docs.field(record, item));
        let (name, key) = (ident(&item.name), literal(&item.key));
        if item.required {
            let number = post_increment(&mut number);
            fill!(&mut blanks, BLANK, name, blank = blank(&item.ty));
            fill!(&mut arms, REQUIRED_ARM, key, name, number);
        } else {
            fill!(&mut blanks, BLANK, name, blank = "None");
            fill!(&mut arms, OPTIONAL_ARM, key, name);
        }
        fill!(&mut puts, PUT, key, name);
    }
    let keys: Vec<&str> = needed.iter().map(|field| field.key.as_str()).collect();
    fill!(
        out,
        RECORD,
        docs = docs.record(record),
        name = record.name,
        name_literal = literal(&record.name),
        required_keys = literal(&keys),
        extra = extra_name(record),
        constructor = constructor(docs, record, companion.unwrap_or_default()),
        fields,
        blanks,
        arms,
        puts,
    );
    Ok(())
}

fn field(out: &mut Code, field: &Field, docs: Code) {
    let (name, ty) = (ident(&field.name), rust(&field.ty, ""));
    match field.required {
        true => fill!(out, REQUIRED_FIELD, docs, name, ty),
        false => fill!(out, OPTIONAL_FIELD, docs, name, ty),
    }
}

fn constructor(docs: &Types<'_>, record: &Record, companion: &str) -> Code {
    let mut out = Code::default();
    let mut fields = Code::default();
    let mut assignments = Code::default();
    for needed in required(record) {
        field(&mut fields, needed, docs.required(record, needed));
        fill!(&mut assignments, ASSIGNMENT, name = ident(&needed.name));
    }
    let name = &*record.name;
    match fields.is_empty() {
        true => fill!(&mut out, DEFAULT, name),
        false => fill!(&mut out, NEW, name, companion, fields, assignments),
    }
    out
}

fn required(record: &Record) -> impl Iterator<Item = &Field> {
    record.fields.iter().filter(|field| field.required)
}

/// `additional_fields`, unless the record has a field of that name.
fn extra_name(record: &Record) -> String {
    let mut name = "additional_fields".to_owned();
    while record.fields.iter().any(|field| field.name == name) {
        name = match &*name {
            "additional_fields" => "unknown_fields".to_owned(),
            _ => name + "_",
        };
    }
    name
}

/// The number before it is counted up, as text.
fn post_increment(number: &mut usize) -> String {
    *number += 1;
    (*number - 1).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Document;
    use crate::model::Ty;

    fn text(name: &str, required: bool) -> Field {
        Field {
            name: name.to_owned(),
            key: name.to_owned(),
            ty: Ty::String,
            required,
        }
    }

    fn model(fields: Vec<Field>) -> Model {
        let name = "Book".to_owned();
        Model {
            records: vec![Record { name, fields }],
            ..Model::default()
        }
    }

    fn written(model: &Model) -> Result<Code, Error> {
        let document = Document::new("mod-books", json!({}));
        let context = Context {
            document: &document,
            common: &document,
            model,
        };
        records(&context, &Types::of(&context, &[])?)
    }

    #[test]
    fn the_place_of_unknown_fields_has_a_name_of_its_own() {
        for (fields, expected) in [
            (&["title"][..], "additional_fields"),
            (&["additional_fields"], "unknown_fields"),
            (&["additional_fields", "unknown_fields"], "unknown_fields_"),
        ] {
            let fields = fields.iter().map(|name| text(name, false)).collect();
            let model = model(fields);
            assert_eq!(extra_name(&model.records[0]), expected);
        }
    }

    #[test]
    fn a_record_has_a_default_or_a_constructor_with_what_it_requires() {
        let code = written(&model(vec![text("a", false)]))
            .unwrap()
            .into_string();
        assert!(code.contains("impl Default for Book {"), "{code}");
        let code = written(&model(vec![text("a", false), text("type", true)]));
        let code = code.unwrap().into_string();
        assert!(
            code.contains("pub fn new(required: BookRequired) -> Self {"),
            "{code}"
        );
        assert!(code.contains("r#type: required.r#type,"), "{code}");
        assert!(syn::parse_file(&code).is_ok());
    }

    #[test]
    fn more_required_fields_than_there_are_bits_are_an_error() {
        let fields = |count: usize| (0..count).map(|n| text(&format!("f{n}"), true)).collect();
        assert!(written(&model(fields(MOST_REQUIRED))).is_ok());
        let error = written(&model(fields(MOST_REQUIRED + 1)))
            .unwrap_err()
            .to_string();
        assert!(error.contains("65 required fields"), "{error}");
    }
}
