//! Records: how generated structs are read from JSON and written to it.
//!
//! A generated record does not derive serde's traits. It implements [`Record`] with two small functions, one that puts the next value of a
//! JSON object into the right field and one that hands the fields over in turn; everything else is one generic function for all records. That
//! is what makes thousands of records cheap to compile (see `docs/architecture.md`).
//!
//! Every record implements serde's [`Serialize`](serde::Serialize) and [`Deserialize`](serde::Deserialize) by it, so that records go
//! wherever serde goes. What a server sends is kept: unknown fields are in `extra`, unknown values of enums and malformed dates and
//! identifiers keep their text, and what does not fit its description is kept as it came ([`lenient`]).

use crate::value::member::Key;
use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::record::json::Json;
use crate::record::lenient::values::other_kinds;
use crate::record::lenient::{self, Kept, Mistyped, Note, State, Step, Walk};
use crate::record::misfit::misfit;
use crate::record::raw;
use crate::record::scalar::Number;
use crate::value::redact;

/// A record that reads and writes itself by a table of its fields. Implemented by generated code.
///
/// # Responses that do not fit
/// What a server sends is read also where it does not fit the description, and nothing of it is lost:
///
/// - A required field that is absent has its blank value: empty text, zero, `false`, an empty list. [`missing`](Self::missing) names it. It stays
///   absent when the record is written, unless it is set.
/// - A field of another type is `None`, or blank if it is required; where the same value exists in the described type, it has that: `20` of
///   `"20"`. [`mistyped`](Self::mistyped) gives what was received. It is written back as it was received, unless it is set.
/// - In a list, a value of another type is blank, so that the others stay in their places. A record in a list that is no object is left out of
///   it, and is written back in its place.
///
/// A field that is set to its blank value is not seen to be set: see [`Extra::forget`].
///
/// ```
/// # #[cfg(feature = "users")] {
/// use folio_sdk::Record;
/// use folio_sdk::users::User;
///
/// let sent = r#"{"id":"8c1a2a5e-0000-4000-8000-000000000000","username":"ann","active":"yes"}"#;
/// let mut user: User = serde_json::from_str(sent)?;
/// assert_eq!(user.active, None);
/// assert_eq!(user.mistyped()[0].path, "active");
/// assert_eq!(user.mistyped()[0].json, "yes");
/// user.username = Some("ann2".to_owned());
/// assert!(serde_json::to_string(&user)?.contains(r#""active":"yes""#));
/// user.active = Some(true);
/// assert!(serde_json::to_string(&user)?.contains(r#""active":true"#));
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait Record: Sized + PartialEq {
    /// The record's name, and the JSON names of its required fields. One constant: thousands of records have it.
    #[doc(hidden)]
    const ABOUT: (&'static str, &'static [&'static str]);

    /// The record's name, `User`.
    const NAME: &'static str = Self::ABOUT.0;

    /// The JSON names of the required fields.
    const REQUIRED: &'static [&'static str] = Self::ABOUT.1;

    /// A record of which nothing has been read yet: required fields are blank. It never leaves this crate as such.
    #[doc(hidden)]
    fn blank() -> Self;

    /// Reads the value of `key` into its field, or among the unknown ones.
    #[doc(hidden)]
    fn set<S: Source>(&mut self, key: &str, from: &mut S);

    /// Hands over the unknown fields, and then the others in turn, each beside that of another record.
    #[doc(hidden)]
    fn put<'a, P: Put<'a>>(&'a self, other: &'a Self, out: &mut P);

    /// The required fields that the response lacked or had as `null`, here and in the records within, by their paths: `metadata.createdDate`,
    /// `items[3].status`. A field that was set since is none of them.
    ///
    /// Empty for a record that the program made.
    fn missing(&self) -> Vec<String> {
        let mut walk = Walk::default();
        lenient::walk_record(self, &mut walk);
        walk.missing
    }

    /// What the response had in another type than described, here and in the records within. What was set since is none of it.
    ///
    /// Of a list, elements that are `null` where the description knows none, and records that are no objects, are here, too: the list leaves them
    /// out.
    fn mistyped(&self) -> Vec<Mistyped> {
        let mut walk = Walk::default();
        lenient::walk_record(self, &mut walk);
        walk.mistyped
    }
}

/// A value of a record's field: what it is read from and how it is written.
///
/// It differs from serde's traits where FOLIO's servers differ from their descriptions: `3.0` is an integer, `null` is absent.
#[doc(hidden)]
pub trait Field: Sized + PartialEq {
    /// Whether `null` is a value of it. Elsewhere `null` is absent.
    const HAS_NULL: bool = false;

    /// Whether it is a record. In a list, what is no record is left out.
    const IS_RECORD: bool = false;

    /// What stands where nothing has been read yet.
    fn blank() -> Self;

    /// Reads a value into its place. Records are large: in place, none is moved from hand to hand on its way.
    ///
    /// A value of another type is noted, and no error ([`lenient`]): it is for what the value is in to keep it.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Whether the field is left out when its record is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Walks through the records within.
    fn walk(&self, _: &mut Walk) {}

    fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Self::blank();
        value.read(deserializer)?;
        Ok(value)
    }
}

