//! `perPage`, `offset` and `sort=field;asc`: agreements, licenses and the other ERM modules.

use super::definition::{Dialect, PagePlace, PageRequest, Start, ordered, page_of};
use crate::wire::request::Request;

/// The largest page of web-toolkit.
const LARGEST_PAGE: u32 = 100;

/// The default page size of the server.
const DEFAULT_SIZE: u32 = 10;

/// [`PagingStyle::Erm`](crate::PagingStyle::Erm).
#[derive(Debug)]
pub(super) struct ErmList;

impl Dialect for ErmList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        page_of(ordered(self, base, page), "perPage", page)
    }

    fn largest_page(&self, stated: Option<u32>) -> u32 {
        stated.unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE)
    }

    /// `perPage` or `max`, and `page` (from 1) or `offset`. A value that is not a number stays, so
    /// that the server rejects it.
    fn start(&self, request: &mut Request, given: Start) -> Start {
        let mut take = |name: &str| {
            let number = request.parameter(name)?.trim().parse::<u32>().ok()?;
            request.remove_query(name);
            Some(number)
        };
        let (per_page, max) = (take("perPage"), take("max"));
        let (page, begin) = (take("page"), take("offset"));
        let limit = given.limit.or(per_page).or(max);
        let before = page.map(|page| {
            let size = limit.unwrap_or(DEFAULT_SIZE);
            page.saturating_sub(1).saturating_mul(size)
        });
        Start {
            limit,
            offset: given.offset.or(begin).or(before),
        }
    }

    /// With statistics (`stats=true`) the list is the property `results`.
    fn items(&self, request: &Request) -> Option<&'static str> {
        (request.parameter("stats") == Some("true")).then_some("results")
    }

    fn order(&self) -> Option<(&'static str, &'static str)> {
        Some(("sort", "id;asc"))
    }

    fn place(&self, wanted: PagePlace, offset: u64) -> PagePlace {
        let (from, size) = window(wanted.from, wanted.size, wanted.overlaps);
        if wanted.overlaps && from + u64::from(size) <= wanted.from + 1 {
            // No page of this size or less contains both the last record and the next one: with
            // pages of three, the records 5 and 6.
            let (from, size) = window(offset, wanted.size, false);
            return PagePlace {
                from,
                size,
                overlaps: false,
            };
        }
        PagePlace {
            from,
            size,
            ..wanted
        }
    }
}

/// The start and the size of a page that contains the record at an offset.
///
/// web-toolkit converts an offset to a page number of this size and drops the remainder
/// (`RestfulController.doTheLookup`): with pages of 100, an offset of 150 returns the records from
/// 100 on. So the size is chosen such that a page starts at the offset; or, if records may be
/// repeated, shortly before it, with as many as possible after it.
fn window(from: u64, most: u32, may_repeat: bool) -> (u64, u32) {
    let sizes =
        (1..=most.max(1)).filter(|size| may_repeat || from.is_multiple_of(u64::from(*size)));
    let size = sizes.max_by_key(|size| (u64::from(*size) - from % u64::from(*size), *size));
    let size = size.unwrap_or(1);
    (from - from % u64::from(size), size)
}
