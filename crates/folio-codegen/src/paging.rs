//! The pagination of a list: `x-folio.paging` of a canonical document.

use serde_json::Value;

use crate::document::{Document, string};
use crate::error::Error;

/// How a list is paged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Paging {
    pub(crate) style: String,
    /// The key of the records in the list.
    pub(crate) items: Option<String>,
    /// The key of a record by which `stream` pages.
    pub(crate) key: Option<String>,
    /// The most records that a page can have.
    pub(crate) max: Option<u64>,
    pub(crate) limits: Limits,
    /// The kind of record of which a resource job lists all ids, where the list shows only some.
    pub(crate) job: Option<String>,
    /// A reference to the record, where the response is one of several types.
    pub(crate) record: Option<String>,
}

/// The parameters that the server of a list rejects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) sort: bool,
    pub(crate) all: bool,
    pub(crate) query: bool,
}

impl Paging {
    /// Reads the facts at a place.
    pub(crate) fn read(document: &Document, at: &str, paging: &Value) -> Result<Self, Error> {
        let rejects = |key: &str| paging.get(key) == Some(&Value::Bool(false));
        Ok(Self {
            style: string(document, at, paging, "style")?
                .ok_or_else(|| Error::document(&document.name, at, "a paging without `style`"))?,
            items: string(document, at, paging, "items")?,
            key: string(document, at, paging, "key")?,
            max: paging.get("max").and_then(Value::as_u64),
            limits: Limits {
                sort: rejects("sort"),
                all: rejects("all"),
                query: rejects("query"),
            },
            job: string(document, at, paging, "job")?,
            record: string(document, at, paging, "record")?,
        })
    }

    /// Of two lists at one path, the common facts, and the rejections of either.
    pub(crate) fn narrow(&mut self, other: &Self) {
        if (&self.style, &self.items) != (&other.style, &other.items) {
            // They have no more in common than that: nothing is known.
            self.style = String::new();
        }
        if self.key != other.key {
            self.key = None;
        }
        self.max = self.max.min(other.max).or(self.max).or(other.max);
        self.limits.sort |= other.limits.sort;
        self.limits.all |= other.limits.all;
        self.limits.query |= other.limits.query;
        if self.job != other.job {
            self.job = None;
        }
    }
}

/// The variant of a style of paging.
pub(crate) fn style(style: &str) -> Option<&'static str> {
    Some(match style {
        "browse" => "Browse",
        "cql" => "Cql",
        "erm" => "Erm",
        "offset" => "Offset",
        "retrieve" => "Retrieve",
        "search" => "Search",
        "stream" => "Stream",
        "whole" => "Whole",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn read(paging: Value) -> Result<Paging, Error> {
        Paging::read(&Document::new("mod-things", json!({})), "/here", &paging)
    }

    #[test]
    fn what_is_stated_of_a_list_is_read_and_what_is_none_is_an_error() {
        let paging = read(json!({"style": "cql", "items": "things", "max": 5, "sort": false}));
        let limits = Limits {
            sort: true,
            ..Limits::default()
        };
        let expected = Paging {
            style: "cql".to_owned(),
            items: Some("things".to_owned()),
            max: Some(5),
            limits,
            ..Paging::default()
        };
        assert_eq!(paging.unwrap(), expected);
        for (broken, at) in [
            (json!({}), "at /here: a paging without `style`"),
            (
                json!({"style": 1}),
                "at /here/style: expected a string, found a number",
            ),
            (
                json!({"style": "cql", "key": []}),
                "at /here/key: expected a string",
            ),
        ] {
            let error = read(broken).unwrap_err().to_string();
            assert!(error.contains(at), "{error}");
        }
    }

    #[test]
    fn a_path_of_two_modules_has_what_both_state() {
        let mut list = read(json!({"style": "cql", "items": "things", "key": "id"})).unwrap();
        let other = json!({"style": "cql", "items": "things", "max": 500, "all": false});
        list.narrow(&read(other).unwrap());
        assert_eq!((list.key.as_deref(), list.max), (None, Some(500)));
        assert!(list.limits.all && !list.limits.sort);
        list.narrow(&read(json!({"style": "offset", "items": "things"})).unwrap());
        assert_eq!(style(&list.style), None);
    }
}