/// Where a record's fields are read from. Neither it nor [`Put`] returns a failure: it is kept until the field is done, since a result that
/// each field hands on costs the compiler more than all else about the field.
#[doc(hidden)]
pub trait Source {
    /// Reads the value at hand into an optional field.
    fn optional<T: Field>(&mut self, field: &mut T);

    /// Reads the value at hand into the required field of this number. A `null` leaves the field missing.
    fn required<T: Field>(&mut self, field: &mut T, number: u32);

    /// Keeps the value at hand among the unknown fields.
    fn unknown(&mut self, extra: &mut Extra, key: &str);
}

/// What takes a record's fields.
#[doc(hidden)]
pub trait Put<'a> {
    /// Takes the unknown fields.
    fn extra(&mut self, extra: &'a Extra, other: &'a Extra);

    /// Takes a field, and the same of the other record.
    fn field<T: Field>(&mut self, key: &'static str, value: &T, other: &T);
}

/// Reads fields from a map of serde's.
struct FromMap<'a, 'de, A: MapAccess<'de>> {
    map: &'a mut A,
    /// The required fields that were there, a bit each; those that were `null`.
    seen: u64,
    nulls: u64,
    failed: Option<A::Error>,
    /// How much was found that does not fit when the record began.
    before: usize,
    /// What the record is to keep: it waits for the unknown fields, beside which it is kept.
    note: Option<Box<Note>>,
    /// Whether the text of each value is taken before it is read.
    is_exact: bool,
    input: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Source for FromMap<'_, 'de, A> {
    #[inline]
    fn optional<T: Field>(&mut self, field: &mut T) {
        if self.is_exact {
            return self.exactly(field, None);
        }
        if let Err(error) = self.map.next_value_seed(InPlace(&mut *field)) {
            self.failed = Some(error);
        }
        if lenient::count() > self.before {
            self.note = note_of(field, self.before);
        }
    }

    #[inline]
    fn required<T: Field>(&mut self, field: &mut T, number: u32) {
        if self.is_exact {
            return self.exactly(field, Some(number));
        }
        match self
            .map
            .next_value_seed(Present(&mut Required(&mut *field), PhantomData))
        {
            Ok(there) => {
                self.seen |= u64::from(there) << number;
                self.nulls |= u64::from(!there) << number;
            }
            Err(error) => self.failed = Some(error),
        }
        if lenient::count() > self.before {
            self.note = note_of(field, self.before);
        }
    }

    fn unknown(&mut self, extra: &mut Extra, key: &str) {
        if let Some(note) = self.note.take() {
            return extra.keep(*note);
        }
        match self.map.next_value::<Json>() {
            Ok(value) => {
                extra.insert(key, value);
                misfit();
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

impl<'de, A: MapAccess<'de>> FromMap<'_, 'de, A> {
    /// Reads a field of which the text is taken first.
    #[cold]
    fn exactly<T: Field>(&mut self, field: &mut T, number: Option<u32>) {
        let text = match self.map.next_value_seed(raw::Raw) {
            Ok(text) => text,
            Err(error) => return self.failed = Some(error),
        };
        if let Some(number) = number {
            if text == "null" {
                return self.nulls |= 1 << number;
            }
            self.seen |= 1 << number;
        }
        let mut json = serde_json::Deserializer::from_slice(text.as_bytes());
        let failed = match lenient::deeper(|| field.read(&mut json)) {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(A::Error::custom(error)),
            None => Some(A::Error::custom("recursion limit exceeded")),
        };
        self.failed = failed;
        if lenient::count() > self.before {
            lenient::make_exact(self.before, &text);
            self.note = note_of(field, self.before);
        }
    }
}

/// What a record is to keep of a field in which something was found that does not fit.
#[cold]
fn note_of<T: Field>(field: &mut T, before: usize) -> Option<Box<Note>> {
    blank_unread(field, before);
    Note::odd(before, text_of(field)).map(Box::new)
}

/// Makes a value blank again that was of another type; says whether it was.
#[cold]
pub(crate) fn blank_unread<T: Field>(value: &mut T, before: usize) -> bool {
    let is_unread = lenient::is_unread(before);
    if is_unread {
        *value = T::blank();
    }
    is_unread
}

/// The JSON of a value.
#[cold]
pub(crate) fn text_of<T: Field>(value: &T) -> String {
    serde_json::to_string(&Writer(value)).unwrap_or_default()
}

/// Writes fields into a map of serde's.
struct IntoMap<'a, M: SerializeMap> {
    map: &'a mut M,
    extra: Option<&'a Extra>,
    /// What did not fit when the record was read.
    kept: Option<&'a Kept>,
    required: &'static [&'static str],
    failed: Option<M::Error>,
}

impl<M: SerializeMap> IntoMap<'_, M> {
    fn entry(&mut self, key: &str, value: &(impl serde::Serialize + ?Sized)) {
        if self.failed.is_none() {
            self.failed = self.map.serialize_entry(key, value).err();
        }
    }

    /// Writes a field of a record in which something did not fit.
    #[cold]
    fn kept_field<T: Field>(&mut self, kept: &Kept, key: &'static str, value: &T) {
        let now = || text_of(value);
        let state = kept.state(key, self.required, &now, &|| text_of(&T::blank()));
        let text = match state {
            State::Missing { is_null: false } => return,
            State::Missing { is_null: true } => Some("null".to_owned()),
            State::Odd(odd) => Some(odd.sent().to_owned()),
            _ if value.is_absent() => return,
            State::Changed(odd) => odd.merged(&now()),
            State::Usual => None,
        };
        match text.map(|text| text.parse::<Json>()) {
            Some(Ok(json)) => self.entry(key, &json),
            _ => self.entry(key, &Writer(value)),
        }
    }
}

impl<'a, M: SerializeMap> Put<'a> for IntoMap<'a, M> {
    fn extra(&mut self, extra: &'a Extra, _: &'a Extra) {
        self.extra = Some(extra);
        self.kept = extra.kept();
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &T, _: &T) {
        if let Some(kept) = self.kept {
            return self.kept_field(kept, key, value);
        }
        if value.is_absent() {
            return;
        }
        self.entry(key, &Writer(value));
    }
}

