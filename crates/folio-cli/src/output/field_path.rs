//! Fields by their path: `personal.lastName`, `contributors.name`.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::output::json;

/// The name of the column for a record that is not an object.
pub(crate) const WHOLE: &str = "value";

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
}

/// The values of a record at several paths, in their order. The record is parsed once for all of
/// them.
pub(crate) fn values<'a, 'p>(
    record: &'a RawValue,
    paths: impl IntoIterator<Item = &'p FieldPath>,
) -> Vec<Found<'a>> {
    let wanted: Vec<(usize, &str)> = paths
        .into_iter()
        .map(FieldPath::as_str)
        .enumerate()
        .collect();
    let mut found = vec![Found::Nothing; wanted.len()];
    collect(record, &wanted, &mut found);
    found
}

/// Collects the values at paths, each with its position among all paths.
fn collect<'a>(value: &'a RawValue, wanted: &[(usize, &str)], found: &mut [Found<'a>]) {
    let mut below_here = Vec::with_capacity(wanted.len());
    for (at, path) in wanted {
        if !path.is_empty() {
            below_here.push((*at, *path));
        } else if let Some(found) = found.get_mut(*at) {
            found.add(value);
        }
    }
    if below_here.is_empty() {
        return;
    }
    if let Some(elements) = json::elements(value) {
        for (at, _) in &below_here {
            if let Some(found) = found.get_mut(*at) {
                found.is_each();
            }
        }
        for element in elements {
            collect(element, &below_here, found);
        }
        return;
    }
    for (name, value) in json::members(value).unwrap_or_default() {
        let rests = below_here
            .iter()
            .filter_map(|(at, path)| Some((*at, below(path, &name)?)));
        let rests: Vec<(usize, &str)> = rests.collect();
        if rests.is_empty() {
            continue;
        }
        let before: Vec<usize> = rests.iter().map(|(at, _)| count(found, *at)).collect();
        collect(value, &rests, found);
        // A name may contain dots: `a.b` is the field `a.b`, or `b` of `a`. The first one counts.
        for ((at, _), before) in rests.iter().zip(before) {
            if count(found, *at) > before {
                below_here.retain(|(other, _)| other != at);
            }
        }
    }
}

/// How much was found at a path.
fn count(found: &[Found<'_>], at: usize) -> usize {
    match found.get(at) {
        None | Some(Found::Nothing) => 0,
        Some(Found::One(_)) => 1,
        Some(Found::Each(values)) => values.len() + 1,
    }
}

impl<'a> Found<'a> {
    fn add(&mut self, value: &'a RawValue) {
        match self {
            Self::Each(values) => values.push(value),
            Self::Nothing | Self::One(_) => *self = Self::One(value),
        }
    }

    /// The path leads through an array.
    fn is_each(&mut self) {
        if !matches!(self, Self::Each(_)) {
            *self = Self::Each(Vec::new());
        }
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

/// The text of a value, as in [`cell`].
pub(crate) fn cell_of(value: &RawValue) -> String {
    match json::text(value) {
        Some(text) => text,
        None if value.get() == "null" => String::new(),
        None => json::compact(value),
    }
}
