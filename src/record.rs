//! Records: how generated structs are read from JSON and written to it.
//!
//! A generated record does not derive serde's traits. It implements [`Record`] with two small functions, one that puts the next value of a
//! JSON object into the right field and one that hands the fields over in turn; everything else is one generic function for all records. That
//! is what makes thousands of records cheap to compile (see `docs/architecture.md`).
//!
//! Every record implements serde's [`Serialize`](serde::Serialize) and [`Deserialize`](serde::Deserialize) by it, so that records go
//! wherever serde goes. What a server sends is kept: unknown fields are in `extra`, unknown values of enums and malformed dates and
//! identifiers keep their text.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::Json;
use crate::redact;
use crate::union::misfit;

/// A record that reads and writes itself by a table of its fields. Implemented by generated code.
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
}

/// A value of a record's field: what it is read from and how it is written.
///
/// It differs from serde's traits where FOLIO's servers differ from their descriptions: `3.0` is an integer, `null` is absent.
#[doc(hidden)]
pub trait Field: Sized + PartialEq {
    /// Whether `null` is a value of it. Elsewhere `null` is absent.
    const HAS_NULL: bool = false;

    /// Whether it has elements of which some may be `null`, which are left out when it is read.
    const LEAVES_NULLS_OUT: bool = false;

    /// What stands where nothing has been read yet.
    fn blank() -> Self;

    /// Reads a value into its place. Records are large: in place, none is moved from hand to hand on its way.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Whether the field is left out when its record is written.
    fn is_absent(&self) -> bool {
        false
    }

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
    /// The required fields that were there, a bit each.
    seen: u64,
    failed: Option<A::Error>,
    /// How many nulls in lists were pending when the record began.
    before: usize,
    /// Whether the field that was just read had some: they wait for the unknown fields, beside which they are kept.
    has_nulls: bool,
    input: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Source for FromMap<'_, 'de, A> {
    #[inline]
    fn optional<T: Field>(&mut self, field: &mut T) {
        if let Err(error) = self.map.next_value_seed(InPlace(&mut *field)) {
            self.failed = Some(error);
        }
        if T::LEAVES_NULLS_OUT && nulls::count() > self.before {
            self.has_nulls = nulls::keep(field, self.before);
        }
    }

    #[inline]
    fn required<T: Field>(&mut self, field: &mut T, number: u32) {
        match self
            .map
            .next_value_seed(Present(&mut Required(&mut *field), PhantomData))
        {
            Ok(there) => self.seen |= u64::from(there) << number,
            Err(error) => self.failed = Some(error),
        }
        if T::LEAVES_NULLS_OUT && nulls::count() > self.before {
            self.has_nulls = nulls::keep(field, self.before);
        }
    }

    fn unknown(&mut self, extra: &mut Extra, key: &str) {
        if self.has_nulls {
            self.has_nulls = false;
            return extra.keep_nulls();
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

/// Writes fields into a map of serde's.
struct IntoMap<'a, M: SerializeMap> {
    map: &'a mut M,
    extra: Option<&'a Extra>,
    failed: Option<M::Error>,
}

impl<M: SerializeMap> IntoMap<'_, M> {
    fn entry(&mut self, key: &str, value: &(impl serde::Serialize + ?Sized)) {
        if self.failed.is_none() {
            self.failed = self.map.serialize_entry(key, value).err();
        }
    }
}

impl<'a, M: SerializeMap> Put<'a> for IntoMap<'a, M> {
    fn extra(&mut self, extra: &'a Extra, _: &'a Extra) {
        self.extra = Some(extra);
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &T, _: &T) {
        if value.is_absent() {
            return;
        }
        if T::LEAVES_NULLS_OUT
            && let Some(list) = self.extra.and_then(|extra| extra.with_nulls(key, value))
        {
            return self.entry(key, list);
        }
        self.entry(key, &Writer(value));
    }
}

/// Whether all fields were the same.
struct Same(bool);

impl Put<'_> for Same {
    fn extra(&mut self, extra: &Extra, other: &Extra) {
        self.0 = self.0 && extra == other;
    }

    #[inline]
    fn field<T: Field>(&mut self, _: &'static str, value: &T, other: &T) {
        self.0 = self.0 && value == other;
    }
}

/// Compares two records: the one implementation of `PartialEq` for all records.
#[doc(hidden)]
pub fn same<R: Record>(record: &R, other: &R) -> bool {
    let mut same = Same(true);
    record.put(other, &mut same);
    same.0
}