/// Whether all fields were the same.
struct Same<'a> {
    is_same: bool,
    kept: [Option<&'a Kept>; 2],
    required: &'static [&'static str],
}

impl Same<'_> {
    /// Whether two fields that are equal are written alike, if something did not fit in either record when it was read.
    #[cold]
    fn is_kept_alike<T: Field>(&self, key: &'static str, value: &T, other: &T) -> bool {
        let [one, two] = [(self.kept[0], value), (self.kept[1], other)].map(|(kept, value)| {
            let now = || text_of(value);
            let blank = || text_of(&T::blank());
            match kept.map(|kept| kept.state(key, self.required, &now, &blank)) {
                Some(State::Missing { is_null }) => Some(Err(is_null)),
                Some(State::Odd(odd)) => Some(Ok(odd.sent())),
                _ => None,
            }
        });
        one == two
    }
}

impl<'a> Put<'a> for Same<'a> {
    fn extra(&mut self, extra: &'a Extra, other: &'a Extra) {
        self.is_same = self.is_same && extra.has_fields_of(other);
        self.kept = [extra.kept(), other.kept()];
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &T, other: &T) {
        self.is_same = self.is_same && value == other;
        if self.is_same && !matches!(self.kept, [None, None]) {
            self.is_same = self.is_kept_alike(key, value, other);
        }
    }
}

