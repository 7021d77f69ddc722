//! What a record preserves of a response that does not fit its description, and how it is written back.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::state::{Mismatch, PathStep, What, taken, with_found};
use crate::record::field_text::FieldText;
use crate::value::splice;

/// The parts of a record that did not fit its description, stored beside its unknown fields.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Preserved {
    /// The required fields that were absent or `null`, a bit each, and those of them that were
    /// `null`.
    missing: u64,
    nulls: u64,
    odd: Vec<Odd>,
}

/// A field of which something did not fit.
#[derive(Clone, PartialEq)]
pub(crate) struct Odd {
    key: String,
    /// As it is written by what was read of it.
    read: Box<str>,
    /// As the server sent it.
    sent: Box<str>,
    /// What did not fit.
    found: Vec<Mismatch>,
}

/// A note for a record, on the way from the field to the record.
pub(crate) enum Note {
    Odd(Odd),
    Missing { missing: u64, nulls: u64 },
}

/// How a field is to be written.
pub(crate) enum FieldState<'a> {
    /// As it is now.
    Usual,
    /// It was absent, and is as blank as it was then. `is_null` says that it was `null`.
    Missing { is_null: bool },
    /// As it was received: it is as it was read.
    Odd(&'a Odd),
    /// It was changed, and a part of what was received is not shown by it.
    Changed(&'a Odd),
}

impl Note {
    /// What was found since, in a field that is written so.
    pub(crate) fn odd(since: usize, read: String) -> Option<Box<Self>> {
        let mut found = taken(since);
        for found in &mut found {
            found.path.reverse();
        }
        let places: Vec<PreservedPart<'_>> = found.iter().map(PreservedPart::of).collect();
        let sent = restored(serde_json::from_str(&read).ok()?, &places);
        Some(Box::new(Self::Odd(Odd {
            key: String::new(),
            read: read.into(),
            sent: sent.into(),
            found,
        })))
    }

    /// Gives the field its name.
    pub(crate) fn name(&mut self, name: &str) {
        if let Self::Odd(odd) = self {
            name.clone_into(&mut odd.key);
        }
    }
}

/// Takes the digits of numbers that were found since from the text of the field.
pub(crate) fn make_exact(since: usize, text: &str) {
    let Ok(text) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    with_found(|found| {
        for found in found.iter_mut().skip(since) {
            if let What::Value { raw, .. } = &mut found.what
                && let Some(part) = part(text, found.path.iter().rev())
            {
                part.get().clone_into(raw);
            }
        }
    });
}

fn part<'a, 'b>(
    mut text: &'a RawValue,
    path: impl Iterator<Item = &'b PathStep>,
) -> Option<&'a RawValue> {
    for step in path {
        text = match step {
            PathStep::At(index) => splice::elements(text)?.into_iter().nth(*index)?,
            PathStep::Key(key) => {
                let mut members = splice::members(text)?.into_iter();
                members.find(|(name, _)| name == key)?.1
            }
        };
    }
    Some(text)
}

impl Preserved {
    pub(crate) fn preserve(&mut self, note: Note) {
        match note {
            Note::Odd(odd) => {
                self.odd.retain(|other| other.key != odd.key);
                self.odd.push(odd);
            }
            Note::Missing { missing, nulls } => {
                self.missing = missing;
                self.nulls = nulls & missing;
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.missing == 0 && self.odd.is_empty()
    }

    /// Forgets what was received for a field.
    pub(crate) fn forget(&mut self, key: &str, required: &[&str]) {
        self.odd.retain(|odd| odd.key != key);
        self.missing &= !bit_of(key, required);
    }

    /// How a field is to be written.
    pub(crate) fn state(
        &self,
        key: &str,
        required: &[&str],
        field: &dyn FieldText,
    ) -> FieldState<'_> {
        if let Some(odd) = self.odd.iter().find(|odd| odd.key == key) {
            return match &*field.text() {
                now if *now == *odd.read => FieldState::Odd(odd),
                // Emptied by the program.
                "null" | "[]" | "{}" => FieldState::Usual,
                _ => FieldState::Changed(odd),
            };
        }
        let bit = bit_of(key, required);
        if self.missing & bit != 0 && field.text() == field.blank_text() {
            return FieldState::Missing {
                is_null: self.nulls & bit != 0,
            };
        }
        FieldState::Usual
    }
}

fn bit_of(key: &str, required: &[&str]) -> u64 {
    match required.iter().position(|name| *name == key) {
        Some(number) => 1 << number,
        None => 0,
    }
}

impl Odd {
    pub(crate) fn sent(&self) -> &str {
        &self.sent
    }

