//! Identifiers of records.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use arrayvec::ArrayString;
use uuid::Uuid;

use super::text::{ShortText, excerpt, text_value};
use crate::value::uuid::{is_same_uuid, is_uuid};

/// The length of a UUID with its hyphens.
const LENGTH: usize = 36;

/// An identifier of a record: a UUID, as the server sent it.
///
/// **Equality.** UUIDs that differ only in the case of their letters are equal: FOLIO stores the
/// `id` of a record in lower case, and a reference to it as the client wrote it. Other text
/// (FOLIO's older data has such identifiers) is equal to the same text only. [`as_str`](Self::as_str),
/// `Display` and serde retain the case that the server sent.
///
/// **As a key.** An `Id` is a key of `HashMap` and `BTreeMap`, and a join needs no conversion:
/// `map.get(&holding.instance_id)`. A look-up by `&str` uses [`Borrow<str>`](#impl-Borrow<str>-for-Id),
/// which gives the UUID in lower case; so the text to look up must be in lower case too. Make text
/// of unknown case an `Id` first: `map.get(&Id::from(text))`.
///
/// **Conversion.** `From<&str>` accepts any text, since records hold what servers send. `FromStr`
/// (`text.parse()`) accepts a UUID with hyphens only.
///
/// ```
/// use std::collections::HashMap;
/// use folio_sdk::Id;
///
/// let id = Id::from("69640328-788e-43fc-9c3c-AF39E243F3B7");
/// assert_eq!(id, "69640328-788e-43fc-9c3c-af39e243f3b7");
/// assert_eq!(id.to_string(), "69640328-788e-43fc-9c3c-AF39E243F3B7");
/// assert!(id.to_uuid().is_ok());
///
/// let titles = HashMap::from([(id.clone(), "A title")]);
/// assert_eq!(titles.get(&id), Some(&"A title"));
/// assert_eq!(titles.get("69640328-788e-43fc-9c3c-af39e243f3b7"), Some(&"A title"));
///
/// let error = "lib-1".parse::<Id>().unwrap_err();
/// assert_eq!(error.to_string(), "`lib-1` is not a UUID: expected 32 hexadecimal digits in groups of 8-4-4-4-12, such as 69640328-788e-43fc-9c3c-af39e243f3b7");
/// assert!(Id::from("lib-1").to_uuid().is_err());
/// ```
#[derive(Clone)]
pub struct Id(Text);

/// The text of an identifier.
#[derive(Clone)]
enum Text {
    /// It is compared as it is.
    Plain(ShortText<LENGTH>),
    /// A UUID with upper-case letters.
    UpperCase(Box<UpperCase>),
}

#[derive(Clone)]
struct UpperCase {
    sent: ArrayString<LENGTH>,
    lower_case: ArrayString<LENGTH>,
}

text_value!(Id, "an identifier (a string)");

impl Id {
    /// A new random identifier (a UUID of version 4). A create request with it is idempotent: after
    /// a lost response it can be sent again, since FOLIO rejects a second record with the same id.
    pub fn new_v4() -> Self {
        Uuid::new_v4().into()
    }

    /// The text as the server sent it.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Plain(text) => text.as_str(),
            Text::UpperCase(text) => &text.sent,
        }
    }

    /// The UUID.
    ///
    /// # Errors
    /// The text is not a UUID with hyphens.
    pub fn to_uuid(&self) -> Result<Uuid, InvalidId> {
        let text = self.as_str();
        if is_uuid(text)
            && let Ok(uuid) = Uuid::try_parse(text)
        {
            return Ok(uuid);
        }
        Err(InvalidId { text: text.into() })
    }

    fn of(text: &str) -> Self {
        if text.bytes().any(|byte| byte.is_ascii_uppercase())
            && is_uuid(text)
            && let Ok(sent) = ArrayString::from(text)
        {
            let mut lower_case = sent;
            lower_case.make_ascii_lowercase();
            return Self(Text::UpperCase(Box::new(UpperCase { sent, lower_case })));
        }
        Self(Text::Plain(ShortText::new(text)))
    }

    /// The text by which identifiers are compared.
    fn key(&self) -> &str {
        match &self.0 {
            Text::Plain(text) => text.as_str(),
            Text::UpperCase(text) => &text.lower_case,
        }
    }

    fn is(&self, text: &str) -> bool {
        let key = self.key();
        key == text || is_same_uuid(key, text)
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Id {}

// As those of the text that `Borrow` gives.
impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    /// The order of UUIDs in FOLIO's database, by which a list sorted by `id` comes.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(other.key())
    }
}

impl Borrow<str> for Id {
    /// The text by which identifiers are compared: a UUID in lower case, other text as it is.
    fn borrow(&self) -> &str {
        self.key()
    }
}

impl From<Uuid> for Id {
    fn from(uuid: Uuid) -> Self {
        Self::of(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl TryFrom<&Id> for Uuid {
    type Error = InvalidId;

    fn try_from(id: &Id) -> Result<Self, InvalidId> {
        id.to_uuid()
    }
}

impl TryFrom<Id> for Uuid {
    type Error = InvalidId;

    fn try_from(id: Id) -> Result<Self, InvalidId> {
        id.to_uuid()
    }
}

impl PartialEq<Uuid> for Id {
    fn eq(&self, other: &Uuid) -> bool {
        self.is(other.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl PartialEq<Id> for Uuid {
    fn eq(&self, other: &Id) -> bool {
        other == self
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    /// Accepts a UUID with hyphens, in either case, and retains its case.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match is_uuid(text) {
            true => Ok(Self::of(text)),
            false => Err(InvalidId { text: text.into() }),
        }
    }
}

/// The error of text that is not a UUID with hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    text: Box<str>,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} is not a UUID: expected 32 hexadecimal digits in groups of 8-4-4-4-12, such as 69640328-788e-43fc-9c3c-af39e243f3b7",
            excerpt(&self.text)
        )
    }
}

impl std::error::Error for InvalidId {}
