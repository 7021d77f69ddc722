//! The one comparison of records: whether a stored record is the one that was sent, and whether a write would change anything.
//!
//! Servers do not store what they are sent to the letter: they add fields, fill in defaults, normalize dates to UTC, write numbers as
//! doubles. What they do was recorded from running modules (Quesnelia and Ramsons), see [`RULES`]. Everything else is a difference: a
//! difference that is none costs a needless write or an error that says "outcome unknown", a difference that is overlooked costs data.
//!
//! There are two questions, which retries of POST and PUT, batches and updates all ask here:
//!
//! - *Landed*: does the stored record hold what was sent? It decides about a write whose outcome is unknown. The stored record may have
//!   more, which the server added. See [`Kind::landing`], [`Kind::holds`], [`Kind::is_created`].
//! - *Unchanged*: would replacing the stored record change nothing? It decides whether a record is written at all. A value that only the
//!   stored record has is a difference, unless the server makes it or it is a default. See [`Kind::is_unchanged`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::wire::described_lists::{self, RecordFacts};

pub(crate) type Fields = Map<String, Value>;

/// What is known of the records of a collection when two of them are compared.
#[derive(Clone, Copy)]
pub(crate) struct Kind<'a> {
    rules: &'static Rules,
    /// What FOLIO's descriptions say: read-only fields and defaults.
    described: Option<&'static RecordFacts>,
    /// The fields that the caller states to be set by the server.
    read_only: &'a [&'a str],
}

/// What a server does with the fields of a collection, besides what all do. Fields of objects are named by their path, `status.date`; an
/// element of a list has the path of the list.
struct Rules {
    collection: &'static str,
    /// The server sets it, whatever is sent.
    server_made: &'static [&'static str],
    /// The server sets it where it is left out, and keeps what is sent, also where its description says that it is read-only. Left out of
    /// an update, it would be made anew or rejected.
    generated: &'static [&'static str],
    /// The server adds it where it is left out, with this value.
    defaults: &'static [(&'static str, Default)],
    /// Lists of records show it, and a record that has it is rejected (422, unrecognized field).
    shown: &'static [&'static str],
    /// Lists whose order is not kept.
    unordered: &'static [&'static str],
    /// Lists whose elements are unique by the schema (`uniqueItems`): the server drops repetitions.
    unique: &'static [&'static str],
    /// Times of day are stored without their seconds.
    whole_minutes: bool,
}

#[derive(Clone, Copy)]
enum Default {
    True,
    Text(&'static str),
}

const fn rules(collection: &'static str) -> Rules {
    Rules {
        collection,
        server_made: &[],
        generated: &[],
        defaults: &[],
        shown: &[],
        unordered: &[],
        unique: &[],
        whole_minutes: false,
    }
}

/// A collection of which nothing is known.
static NONE: Rules = rules("");

/// The server-made fields and defaults of collections. All are recorded (`POST` and the record read back), except for the paths
/// `/inventory/…`, behind which mod-inventory stores the same records in mod-inventory-storage.
static RULES: [Rules; 19] = [
    Rules {
        server_made: &["createdDate", "updatedDate"],
        unique: &["departments", "preferredEmailCommunication"],
        ..rules("/users")
    },
    Rules {
        server_made: &["usageNumber"],
        ..rules("/departments")
    },
    // `publicationPeriod` until Quesnelia.
    Rules {
        server_made: &["statusUpdatedDate"],
        generated: &["hrid", "publicationPeriod"],
        unique: &[
            "alternativeTitles",
            "editions",
            "natureOfContentTermIds",
            "publicationFrequency",
            "publicationRange",
            "series",
            "statisticalCodeIds",
            "subjects",
        ],
        ..rules("/instance-storage/instances")
    },
    Rules {
        server_made: &["statusUpdatedDate"],
        generated: &["hrid", "publicationPeriod"],
        ..rules("/inventory/instances")
    },
    // Lists add `holdingsItems` and `bareHoldingsItems`.
    Rules {
        server_made: &["effectiveLocationId", "holdingsItems", "bareHoldingsItems"],
        shown: &["holdingsItems", "bareHoldingsItems"],
        generated: &["hrid"],
        unique: &["formerIds", "statisticalCodeIds"],
        ..rules("/holdings-storage/holdings")
    },
    Rules {
        server_made: &[
            "effectiveLocationId",
            "effectiveCallNumberComponents",
            "effectiveShelvingOrder",
            "status.date",
        ],
        generated: &["hrid"],
        unique: &["formerIds", "statisticalCodeIds", "yearCaption"],
        ..rules("/item-storage/items")
    },
    Rules {
        server_made: &[
            "effectiveLocation",
            "effectiveLocationId",
            "effectiveCallNumberComponents",
            "effectiveShelvingOrder",
            "status.date",
        ],
        generated: &["hrid"],
        ..rules("/inventory/items")
    },
    Rules {
        defaults: &[(
            "holdShelfClosedLibraryDateManagement",
            Default::Text("Keep_the_current_due_date"),
        )],
        ..rules("/service-points")
    },
    Rules {
        defaults: &[("active", Default::True)],
        ..rules("/staff-slips-storage/staff-slips")
    },
    Rules {
        generated: &["holdingsRecordId", "instanceId"],
        ..rules("/accounts")
    },
    Rules {
        unique: &["organizationTypes"],
        ..rules("/organizations-storage/organizations")
    },
    Rules {
        generated: &["nextPolNumber", "workflowStatus"],
        ..rules("/orders-storage/purchase-orders")
    },
    Rules {
        generated: &["paymentStatus", "receiptStatus"],
        defaults: &[("cost.discountType", Default::Text("percentage"))],
        ..rules("/orders-storage/po-lines")
    },
    Rules {
        generated: &["receivingStatus", "statusUpdatedDate"],
        ..rules("/orders-storage/pieces")
    },
    Rules {
        generated: &["nextInvoiceLineNumber", "subTotal"],
        ..rules("/invoice-storage/invoices")
    },
    Rules {
        generated: &["allocated"],
        ..rules("/finance-storage/ledgers")
    },
    // The server adds them as 0.0, and transactions change them.
    Rules {
        generated: &[
            "allocated",
            "allocationFrom",
            "allocationTo",
            "awaitingPayment",
            "credits",
            "encumbered",
            "expenditures",
            "initialAllocation",
            "netTransfers",
        ],
        ..rules("/finance-storage/budgets")
    },
    Rules {
        whole_minutes: true,
        ..rules("/calendar/calendars")
    },
    // `type` is the name of the type that `typeId` names.
    Rules {
        server_made: &["type"],
        unordered: &["links"],
        ..rules("/notes")
    },
];

/// Where a write of unknown outcome left the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// It was carried out.
    Yes,
    /// It has not been carried out so far.
    No,
    /// It may have been: the stored record does not tell.
    Unknown,
}