/// Reads a record: the one implementation of `Deserialize` for all records.
#[doc(hidden)]
pub fn decode<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    let mut record = R::blank();
    read(&mut record, deserializer)?;
    Ok(record)
}

/// Reads a record into its place, where nothing but a blank one is.
#[doc(hidden)]
pub fn read<'de, R: Record, D: Deserializer<'de>>(
    record: &mut R,
    deserializer: D,
) -> Result<(), D::Error> {
    deserializer.deserialize_map(Fields(record))
}

/// Writes a record: the one implementation of `Serialize` for all records.
#[doc(hidden)]
pub fn encode<R: Record, S: Serializer>(record: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut out = IntoMap {
        map: &mut map,
        extra: None,
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
            failed: None,
            before: nulls::count(),
            has_nulls: false,
            input: PhantomData,
        };
        while let Some(key) = from.map.next_key_seed(Key)? {
            self.0.set(&key, &mut from);
            if let Some(error) = from.failed {
                return Err(error);
            }
            if from.has_nulls {
                nulls::name(&key);
                self.0.set(NO_FIELD, &mut from);
            }
        }
        missing::<R, A::Error>(from.seen)
    }
}

fn missing<R: Record, E: serde::de::Error>(seen: u64) -> Result<(), E> {
    if seen.count_ones() as usize == R::REQUIRED.len() {
        return Ok(());
    }
    let absent: Vec<&str> = R::REQUIRED
        .iter()
        .enumerate()
        .filter(|(bit, _)| seen & (1 << bit) == 0)
        .map(|(_, name)| *name)
        .collect();
    Err(E::custom(format_args!(
        "{} record without its required field {}",
        R::NAME,
        absent.join(", ")
    )))
}