/// Compares two records: the one implementation of `PartialEq` for all records.
#[doc(hidden)]
pub fn same<R: Record>(record: &R, other: &R) -> bool {
    let mut same = Same {
        is_same: true,
        kept: [None, None],
        required: R::REQUIRED,
    };
    record.put(other, &mut same);
    same.is_same
}

/// Reads a record: the one implementation of `Deserialize` for all records.
#[doc(hidden)]
pub fn decode<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    decode_field(deserializer)
}

/// Reads a value that is no field: it is what it is described to be, at least.
pub(crate) fn decode_field<'de, T: Field, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut value = T::blank();
    let before = lenient::count();
    let result = value.read(deserializer);
    if lenient::count() > before
        && let Some(problem) = lenient::whole_problem(before)
        && result.is_ok()
    {
        return Err(D::Error::custom(problem));
    }
    result.map(|()| value)
}

/// Reads a record into its place, where nothing but a blank one is.
#[doc(hidden)]
pub fn read<'de, R: Record, D: Deserializer<'de>>(
    record: &mut R,
    deserializer: D,
) -> Result<(), D::Error> {
    deserializer.deserialize_any(Fields(record))
}

/// Writes a record: the one implementation of `Serialize` for all records.
#[doc(hidden)]
pub fn encode<R: Record, S: Serializer>(record: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut out = IntoMap {
        map: &mut map,
        extra: None,
        kept: None,
        required: R::REQUIRED,
        failed: None,
    };
    record.put(record, &mut out);
    for (key, value) in out.extra.into_iter().flatten() {
        out.entry(key, value);
    }
    match out.failed {
        Some(error) => Err(error),
        None => map.end(),
    }
}

/// Shows a record as the JSON that it is written as, but for its secrets.
#[doc(hidden)]
pub fn debug<R: Record>(record: &R, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match serde_json::to_value(Writer(record)) {
        Ok(mut value) => {
            redact::Secrets::default().redact_value(&mut value);
            let text = if out.alternate() {
                format!("{value:#}")
            } else {
                value.to_string()
            };
            write!(out, "{} {}", R::NAME, redact::escaped(&text))
        }
        Err(error) => write!(out, "{} ({error})", R::NAME),
    }
}

struct Fields<'a, R>(&'a mut R);

/// The name of no field: it leads to the unknown ones.
const NO_FIELD: &str = "\0";

impl<'de, R: Record> Visitor<'de> for Fields<'_, R> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a {} record (a JSON object)", R::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut from = FromMap {
            map: &mut map,
            seen: 0,
            nulls: 0,
            failed: None,
            before: lenient::count(),
            note: None,
            is_exact: lenient::is_exact(),
            input: PhantomData,
        };
        while let Some(key) = from.map.next_key_seed(Key)? {
            self.0.set(&key, &mut from);
            if let Some(error) = from.failed {
                return Err(error);
            }
            if let Some(note) = &mut from.note {
                note.name(&key);
                self.0.set(NO_FIELD, &mut from);
            }
        }
        if from.seen.count_ones() as usize != R::REQUIRED.len() {
            let missing = absent(R::REQUIRED, from.seen);
            if lenient::is_strict() {
                return Err(incomplete(R::NAME, R::REQUIRED, missing));
            }
            lenient::Noted::note_missing();
            let nulls = from.nulls;
            from.note = Some(Box::new(Note::Missing { missing, nulls }));
            self.0.set(NO_FIELD, &mut from);
        }
        Ok(())
    }

    other_kinds! { boolean number text null list }
}

