//! Checks that the keys of a list are in order.
//!
//! If a server ignored the key or the order, records would be lost silently.

use super::page_body::{PageBody, PageSummary};
use super::pager::Pager;
use crate::value::uuid::{is_after, is_uuid};
use crate::wire::error::{Error, Exchange, Result};

/// The number of records whose order is checked one by one. A server that does not sort is detected
/// among the first.
const WATCHED: u64 = 1_000;

impl Pager {
    /// Whether the order of a record must be checked.
    pub(super) fn watches(&self, received: u64) -> bool {
        self.by_key && (self.seen + received <= WATCHED || self.has_text_keys())
    }

    /// Whether keys were received that are not UUIDs.
    pub(crate) fn has_text_keys(&self) -> bool {
        self.text_keys.is_some()
    }

    /// The error of a repeated key that is not a UUID. The order of such keys depends on the
    /// database, so that only a repetition reveals that a server ignores the key or the order.
    pub(crate) fn repeats(&mut self, exchange: &Exchange, key: &str) -> Option<Error> {
        if is_uuid(key) || self.text_keys.get_or_insert_default().is_new(key) {
            return None;
        }
        let name = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "the server ignores `{name}>…` or the order by `{name}`: {key} was already received; read this list by offset (set a `sortBy`)"
            ),
        ))
    }

    /// The error of a key that was received after a greater one.
    pub(crate) fn out_of_order(
        &self,
        exchange: &Exchange,
        before: &str,
        key: &str,
    ) -> Option<Error> {
        (!is_after(key, before)).then(|| {
            let name = self.key();
            Error::paging(
                exchange.clone(),
                format!(
                    "the server ignores `{name}>…` or the order by `{name}`: {key} was received after {before}; read this list by offset (set a `sortBy`)"
                ),
            )
        })
    }

    /// The error of a page of a list that is read by key, if no record has a key. A page of nulls
    /// that is shorter than requested is the last one.
    pub(crate) fn without_keys(&self, exchange: &Exchange, page: &PageSummary) -> Option<Error> {
        if page.received == 0 || page.nulls == page.received && page.received < u64::from(self.size)
        {
            return None;
        }
        let key = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "the list is read by `{key}`, but no record of the page has a `{key}` that is a string or a number"
            ),
        ))
    }

    /// Whether a page of a list that is read by key follows the previous one.
    pub(super) fn follows(&self, page: &PageBody, first: Option<&str>) -> Result<()> {
        match (&self.last, first) {
            (Some(before), Some(first)) if self.by_key => self
                .out_of_order(page.exchange(), before, first)
                .map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }
}
