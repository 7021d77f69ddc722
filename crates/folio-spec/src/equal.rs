//! Which records are equal all the way down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::schema::PENDING;

/// The components of one name that are equal all the way down, together: two resources that have the same fields today are not one record.
/// They are told apart by their names and their own content first, and then, again and again, by the groups that what they refer to is in.
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
    // The variants that a discriminator tells apart stay apart, whatever they hold.
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
        let mut told: BTreeMap<(usize, String), Vec<&str>> = BTreeMap::new();
        for (key, schema) in schemas {
            let mut text = String::new();
            write(schema, &groups, &mut text);
            let group = groups.get(key.as_str()).copied().unwrap_or_default();
            told.entry((group, text)).or_default().push(key);
        }
        if told.len() <= count {
            let owned = |keys: Vec<&str>| keys.into_iter().map(str::to_owned).collect();
            return told.into_values().map(owned).collect();
        }
        count = told.len();
        for (group, keys) in told.into_values().enumerate() {
            groups.extend(keys.into_iter().map(|key| (key, group)));
        }
    }
}