/// The required fields that were not seen.
#[cold]
fn absent(required: &[&str], seen: u64) -> u64 {
    let bits = (0..required.len()).map(|number| 1_u64 << number);
    bits.fold(0, std::ops::BitOr::bitor) & !seen
}

#[cold]
fn incomplete<E: serde::de::Error>(name: &str, required: &[&str], missing: u64) -> E {
    let absent: Vec<&str> = required
        .iter()
        .enumerate()
        .filter(|(bit, _)| missing & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect();
    E::custom(format_args!(
        "{name} record without its required field {}",
        absent.join(", ")
    ))
}

/// Reads a [`Field`] into its place where serde wants a seed.
struct InPlace<'a, T>(&'a mut T);

impl<'de, T: Field> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.read(deserializer)
    }
}

/// Reads the next element of a list, whatever it is.
struct Next<'a, T>(&'a mut Vec<T>);

impl<'de, T: Field> DeserializeSeed<'de> for Next<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Place::make(self.0).read(deserializer)
    }
}

/// Reads a [`Field`], if it is not `null`, into the place that is made for it then; says whether it was there.
struct Present<'a, T, P>(&'a mut P, PhantomData<T>);

/// Where a value goes that may be `null`.
trait Place<T> {
    /// Makes the place.
    fn make(&mut self) -> &mut T;
}

/// A required field.
struct Required<'a, T>(&'a mut T);

impl<T> Place<T> for Required<'_, T> {
    fn make(&mut self) -> &mut T {
        self.0
    }
}

impl<T: Field> Place<T> for Option<T> {
    fn make(&mut self) -> &mut T {
        self.insert(T::blank())
    }
}

impl<T: Field> Place<T> for Vec<T> {
    fn make(&mut self) -> &mut T {
        let index = self.len();
        self.push(T::blank());
        &mut self[index]
    }
}

impl<'de, T: Field, P: Place<T>> DeserializeSeed<'de> for Present<'_, T, P> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Field, P: Place<T>> Visitor<'de> for Present<'_, T, P> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.0.make().read(deserializer)?;
        Ok(true)
    }
}

/// Writes a [`Field`] where serde wants a value.
pub(crate) struct Writer<'a, T>(pub(crate) &'a T);

impl<T: Field> serde::Serialize for Writer<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.encode(serializer)
    }
}

/// The fields of a record that the server sent and the description does not have. They are written back with the record, as the server
/// wrote them.
///
/// ```
/// use folio_sdk::Extra;
///
/// let mut extra = Extra::default();
/// extra.insert("shelfColour", "green");
/// assert_eq!(extra.get("shelfColour").and_then(|v| v.as_str()), Some("green"));
/// assert_eq!(extra.len(), 1);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Extra(Option<Box<Unknown>>);

#[derive(Clone, Default, PartialEq)]
struct Unknown {
    fields: BTreeMap<String, Json>,
    /// Described fields that did not fit.
    kept: Kept,
}

