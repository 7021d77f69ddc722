//! The kind of a record, and the outcome of a write of one.

use super::fields::{At, Fields, NULL, take, version};
use super::rules::{NONE, RULES, Rules};
use super::scalar::is_nothing;
use crate::wire::described_lists::{self, RecordFacts};
use serde_json::Value;

/// The facts about the records of a collection for a comparison of two.
#[derive(Clone, Copy)]
pub(crate) struct Kind<'a> {
    pub(super) rules: &'static Rules,
    /// The facts of FOLIO's descriptions: read-only fields and defaults.
    pub(super) described: Option<&'static RecordFacts>,
    /// The fields that the caller declares to be set by the server.
    pub(super) read_only: &'a [&'a str],
}

/// The state of the record after a write of unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// The write was executed.
    Yes,
    /// The write has not been executed so far.
    No,
    /// The write may have been executed: the stored record does not show it.
    Unknown,
}

/// The visible effect of a change in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The change has no visible effect: before and after are equal to the server.
    Invisible,
    /// All changed fields have their new values.
    Held,
    /// All changed fields have their old values.
    Absent,
    /// Neither: others changed the same fields, or the server stored other values.
    Unclear,
}

impl Effect {
    pub(super) fn of(is_after: bool, is_before: bool) -> Self {
        match (is_after, is_before) {
            (true, true) => Self::Invisible,
            (true, false) => Self::Held,
            (false, true) => Self::Absent,
            (false, false) => Self::Unclear,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invisible, effect) | (effect, Self::Invisible) => effect,
            (one, other) if one == other => one,
            _ => Self::Unclear,
        }
    }
}

/// The required degree of agreement of two values.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Question {
    /// Neither side may lack a value.
    Unchanged,
    /// The stored value may have more.
    Holds,
    /// As before, and lists may be in another order: there was no earlier record.
    Created,
}

impl<'a> Kind<'a> {
    /// The records at a path: those of its collection, or one record in it.
    pub(crate) fn at(path: &str) -> Self {
        Self::of(path, &[])
    }

