//! The model of a document: names, types, required fields. Emit writes the code from it.

use std::collections::BTreeMap;

/// The types and operations of a document.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) records: Vec<Record>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) operations: BTreeMap<String, Signature>,
    pub(crate) unions: Vec<Union>,
}

/// A value that is one of several things.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) name: String,
    pub(crate) tag: String,
    pub(crate) variants: Vec<UnionVariant>,
}

#[derive(Debug)]
pub(crate) struct UnionVariant {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) tags: Vec<String>,
    /// Its position in the union.
    pub(crate) place: Option<(&'static str, usize)>,
    /// The size of its description: of equally matching variants the one with the smallest
    /// description is selected.
    pub(crate) size: u32,
}

impl Model {
    /// The names of all types.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        let records = self.records.iter().map(|record| &record.name);
        let unions = self.unions.iter().map(|union| &union.name);
        records
            .chain(self.enums.iter().map(|item| &item.name))
            .chain(unions)
    }

    /// The record of a name.
    pub(crate) fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.name == name)
    }

    /// The types that a type holds, each with the steps that lead from its schema to theirs.
    pub(crate) fn parts(&self, name: &str) -> Vec<(Vec<Step>, &Ty)> {
        if let Some(union) = self.unions.iter().find(|union| union.name == name) {
            let variants = union.variants.iter().filter_map(|variant| {
                let (word, index) = variant.place?;
                let step = Step {
                    word,
                    name: Some(index.to_string()),
                };
                Some((vec![step], &variant.ty))
            });
            return variants.collect();
        }
        let record = self.records.iter().find(|record| record.name == name);
        let fields = record.map_or(&[][..], |record| &record.fields);
        fields
            .iter()
            .map(|field| {
                let step = Step {
                    word: "properties",
                    name: Some(field.key.clone()),
                };
                (vec![step], &field.ty)
            })
            .collect()
    }
}

/// A step into a schema: by keyword, or by name or index.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) word: &'static str,
    pub(crate) name: Option<String>,
}

impl Step {
    pub(crate) fn of(word: &'static str) -> Self {
        Self { word, name: None }
    }
}

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    /// The Rust name.
    pub(crate) name: String,
    /// The JSON name.
    pub(crate) key: String,
    /// The type of a value that is there; of an optional field without the `Option`.
    pub(crate) ty: Ty,
    pub(crate) required: bool,
}

/// A string enum: pairs of variant and text.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) variants: Vec<(String, String)>,
}

/// progenitor's output for an operation.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Arguments by their Rust names, without `Option` and references.
    pub(crate) arguments: BTreeMap<String, Ty>,
    pub(crate) response: Option<Ty>,
}

/// A type of a field, an argument or a response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    String,
    Bool,
    I32,
    I64,
    Number,
    Id,
    DateTime,
    /// Any JSON.
    Value,
    /// A JSON object without described fields.
    Object,
    Vec(Box<Ty>),
    /// From text to a type.
    Map(Box<Ty>),
    Box(Box<Ty>),
    /// An element of a list that may be null.
    Option(Box<Ty>),
    /// A record or enum of this document.
    Named(String),
    /// A shared record or enum.
    Common(String),
}