impl Extra {
    /// The value of an unknown field.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.as_ref()?.fields.get(key)
    }

    /// The value of an unknown field, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.0.as_mut()?.fields.get_mut(key)
    }

    /// Sets a field that the description does not have; returns what it was before.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        self.0
            .get_or_insert_default()
            .fields
            .insert(key.into(), value.into())
    }

    /// Takes an unknown field out, so that it is not written back.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        self.0.as_mut()?.fields.remove(key)
    }

    /// The unknown fields and their values.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Json> {
        const NONE: &BTreeMap<String, Json> = &BTreeMap::new();
        self.0
            .as_ref()
            .map_or(NONE, |unknown| &unknown.fields)
            .iter()
    }

    /// How many unknown fields there are.
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether the description has every field that the server sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets that a described field of the record was missing in the response or of another type: the record then writes the value that the
    /// field has. This is needed only to set such a field to its blank value (`None`, `false`, zero, empty text), which is what it has anyway.
    ///
    /// The field is named as in JSON. `R` is the record that these are the unknown fields of.
    ///
    /// ```
    /// # #[cfg(feature = "users")] {
    /// use folio_sdk::users::User;
    ///
    /// let mut user: User = serde_json::from_str(r#"{"active":"yes"}"#)?;
    /// user.extra.forget::<User>("active");
    /// assert_eq!(serde_json::to_string(&user)?, "{}");
    /// # }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn forget<R: Record>(&mut self, field: &str) {
        if let Some(unknown) = &mut self.0 {
            unknown.kept.forget(field, R::REQUIRED);
        }
    }

    #[cold]
    fn keep(&mut self, note: Note) {
        self.0.get_or_insert_default().kept.keep(note);
    }

    /// What did not fit in the record that these are the unknown fields of.
    #[inline]
    pub(crate) fn kept(&self) -> Option<&Kept> {
        let kept = &self.0.as_ref()?.kept;
        (!kept.is_empty()).then_some(kept)
    }

    fn has_fields_of(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a String, &'a Json);
    type IntoIter = btree_map::Iter<'a, String, Json>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Extra {
    /// Shows the fields without secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self
            .iter()
            .map(|(name, value)| (name.clone(), Value::clone(value)));
        let mut fields = Value::Object(fields.collect());
        redact::Secrets::default().redact_value(&mut fields);
        match &fields {
            Value::Object(fields) => out.debug_map().entries(fields).finish(),
            other => fmt::Debug::fmt(other, out),
        }
    }
}

impl<T: Field> Field for Option<T> {
    const HAS_NULL: bool = true;

    fn blank() -> Self {
        None
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = None;
        Present(self, PhantomData).deserialize(deserializer)?;
        Ok(())
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&Writer(value)),
            None => serializer.serialize_none(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn walk(&self, walk: &mut Walk) {
        if let Some(value) = self {
            value.walk(walk);
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }

    /// Elements that are `null` are left out where the description does not know them: `null` is absent everywhere else too. So are records
    /// that are no objects; other values of another type are blank.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Elements<'a, T>(&'a mut Vec<T>);
        impl<'de, T: Field> Visitor<'de> for Elements<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                let before = lenient::count();
                let mut found = before;
                let mut index = 0;
                loop {
                    let there = if T::HAS_NULL {
                        seq.next_element_seed(Next(&mut *self.0))?.map(|()| true)
                    } else {
                        seq.next_element_seed(Present(&mut *self.0, PhantomData))?
                    };
                    match there {
                        None => return Ok(()),
                        Some(true) if lenient::count() > found => {
                            odd_element(self.0, found, index);
                            found = lenient::count();
                        }
                        Some(true) => {}
                        Some(false) => {
                            lenient::found_null(&Step::At(index), T::IS_RECORD);
                            found = lenient::count();
                        }
                    }
                    index += 1;
                }
            }
            other_kinds! { boolean number text null object }
        }
        self.clear();
        deserializer.deserialize_any(Elements(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for element in self {
            seq.serialize_element(&Writer(element))?;
        }
        seq.end()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.list(self.iter());
    }
}

/// Something does not fit in the element that was read last.
#[cold]
fn odd_element<T: Field>(list: &mut Vec<T>, before: usize, index: usize) {
    if lenient::is_unread(before) {
        list.pop();
        if T::IS_RECORD {
            lenient::leave_out(before);
        } else {
            list.push(T::blank());
        }
    }
    lenient::within(before, &Step::At(index));
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn blank() -> Self {
        BTreeMap::new()
    }

    /// Values of another type are left out.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Entries<'a, T>(&'a mut BTreeMap<String, T>);
        impl<'de, T: Field> Visitor<'de> for Entries<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    let before = lenient::count();
                    let mut value = T::blank();
                    let mut is_there = if T::HAS_NULL {
                        map.next_value_seed(InPlace(&mut value))?;
                        true
                    } else {
                        map.next_value_seed(Present(&mut Required(&mut value), PhantomData))?
                    };
                    if lenient::count() > before {
                        if lenient::is_unread(before) {
                            lenient::leave_out(before);
                            is_there = false;
                        }
                        lenient::within(before, &Step::Key(key.clone()));
                    }
                    if is_there {
                        self.0.insert(key, value);
                    } else if lenient::count() == before {
                        lenient::found_null(&Step::Key(key), false);
                    }
                }
                Ok(())
            }
            other_kinds! { boolean number text null list }
        }
        self.clear();
        deserializer.deserialize_any(Entries(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &Writer(value))?;
        }
        map.end()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.map(self.iter());
    }
}

