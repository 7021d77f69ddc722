//! What a record, its fields, and what reads and writes them are.

use serde::de::Deserializer;
use serde::ser::Serializer;

use crate::record::additional_fields::AdditionalFields;
use crate::record::lenient::{Mistyped, Walk};

/// A record that reads and writes itself by a table of its fields. Implemented by generated code.
///
/// # Responses that do not fit
/// What a server sends is read also where it does not fit the description, and nothing of it is
/// lost:
///
/// - A required field that is absent has its blank value: empty text, zero, `false`, an empty list.
///   [`missing`](Self::missing) names it. It stays absent when the record is written, unless it is
///   set.
/// - A field of another type is `None`, or blank if it is required; where the same value exists in
///   the described type, it has that: `20` of `"20"`. [`mistyped`](Self::mistyped) gives what was
///   received. It is written back as it was received, unless it is set.
/// - In a list, a value of another type is blank, so that the others stay in their places. A record
///   in a list that is no object is left out of it, and is written back in its place.
///
/// A field that is set to its blank value is not seen to be set: see [`AdditionalFields::forget`].
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
pub trait Record: Sized + Clone + PartialEq + 'static {
    /// The record's name, and the JSON names of its required fields. One constant: thousands of
    /// records have it.
    #[doc(hidden)]
    const ABOUT: (&'static str, &'static [&'static str]);

    /// The record's name, `User`.
    const NAME: &'static str = Self::ABOUT.0;

    /// The JSON names of the required fields.
    const REQUIRED: &'static [&'static str] = Self::ABOUT.1;

    /// A record of which nothing has been read yet: required fields are blank. It never leaves this
    /// crate as such.
    #[doc(hidden)]
    fn blank() -> Self;

    /// Reads the value of `key` into its field, or among the unknown ones.
    #[doc(hidden)]
    fn set<S: Source>(&mut self, key: &str, from: &mut S);

    /// Hands over the unknown fields, and then the others in turn.
    #[doc(hidden)]
    fn put<'a, P: Put<'a>>(&'a self, out: &mut P);

    /// The required fields that the response lacked or had as `null`, here and in the records
    /// within, by their paths: `metadata.createdDate`, `items[3].status`. Fields set since then are
    /// excluded.
    ///
    /// Empty for a record that the program made.
    fn missing(&self) -> Vec<String> {
        let mut walk = Walk::default();
        Field::walk(self, &mut walk);
        walk.missing
    }

    /// The values that the response had in another type than described, here and in the records
    /// within. Fields set since then are excluded.
    ///
    /// Of a list, elements that are `null` where the description knows none, and records that are
    /// no objects, are here, too: the list leaves them out.
    fn mistyped(&self) -> Vec<Mistyped> {
        let mut walk = Walk::default();
        Field::walk(self, &mut walk);
        walk.mistyped
    }
}

/// A value of a record's field: what it is read from and how it is written.
///
/// It differs from serde's traits where FOLIO's servers differ from their descriptions: `3.0` is an
/// integer, `null` is absent.
#[doc(hidden)]
pub trait Field: Sized + Clone + PartialEq + 'static {
    /// Whether `null` is a value of it. Elsewhere `null` is absent.
    const HAS_NULL: bool = false;

    /// Whether it is a record. In a list, what is no record is left out.
    const IS_RECORD: bool = false;

    /// What stands where nothing has been read yet.
    fn blank() -> Self;

    /// Reads a value into its place. Records are large: they are decoded in place, to avoid moving
    /// them.
    ///
    /// A value of another type is noted, and no error ([`lenient`]): it is for what the value is in
    /// to preserve it.
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

/// The name of no field: [`Record::set`] then has the unknown ones.
pub(super) const NO_FIELD: &str = "\0";

/// Where a record's fields are read from. Neither it nor [`Put`] returns a failure: it is stored
/// until the field is done, since a result that each field hands on costs the compiler more than
/// all else about the field.
#[doc(hidden)]
pub trait Source {
    /// Reads the current value into an optional field.
    fn optional<T: Field>(&mut self, field: &mut T);

    /// Reads the current value into the required field of this number. A `null` leaves the field
    /// missing.
    fn required<T: Field>(&mut self, field: &mut T, number: u32);

    /// Stores the current value among the unknown fields.
    fn unknown(&mut self, extra: &mut AdditionalFields, key: &str);
}

/// What takes a record's fields.
#[doc(hidden)]
pub trait Put<'a> {
    /// Takes the unknown fields.
    fn extra(&mut self, extra: &'a AdditionalFields);

    /// Takes a field.
    fn field<T: Field>(&mut self, key: &'static str, value: &'a T);
}

impl AdditionalFields {
    /// Forgets that a described field of the record was missing in the response or of another type:
    /// the record then writes the value that the field has. This is needed only to set such a
    /// field to its blank value (`None`, `false`, zero, empty text), which is what it has anyway.
    ///
    /// The field is named as in JSON. `R` is the record that these are the unknown fields of.
    ///
    /// ```
    /// # #[cfg(feature = "users")] {
    /// use folio_sdk::users::User;
    ///
    /// let mut user: User = serde_json::from_str(r#"{"active":"yes"}"#)?;
    /// user.additional_fields.forget::<User>("active");
    /// assert_eq!(serde_json::to_string(&user)?, "{}");
    /// # }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn forget<R: Record>(&mut self, field: &str) {
        self.forget_field(field, R::REQUIRED);
    }
}