    /// What did not fit; or only what is written with the field whatever it is changed to.
    pub(super) fn found(&self, only_hidden: bool) -> impl Iterator<Item = &Mismatch> {
        let is_hidden =
            |found: &Mismatch| matches!(found.what, What::Value { .. }) && found.what.is_left_out();
        let found = self.found.iter();
        found.filter(move |found| !only_hidden || is_hidden(found))
    }

    /// The elements of the field itself that it does not show, by their index as the server sent
    /// it.
    pub(super) fn left_out(&self) -> impl Iterator<Item = usize> {
        self.found.iter().filter_map(|found| match &found.path[..] {
            [PathStep::At(index)] if found.what.is_left_out() => Some(*index),
            _ => None,
        })
    }

    /// The field as it was changed to, with those parts of what was received that the program did
    /// not see and could not change.
    pub(crate) fn merged(&self, now: &str) -> Option<String> {
        let read = |text| serde_json::from_str::<&RawValue>(text).ok();
        let parts: Vec<PreservedPart<'_>> = self.found.iter().map(PreservedPart::of).collect();
        Some(merged(
            read(&self.sent)?,
            read(&self.read)?,
            read(now)?,
            &parts,
        ))
    }
}

/// Something that did not fit, from some step on.
#[derive(Clone, Copy)]
struct PreservedPart<'a> {
    path: &'a [PathStep],
    what: &'a What,
}

impl<'a> PreservedPart<'a> {
    fn of(found: &'a Mismatch) -> Self {
        Self {
            path: &found.path,
            what: &found.what,
        }
    }
}

/// The parts whose paths begin with a step, from the next one on.
fn below<'a>(
    parts: &[PreservedPart<'a>],
    at: impl Fn(&PathStep) -> bool,
) -> Vec<PreservedPart<'a>> {
    let split = parts.iter().filter_map(|part| {
        let (step, path) = part.path.split_first()?;
        at(step).then_some(PreservedPart {
            path,
            what: part.what,
        })
    });
    split.collect()
}

fn below_key<'a>(parts: &[PreservedPart<'a>], key: &str) -> Vec<PreservedPart<'a>> {
    below(
        parts,
        |step| matches!(step, PathStep::Key(name) if name == key),
    )
}

/// What was left out at this very place.
fn left_out<'a>(parts: &[PreservedPart<'a>]) -> Option<&'a What> {
    let here = |part: &&PreservedPart<'a>| part.path.is_empty() && part.what.is_left_out();
    parts.iter().find(here).map(|part| part.what)
}

fn member(key: &str, value: &str) -> String {
    format!("{}:{value}", Value::from(key))
}