impl<R: Record> Field for R {
    const IS_RECORD: bool = true;

    fn blank() -> Self {
        Record::blank()
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        read(self, deserializer)
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(self, serializer)
    }

    fn walk(&self, walk: &mut Walk) {
        lenient::walk_record(self, walk);
    }
}

/// Fields that serde writes as FOLIO wants it.
macro_rules! plain_fields {
    ($($type:ty = $blank:expr $(; null $has_null:literal)? => $read:expr,)*) => {
        $(impl Field for $type {
            $(const HAS_NULL: bool = $has_null;)?

            fn blank() -> Self {
                $blank
            }
            #[inline]
            fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                $read(self, deserializer)
            }
            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        })*
    };
}

plain_fields! {
    String = String::new() => lenient::read_text,
    bool = false => lenient::read_boolean,
    Value = Value::Null; null true => read_any,
    Json = Json::default(); null true => read_any,
    crate::record::scalar::Id = crate::record::scalar::Id::default() => lenient::read_text,
    crate::record::scalar::DateTime = crate::record::scalar::DateTime::default() => lenient::read_text,
    Number = Number::default() => read_number,
    i64 = 0 => read_integer,
    i32 = 0 => read_integer,
}

fn read_any<'de, T: serde::Deserialize<'de>, D: Deserializer<'de>>(
    place: &mut T,
    deserializer: D,
) -> Result<(), D::Error> {
    *place = serde::Deserialize::deserialize(deserializer)?;
    Ok(())
}

fn read_number<'de, D: Deserializer<'de>>(
    place: &mut Number,
    deserializer: D,
) -> Result<(), D::Error> {
    lenient::read_number("a number", deserializer, &mut |text| {
        *place = Number::of_json(text);
        true
    })
}

/// Reads a whole number. It may be written with a fraction of zeros: JSON knows no difference.
fn read_integer<'de, T: TryFrom<i64>, D: Deserializer<'de>>(
    place: &mut T,
    deserializer: D,
) -> Result<(), D::Error> {
    let expected = match size_of::<T>() {
        4 => "a whole number of 32 bits",
        _ => "a whole number of 64 bits",
    };
    lenient::read_number(expected, deserializer, &mut |text| {
        let number = match text.parse() {
            Ok(number) => Some(number),
            Err(_) => Number::of_json(text).as_i64(),
        };
        match number.map(T::try_from) {
            Some(Ok(number)) => {
                *place = number;
                true
            }
            _ => false,
        }
    })
}

/// Gives a record serde's traits by its table.
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    ($($record:ident),* $(,)?) => {
        $(
            impl<'de> $crate::runtime::Deserialize<'de> for $record {
                fn deserialize<D: $crate::runtime::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    $crate::runtime::decode(deserializer)
                }
            }
            impl $crate::runtime::Serialize for $record {
                fn serialize<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::encode(self, serializer)
                }
            }
            impl ::core::cmp::PartialEq for $record {
                fn eq(&self, other: &Self) -> bool {
                    $crate::runtime::same(self, other)
                }
            }
            impl ::core::fmt::Debug for $record {
                #[inline]
                fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::runtime::debug(self, out)
                }
            }
        )*
    };
}