/// What is to be seen of a change in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing could be seen: before and after are the same to the server.
    Invisible,
    /// All that was changed is as it was changed.
    Held,
    /// All that was changed is as it was before.
    Absent,
    /// Neither: others have changed the same, or the server made something else of it.
    Unclear,
}

impl Effect {
    fn of(is_after: bool, is_before: bool) -> Self {
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

/// How much two values must have in common.
#[derive(Clone, Copy, PartialEq)]
enum Question {
    /// Nothing may be missing on either side.
    Unchanged,
    /// The stored value may have more.
    Holds,
    /// As before, and lists may be in another order: there was no other record before.
    Created,
}

impl<'a> Kind<'a> {
    /// The records at a path: that of their collection, or that of one record in it.
    pub(crate) fn at(path: &str) -> Self {
        Self::of(path, &[])
    }

    /// The records of a collection, of which the caller knows that the server sets some fields.
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

    /// Whether the stored record holds all that was sent. It may be in that state since before it was sent: [`landing`](Self::landing) looks
    /// at that too.
    pub(crate) fn holds(&self, stored: &Fields, sent: &Fields) -> bool {
        self.members(None, stored, sent, Question::Holds)
    }

    /// Whether the stored record is the one that a POST was to create. There was none of its id before.
    pub(crate) fn is_created(&self, stored: &Fields, sent: &Fields) -> bool {
        self.members(None, stored, sent, Question::Created)
    }

    /// What became of a PUT of `sent`, whose outcome is unknown, to a record that had the `_version` `before`.
    ///
    /// The stored version grows by one with each write, and a PUT with another version is rejected. So a version that is still the same
    /// proves that nothing has been written so far, and a later one that something was, which is this if the record holds it. Without
    /// versions, the stored record must be the very one that was sent: a PUT replaces the whole record.
    pub(crate) fn landing(&self, stored: &Fields, sent: &Fields, before: Option<i64>) -> Landing {
        match (version(stored), before) {
            (Some(now), Some(before)) if now <= before => Landing::No,
            (Some(_), Some(_)) if self.holds(stored, sent) => Landing::Yes,
            (Some(_), Some(_)) => Landing::Unknown,
            _ if self.is_unchanged(stored, sent) => Landing::Yes,
            _ => Landing::Unknown,
        }
    }

    /// What is to be seen of a change, from `before` to `after`, in the record as it is `now`. What was not changed may be whatever others
    /// have made of it.
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
            // A field that is only described as read-only counts: the server may keep the change, and lose it with the write.
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

    /// Whether a list has what was put into it, and has not what was taken out; others may have put in more.
    fn has_elements(&self, at: &At<'_>, before: &[Value], after: &[Value], now: &[Value]) -> bool {
        // What is larger is compared as a whole.
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

    /// The fields of the stored record that a PUT of `sent` takes away, `personal.middleName`: those that are neither set by the server nor
    /// defaults.
    pub(crate) fn removed(&self, stored: &Fields, sent: &Fields) -> Vec<String> {
        let mut paths = Vec::new();
        self.note_removed(None, stored, sent, &mut paths);
        paths
    }

    /// Puts into a record that is to be sent what the server has generated and the record leaves out: its `hrid`, which the server would
    /// generate anew, or reject the record without it; a status that others compute; the time of a status that stays.
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

    /// Takes away what lists show of a record and a write of it is rejected for.
    pub(crate) fn remove_shown(&self, fields: &mut Fields) {
        for field in self.rules.shown {
            fields.remove(*field);
        }
    }

    /// Whether the server numbers a record that leaves out its `hrid`.
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

    fn members(
        &self,
        above: Option<&At<'_>>,
        stored: &Fields,
        sent: &Fields,
        question: Question,
    ) -> bool {
        let agrees = |key: &String| {
            let at = At { above, key };
            // The path names the record, and servers write the id in lower case.
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

    fn field(
        &self,
        at: &At<'_>,
        stored: Option<&Value>,
        sent: Option<&Value>,
        question: Question,
    ) -> bool {
        let (stored, sent) = (stored.unwrap_or(&NULL), sent.unwrap_or(&NULL));
        if sent.is_null() {
            // What is left out is left to the server.
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

    fn value(&self, at: &At<'_>, stored: &Value, sent: &Value, question: Question) -> bool {
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

    /// Element by element. Lists whose elements are unique by their schema lose repetitions.
    fn elements(&self, at: &At<'_>, stored: &[Value], sent: &[Value], question: Question) -> bool {
        let agree = |(stored, sent): (&Value, &Value)| self.value(at, stored, sent, question);
        if stored.len() == sent.len() {
            return stored.iter().zip(sent).all(agree);
        }
        // What is larger is not searched for repetitions.
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
                    || Instant::of(stored).is_some_and(|stored| {
                        stored.is(Instant::of(sent)) || stored.is(Instant::of_epoch(sent))
                    })
            }
            (Value::Number(stored), Value::Number(sent)) => is_same_number(stored, sent),
            (Value::Bool(stored), Value::Bool(sent)) => stored == sent,
            // Types are bent: text becomes a number or a boolean, and the other way round. 1 and 0 are booleans too.
            (Value::Bool(stored), Value::Number(sent)) => sent.as_i64() == Some(i64::from(*stored)),
            (Value::Bool(stored), Value::String(sent)) => *sent == stored.to_string(),
            (Value::String(stored), Value::Bool(sent)) => *stored == sent.to_string(),
            (Value::Number(stored), Value::String(sent)) => {
                serde_json::from_str(sent.trim()).is_ok_and(|sent| is_same_number(stored, &sent))
            }
            (Value::String(stored), Value::Number(sent)) => {
                *stored == sent.to_string()
                    || Instant::of(stored)
                        .is_some_and(|stored| stored.is(Instant::of_epoch(&sent.to_string())))
            }
            (Value::Null, Value::Null) => true,
            _ => false,
        }
    }

    /// Whether the server sets a field, whatever is sent.
    fn sets(&self, at: &At<'_>) -> bool {
        self.is_recorded_to_set(at)
            || self.read_only.iter().any(|path| at.is(path))
            || !self.generates(at)
                && self
                    .described
                    .is_some_and(|facts| facts.set.iter().any(|path| at.is(path)))
    }

    /// As [`sets`](Self::sets), by what was recorded. Descriptions call fields read-only that servers keep as they are sent.
    fn is_recorded_to_set(&self, at: &At<'_>) -> bool {
        at.above.is_none() && matches!(at.key, "_version" | "metadata")
            || self.rules.server_made.iter().any(|path| at.is(path))
    }

    fn generates(&self, at: &At<'_>) -> bool {
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

    fn is_default(&self, at: &At<'_>, value: &Value) -> bool {
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

    /// Where `true` is the default, `false` says something.
    fn is_on_by_default(&self, at: &At<'_>) -> bool {
        matches!(self.default(at), Some(Default::True))
            || self.described_default(at) == Some("true")
    }
}

static NULL: Value = Value::Null;

/// Gives `sent` the stored value of a field that it leaves out. A field of an object is taken only if `sent` has the object.
fn take(stored: &Fields, sent: &mut Fields, path: &str) {
    match path.split_once('.') {
        None => {
            let missing = sent.get(path).is_none_or(Value::is_null);
            if let Some(value) = stored.get(path).filter(|_| missing) {
                sent.insert(path.to_owned(), value.clone());
            }
        }
        Some((above, path)) => {
            if let (Some(Value::Object(stored)), Some(Value::Object(sent))) =
                (stored.get(above), sent.get_mut(above))
            {
                take(stored, sent, path);
            }
        }
    }
}

/// The place of a field in a record.
struct At<'a> {
    above: Option<&'a At<'a>>,
    key: &'a str,
}

impl At<'_> {
    fn is(&self, path: &str) -> bool {
        match path.rsplit_once('.') {
            None => self.above.is_none() && self.key == path,
            Some((above, key)) => self.key == key && self.above.is_some_and(|at| at.is(above)),
        }
    }

    fn path(&self) -> String {
        match self.above {
            None => self.key.to_owned(),
            Some(above) => format!("{}.{}", above.path(), self.key),
        }
    }
}

/// The `_version` of a record, by which FOLIO locks optimistically.
pub(crate) fn version(fields: &Fields) -> Option<i64> {
    fields.get("_version").and_then(version_number)
}

/// The number of a `_version`. mod-inventory sends that of items as text (`ItemUtil.java` reads it by `getString`).
pub(crate) fn version_number(version: &Value) -> Option<i64> {
    match version {
        Value::String(text) => text.parse().ok(),
        version => version.as_i64(),
    }
}

/// The id under which a module has stored the record of a POST, by its response, where it is not the id that was sent: Spring modules make
/// their own ([`Creates::RecordWithNewId`](crate::Creates::RecordWithNewId)).
#[allow(dead_code, reason = "upserts ask it of collections that make ids")]
pub(crate) fn other_id(sent: &str, response: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: String,
    }
    let Identified { id } = serde_json::from_slice(response).ok()?;
    (!id.eq_ignore_ascii_case(sent)).then_some(id)
}

/// Puts into `sent` what only `stored` has, in objects within objects too. Lists are taken as wholes.
pub(crate) fn keep(stored: &Fields, sent: &mut Fields) {
    for (key, stored) in stored {
        match (stored, sent.get_mut(key)) {
            (stored, None | Some(Value::Null)) => _ = sent.insert(key.clone(), stored.clone()),
            (Value::Object(stored), Some(Value::Object(sent))) => keep(stored, sent),
            _ => {}
        }
    }
}

/// Whether a value is what servers write, or leave out, where there is nothing: RMB writes lists that were left out as empty ones and
/// booleans as `false`, and leaves out what is null.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Servers store money as double: `100` as `100.0`.
fn is_same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
}

/// UUIDs are stored in lower case.
fn is_same_uuid(a: &str, b: &str) -> bool {
    let is_uuid = |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    a.eq_ignore_ascii_case(b) && is_uuid(a)
}

/// Times of day, `09:00`, come back as `09:00:00`.
fn is_same_time(stored: &str, sent: &str, whole_minutes: bool) -> bool {
    let parts = |text: &str| -> Option<(u8, u8, u8)> {
        let two = |text: &str| (text.len() == 2).then(|| text.parse().ok()).flatten();
        let mut parts = text.split(':');
        let (hours, minutes) = (two(parts.next()?)?, two(parts.next()?)?);
        let seconds = parts.next().map_or(Some(0), two)?;
        let seconds = if whole_minutes { 0 } else { seconds };
        parts.next().is_none().then_some((hours, minutes, seconds))
    };
    parts(stored).is_some_and(|stored| parts(sent) == Some(stored))
}

/// A point in time, and to how many digits of a second it is written.
#[derive(Clone, Copy)]
struct Instant {
    time: SystemTime,
    digits: usize,
}

impl Instant {
    /// A date, or a date and a time with or without a zone, as FOLIO writes and accepts them: `2027-01-01`,
    /// `2027-01-01T00:00:00.000+00:00`, `…+0000`, `…Z`, `…+02:00`.
    fn of(text: &str) -> Option<Self> {
        let date = text.get(..10)?;
        if !date
            .bytes()
            .zip(b"0000-00-00")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == *form,
            })
        {
            return None;
        }
        let Some(time) = text.get(10..).filter(|time| !time.is_empty()) else {
            let time = humantime::parse_rfc3339_weak(&format!("{date}T00:00:00")).ok()?;
            return Some(Self { time, digits: 9 });
        };
        let time = time.strip_prefix(['T', ' '])?;
        let (time, zone) = match time.find(['Z', '+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let fraction = time.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.len();
        let local = humantime::parse_rfc3339_weak(&format!("{date}T{time}")).ok()?;
        let offset: String = zone.chars().filter(char::is_ascii_digit).collect();
        let part = |from: usize| match offset.get(from..from + 2) {
            Some(part) => part.parse::<u64>().ok(),
            None => Some(0),
        };
        let offset = Duration::from_secs(part(0)? * 3600 + part(2)? * 60);
        let time = if zone.starts_with('-') {
            local.checked_add(offset)?
        } else {
            local.checked_sub(offset)?
        };
        Some(Self { time, digits })
    }

    /// Milliseconds since 1970, which date fields accept as number and as text, `2024` among them.
    fn of_epoch(text: &str) -> Option<Self> {
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(text.parse().ok()?))?;
        Some(Self { time, digits: 3 })
    }

    /// Whether a stored time is that which was sent. Servers keep milliseconds or microseconds, and cut what is below.
    fn is(self, sent: Option<Self>) -> bool {
        let Some(sent) = sent else {
            return false;
        };
        let unit = match self.digits {
            3..=8 if sent.digits > self.digits => {
                10_u128.pow(9 - u32::try_from(self.digits).unwrap_or(9))
            }
            _ => 1,
        };
        let nanoseconds = |time: SystemTime| match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (true, since.as_nanos() / unit),
            Err(before) => (false, before.duration().as_nanos() / unit),
        };
        nanoseconds(self.time) == nanoseconds(sent.time)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    fn is_unchanged(path: &str, stored: Value, sent: Value) -> bool {
        Kind::at(path).is_unchanged(&fields(stored), &fields(sent))
    }

    /// What modules made of the records that they were sent: recorded from Quesnelia and Ramsons.
    fn recorded() -> Vec<(String, String, Fields, Fields)> {
        let text = include_str!("../../tests/recorded/stored-records.jsonl");
        let rows = text.lines().map(|line| {
            let mut row = fields(serde_json::from_str(line).unwrap());
            let text = |row: &Fields, key: &str| row[key].as_str().unwrap().to_owned();
            let (name, collection) = (text(&row, "name"), text(&row, "collection"));
            let mut record = |key| fields(row.remove(key).unwrap());
            (name, collection, record("sent"), record("stored"))
        });
        rows.collect()
    }

    /// What servers change beyond recognition, so that it counts as a difference: an integer loses its fraction, an empty text that is no
    /// number is dropped, unknown fields are dropped, HTML is sanitized, names of days become upper case.
    fn is_lossy(name: &str) -> bool {
        [
            "=12.5 (number int)",
            "=\"\" (number int)",
            "unknown field",
            "note post full",
            "bad html",
            "lower case day",
        ]
        .iter()
        .any(|part| name.contains(part))
    }

    #[test]
    fn what_a_server_makes_of_a_record_is_that_record() {
        let rows = recorded();
        assert!(rows.len() > 400, "{}", rows.len());
        let mut wrong = Vec::new();
        let mut lossy = 0;
        for (name, collection, sent, stored) in &rows {
            let kind = Kind::at(collection);
            let answers = (
                kind.is_created(stored, sent),
                kind.holds(stored, sent),
                kind.is_unchanged(stored, sent),
            );
            if answers == (true, true, true) {
                continue;
            }
            if is_lossy(name) {
                lossy += 1;
            } else {
                wrong.push(format!(
                    "{name}: {answers:?}\n  {}\n  {}",
                    Value::Object(sent.clone()),
                    Value::Object(stored.clone())
                ));
            }
        }
        assert!(
            wrong.is_empty(),
            "{}\n{} of {}",
            wrong.join("\n"),
            wrong.len(),
            rows.len()
        );
        assert!(lossy > 0);
    }

    #[test]
    fn every_changed_value_of_a_recorded_record_is_a_difference() {
        let mut changes = 0;
        let mut overlooked = Vec::new();
        for (name, collection, sent, stored) in recorded() {
            let kind = Kind::at(&collection);
            if is_lossy(&name) {
                continue;
            }
            for (path, changed) in every_change(&Value::Object(sent.clone())) {
                let at = path
                    .trim_start_matches('/')
                    .split('/')
                    .filter(|part| part.parse::<usize>().is_err())
                    .collect::<Vec<_>>()
                    .join(".");
                let top = at.split('.').next().unwrap();
                // The usage of a note type is counted, whatever is sent.
                if matches!(top, "id" | "_version" | "metadata" | "usage")
                    || [&at[..], top]
                        .iter()
                        .any(|at| kind.rules.server_made.contains(at))
                {
                    continue;
                }
                changes += 1;
                let changed = fields(changed);
                if kind.is_unchanged(&stored, &changed)
                    || kind.holds(&stored, &changed)
                    || kind.is_created(&stored, &changed)
                {
                    overlooked.push(format!("{name}: {path}"));
                }
            }
        }
        assert!(overlooked.is_empty(), "{overlooked:#?}");
        assert!(changes > 500, "{changes}");
    }

    /// The value with each of its scalars changed in turn, and where.
    fn every_change(value: &Value) -> Vec<(String, Value)> {
        let mut pointers = Vec::new();
        scalars(value, String::new(), &mut pointers);
        let changed = pointers.into_iter().map(|pointer| {
            let mut changed = value.clone();
            let place = changed.pointer_mut(&pointer).unwrap();
            *place = match &*place {
                Value::Bool(value) => json!(!value),
                Value::Number(number) => json!(number.as_f64().unwrap() * 1.5 + 1.0),
                Value::String(text) => match Instant::of(text) {
                    Some(_) => json!(format!(
                        "{}{}",
                        if text.starts_with("2") { "1" } else { "2" },
                        &text[1..]
                    )),
                    None => json!(format!("{text} x")),
                },
                other => panic!("{other}"),
            };
            (pointer, changed)
        });
        changed.collect()
    }

    fn scalars(value: &Value, pointer: String, found: &mut Vec<String>) {
        let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(key, value)| scalars(value, below(key), found)),
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .for_each(|(index, value)| scalars(value, below(&index.to_string()), found)),
            Value::Null => {}
            _ => found.push(pointer),
        }
    }

    /// As a server might write it: dates in UTC, integers as they are, empty lists and `false` for what is not there.
    fn as_stored(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut stored: Fields = members
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key.clone(), as_stored(value)))
                    .collect();
                stored.insert("addedList".to_owned(), json!([]));
                stored.insert("addedFlag".to_owned(), json!(false));
                Value::Object(stored)
            }
            Value::Array(elements) => elements
                .iter()
                .map(|value| {
                    if value.is_null() {
                        Value::Null
                    } else {
                        as_stored(value)
                    }
                })
                .collect(),
            Value::String(text) => match Instant::of(text) {
                Some(instant) => {
                    let text = humantime::format_rfc3339_nanos(instant.time).to_string();
                    json!(text.replace('Z', "+00:00"))
                }
                None if uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 => {
                    json!(text.to_lowercase())
                }
                None => value.clone(),
            },
            other => other.clone(),
        }
    }

    /// The samples of FOLIO's modules: see `tests/roundtrip.rs`.
    fn samples() -> Vec<(PathBuf, Fields)> {
        let folder = std::env::var_os("FOLIO_SAMPLES")
            .map_or_else(|| PathBuf::from("../shared/folio-samples"), PathBuf::from);
        let Ok(index) = std::fs::read_to_string(folder.join("index.jsonl")) else {
            return Vec::new();
        };
        let mut samples = Vec::new();
        for line in index.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let path = folder
                .join(entry["module"].as_str().unwrap())
                .join(entry["path"].as_str().unwrap());
            if let Ok(text) = std::fs::read_to_string(&path)
                && let Ok(Value::Object(sample)) = serde_json::from_str(&text)
            {
                samples.push((path, sample));
            }
        }
        assert!(samples.len() > 100, "{}", samples.len());
        samples
    }

    #[test]
    fn every_sample_is_itself_and_no_other() {
        let kind = Kind::at("/any");
        for (path, sample) in samples() {
            let path = path.display();
            let stored = fields(as_stored(&Value::Object(sample.clone())));
            for (stored, sent) in [(&sample, &sample), (&stored, &sample), (&sample, &stored)] {
                assert!(kind.is_unchanged(stored, sent), "{path}");
                assert!(kind.holds(stored, sent), "{path}");
                assert_eq!(kind.landing(stored, sent, None), Landing::Yes, "{path}");
                assert_eq!(kind.removed(stored, sent), Vec::<String>::new(), "{path}");
            }
            if sample.len() > 200 {
                continue;
            }
            for (pointer, changed) in every_change(&Value::Object(sample.clone()))
                .into_iter()
                .take(60)
            {
                if matches!(
                    pointer.split('/').nth(1),
                    Some("id" | "metadata" | "_version")
                ) {
                    continue;
                }
                let changed = fields(changed);
                assert!(!kind.is_unchanged(&stored, &changed), "{path} {pointer}");
                assert!(!kind.holds(&stored, &changed), "{path} {pointer}");
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (-1e6..1e6_f64).prop_map(Value::from),
            "[a-c0-9 :.-]{0,12}".prop_map(Value::from),
            "20[0-9]{2}-[01][0-9]-[0-2][0-9](T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|\\+00:00|-0230|\\+02:00)?)?".prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-e]", inner, 0..5)
                    .prop_map(|members| members.into_iter().collect::<Fields>().into()),
            ]
        })
    }

    fn any_record() -> impl Strategy<Value = Fields> {
        prop::collection::btree_map("[a-h]", any_json(), 0..8)
            .prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_record_is_itself(record in any_record()) {
            let kind = Kind::at("/item-storage/items");
            prop_assert!(kind.is_unchanged(&record, &record));
            prop_assert!(kind.holds(&record, &record));
            prop_assert!(kind.is_created(&record, &record));
            prop_assert!(kind.removed(&record, &record).is_empty());
            let stored = fields(as_stored(&Value::Object(record.clone())));
            prop_assert!(kind.is_unchanged(&stored, &record));
        }

        #[test]
        fn any_changed_value_is_found(record in any_record()) {
            let kind = Kind::at("/any");
            for (pointer, changed) in every_change(&Value::Object(record.clone())) {
                prop_assert!(!kind.is_unchanged(&record, &fields(changed.clone())), "{pointer}");
                prop_assert!(!kind.holds(&record, &fields(changed)), "{pointer}");
            }
        }

        #[test]
        fn what_is_removed_is_a_difference(stored in any_record(), sent in any_record()) {
            let kind = Kind::at("/any");
            if !kind.removed(&stored, &sent).is_empty() {
                prop_assert!(!kind.is_unchanged(&stored, &sent));
            }
            let mut kept = sent.clone();
            keep(&stored, &mut kept);
            prop_assert!(kind.removed(&stored, &kept).is_empty());
        }

        #[test]
        fn no_text_makes_it_panic(a in any::<String>(), b in "[0-9TZ:.+-]{0,30}") {
            let (a, b) = (fields(json!({"a": a, "b": b})), fields(json!({"a": b, "b": a})));
            let _ = Kind::at("/calendar/calendars").is_unchanged(&a, &b);
        }
    }

    #[test]
    fn what_is_removed_and_is_no_default_is_a_difference() {
        let users = "/users";
        for (path, stored, sent, same) in [
            (users, json!({"barcode": "7"}), json!({}), false),
            (
                users,
                json!({"barcode": "7"}),
                json!({"barcode": null}),
                false,
            ),
            (
                users,
                json!({"personal": {"middleName": "M", "lastName": "A"}}),
                json!({"personal": {"lastName": "A"}}),
                false,
            ),
            (users, json!({"expiry": 0}), json!({}), false),
            (users, json!({"flag": true}), json!({}), false),
            (
                users,
                json!({"flag": false, "list": [], "tags": {"tagList": []}}),
                json!({}),
                true,
            ),
            (
                users,
                json!({"createdDate": "x", "updatedDate": "y"}),
                json!({}),
                true,
            ),
            ("/any", json!({"createdDate": "x"}), json!({}), false),
            (
                "/staff-slips-storage/staff-slips",
                json!({"active": true}),
                json!({}),
                true,
            ),
            (
                "/staff-slips-storage/staff-slips",
                json!({"active": false}),
                json!({}),
                false,
            ),
            (
                "/item-storage/items",
                json!({"hrid": "it1"}),
                json!({}),
                true,
            ),
            (
                "/item-storage/items",
                json!({"hrid": "it1"}),
                json!({"hrid": "it2"}),
                false,
            ),
            (
                "/item-storage/items",
                json!({"status": {"name": "Available", "date": "x"}}),
                json!({"status": {"name": "Available"}}),
                true,
            ),
            (
                "/item-storage/items",
                json!({"status": {"name": "Available"}}),
                json!({}),
                false,
            ),
            (
                "/loans",
                json!({"status": {"name": "Open", "date": "x"}}),
                json!({"status": {"name": "Open"}}),
                false,
            ),
        ] {
            assert_eq!(
                is_unchanged(path, stored.clone(), sent.clone()),
                same,
                "{path} {stored} {sent}"
            );
            let removed = Kind::at(path).removed(&fields(stored.clone()), &fields(sent.clone()));
            assert!(
                same == removed.is_empty() || sent["hrid"].is_string(),
                "{path} {stored} {sent}: {removed:?}"
            );
        }
    }

    #[test]
    fn a_landing_is_proved_by_the_version_or_by_the_whole_record() {
        let kind = Kind::at("/instance-storage/instances");
        let sent = fields(json!({"title": "new", "_version": 3}));
        let stored = |title: &str, version: Option<i64>| {
            fields(json!({"title": title, "_version": version, "hrid": "in1"}))
        };
        for (title, now, before, landing) in [
            ("new", Some(3), Some(3), Landing::No),
            ("new", Some(4), Some(3), Landing::Yes),
            ("old", Some(4), Some(3), Landing::Unknown),
            ("new", Some(6), Some(3), Landing::Yes),
            ("other", Some(6), Some(3), Landing::Unknown),
            ("new", None, None, Landing::Yes),
            ("old", None, None, Landing::Unknown),
        ] {
            assert_eq!(
                kind.landing(&stored(title, now), &sent, before),
                landing,
                "{title} {now:?} {before:?}"
            );
        }
        // Without versions, a field that was to be removed and is still there tells that it is not the record that was sent.
        let kind = Kind::at("/users");
        assert_eq!(
            kind.landing(&fields(json!({"barcode": "7"})), &fields(json!({})), None),
            Landing::Unknown
        );
    }

    #[test]
    fn the_effect_of_a_change_is_seen_in_what_was_changed() {
        let kind = Kind::at("/item-storage/items");
        let before = json!({"count": 5, "title": "a", "notes": [{"note": "x"}], "tags": {"tagList": ["p"]}, "due": "2024-01-01"});
        let change = |pointer: &str, value: Value| {
            let mut record = before.clone();
            *record.pointer_mut(pointer).unwrap() = value;
            record
        };
        let with = |record: &Value, pointer: &str, value: Value| {
            let mut record = record.clone();
            *record.pointer_mut(pointer).unwrap() = value;
            record
        };
        let counted = change("/count", json!(6));
        let noted = change("/notes", json!([{"note": "x"}, {"note": "y"}]));
        let added = json!([{"note": "x", "staffOnly": false}, {"note": "y", "id": "new", "staffOnly": false}]);
        for (after, now, effect) in [
            (&counted, counted.clone(), Effect::Held),
            (&counted, before.clone(), Effect::Absent),
            (&counted, with(&counted, "/title", json!("b")), Effect::Held),
            (
                &counted,
                with(&before, "/title", json!("b")),
                Effect::Absent,
            ),
            (&counted, with(&before, "/count", json!(7)), Effect::Unclear),
            (&noted, with(&before, "/notes", added), Effect::Held),
            (
                &noted,
                with(
                    &before,
                    "/notes",
                    json!([{"note": "z"}, {"note": "x"}, {"note": "y"}]),
                ),
                Effect::Held,
            ),
            (
                &noted,
                with(
                    &before,
                    "/notes",
                    json!([{"note": "x", "staffOnly": false}]),
                ),
                Effect::Absent,
            ),
            (
                &noted,
                with(&before, "/notes", json!([{"note": "x"}, {"note": "z"}])),
                Effect::Unclear,
            ),
            (
                &change("/notes", json!([])),
                change("/notes", json!([])),
                Effect::Held,
            ),
            (&change("/notes", json!([])), before.clone(), Effect::Absent),
            (
                &change("/notes", json!([{"note": "x", "staffOnly": true}])),
                before.clone(),
                Effect::Absent,
            ),
            (
                &change("/tags/tagList", json!(["p", "q"])),
                change("/tags", json!({"tagList": ["p", "q"], "more": 1})),
                Effect::Held,
            ),
            (
                &change("/due", json!("2024-01-01T00:00:00Z")),
                change("/due", json!("2024-01-01T00:00:00.000+00:00")),
                Effect::Invisible,
            ),
            (
                &change("/due", Value::Null),
                change("/due", Value::Null),
                Effect::Held,
            ),
            (&change("/due", Value::Null), before.clone(), Effect::Absent),
            (
                &with(&counted, "/title", json!("b")),
                counted.clone(),
                Effect::Unclear,
            ),
        ] {
            let [before, after, now] = [&before, after, &now].map(|it| fields(it.clone()));
            assert_eq!(
                kind.effect(&before, &after, &now),
                effect,
                "{after:?} {now:?}"
            );
        }
    }

    #[test]
    fn an_id_of_the_servers_is_found_in_the_response() {
        for (response, other) in [
            (r#"{"id": "b", "label": "x"}"#, Some("b")),
            (r#"{"id": "A"}"#, None),
            (r#"{"label": "x"}"#, None),
            ("", None),
        ] {
            assert_eq!(
                other_id("a", response.as_bytes()).as_deref(),
                other,
                "{response}"
            );
        }
    }

    #[test]
    fn what_the_server_generated_is_taken_from_the_stored_record() {
        let kind = Kind::at("/item-storage/items");
        let stored = fields(json!({"hrid": "it1", "barcode": "7"}));
        let mut sent = fields(json!({"hrid": null}));
        kind.take_generated(&stored, &mut sent);
        assert_eq!(sent, fields(json!({"hrid": "it1"})));
        let mut sent = fields(json!({"hrid": "mine"}));
        kind.take_generated(&stored, &mut sent);
        assert_eq!(sent, fields(json!({"hrid": "mine"})));
    }
}
