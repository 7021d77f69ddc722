//! Fields by their path: `personal.lastName`, `contributors.name`.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::output::json;

/// The path of a field. Segments are separated by dots; below an array it names the field of each
/// of the elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FieldPath(String);

/// The value at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    /// The record has no such field.
    Nothing,
    /// The value.
    One(&'a RawValue),
    /// The values of the elements of an array, without those that lack the field.
    Each(Vec<&'a RawValue>),
}

impl FieldPath {
    /// The path of a field with this name, unchanged. The path of an argument is parsed.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its value in a record.
    pub(crate) fn of<'a>(&self, record: &'a RawValue) -> Found<'a> {
        let mut found = Vec::new();
        let is_list = collect(record, &self.0, &mut found);
        match (is_list, found.first()) {
            (true, _) => Found::Each(found),
            (false, Some(value)) => Found::One(value),
            (false, None) => Found::Nothing,
        }
    }
}

/// Collects the values at a path; returns whether it leads through an array.
fn collect<'a>(value: &'a RawValue, path: &str, found: &mut Vec<&'a RawValue>) -> bool {
    if path.is_empty() {
        found.push(value);
        return false;
    }
    if let Some(elements) = json::elements(value) {
        for element in elements {
            collect(element, path, found);
        }
        return true;
    }
    let Some(members) = json::members(value) else {
        return false;
    };
    let mut named = members
        .into_iter()
        .filter_map(|(name, value)| Some((value, below(path, &name)?)));
    match named.next() {
        Some((value, rest)) => collect(value, rest, found),
        None => false,
    }
}

impl FromStr for FieldPath {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The value with these fields and no others, in the order of the record.
pub(crate) fn project(value: &RawValue, fields: &[FieldPath]) -> Box<RawValue> {
    let paths: Vec<&str> = fields.iter().map(FieldPath::as_str).collect();
    let text = project_text(value, &paths).unwrap_or_else(|| "{}".to_owned());
    RawValue::from_string(text).unwrap_or_else(|_| value.to_owned())
}

fn project_text(value: &RawValue, paths: &[&str]) -> Option<String> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.get().to_owned());
    }
    if let Some(elements) = json::elements(value) {
        let texts = elements.into_iter();
        let texts: Vec<String> = texts
            .filter_map(|value| project_text(value, paths))
            .collect();
        return Some(format!("[{}]", texts.join(",")));
    }
    let mut texts = Vec::new();
    for (name, value) in json::members(value)? {
        let rests: Vec<&str> = paths.iter().filter_map(|path| below(path, &name)).collect();
        if rests.is_empty() {
            continue;
        }
        if let Some(text) = project_text(value, &rests) {
            let name = serde_json::to_string(&name).ok()?;
            texts.push(format!("{name}:{text}"));
        }
    }
    (!texts.is_empty()).then(|| format!("{{{}}}", texts.join(",")))
}

/// The rest of a path below the member with this name, which may contain dots.
fn below<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('.')
}

/// The text of a value in a cell: a string without quotes, nothing for null and absent fields, and
/// JSON for objects and lists.
pub(crate) fn cell(found: &Found<'_>) -> String {
    match found {
        Found::Nothing => String::new(),
        Found::One(value) => cell_of(value),
        Found::Each(values) => {
            let texts: Vec<String> = values.iter().map(|value| json::compact(value)).collect();
            format!("[{}]", texts.join(","))
        }
    }
}

fn cell_of(value: &RawValue) -> String {
    match json::text(value) {
        Some(text) => text,
        None if value.get() == "null" => String::new(),
        None => json::compact(value),
    }
}