/// Makes fields of records that lie in a box, since they have a field of their own type. A box of any record could not be made one: another
/// crate could have a record that is a box.
#[doc(hidden)]
#[macro_export]
macro_rules! __boxed {
    ($($record:ty),* $(,)?) => {
        $(
            impl $crate::runtime::Field for ::std::boxed::Box<$record> {
                const IS_RECORD: bool = true;
                fn blank() -> Self {
                    ::std::boxed::Box::new($crate::runtime::Record::blank())
                }
                fn read<'de, D: $crate::runtime::Deserializer<'de>>(&mut self, deserializer: D) -> ::core::result::Result<(), D::Error> {
                    $crate::runtime::read(&mut **self, deserializer)
                }
                fn encode<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::encode(&**self, serializer)
                }
                #[inline]
                fn walk(&self, walk: &mut $crate::runtime::Walk) {
                    $crate::runtime::walk_record(&**self, walk);
                }
            }
        )*
    };
}

/// Defines open enums: string values that the description names, and a catch-all that keeps the text of any other.
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum {
    ($($(#[$meta:meta])* $name:ident / $unlisted:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Hash)]
            #[non_exhaustive]
            pub enum $name {
                $($(#[$vmeta])* $variant,)*
                /// A value that the description does not list, as the server wrote it.
                $unlisted(::std::boxed::Box<str>),
            }
            // Not derived: that would be a function more for the compiler to check.
            impl ::core::cmp::Eq for $name {}
            impl $name {
                /// The value as it is written in JSON.
                #[inline]
                pub fn as_str(&self) -> &str {
                    match self {
                        $(Self::$variant => $text,)*
                        Self::$unlisted(text) => text,
                    }
                }
            }
            impl ::core::convert::From<&str> for $name {
                #[inline]
                fn from(text: &str) -> Self {
                    match text {
                        $($text => Self::$variant,)*
                        other => Self::$unlisted(other.into()),
                    }
                }
            }
            impl $crate::runtime::OpenEnum for $name {
                #[inline]
                fn is_listed(&self) -> bool {
                    !matches!(self, Self::$unlisted(_))
                }
            }
            $crate::__open_enum_impls!($name);
        )*
    };
}

/// What all open enums share, by way of [`OpenEnum`].
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum_impls {
    ($name:ident) => {
        impl ::core::fmt::Display for $name {
            fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                out.pad(self.as_str())
            }
        }
        impl<'de> $crate::runtime::Deserialize<'de> for $name {
            fn deserialize<D: $crate::runtime::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::runtime::decode_enum(deserializer)
            }
        }
        impl $crate::runtime::Serialize for $name {
            fn serialize<S: $crate::runtime::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl $crate::runtime::Field for $name {
            fn blank() -> Self {
                Self::from("")
            }
            fn read<'de, D: $crate::runtime::Deserializer<'de>>(
                &mut self,
                deserializer: D,
            ) -> ::core::result::Result<(), D::Error> {
                $crate::runtime::read_enum(self, deserializer)
            }
            fn encode<S: $crate::runtime::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// An enum that keeps values it does not know.
#[doc(hidden)]
pub trait OpenEnum: for<'a> From<&'a str> {
    fn is_listed(&self) -> bool;
}

/// Reads an open enum into its place.
#[doc(hidden)]
pub fn read_enum<'de, E: OpenEnum, D: Deserializer<'de>>(
    place: &mut E,
    deserializer: D,
) -> Result<(), D::Error> {
    let take = &mut |text: &str| {
        *place = E::from(text);
        if !place.is_listed() {
            misfit();
        }
    };
    lenient::read_text(&mut lenient::Taking(take), deserializer)
}

/// Reads an open enum: any string is one.
#[doc(hidden)]
pub fn decode_enum<'de, E: OpenEnum, D: Deserializer<'de>>(deserializer: D) -> Result<E, D::Error> {
    let mut value = E::from("");
    let read = lenient::strictly(|| read_enum(&mut value, deserializer));
    read.map(|()| value)
}
