//! Checks that the keys of a list come in order.
//!
//! A server that ignores the key or the order would lose records silently.

use super::page_body::{PageBody, PageSummary};
use super::pager::Pager;
use crate::value::uuid::{is_after, is_uuid};
use crate::wire::error::{Error, Exchange, Result};

/// Of how many records the order is checked one by one. A server that does not sort is found out
/// among the first.
const WATCHED: u64 = 1_000;

impl Pager {
    /// Whether the order of a record must be checked.
    pub(super) fn watches(&self, received: u64) -> bool {
        self.by_key && (self.seen + received <= WATCHED || self.has_text_keys())
    }

    /// Whether keys came that are not UUIDs.
    pub(crate) fn has_text_keys(&self) -> bool {
        self.text_keys.is_some()
    }

    /// What is wrong with a key that is not a UUID and came before. Of those the order is as the
    /// database pleases, so that only this shows that a server ignores the key or the order.
    pub(crate) fn repeats(&mut self, exchange: &Exchange, key: &str) -> Option<Error> {
        if is_uuid(key) || self.text_keys.get_or_insert_default().is_new(key) {
            return None;
        }
        let name = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "the server ignores `{name}>…` or the order by `{name}`: {key} came before; read this list by offset (give a `sortBy` of your own)"
            ),
        ))
    }

    /// What is wrong with a key that came after another.
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
                    "the server ignores `{name}>…` or the order by `{name}`: after {before} came {key}; read this list by offset (give a `sortBy` of your own)"
                ),
            )
        })
    }

    /// What is wrong with a page of a list that is read by key, of which no record has one. A page
    /// of nulls that could have had more is the last one.
    pub(crate) fn without_keys(&self, exchange: &Exchange, page: &PageSummary) -> Option<Error> {
        if page.received == 0 || page.nulls == page.received && page.received < u64::from(self.size)
        {
            return None;
        }
        let key = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "no record of the page has a `{key}` that is text or a number, and the list is read by it"
            ),
        ))
    }

    /// Whether a page of a list that is read by key comes after the one before.
    pub(super) fn follows(&self, page: &PageBody, first: Option<&str>) -> Result<()> {
        match (&self.last, first) {
            (Some(before), Some(first)) if self.by_key => self
                .out_of_order(page.exchange(), before, first)
                .map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }
}
