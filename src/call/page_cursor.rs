//! Where a list continues behind a page, as text that can be part of a URL.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::paging::ListPosition;
use crate::wire::error::Error;
use crate::wire::request::Request;

/// Where a list continues behind a page: [`Page::cursor`](crate::Page::cursor) gives it, and
/// [`PageStream::after`](crate::PageStream::after) takes it, also in another process and after
/// days.
///
/// It is text of letters, digits, `-` and `_` ([`Display`](fmt::Display),
/// [`FromStr`](std::str::FromStr), and serde). It holds the id of the page's last record (of a list
/// that is read by offset, the offset and the ids of the last 16), and no other data. It is not
/// signed: someone who changes it reads from another position of the same list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCursor {
    /// What the list is recognized by.
    list: u64,
    pub(super) position: ListPosition,
    pub(super) total: Option<u64>,
}

/// A cursor as JSON, with short names: it becomes part of URLs.
#[derive(Serialize, Deserialize)]
struct CursorJson {
    l: u64,
    p: ListPosition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u64>,
}

impl PageCursor {
    pub(super) fn new(list: &Request, position: ListPosition, total: Option<u64>) -> Self {
        Self {
            list: identity(list),
            position,
            total,
        }
    }

    /// Whether it is of this list.
    pub(super) fn is_of(&self, list: &Request) -> bool {
        self.list == identity(list)
    }
}

/// What a list is recognized by. Neither the tenant nor the page size is part of it.
fn identity(list: &Request) -> u64 {
    let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, list.shown().as_bytes());
    name.as_u64_pair().0
}

impl fmt::Display for PageCursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = CursorJson {
            l: self.list,
            p: self.position.clone(),
            t: self.total,
        };
        let json = serde_json::to_vec(&json).map_err(|_| fmt::Error)?;
        out.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for PageCursor {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if the text is not a cursor.
    fn from_str(text: &str) -> Result<Self, Error> {
        let json = URL_SAFE_NO_PAD.decode(text).ok();
        let json: Option<CursorJson> = json.and_then(|json| serde_json::from_slice(&json).ok());
        let Some(CursorJson { l, p, t }) = json else {
            return Err(Error::invalid_cursor());
        };
        Ok(Self {
            list: l,
            position: p,
            total: t,
        })
    }
}

impl Serialize for PageCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PageCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
