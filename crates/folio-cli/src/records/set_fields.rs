//! `--set a.b=c`, `--set-string a.b=c` and `--unset a.b`: changes of single fields.

use folio_sdk::Json;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::records::numbers;

/// Changes of single fields, in the order: set, set as text, removed.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FieldChanges {
    /// Sets a field: a.b=VALUE; VALUE is JSON if it can be read as JSON, otherwise text
    ///
    /// Missing objects on the way are created. In an existing list, a number is the position of an element,
    /// beginning with 0; the position behind the last one appends. A dot that is part of a name is
    /// written as \\.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Sets a field to text, even if the text could be read as JSON: barcode=0012
    #[arg(long, value_name = "FIELD=TEXT")]
    set_string: Vec<String>,
    /// Removes a field
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

/// A change of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldChange {
    /// As it was written, for messages.
    field: String,
    segments: Vec<String>,
    /// None removes it.
    value: Option<Value>,
}

impl FieldChanges {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.set_string.is_empty() && self.unset.is_empty()
    }

    /// # Errors
    /// One of them is not FIELD=VALUE, or has a number that cannot be sent exactly.
    pub(crate) fn parsed(&self) -> Result<Vec<FieldChange>, CliError> {
        let mut changes = Vec::new();
        for text in &self.set {
            let (field, value) = split(text, "--set")?;
            changes.push(FieldChange::new(field, Some(value_of(value)?))?);
        }
        for text in &self.set_string {
            let (field, value) = split(text, "--set-string")?;
            changes.push(FieldChange::new(field, Some(value.into()))?);
        }
        for field in &self.unset {
            changes.push(FieldChange::new(field, None)?);
        }
        Ok(changes)
    }
}

fn split<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str), CliError> {
    text.split_once('=').ok_or_else(|| {
        CliError::usage(format!("{option} `{text}` has no `=`"))
            .with_help(format!("such as {option} personal.lastName=Miller"))
    })
}

/// The value that a text stands for.
fn value_of(text: &str) -> Result<Value, CliError> {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return Ok(text.into());
    };
    if let Some(number) = numbers::inexact(raw, None) {
        return Err(CliError::usage(format!(
            "the number {number} has more digits than can be changed here"
        ))
        .with_help("write the whole record into a file: its text is sent unchanged"));
    }
    serde_json::from_str(text).map_err(|error| {
        CliError::usage(format!("a value cannot be set: {error}"))
            .with_help("write the whole record into a file: its text is sent unchanged")
    })
}

impl FieldChange {
    fn new(field: &str, value: Option<Value>) -> Result<Self, CliError> {
        let segments = segments(field);
        if segments.iter().any(String::is_empty) {
            return Err(CliError::usage(format!(
                "`{field}` is not the path of a field: a name is empty"
            )));
        }
        Ok(Self {
            field: field.to_owned(),
            segments,
            value,
        })
    }

    /// Changes the record.
    ///
    /// # Errors
    /// The path leads through a value that has no fields.
    fn apply(&self, record: &mut Value) -> Result<(), CliError> {
        match &self.value {
            Some(value) => {
                let mut at = record;
                for segment in &self.segments {
                    at = self.created(at, segment)?;
                }
                *at = value.clone();
                Ok(())
            }
            None => self.remove(record),
        }
    }

    /// The value one step further, which is created if it is absent.
    fn created<'v>(&self, at: &'v mut Value, segment: &str) -> Result<&'v mut Value, CliError> {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        match at {
            Value::Object(fields) => Ok(fields.entry(segment).or_insert(Value::Null)),
            Value::Array(elements) => {
                let position = self.position(segment, elements.len())?;
                if position == elements.len() {
                    elements.push(Value::Null);
                }
                Ok(&mut elements[position])
            }
            other => Err(self.no_fields(other)),
        }
    }

    /// Removes the value. What is absent needs no removal.
    fn remove(&self, record: &mut Value) -> Result<(), CliError> {
        let Some((last, parents)) = self.segments.split_last() else {
            return Ok(());
        };
        let mut at = record;
        for segment in parents {
            let next = match at {
                Value::Object(fields) => fields.get_mut(segment),
                Value::Array(elements) => {
                    let position = self.position(segment, elements.len())?;
                    elements.get_mut(position)
                }
                Value::Null => None,
                other => return Err(self.no_fields(other)),
            };
            match next {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
        match at {
            Value::Object(fields) => {
                fields.remove(last);
            }
            Value::Array(elements) => {
                let position = self.position(last, elements.len())?;
                if position < elements.len() {
                    elements.remove(position);
                }
            }
            Value::Null => {}
            other => return Err(self.no_fields(other)),
        }
        Ok(())
    }

    /// The position of an element, or the one behind the last.
    fn position(&self, segment: &str, length: usize) -> Result<usize, CliError> {
        let position = segment
            .parse::<usize>()
            .ok()
            .filter(|position| *position <= length);
        position.ok_or_else(|| {
            CliError::usage(format!(
                "`{}` leads through a list of {length} elements, and `{segment}` is not a position in it (0 to {length})",
                self.field
            ))
        })
    }

    fn no_fields(&self, value: &Value) -> CliError {
        CliError::usage(format!(
            "`{}` leads through a value that has no fields: {value}",
            self.field
        ))
    }
}

/// The names in a path. A dot behind a backslash is part of a name.
fn segments(field: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut characters = field.chars().peekable();
    while let Some(character) = characters.next() {
        let next = match (character, characters.peek()) {
            ('\\', Some('.' | '\\')) => characters.next().unwrap_or('\\'),
            ('.', _) => {
                segments.push(String::new());
                continue;
            }
            _ => character,
        };
        if let Some(segment) = segments.last_mut() {
            segment.push(next);
        }
    }
    segments
}

/// Applies all changes to a record.
///
/// # Errors
/// A path leads through a value that has no fields; the record is then partly changed.
pub(crate) fn apply(changes: &[FieldChange], record: &mut Json) -> Result<(), CliError> {
    for change in changes {
        change.apply(record)?;
    }
    Ok(())
}
