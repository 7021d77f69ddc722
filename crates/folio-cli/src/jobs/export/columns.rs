//! The columns of records in a CSV file.
//!
//! Without a choice of the user, columns are the fields of all records: fields of objects by their
//! path (`personal.lastName`), lists as JSON in one cell. `id` comes first, the others follow by
//! name, so that the order does not depend on that of the records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::error::CliError;
use crate::output::field_path::{FieldPath, Found, WHOLE, values};
use crate::output::json;

/// An object with more different fields than that, over all records, is a map rather than a record:
/// it is written as JSON in one cell.
const MOST_FIELDS: usize = 500;

/// The most fields of a record.
const MOST_COLUMNS: usize = 10_000;

/// The kinds of values of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    has_nulls: bool,
    has_values: bool,
}

impl Kinds {
    fn add(&mut self, value: &RawValue) {
        match value.get() {
            "null" => self.has_nulls = true,
            _ => self.has_values = true,
        }
    }
}

/// The columns, while records are read.
#[derive(Debug)]
pub(crate) enum Columns {
    /// Those that the user chose, with the kinds of their values.
    Chosen(Vec<FieldPath>, Vec<Kinds>),
    /// Those of the records.
    Found(Node),
}

/// A field, or a record.
#[derive(Debug, Default)]
pub(crate) struct Node {
    kinds: Kinds,
    fields: BTreeMap<String, Node>,
    is_map: bool,
    /// The column of its own value.
    column: Option<usize>,
}

impl Columns {
    pub(crate) fn new(chosen: Option<&[FieldPath]>) -> Self {
        match chosen {
            Some(fields) => Self::Chosen(fields.to_vec(), vec![Kinds::default(); fields.len()]),
            None => Self::Found(Node::default()),
        }
    }

    /// Takes note of the fields of a record.
    pub(crate) fn observe(&mut self, record: &RawValue) {
        match self {
            Self::Chosen(fields, kinds) => {
                for (kinds, found) in kinds.iter_mut().zip(values(record, &*fields)) {
                    match found {
                        Found::Nothing => {}
                        Found::One(value) => kinds.add(value),
                        Found::Each(_) => kinds.has_values = true,
                    }
                }
            }
            Self::Found(root) => root.observe(record, MOST_COLUMNS),
        }
    }

    /// The header, after all records were observed.
    ///
    /// # Errors
    /// The records have too many fields, or two of one name.
    pub(crate) fn header(&mut self) -> Result<Vec<String>, CliError> {
        match self {
            Self::Chosen(fields, _) => Ok(fields.iter().map(ToString::to_string).collect()),
            Self::Found(root) => {
                let jsonl = "select fields with --fields, or export to .jsonl";
                if root.is_map {
                    return Err(CliError::other(format!(
                        "the records have more than {MOST_COLUMNS} different fields"
                    ))
                    .with_help(jsonl));
                }
                let mut header = Vec::new();
                root.name("", &mut header);
                let mut known = BTreeSet::new();
                if let Some(twice) = header.iter().find(|name| !known.insert(*name)) {
                    return Err(CliError::other(format!(
                        "two fields of the records have the name `{twice}`: one of them contains a dot"
                    ))
                    .with_help(jsonl));
                }
                if header.is_empty() {
                    // Readers of tables expect a column, even if there are no records.
                    header.push("id".to_owned());
                }
                Ok(header)
            }
        }
    }

    /// The chosen fields that no record has.
    pub(crate) fn absent(&self) -> Vec<&str> {
        match self {
            Self::Chosen(fields, kinds) => fields
                .iter()
                .zip(kinds)
                .filter(|(_, kinds)| **kinds == Kinds::default())
                .map(|(field, _)| field.as_str())
                .collect(),
            Self::Found(_) => Vec::new(),
        }
    }

    /// The values of a record, in the order of the header, whose length is `width`.
    pub(crate) fn row<'a>(&self, record: &'a RawValue, width: usize) -> Vec<Found<'a>> {
        match self {
            Self::Chosen(fields, _) => values(record, fields),
            Self::Found(root) => {
                let mut row = vec![Found::Nothing; width];
                root.fill(record, &mut row);
                row
            }
        }
    }
}

