//! The data of FOLIO's tables (`data/folio-arrow/data`): the lists of all releases and the types of
//! their records, as JSON Lines.

mod money;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::data::list_record::ListRecord;
use super::data::merged::{Merged, lines};
use super::data::releases::{Named, all_releases, operation_lines};
use super::data::type_expression::detailed_expression;
use crate::base::error::{Error, Result};
use crate::canonical::operation::{Operation, operations};
use crate::canonical::release::{Release, handle};
use crate::canonical::schema::schemas;
use crate::canonical::text_field::record_names;
use crate::corrections::field_rules::FieldRules;
use money::Money;

/// The methods that begin the names of operations that return lists: `list_instances` is the table
/// `instances`.
const VERBS: [&str; 5] = ["list", "get", "search", "browse", "retrieve"];

/// The shared records.
const COMMON: &str = "common";

/// The files of a folder, and their content.
///
/// # Errors
/// A release cannot be read, or `money.toml` says nothing about a number.
pub(crate) fn files(specs: &Path, folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let releases = all_releases(specs)?;
    let rules = FieldRules::money(specs)?;
    let mut money = Money::new(&rules);
    let file = |name: &str, text: String| (folder.join(name), text);
    let names = releases.iter().map(|(name, _)| json!({ "release": name }));
    let files = vec![
        file("releases.jsonl", lines(names)),
        file("tables.jsonl", all_tables(&releases, &mut money)),
        file("records.jsonl", all_records(&releases, &mut money)),
    ];
    money
        .check()
        .map_err(|problem| Error::file(specs.join("money.toml"), problem))?;
    Ok(files)
}

/// One line per list; equal ones of several releases are one.
fn all_tables(releases: &[Named], money: &mut Money<'_>) -> String {
    operation_lines(releases, |module, document, release, operation| {
        table_row(module, document, release, operation, money)
    })
}

fn table_row(
    module: &str,
    document: &Value,
    release: &Release,
    operation: &Operation<'_>,
    money: &mut Money<'_>,
) -> Option<Map<String, Value>> {
    let paging = operation.fact("paging")?;
    let name = operation.name();
    let (verb, rest) = name.split_once('_').unwrap_or(("", name));
    let table = if VERBS.contains(&verb) { rest } else { name };
    let mut row = Map::new();
    for (key, value) in [
        ("module", module),
        ("schema", &handle(module)),
        ("table", table),
        ("method", &operation.method.to_uppercase()),
        ("path", operation.path),
    ] {
        row.insert(key.to_owned(), value.into());
    }
    for key in [
        "style", "items", "key", "max", "sort", "all", "query", "job",
    ] {
        if let Some(value) = paging.get(key) {
            row.insert(key.to_owned(), value.clone());
        }
    }
    let record = match ListRecord::of(document, release, operation) {
        Some(ListRecord::Named(name)) => name.into(),
        Some(ListRecord::InPlace(schema)) => {
            let mut record = detailed_expression(&schema);
            money.mark(module, &[table.to_owned()], &mut record);
            record
        }
        None => "any".into(),
    };
    row.insert("record".to_owned(), record);
    Some(row)
}

/// One line per record to which a table leads.
fn all_records(releases: &[Named], money: &mut Money<'_>) -> String {
    let mut merged = Merged::default();
    for (name, release) in releases {
        let common = COMMON.to_owned();
        let mut reached = Reached::default();
        for (module, document) in &release.modules {
            for operation in operations(document) {
                if operation.fact("paging").is_none() {
                    continue;
                }
                match ListRecord::of(document, release, &operation) {
                    Some(ListRecord::Named(record)) => reached.reference(module, &record, release),
                    Some(ListRecord::InPlace(schema)) => {
                        reached.expression(module, &detailed_expression(&schema), release);
                    }
                    None => {}
                }
            }
        }
        let documents = release.modules.iter().chain([(&common, &release.common)]);
        for (module, document) in documents {
            for (record, schema) in schemas(document) {
                if !reached.0.contains(&(module.clone(), record.clone())) {
                    continue;
                }
                let mut expression = detailed_expression(schema);
                money.mark(module, &record_names(record, schema), &mut expression);
                let row = json!({"module": module, "record": record, "type": expression});
                if let Value::Object(row) = row {
                    merged.add(vec![module.clone(), record.clone()], row, name);
                }
            }
        }
    }
    lines(merged.rows())
}