/// A key of a JSON object: borrowed from the input unless it has escapes.
pub(crate) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the name of a field")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }

    fn visit_string<E>(self, key: String) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key))
    }
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
    /// Described fields that had `null` among their elements.
    nulls: Vec<(String, nulls::Field)>,
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

    #[cold]
    fn keep_nulls(&mut self) {
        let Some((key, nulls)) = nulls::take() else {
            return;
        };
        let all = &mut self.0.get_or_insert_default().nulls;
        all.retain(|(other, _)| *other != key);
        all.push((key, nulls));
    }

    /// A list as the server sent it, if elements of it were `null` and it was not changed.
    #[inline]
    fn with_nulls<T: Field>(&self, key: &str, value: &T) -> Option<&RawValue> {
        let nulls = &self.0.as_ref()?.nulls;
        if nulls.is_empty() {
            return None;
        }
        nulls
            .iter()
            .find(|(other, _)| other == key)
            .and_then(|(_, nulls)| nulls.of(value))
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

/// `null` among the elements of a list whose description knows no such elements.
///
/// Such a list is read without them. So that it can be written back as it was, the record keeps how it was written, beside the unknown
/// fields; a list that was changed meanwhile is written as it is then. All this costs a list without `null` nothing but a look at a counter.
pub(crate) mod nulls {
    use std::cell::{Cell, RefCell};

    use serde_json::value::RawValue;

    use super::Writer;
    use crate::splice;

    /// A step to an element.
    #[derive(Clone, PartialEq)]
    pub(super) enum Step {
        /// By its index, counted as the server sent it.
        At(usize),
        Key(String),
    }

    /// Where in a field `null` stood: the steps, from the last.
    pub(super) type Path = Vec<Step>;

    thread_local! {
        /// How many paths there are.
        static COUNT: Cell<usize> = const { Cell::new(0) };
        static PATHS: RefCell<Vec<Path>> = const { RefCell::new(Vec::new()) };
        /// The field that was read last, with its name, on its way to its record.
        static FIELD: RefCell<Option<(String, Field)>> = const { RefCell::new(None) };
    }

    /// How many were found so far, and belong to no record yet.
    #[inline]
    pub(crate) fn count() -> usize {
        COUNT.get()
    }

    /// Forgets all that were found: the list that they are in is no field of a record.
    pub(crate) fn forget() {
        forget_since(0);
    }

    pub(crate) fn forget_since(before: usize) {
        if count() > before {
            taken(before);
        }
    }

    fn taken(before: usize) -> Vec<Path> {
        COUNT.set(before);
        PATHS.with_borrow_mut(|paths| paths.split_off(before.min(paths.len())))
    }

    /// Keeps those that were found since then and are in a field; says whether there are some.
    #[cold]
    pub(super) fn keep<T: super::Field>(field: &T, before: usize) -> bool {
        let found = taken(before);
        let kept = Field::new(field, &found);
        let is_kept = kept.is_some();
        FIELD.set(kept.map(|kept| (String::new(), kept)));
        is_kept
    }

    /// Gives that field its name.
    #[cold]
    pub(super) fn name(key: &str) {
        FIELD.with_borrow_mut(|field| {
            if let Some((name, _)) = field {
                key.clone_into(name);
            }
        });
    }

    pub(super) fn take() -> Option<(String, Field)> {
        FIELD.take()
    }

    /// Notes an element that is `null`.
    #[cold]
    pub(super) fn found(step: Step) {
        PATHS.with_borrow_mut(|paths| {
            paths.push(vec![step]);
            COUNT.set(paths.len());
        });
    }

    /// Notes that what was found since is within an element.
    #[cold]
    pub(super) fn within(since: usize, step: &Step) {
        PATHS.with_borrow_mut(|paths| {
            for path in paths.iter_mut().skip(since) {
                path.push(step.clone());
            }
        });
    }

    /// A field with nulls.
    #[derive(Clone)]
    pub(super) struct Field {
        /// As it was read: without them.
        read: Box<str>,
        /// As the server sent it.
        sent: Box<RawValue>,
    }

    impl Field {
        #[cold]
        pub(super) fn new<T: super::Field>(field: &T, paths: &[Path]) -> Option<Self> {
            let read = serde_json::to_string(&Writer(field)).ok()?;
            let paths: Vec<Path> = paths
                .iter()
                .map(|path| path.iter().rev().cloned().collect())
                .collect();
            let paths: Vec<&[Step]> = paths.iter().map(|path| &path[..]).collect();
            let sent = with(serde_json::from_str(&read).ok()?, &paths);
            Some(Self {
                read: read.into(),
                sent: RawValue::from_string(sent).ok()?,
            })
        }

        #[cold]
        pub(super) fn of<T: super::Field>(&self, field: &T) -> Option<&RawValue> {
            let now = serde_json::to_string(&Writer(field)).ok()?;
            (*now == *self.read).then_some(&self.sent)
        }
    }

    impl PartialEq for Field {
        fn eq(&self, other: &Self) -> bool {
            self.sent.get() == other.sent.get()
        }
    }

    /// The rests of the paths that begin with a step.
    fn below<'a>(paths: &[&'a [Step]], at: impl Fn(&Step) -> bool) -> Vec<&'a [Step]> {
        let split = paths.iter().filter_map(|path| path.split_first());
        split
            .filter(|(step, _)| at(step))
            .map(|(_, rest)| rest)
            .collect()
    }

    /// The text with `null` at these places.
    fn with(text: &RawValue, paths: &[&[Step]]) -> String {
        let written = |text: &RawValue, paths: Vec<&[Step]>| match &paths[..] {
            [] => text.get().to_owned(),
            paths => with(text, paths),
        };
        if let Some(elements) = splice::elements(text) {
            let mut elements = elements.into_iter().peekable();
            let mut all = Vec::new();
            for index in 0.. {
                let here = below(paths, |step| *step == Step::At(index));
                if here.iter().any(|rest| rest.is_empty()) {
                    all.push("null".to_owned());
                } else if let Some(element) = elements.next() {
                    all.push(written(element, here));
                } else {
                    break;
                }
            }
            return format!("[{}]", all.join(","));
        }
        let Some(members) = splice::members(text) else {
            return text.get().to_owned();
        };
        let members = members.into_iter().map(|(key, value)| {
            let here = below(
                paths,
                |step| matches!(step, Step::Key(name) if *name == key),
            );
            let name = serde_json::Value::from(&*key);
            format!("{name}:{}", written(value, here))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

impl<T: Field> Field for Option<T> {
    const HAS_NULL: bool = true;
    const LEAVES_NULLS_OUT: bool = T::LEAVES_NULLS_OUT;

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
}

impl<T: Field> Field for Vec<T> {
    const LEAVES_NULLS_OUT: bool = !T::HAS_NULL || T::LEAVES_NULLS_OUT;

    fn blank() -> Self {
        Vec::new()
    }

    /// Elements that are `null` are left out where the description does not know them (see [`nulls`]): `null` is absent everywhere else too.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Elements<'a, T>(&'a mut Vec<T>);
        impl<'de, T: Field> Visitor<'de> for Elements<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                if T::HAS_NULL {
                    while seq.next_element_seed(Next(&mut *self.0))?.is_some() {}
                    return Ok(());
                }
                let mut index = 0;
                let mut before = if T::LEAVES_NULLS_OUT {
                    nulls::count()
                } else {
                    0
                };
                while let Some(there) = seq.next_element_seed(Present(&mut *self.0, PhantomData))? {
                    if !there {
                        nulls::found(nulls::Step::At(index));
                        before = nulls::count();
                    } else if T::LEAVES_NULLS_OUT && nulls::count() > before {
                        nulls::within(before, &nulls::Step::At(index));
                        before = nulls::count();
                    }
                    index += 1;
                }
                Ok(())
            }
        }
        self.clear();
        deserializer.deserialize_seq(Elements(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for element in self {
            seq.serialize_element(&Writer(element))?;
        }
        seq.end()
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    const LEAVES_NULLS_OUT: bool = T::LEAVES_NULLS_OUT;

    fn blank() -> Self {
        BTreeMap::new()
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Entries<'a, T>(&'a mut BTreeMap<String, T>);
        impl<'de, T: Field> Visitor<'de> for Entries<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    let before = nulls::count();
                    let mut value = T::blank();
                    let is_there = if T::HAS_NULL {
                        map.next_value_seed(InPlace(&mut value))?;
                        true
                    } else {
                        map.next_value_seed(Present(&mut Required(&mut value), PhantomData))?
                    };
                    if T::LEAVES_NULLS_OUT && nulls::count() > before {
                        nulls::within(before, &nulls::Step::Key(key.clone()));
                    }
                    if is_there {
                        self.0.insert(key, value);
                    }
                }
                Ok(())
            }
        }
        self.clear();
        deserializer.deserialize_map(Entries(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &Writer(value))?;
        }
        map.end()
    }
}

