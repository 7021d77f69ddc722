//! Compares a stored record with the one that was sent, field by field.

use super::fields::{At, Fields, NULL};
use super::kind::{Kind, Question};
use super::rules::Default;
use super::scalar::{StoredInstant, is_nothing, is_same_number, is_same_time};
use crate::value::uuid::is_same_uuid;
use serde_json::Value;

impl<'a> Kind<'a> {
    pub(super) fn members(
        &self,
        above: Option<&At<'_>>,
        stored: &Fields,
        sent: &Fields,
        question: Question,
    ) -> bool {
        let agrees = |key: &String| {
            let at = At { above, key };
            // The path identifies the record, and servers write the id in lower case.
            if self.sets(&at) || above.is_none() && key == "id" {
                return true;
            }
            let (stored, sent) = (stored.get(key), sent.get(key));
            self.field(&at, stored, sent, question)
        };
        sent.keys().all(agrees)
            && (question != Question::Unchanged
                || stored
                    .keys()
                    .filter(|key| !sent.contains_key(*key))
                    .all(agrees))
    }

    pub(super) fn field(
        &self,
        at: &At<'_>,
        stored: Option<&Value>,
        sent: Option<&Value>,
        question: Question,
    ) -> bool {
        let (stored, sent) = (stored.unwrap_or(&NULL), sent.unwrap_or(&NULL));
        if sent.is_null() {
            // The server decides on omitted fields.
            return question != Question::Unchanged
                || self.generates(at)
                || self.is_default(at, stored)
                || is_nothing(stored) && !self.is_on_by_default(at);
        }
        if stored.is_null() {
            return is_nothing(sent)
                || self.is_default(at, sent)
                || question != Question::Unchanged && *sent == "";
        }
        self.value(at, stored, sent, question)
    }

    pub(super) fn value(
        &self,
        at: &At<'_>,
        stored: &Value,
        sent: &Value,
        question: Question,
    ) -> bool {
        match (stored, sent) {
            (Value::Object(stored), Value::Object(sent)) => {
                self.members(Some(at), stored, sent, question)
            }
            (Value::Array(stored), Value::Array(sent)) => {
                let any_order = question == Question::Created
                    || self.rules.unordered.iter().any(|path| at.is(path));
                self.elements(at, stored, sent, question)
                    || any_order && self.is_same_set(at, stored, sent, question)
            }
            (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
                false
            }
            _ => self.scalar(stored, sent),
        }
    }

    /// Compares element by element. Lists whose elements are unique by their schema lose
    /// duplicates.
    pub(super) fn elements(
        &self,
        at: &At<'_>,
        stored: &[Value],
        sent: &[Value],
        question: Question,
    ) -> bool {
        let agree = |(stored, sent): (&Value, &Value)| self.value(at, stored, sent, question);
        if stored.len() == sent.len() {
            return stored.iter().zip(sent).all(agree);
        }
        // Larger lists are not searched for duplicates.
        const MOST: usize = 1000;
        let drops = question == Question::Created || self.rules.unique.iter().any(|it| at.is(it));
        if stored.len() > sent.len() || sent.len() > MOST || !drops {
            return false;
        }
        let mut once: Vec<&Value> = Vec::with_capacity(stored.len());
        for value in sent {
            if !once.contains(&value) {
                once.push(value);
            }
        }
        stored.len() == once.len() && stored.iter().zip(once).all(agree)
    }

    fn is_same_set(
        &self,
        at: &At<'_>,
        stored: &[Value],
        sent: &[Value],
        question: Question,
    ) -> bool {
        const MOST: usize = 1000;
        let agree = |stored: &Value, sent: &Value| self.value(at, stored, sent, question);
        sent.len() <= MOST
            && stored.len() <= sent.len()
            && sent
                .iter()
                .all(|sent| stored.iter().any(|stored| agree(stored, sent)))
            && stored
                .iter()
                .all(|stored| sent.iter().any(|sent| agree(stored, sent)))
    }

    fn scalar(&self, stored: &Value, sent: &Value) -> bool {
        match (stored, sent) {
            (Value::String(stored), Value::String(sent)) => {
                stored == sent
                    || is_same_uuid(stored, sent)
                    || is_same_time(stored, sent, self.rules.whole_minutes)
                    || StoredInstant::of(stored).is_some_and(|stored| {
                        stored.is(StoredInstant::of(sent))
                            || stored.is(StoredInstant::of_epoch(sent))
                    })
            }
            (Value::Number(stored), Value::Number(sent)) => is_same_number(stored, sent),
            (Value::Bool(stored), Value::Bool(sent)) => stored == sent,
            // Types are coerced: text becomes a number or a boolean, and vice versa. 1 and 0 are
            // booleans, too.
            (Value::Bool(stored), Value::Number(sent)) => sent.as_i64() == Some(i64::from(*stored)),
            (Value::Bool(stored), Value::String(sent)) => *sent == stored.to_string(),
            (Value::String(stored), Value::Bool(sent)) => *stored == sent.to_string(),
            (Value::Number(stored), Value::String(sent)) => {
                serde_json::from_str(sent.trim()).is_ok_and(|sent| is_same_number(stored, &sent))
            }
            (Value::String(stored), Value::Number(sent)) => {
                *stored == sent.to_string()
                    || StoredInstant::of(stored)
                        .is_some_and(|stored| stored.is(StoredInstant::of_epoch(&sent.to_string())))
            }
            (Value::Null, Value::Null) => true,
            _ => false,
        }
    }

    /// Whether the server sets a field and ignores the client's value.
    pub(super) fn sets(&self, at: &At<'_>) -> bool {
        self.is_recorded_to_set(at)
            || self.read_only.iter().any(|path| at.is(path))
            || !self.generates(at)
                && self
                    .described
                    .is_some_and(|facts| facts.set.iter().any(|path| at.is(path)))
    }

    /// As [`sets`](Self::sets), by recordings only. Some descriptions declare fields read-only that
    /// servers store as sent.
    pub(super) fn is_recorded_to_set(&self, at: &At<'_>) -> bool {
        at.above.is_none() && matches!(at.key, "_version" | "metadata")
            || self.rules.server_made.iter().any(|path| at.is(path))
    }

    pub(super) fn generates(&self, at: &At<'_>) -> bool {
        self.rules.generated.iter().any(|path| at.is(path))
    }

    fn default(&self, at: &At<'_>) -> Option<Default> {
        let found = self.rules.defaults.iter().find(|(path, _)| at.is(path));
        found.map(|(_, default)| *default)
    }

    /// The default that the schema declares, as JSON.
    fn described_default(&self, at: &At<'_>) -> Option<&'static str> {
        let found = self.described?.defaults.iter();
        let mut found = found.filter(|(path, _)| at.is(path));
        found.next().map(|(_, default)| *default)
    }

    pub(super) fn is_default(&self, at: &At<'_>, value: &Value) -> bool {
        let is_recorded = self.default(at).is_some_and(|default| match default {
            Default::True => *value == Value::Bool(true),
            Default::Text(text) => *value == text,
        });
        is_recorded
            || self.described_default(at).is_some_and(|default| {
                serde_json::from_str(default)
                    .is_ok_and(|default: Value| self.scalar(&default, value))
            })
    }

    /// If `true` is the default, `false` is significant.
    pub(super) fn is_on_by_default(&self, at: &At<'_>) -> bool {
        matches!(self.default(at), Some(Default::True))
            || self.described_default(at) == Some("true")
    }
}