impl Node {
    fn observe(&mut self, value: &RawValue, most: usize) {
        let members = json::members(value).filter(|members| !members.is_empty());
        let Some(members) = members.filter(|_| !self.is_map) else {
            self.kinds.add(value);
            return;
        };
        for (name, value) in members {
            let field = self.fields.entry(name).or_default();
            field.observe(value, MOST_FIELDS);
        }
        if self.fields.len() > most {
            self.is_map = true;
            self.fields.clear();
            self.kinds.has_values = true;
        }
    }

    /// Assigns the columns.
    fn name(&mut self, path: &str, header: &mut Vec<String>) {
        let is_empty_record = path.is_empty() && self.fields.is_empty() && header.is_empty();
        let is_leaf = self.kinds.has_values || (self.fields.is_empty() && !path.is_empty());
        if is_leaf || (is_empty_record && self.kinds != Kinds::default()) {
            let name = match path {
                "" => WHOLE,
                path => path,
            };
            self.column = Some(header.len());
            header.push(name.to_owned());
        }
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        if path.is_empty()
            && let Some(id) = self.fields.get_mut("id")
        {
            id.name("id", header);
        }
        for (name, field) in &mut self.fields {
            if !path.is_empty() || name != "id" {
                field.name(&below(name), header);
            }
        }
    }

    fn fill<'a>(&self, value: &'a RawValue, row: &mut [Found<'a>]) {
        let members = json::members(value).filter(|members| !members.is_empty());
        match members.filter(|_| !self.is_map) {
            Some(members) => {
                for (name, value) in members {
                    if let Some(field) = self.fields.get(&name) {
                        field.fill(value, row);
                    }
                }
            }
            None => {
                if let Some(cell) = self.column.and_then(|column| row.get_mut(column)) {
                    *cell = Found::One(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;
    use crate::output::field_path::cell;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    /// The header and the rows of records.
    fn table(records: &[&str]) -> (Vec<String>, Vec<Vec<String>>) {
        let mut columns = Columns::new(None);
        let records: Vec<Box<RawValue>> = records.iter().map(|text| raw(text)).collect();
        for record in &records {
            columns.observe(record);
        }
        let header = columns.header().unwrap();
        let rows = records
            .iter()
            .map(|record| columns.row(record, header.len()).iter().map(cell).collect());
        (header.clone(), rows.collect())
    }

    #[test]
    fn every_value_of_every_record_has_a_column() {
        let (header, rows) = table(&[
            r#"{"b": {"y": 1, "x": "a"}, "id": "1", "c": [1, {"d": 2}]}"#,
            r#"{"id": "2", "b": {}, "late": true, "n": null}"#,
            r#"{"id": "3", "b": "text", "c": null}"#,
        ]);
        assert_eq!(header, ["id", "b", "b.x", "b.y", "c", "late", "n"]);
        assert_eq!(rows[0], ["1", "", "a", "1", r#"[1,{"d":2}]"#, "", ""]);
        assert_eq!(rows[1], ["2", "{}", "", "", "", "true", ""]);
        assert_eq!(rows[2], ["3", "text", "", "", "", "", ""]);
    }

    #[test]
    fn maps_with_many_keys_are_one_cell() {
        let map: Vec<String> = (0..600).map(|n| format!("\"k{n}\": {n}")).collect();
        let record = format!("{{\"id\": \"1\", \"map\": {{{}}}}}", map.join(","));
        let (header, rows) = table(&[&record, r#"{"id": "2", "map": {"k1": 1}}"#]);
        assert_eq!(header.len(), 2);
        assert!(rows[0][1].starts_with("{\"k0\":0,"));
        assert_eq!(rows[1][1], r#"{"k1":1}"#);
    }

    #[test]
    fn fields_with_one_name_are_an_error() {
        let mut columns = Columns::new(None);
        columns.observe(&raw(r#"{"a.b": 1, "a": {"b": 2}}"#));
        assert!(columns.header().unwrap_err().to_string().contains("`a.b`"));
    }
}
