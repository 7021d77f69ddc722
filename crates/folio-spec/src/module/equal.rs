//! Finds records that are deeply equal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::reference::PENDING;

/// The components of one name that are equal all the way down, together: two resources that have
/// the same fields today are not one record. They are distinguished by their names and their own
/// content first, and then, again and again, by the groups that what they refer to is in.
pub(crate) fn equals(
    schemas: &BTreeMap<String, Value>,
    name: impl Fn(&String) -> String,
) -> Vec<Vec<String>> {
    fn write(value: &Value, groups: &BTreeMap<&str, usize>, out: &mut String) {
        match value {
            Value::Object(map) => {
                out.push('{');
                for (key, value) in map {
                    out.push_str(&format!("{key:?}:"));
                    write(value, groups, out);
                    out.push(',');
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for value in list {
                    write(value, groups, out);
                    out.push(',');
                }
                out.push(']');
            }
            Value::String(text) => match text.strip_prefix(PENDING) {
                Some(target) => {
                    let group = groups.get(target).copied().unwrap_or_default();
                    out.push_str(&format!("^{group}"));
                }
                None => out.push_str(&format!("{text:?}")),
            },
            other => out.push_str(&other.to_string()),
        }
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for key in schemas.keys() {
        let next = named.len();
        let group = *named.entry(name(key)).or_insert(next);
        groups.insert(key, group);
    }
    let mut count = named.len();
    // The variants of a discriminator stay distinct, even if their content is equal.
    for schema in schemas.values() {
        let mapping = schema.pointer("/discriminator/mapping");
        for target in mapping.and_then(Value::as_object).into_iter().flatten() {
            let target = target
                .1
                .as_str()
                .and_then(|text| text.strip_prefix(PENDING));
            if let Some(group) = target.and_then(|target| groups.get_mut(target)) {
                *group = count;
                count += 1;
            }
        }
    }
    count = groups.values().collect::<BTreeSet<_>>().len();
    loop {
        let mut grouped: BTreeMap<(usize, String), Vec<&str>> = BTreeMap::new();
        for (key, schema) in schemas {
            let mut text = String::new();
            write(schema, &groups, &mut text);
            let group = groups.get(key.as_str()).copied().unwrap_or_default();
            grouped.entry((group, text)).or_default().push(key);
        }
        if grouped.len() <= count {
            let owned = |keys: Vec<&str>| keys.into_iter().map(str::to_owned).collect();
            return grouped.into_values().map(owned).collect();
        }
        count = grouped.len();
        for (group, keys) in grouped.into_values().enumerate() {
            groups.extend(keys.into_iter().map(|key| (key, group)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_equal_only_if_what_they_refer_to_is() {
        let node = |next: &str, kind: &str| json!({"properties": {"next": format!("{PENDING}{next}"), "kind": {"type": kind}}});
        let schemas = BTreeMap::from([
            ("a1".to_owned(), node("a1", "string")),
            ("a2".to_owned(), node("a1", "string")),
            ("b1".to_owned(), node("a2", "integer")),
            ("b2".to_owned(), node("c", "integer")),
            ("c".to_owned(), json!({})),
        ]);
        let first = |key: &String| key[..1].to_owned();
        let groups = equals(&schemas, first);
        let expected = [vec!["a1", "a2"], vec!["b1"], vec!["b2"], vec!["c"]];
        assert_eq!(groups.len(), expected.len(), "{groups:?}");
        for group in expected {
            assert!(
                groups.iter().any(|found| *found == group),
                "{group:?} in {groups:?}"
            );
        }
        // Of two names they are two.
        assert_eq!(equals(&schemas, String::clone).len(), 5);
    }

    #[test]
    fn variants_that_a_discriminator_tells_apart_stay_apart() {
        let mapping = json!({"x": format!("{PENDING}a1"), "y": format!("{PENDING}a2")});
        let schemas = BTreeMap::from([
            ("a1".to_owned(), json!({"type": "object"})),
            ("a2".to_owned(), json!({"type": "object"})),
            (
                "u".to_owned(),
                json!({"discriminator": {"mapping": mapping}}),
            ),
        ]);
        assert_eq!(equals(&schemas, |key| key[..1].to_owned()).len(), 3);
    }
}