impl<R: Record> Field for R {
    fn blank() -> Self {
        Record::blank()
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        read(self, deserializer)
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(self, serializer)
    }
}

/// Fields that serde reads and writes as FOLIO wants it.
macro_rules! plain_fields {
    ($($type:ty = $blank:expr $(, null $has_null:literal)?);* $(;)?) => {
        $(impl Field for $type {
            $(const HAS_NULL: bool = $has_null;)?

            fn blank() -> Self {
                $blank
            }
            fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                *self = serde::Deserialize::deserialize(deserializer)?;
                Ok(())
            }
            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        })*
    };
}

plain_fields! {
    String = String::new();
    bool = false;
    Value = Value::Null, null true;
    Json = Json::default(), null true;
    crate::value::Id = crate::value::Id::default();
    crate::value::DateTime = crate::value::DateTime::default();
    crate::value::Number = crate::value::Number::default();
}

/// Integers: a whole number may be written with a fraction of zeros, JSON knows no difference.
macro_rules! integer_fields {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn blank() -> Self {
                0
            }
            fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                struct Integer;
                impl Visitor<'_> for Integer {
                    type Value = $type;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str(concat!("a whole number (", stringify!($type), ")"))
                    }
                    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<$type, E> {
                        <$type>::try_from(value).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
                    }
                    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<$type, E> {
                        <$type>::try_from(value).map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(value), &self))
                    }
                    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<$type, E> {
                        // Whole numbers up to 2^53 are exact in a double; beyond that digits would be lost without a word.
                        if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
                            return self.visit_i64(value as i64);
                        }
                        Err(E::invalid_value(serde::de::Unexpected::Float(value), &self))
                    }
                }
                *self = deserializer.deserialize_i64(Integer)?;
                Ok(())
            }
            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        })*
    };
}

integer_fields!(i64, i32);

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
                fn blank() -> Self {
                    ::std::boxed::Box::new($crate::runtime::Record::blank())
                }
                fn read<'de, D: $crate::runtime::Deserializer<'de>>(&mut self, deserializer: D) -> ::core::result::Result<(), D::Error> {
                    $crate::runtime::read(&mut **self, deserializer)
                }
                fn encode<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::encode(&**self, serializer)
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
    *place = decode_enum(deserializer)?;
    Ok(())
}

/// Reads an open enum: any string is one.
#[doc(hidden)]
pub fn decode_enum<'de, E: OpenEnum, D: Deserializer<'de>>(deserializer: D) -> Result<E, D::Error> {
    struct Text<E>(PhantomData<E>);
    impl<E: OpenEnum> Visitor<'_> for Text<E> {
        type Value = E;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a string")
        }
        fn visit_str<X>(self, text: &str) -> Result<E, X> {
            let value = E::from(text);
            if !value.is_listed() {
                misfit();
            }
            Ok(value)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}