/// The records to which others lead: their modules and names.
#[derive(Default)]
struct Reached(BTreeSet<(String, String)>);

impl Reached {
    fn reference(&mut self, module: &str, reference: &str, release: &Release) {
        let Some((home, record)) = reference.split_once('#') else {
            return;
        };
        let home = if home.is_empty() { module } else { home };
        if !self.0.insert((home.to_owned(), record.to_owned())) {
            return;
        }
        let document = match home {
            COMMON => Some(&release.common),
            home => release.modules.get(home),
        };
        let schema = document.and_then(|document| {
            let mut schemas = schemas(document);
            schemas.find_map(|(name, schema)| (name == record).then_some(schema))
        });
        if let Some(schema) = schema {
            self.expression(home, &detailed_expression(schema), release);
        }
    }

    fn expression(&mut self, module: &str, expression: &Value, release: &Release) {
        match expression {
            Value::String(text) => self.reference(module, text, release),
            Value::Array(parts) => {
                for part in parts {
                    self.expression(module, part, release);
                }
            }
            // One of several parts is not divided into columns.
            Value::Object(members) => {
                let parts = members.iter().filter(|(key, _)| *key != "|" && *key != "=");
                for (_, part) in parts {
                    self.expression(module, part, release);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn tables_have_their_records_and_the_records_that_these_lead_to() {
        let list = |name: &str, schema: Value| {
            let items = json!({"type": "array", "items": schema});
            json!({"get": {
                "operationId": name,
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"rows": items}}}}}},
                "x-folio": {"paging": {"style": "cql", "items": "rows", "key": "id"}},
            }})
        };
        let reference = json!({"$ref": "#/components/schemas/Order"});
        let release = Release {
            modules: BTreeMap::from([(
                "mod-shop".to_owned(),
                json!({
                    "paths": {"/orders": list("list_orders", reference), "/ids": list("search_ids", json!({"properties": {"id": {"type": "string", "format": "uuid"}}}))},
                    "components": {"schemas": {
                        "Order": {"properties": {
                            "price": {"type": "number"},
                            "rate": {"type": "number"},
                            "metadata": {"$ref": "common.json#/components/schemas/Metadata"},
                            "state": {"type": "string", "enum": ["Open"]},
                        }},
                        "Unused": {"properties": {"price": {"type": "number"}}},
                    }},
                }),
            )]),
            common: json!({"components": {"schemas": {"Metadata": {"properties": {"createdDate": {"type": "string", "format": "date-time"}}}}}}),
        };
        let releases = [("r1".to_owned(), release)];
        let rules = FieldRules::of_money(
            "[[number]]\nfields = ['rate']\nreason = 'a rate'\n[[money]]\nname = 'shop'\nfields = ['Order.price']\nevidence = 'prices'\n",
        );
        let mut money = Money::new(&rules);
        let rows = |text: String| -> Vec<Value> {
            let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
            rows.collect()
        };
        let tables = rows(all_tables(&releases, &mut money));
        assert_eq!(
            tables,
            [
                json!({"module": "mod-shop", "schema": "shop", "table": "ids", "method": "GET", "path": "/ids", "style": "cql", "items": "rows",
                    "key": "id", "record": {"id": "uuid"}, "releases": ["r1"]}),
                json!({"module": "mod-shop", "schema": "shop", "table": "orders", "method": "GET", "path": "/orders", "style": "cql", "items": "rows",
                    "key": "id", "record": "#Order", "releases": ["r1"]}),
            ]
        );
        let records = rows(all_records(&releases, &mut money));
        assert_eq!(
            records,
            [
                json!({"module": "common", "record": "Metadata", "type": {"createdDate": "date-time"}, "releases": ["r1"]}),
                json!({"module": "mod-shop", "record": "Order", "type": {"metadata": "common#Metadata", "price": "money", "rate": "number",
                    "state": {"=": ["Open"]}}, "releases": ["r1"]}),
            ]
        );
        assert_eq!(money.check(), Ok(()));
    }
}
