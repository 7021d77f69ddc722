//! How the storage modules evaluate the fields of queries: the fields that are indexed, and the
//! aliases of other tables.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::data::merged::lines;

/// One line per field with an index, and one per alias, from the lines of `cql-indexes.jsonl`
/// (sources of the modules).
///
/// A field is `uuid`, or has the evaluation of `==` (`equals`) and of `<` (`compare`; absent: the
/// stored text is compared as it is). `case` and `accents`: they count. `first`: only so many
/// characters are compared. `several`: `==` reads these fields instead; `words`: full text does. `computedBy`: the field is
/// computed for `==` (`equals`) or for full text (`words`) only. `elements`: the modifiers of full
/// text that select elements of the list.
pub(super) fn indexes(rows: &[Value]) -> String {
    let evaluated = rows.iter().filter_map(evaluation);
    let aliases = aliases(rows);
    lines(evaluated.chain(aliases))
}

fn text<'a>(row: &'a Value, key: &str) -> Option<&'a str> {
    row.get(key)?.as_str()
}

fn evaluation(row: &Value) -> Option<Value> {
    let path = text(row, "path").filter(|_| text(row, "kind") == Some("evaluation"))?;
    let field = text(row, "field")?;
    if row.get("all").is_some() {
        return Some(json!({"path": path, "field": field, "uuid": true}));
    }
    let mut out = Map::new();
    out.insert("path".to_owned(), path.into());
    out.insert("field".to_owned(), field.into());
    let equals = row.get("equals_string")?;
    out.insert("equals".to_owned(), folding(equals)?);
    if let Some(compare) = row.get("compare").and_then(folding) {
        out.insert("compare".to_owned(), compare);
    }
    let words = row.get("fullText");
    let is_computed = |entry: Option<&Value>| {
        entry.is_some_and(|entry| {
            entry.get("multi").is_some() || entry.get("sqlExpression").is_some()
        })
    };
    for (name, entry) in [("equals", Some(equals)), ("words", words)] {
        if is_computed(entry) {
            out.insert("computedBy".to_owned(), name.into());
        }
    }
    let elements: Vec<Value> = words
        .into_iter()
        .flat_map(|words| {
            let modifiers = words.get("arrayModifiers").and_then(Value::as_array);
            words
                .get("arraySubfield")
                .into_iter()
                .chain(modifiers.into_iter().flatten())
        })
        .cloned()
        .collect();
    if !elements.is_empty() {
        out.insert("elements".to_owned(), elements.into());
    }
    for (name, value) in [
        ("several", equals.get("multi")),
        ("words", words.and_then(|words| words.get("multi"))),
    ] {
        if let Some(value) = value {
            out.insert(name.to_owned(), value.clone());
        }
    }
    Some(Value::Object(out))
}

fn folding(entry: &Value) -> Option<Value> {
    let is = |key: &str| entry.get(key).and_then(Value::as_bool);
    let mut out = Map::new();
    out.insert("case".to_owned(), is("caseSensitive")?.into());
    out.insert("accents".to_owned(), (!is("removeAccents")?).into());
    if is("truncate600") == Some(true) {
        out.insert("first".to_owned(), 600.into());
    }
    Some(Value::Object(out))
}

fn aliases(rows: &[Value]) -> Vec<Value> {
    let paths: BTreeMap<&str, &str> = rows
        .iter()
        .filter_map(|row| Some((text(row, "table")?, text(row, "path")?)))
        .collect();
    let mut aliases: Vec<Value> = Vec::new();
    for row in rows {
        let (Some(child), Some(parent)) = (
            text(row, "path"),
            text(row, "target").and_then(|table| paths.get(table)),
        ) else {
            continue;
        };
        for (key, path, of) in [
            ("parentAlias", child, *parent),
            ("childAlias", *parent, child),
        ] {
            if let Some(alias) = text(row, key) {
                aliases.push(json!({"path": path, "alias": alias, "of": of}));
            }
        }
    }
    aliases.sort_by_key(Value::to_string);
    aliases.dedup();
    aliases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_aliases_are_reduced_to_their_evaluation() {
        let raw = json!({"source": "none", "collation": "raw value"});
        let folded = json!({"caseSensitive": false, "removeAccents": false, "truncate600": true, "multi": ["a", "b"]});
        let rows = [
            json!({"kind": "index", "path": "/items", "table": "item", "field": "x"}),
            json!({"kind": "evaluation", "path": "/items", "table": "item", "field": "id", "all": "uuid"}),
            json!({"kind": "evaluation", "path": "/items", "table": "item", "field": "x", "equals_string": folded, "compare": raw, "fullText": {"removeAccents": true}}),
            json!({"kind": "evaluation", "path": null, "table": "t", "field": "id", "all": "uuid"}),
            json!({"kind": "index", "path": "/holdings", "table": "holding", "field": "x"}),
            json!({"kind": "foreignKey", "path": "/items", "table": "item", "target": "holding", "parentAlias": "holdings", "childAlias": "item"}),
        ];
        let found = indexes(&rows);
        let found: Vec<Value> = found
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let expected = json!([
            {"path": "/items", "field": "id", "uuid": true},
            {"path": "/items", "field": "x", "equals": {"case": false, "accents": true, "first": 600}, "several": ["a", "b"], "computedBy": "equals"},
            {"path": "/items", "alias": "holdings", "of": "/holdings"},
            {"path": "/holdings", "alias": "item", "of": "/items"},
        ]);
        assert_eq!(Value::from(found), expected);
    }
}
