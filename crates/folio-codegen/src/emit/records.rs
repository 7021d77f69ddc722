//! Records: structs that read and write themselves by a table.

use std::collections::{BTreeMap, BTreeSet};

use super::docs::Types;
use super::types::{blank, boxes, rust};
use crate::context::Context;
use crate::error::Error;
use crate::model::{Field, Record, Ty};
use crate::names::ident;
use crate::template::{Code, fill, literal};

const RECORDS: &str = "
    {records}
    crate::__record! {
        {names}
    }
";

const BOXED: &str = "
    crate::__boxed! {
        {types}
    }
";

/// A type in a list of types.
const NAME: &str = "{name},";

const RECORD: &str = "
    {docs}
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
                _ => rt::Source::unknown(from, &mut self.{extra}, key),
            }
        }
        fn put<'a, P: rt::Put<'a>>(&'a self, out: &mut P) {
            rt::Put::extra(out, &self.{extra});
            {puts}
        }
    }
";

const FIELD: &str = "
    {docs}
    pub {name}: {ty},
";

const BLANK: &str = "{name}: {blank},";
const REQUIRED_ARM: &str = "{key} => rt::Source::required(from, &mut self.{name}, {number}),";
const OPTIONAL_ARM: &str = "{key} => rt::Source::optional(from, &mut self.{name}),";
const PUT: &str = "rt::Put::field(out, {key}, &self.{name});";

/// The start of a builder, whose state has all required fields.
const BUILDER: &str = "
    impl {name} {
        /// Starts a record. Call the function of each required field, {functions}, then `build`.
        /// The other fields are set afterwards.
        #[inline]
        pub fn builder() -> rt::RecordBuilder<Self, {state}> {
            rt::in_state(rt::Record::blank())
        }
    }
    {setters}
";

/// The start of a builder that needs nothing.
const DEFAULT: &str = "
    impl {name} {
        /// Starts a record without required fields: call `build`. The fields are set afterwards.
        #[inline]
        pub fn builder() -> rt::RecordBuilder<Self, ()> {
            rt::in_state(rt::Record::blank())
        }
    }
    impl Default for {name} {
        /// A record of which no field is set: the description requires none.
        #[inline]
        fn default() -> Self {
            rt::Record::blank()
        }
    }
";

/// A required field, whatever the state of the others is.
const SETTER: &str = "
    impl{others} rt::RecordBuilder<{name}, {before}> {
        {docs}
        #[inline]
        pub fn {function}(mut self, value: impl Into<{ty}>) -> rt::RecordBuilder<{name}, {after}> {
            self.record.{field} = value.into();
            rt::in_state(self.record)
        }
    }
";

/// Names of required fields, for the compiler's message about one that is not set.
const REQUIRED: &str = "
    /// The required fields of records, as a [`RecordBuilder`](crate::RecordBuilder) names those
    /// that are not set.
    #[allow(missing_docs, non_camel_case_types)]
    pub mod required {
        {fields}
    }
";

/// Required fields fit into the bits of a `u64`.
const MOST_REQUIRED: usize = 64;

/// All records of a document.
pub(super) fn records(context: &Context<'_>, docs: &Types<'_>) -> Result<Code, Error> {
    let mut out = Code::default();
    let all = &context.model.records;
    if all.is_empty() {
        return Ok(out);
    }
    let mut records = Code::default();
    let mut names = Code::default();
    // What comes from fields, each with the records that have such fields.
    let mut requirements: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut boxed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for item in all {
        let name = &*item.name;
        let mut one = Code::default();
        record(&mut one, context, docs, item)?;
        records.append(&context.conditions.when([name], one));
        names.append(&context.conditions.when([name], entry(name)));
        for field in required(item) {
            requirements
                .entry(ident(&field.name))
                .or_default()
                .insert(name);
        }
        let mut types = BTreeSet::new();
        item.fields
            .iter()
            .for_each(|field| boxes(&field.ty, &mut types));
        for ty in types {
            boxed.entry(ty).or_default().insert(name);
        }
    }
    if !requirements.is_empty() {
        let mut fields = Code::default();
        for (name, records) in &requirements {
            let mut field = Code::default();
            fill!(&mut field, "pub enum {name} {}", name);
            fields.append(&context.conditions.when(records.iter().copied(), field));
        }
        let mut all = Code::default();
        fill!(&mut all, REQUIRED, fields);
        let having = requirements.values().flatten().copied();
        records.append(&context.conditions.when(having, all));
    }
    fill!(&mut out, RECORDS, records, names);
    out = context
        .conditions
        .when(all.iter().map(|record| &*record.name), out);
    if !boxed.is_empty() {
        let mut types = Code::default();
        for (ty, records) in &boxed {
            let records = records.iter().copied();
            types.append(&context.conditions.when(records, entry(ty)));
        }
        let mut all = Code::default();
        fill!(&mut all, BOXED, types);
        let having = boxed.values().flatten().copied();
        out.append(&context.conditions.when(having, all));
    }
    Ok(out)
}

/// A type in a list.
fn entry(name: &str) -> Code {
    let mut out = Code::default();
    fill!(&mut out, NAME, name);
    out
}