/// The text with what did not fit in its places.
fn restored(text: &RawValue, parts: &[PreservedPart<'_>]) -> String {
    if parts.is_empty() {
        return text.get().to_owned();
    }
    if let Some(part) = parts.iter().rev().find(|part| part.path.is_empty()) {
        return part.what.raw().to_owned();
    }
    if let Some(elements) = splice::elements(text) {
        let mut elements = elements.into_iter();
        let mut all = Vec::new();
        for index in 0.. {
            let here = below(parts, |step| *step == PathStep::At(index));
            if let Some(what) = left_out(&here) {
                all.push(what.raw().to_owned());
            } else if let Some(element) = elements.next() {
                all.push(restored(element, &here));
            } else {
                break;
            }
        }
        return format!("[{}]", all.join(","));
    }
    let Some(members) = splice::members(text) else {
        return text.get().to_owned();
    };
    let mut all: Vec<String> = members
        .iter()
        .map(|(key, value)| member(key, &restored(value, &below_key(parts, key))))
        .collect();
    for part in parts {
        if let [PathStep::Key(key)] = part.path
            && part.what.is_left_out()
        {
            all.push(member(key, part.what.raw()));
        }
    }
    format!("{{{}}}", all.join(","))
}

/// What the program made of a value, `now`, in place of what was `read` of the one that was `sent`.
///
/// Where it is as it was read, it is as it was sent. Elements that the program did not see stay
/// behind those that stood before them, but for `null`, and unless the list is emptied.
fn merged(sent: &RawValue, read: &RawValue, now: &RawValue, parts: &[PreservedPart<'_>]) -> String {
    if read.get() == now.get() {
        return sent.get().to_owned();
    }
    if parts.is_empty() || parts.iter().any(|part| part.path.is_empty()) {
        return now.get().to_owned();
    }
    let lists = (
        splice::elements(sent),
        splice::elements(read),
        splice::elements(now),
    );
    if let (Some(sent), Some(read), Some(now)) = lists {
        return merged_list(&sent, &read, &now, parts);
    }
    let objects = (
        splice::members(sent),
        splice::members(read),
        splice::members(now),
    );
    match objects {
        (Some(sent), Some(read), Some(now)) => merged_object(&sent, &read, &now, parts),
        _ => now.get().to_owned(),
    }
}

fn merged_list(
    sent: &[&RawValue],
    read: &[&RawValue],
    now: &[&RawValue],
    parts: &[PreservedPart<'_>],
) -> String {
    if now.is_empty() {
        return "[]".to_owned();
    }
    let values = |list: &[&RawValue]| -> Vec<Value> {
        let value = |text: &&RawValue| serde_json::from_str(text.get()).unwrap_or_default();
        list.iter().map(value).collect()
    };
    let partners = splice::partners(&values(read), &values(now));
    // By its place among those that were read, where each element was sent; and the left-out ones
    // that stand before it.
    let mut shown: Vec<usize> = Vec::new();
    let mut hidden: Vec<(usize, &str)> = Vec::new();
    for (index, text) in sent.iter().enumerate() {
        let here = below(parts, |step| *step == PathStep::At(index));
        match left_out(&here) {
            None => shown.push(index),
            // Nothing is lost with it.
            Some(What::Null) => {}
            Some(What::Value { .. }) => hidden.push((shown.len(), text.get())),
        }
    }
    let mut all: Vec<String> = Vec::new();
    // Behind which of the new elements each hidden one belongs: behind the last one that is left of
    // those before it.
    let behind = |count: usize| {
        let before = |at: &usize| {
            partners
                .get(*at)
                .copied()
                .flatten()
                .is_some_and(|old| old < count)
        };
        (0..now.len()).rev().find(before)
    };
    let mut push_hidden = |all: &mut Vec<String>, at: Option<usize>| {
        hidden.retain(|(count, text)| {
            let is_here = behind(*count) == at;
            if is_here {
                all.push((*text).to_owned());
            }
            !is_here
        });
    };
    push_hidden(&mut all, None);
    for (at, now) in now.iter().enumerate() {
        let partner = partners.get(at).copied().flatten();
        let old = partner.and_then(|old| {
            let index = *shown.get(old)?;
            Some((index, *sent.get(index)?, *read.get(old)?))
        });
        all.push(match old {
            Some((index, sent, read)) => {
                let here = below(parts, |step| *step == PathStep::At(index));
                merged(sent, read, now, &here)
            }
            None => now.get().to_owned(),
        });
        push_hidden(&mut all, Some(at));
    }
    format!("[{}]", all.join(","))
}

fn merged_object(
    sent: &[(Cow<'_, str>, &RawValue)],
    read: &[(Cow<'_, str>, &RawValue)],
    now: &[(Cow<'_, str>, &RawValue)],
    parts: &[PreservedPart<'_>],
) -> String {
    let of = |members: &[(Cow<'_, str>, &RawValue)], key: &str| {
        let mut members = members.iter();
        members
            .find(|(name, _)| name == key)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut all: Vec<String> = Vec::new();
    for (key, now) in now {
        let text = match (of(sent, key), of(read, key)) {
            (Some(sent), Some(read)) => merged(&sent, &read, now, &below_key(parts, key)),
            _ => now.get().to_owned(),
        };
        all.push(member(key, &text));
    }
    for (key, sent) in sent {
        let here = below_key(parts, key);
        let is_hidden = matches!(left_out(&here), Some(What::Value { .. }));
        if is_hidden && of(now, key).is_none() {
            all.push(member(key, sent.get()));
        }
    }
    format!("{{{}}}", all.join(","))
}