    /// The records of a collection in which the server sets the fields that the caller names.
    pub(crate) fn of(path: &str, read_only: &'a [&'a str]) -> Self {
        let of = |path: &str| RULES.iter().find(|rules| rules.collection == path);
        let above = || of(path.rsplit_once('/')?.0);
        let rules = of(path).or_else(above).unwrap_or(&NONE);
        let above = || described_lists::record_facts(path.rsplit_once('/')?.0);
        Self {
            rules,
            described: described_lists::record_facts(path).or_else(above),
            read_only,
        }
    }

    /// Whether replacing the stored record by the one to be sent would change nothing.
    pub(crate) fn is_unchanged(&self, stored: &Fields, sent: &Fields) -> bool {
        self.members(None, stored, sent, Question::Unchanged)
    }

    /// Whether the stored record contains everything that was sent. It may have been in that state
    /// before: [`landing`](Self::landing) takes that into account.
    pub(crate) fn holds(&self, stored: &Fields, sent: &Fields) -> bool {
        self.members(None, stored, sent, Question::Holds)
    }

    /// Whether the stored record is the one that a POST was meant to create. No record had its id
    /// before.
    pub(crate) fn is_created(&self, stored: &Fields, sent: &Fields) -> bool {
        self.members(None, stored, sent, Question::Created)
    }

    /// The outcome of a PUT of `sent`, which is unknown, to a record that had the `_version`
    /// `before`.
    ///
    /// The stored version increases by one with each write, and a PUT with another version is
    /// rejected. So an unchanged version proves that nothing has been written so far, and a later
    /// version proves a write, which is this one if the record contains it. Without versions, the
    /// stored record must equal the one that was sent: a PUT replaces the whole record.
    pub(crate) fn landing(&self, stored: &Fields, sent: &Fields, before: Option<i64>) -> Landing {
        match (version(stored), before) {
            (Some(now), Some(before)) if now <= before => Landing::No,
            (Some(_), Some(_)) if self.holds(stored, sent) => Landing::Yes,
            (Some(_), Some(_)) => Landing::Unknown,
            _ if self.is_unchanged(stored, sent) => Landing::Yes,
            _ => Landing::Unknown,
        }
    }

    /// The visible effect of a change, from `before` to `after`, in the record as it is `now`.
    /// Unchanged fields may have been changed by others.
    pub(crate) fn effect(&self, before: &Fields, after: &Fields, now: &Fields) -> Effect {
        self.effect_on_members(None, before, after, now)
    }

    fn effect_on_members(
        &self,
        above: Option<&At<'_>>,
        before: &Fields,
        after: &Fields,
        now: &Fields,
    ) -> Effect {
        let of = |key: &String| {
            let at = At { above, key };
            let [before, after, now] =
                [before, after, now].map(|fields| fields.get(key).unwrap_or(&NULL));
            // A field that is only described as read-only counts: the server may store the change,
            // and lose it with the write.
            let is_set = || self.is_recorded_to_set(&at) || above.is_none() && key == "id";
            if before == after || is_set() {
                Effect::Invisible
            } else {
                self.effect_on_value(&at, before, after, now)
            }
        };
        let added = after.keys().filter(|key| !before.contains_key(*key));
        before
            .keys()
            .chain(added)
            .map(of)
            .fold(Effect::Invisible, Effect::and)
    }

    fn effect_on_value(&self, at: &At<'_>, before: &Value, after: &Value, now: &Value) -> Effect {
        let is = |wanted: &Value| {
            let question = match wanted {
                Value::Null => Question::Unchanged,
                _ => Question::Holds,
            };
            self.field(at, Some(now), Some(wanted), question)
        };
        match (before, after, now) {
            (Value::Object(before), Value::Object(after), Value::Object(now)) => {
                self.effect_on_members(Some(at), before, after, now)
            }
            (Value::Array(before), Value::Array(after), Value::Array(now)) => {
                let is_after = self.has_elements(at, before, after, now);
                let is_before = self.elements(at, now, before, Question::Unchanged);
                Effect::of(is_after, is_before)
            }
            _ => Effect::of(is(after), is(before)),
        }
    }

    /// Whether a list contains the added elements and lacks the removed ones; others may have added
    /// more.
    fn has_elements(&self, at: &At<'_>, before: &[Value], after: &[Value], now: &[Value]) -> bool {
        // Larger lists are compared as a whole.
        const MOST: usize = 1000;
        let is_as_sent = || self.elements(at, now, after, Question::Holds);
        let count = |list: &[Value], value: &Value| list.iter().filter(|it| *it == value).count();
        let changed: Vec<(&Value, usize, usize)> = before
            .iter()
            .chain(after)
            .take(MOST + 1)
            .map(|value| (value, count(before, value), count(after, value)))
            .filter(|(_, before, after)| before != after)
            .collect();
        if changed.is_empty() || changed.len() > MOST || before.len() + after.len() > MOST {
            return is_as_sent();
        }
        let stored = |value: &Value, question| {
            let agrees = |now: &&Value| self.value(at, now, value, question);
            now.iter().filter(agrees).count()
        };
        changed.into_iter().all(|(value, before, after)| {
            if after > before {
                stored(value, Question::Holds) >= after
            } else {
                stored(value, Question::Unchanged) <= after
            }
        })
    }

    /// The fields of the stored record that a PUT of `sent` removes, `personal.middleName`: those
    /// that are neither set by the server nor defaults.
    pub(crate) fn removed(&self, stored: &Fields, sent: &Fields) -> Vec<String> {
        let mut paths = Vec::new();
        self.note_removed(None, stored, sent, &mut paths);
        paths
    }

    /// Copies server-generated fields that the record omits into a record to be sent: its `hrid`,
    /// without which the server would generate a new one or reject the record; a computed status;
    /// the time of an unchanged status.
    pub(crate) fn take_generated(&self, stored: &Fields, sent: &mut Fields) {
        let paths = self
            .rules
            .generated
            .iter()
            .chain(self.rules.server_made)
            .filter(|path| !self.rules.shown.contains(path));
        for path in paths {
            take(stored, sent, path);
        }
    }

    /// Removes the fields that lists show and that a write would be rejected for.
    pub(crate) fn remove_shown(&self, fields: &mut Fields) {
        for field in self.rules.shown {
            fields.remove(*field);
        }
    }

    /// Whether the server numbers a record without an `hrid`.
    pub(crate) fn numbers(&self) -> bool {
        self.rules.generated.contains(&"hrid")
    }

    fn note_removed(
        &self,
        above: Option<&At<'_>>,
        stored: &Fields,
        sent: &Fields,
        paths: &mut Vec<String>,
    ) {
        for (key, stored) in stored {
            let at = At { above, key };
            if self.sets(&at) || self.is_default(&at, stored) {
                continue;
            }
            match (stored, sent.get(key)) {
                (stored, _) if is_nothing(stored) && !self.is_on_by_default(&at) => {}
                (Value::Object(stored), Some(Value::Object(sent))) => {
                    self.note_removed(Some(&at), stored, sent, paths);
                }
                (_, None | Some(Value::Null)) if !self.generates(&at) => paths.push(at.path()),
                _ => {}
            }
        }
    }
}