fn record(
    out: &mut Code,
    context: &Context<'_>,
    docs: &Types<'_>,
    record: &Record,
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
        let (name, key) = (ident(&item.name), literal(&item.key));
        let (docs, ty) = (docs.field(record, item), field_type(item));
        fill!(&mut fields, FIELD, docs, name, ty);
        if item.required {
            let number = post_increment(&mut number);
            fill!(&mut blanks, BLANK, name, blank = blank(&item.ty));
            fill!(&mut arms, REQUIRED_ARM, key, name, number);
        } else {
            let blank = match item.ty {
                Ty::Vec(_) => blank(&item.ty),
                _ => "None",
            };
            fill!(&mut blanks, BLANK, name, blank);
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
        constructor = constructor(docs, record),
        fields,
        blanks,
        arms,
        puts,
    );
    Ok(())
}

/// The type of a field. A list, required or not, has a value for each way of being absent.
fn field_type(field: &Field) -> String {
    match &field.ty {
        Ty::Vec(element) => format!("rt::List<{}>", rust(element, "")),
        ty if field.required => rust(ty, ""),
        ty => format!("Option<{}>", rust(ty, "")),
    }
}

fn constructor(docs: &Types<'_>, record: &Record) -> Code {
    let mut out = Code::default();
    let name = &*record.name;
    let fields: Vec<&Field> = required(record).collect();
    let marks: Vec<String> = fields
        .iter()
        .map(|field| format!("required::{}", ident(&field.name)))
        .collect();
    if fields.is_empty() {
        fill!(&mut out, DEFAULT, name);
        return out;
    }
    let mut setters = Code::default();
    let mut functions = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let function = setter_name(field);
        let others: Vec<String> = (0..fields.len()).map(|other| format!("S{other}")).collect();
        let with = |state: &str| {
            let mut states = others.clone();
            state.clone_into(&mut states[at]);
            list(&states)
        };
        let rest: Vec<&str> = (0..fields.len())
            .filter(|other| *other != at)
            .map(|other| &*others[other])
            .collect();
        fill!(
            &mut setters,
            SETTER,
            others = match rest.is_empty() {
                true => String::new(),
                false => format!("<{}>", rest.join(", ")),
            },
            name,
            before = with(&marks[at]),
            after = with("rt::Set"),
            docs = docs.required(record, field),
            function,
            field = ident(&field.name),
            ty = field_type(field),
        );
        functions.push(format!("`{function}`"));
    }
    fill!(
        &mut out,
        BUILDER,
        name,
        functions = functions.join(", "),
        state = list(&marks),
        setters,
    );
    out
}

/// The function of a required field: the field's name, unless the builder has that function.
fn setter_name(field: &Field) -> String {
    match &*field.name {
        "build" => "set_build".to_owned(),
        _ => ident(&field.name),
    }
}

/// Types as a list of pairs, of any length.
fn list(types: &[String]) -> String {
    types
        .iter()
        .rev()
        .fold("()".to_owned(), |rest, first| format!("({first}, {rest})"))
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
    use crate::conditions::Conditions;
    use crate::document::Document;
    use crate::model::Model;

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
            conditions: &Conditions::default(),
        };
        records(&context, &Types::of(&context, &[], &[])?)
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
    fn every_record_has_a_builder_and_a_default_if_it_requires_nothing() {
        let code = written(&model(vec![text("a", false)]))
            .unwrap()
            .into_string();
        assert!(code.contains("impl Default for Book {"), "{code}");
        assert!(
            code.contains("pub fn builder() -> rt::RecordBuilder<Self, ()> {"),
            "{code}"
        );
        let code = written(&model(vec![
            text("a", false),
            text("type", true),
            text("build", true),
        ]));
        let code = code.unwrap().into_string();
        assert!(!code.contains("Default for"), "{code}");
        for line in [
            "pub fn builder() -> rt::RecordBuilder<Self, (required::r#type, (required::build, ()))> {",
            "impl<S1> rt::RecordBuilder<Book, (required::r#type, (S1, ()))> {",
            "pub fn r#type(mut self, value: impl Into<String>) -> rt::RecordBuilder<Book, (rt::Set, (S1, ()))> {",
            "impl<S0> rt::RecordBuilder<Book, (S0, (required::build, ()))> {",
            "pub fn set_build(mut self, value: impl Into<String>) -> rt::RecordBuilder<Book, (S0, (rt::Set, ()))> {",
            "self.record.build = value.into();",
            "pub enum r#type {}",
        ] {
            assert!(code.contains(line), "{line}: {code}");
        }
        assert!(syn::parse_file(&code).is_ok());
    }

    #[test]
    fn a_list_is_one_type_whether_or_not_it_is_required() {
        let list = |name: &str, required| Field {
            ty: Ty::Vec(Box::new(Ty::Vec(Box::new(Ty::Id)))),
            ..text(name, required)
        };
        let code = written(&model(vec![list("a", true), list("b", false)]));
        let code = code.unwrap().into_string();
        for expected in [
            "pub a: rt::List<Vec<rt::Id>>,",
            "pub b: rt::List<Vec<rt::Id>>,",
            "a: rt::List::absent(),",
            "b: rt::List::absent(),",
            "rt::Source::required(from, &mut self.a, 0)",
            "rt::Source::optional(from, &mut self.b)",
        ] {
            assert!(code.contains(expected), "{expected} in {code}");
        }
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
