//! What is tried where the server rejects the first page of a list. How a list may be read is a fact of its operation; of lists that no
//! description has, and of servers that differ from theirs, it is found out here, in few requests, and never without a note.

use super::pager::Pager;
use crate::wire::error::{Error, ErrorKind};
use crate::wire::paging::PagingStyle;

/// Pages of servers that reject larger ones, such as mod-users-bl, which makes a URI of all ids of a page (recorded).
const SMALL_PAGES: [u32; 2] = [50, 10];

/// What has become of the first page.
#[derive(Default)]
pub(super) struct Fallback {
    /// The first page came, or what else may be tried was tried.
    is_settled: bool,
    /// What is still to be tried.
    untried: Option<Vec<Attempt>>,
    /// How the list would have been read, and the error of that.
    first: Option<Box<(Pager, Error)>>,
    note: Option<String>,
}

/// A way to ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    /// With the order that was added.
    order: bool,
    /// With `cql.allRecords=1`, where the caller gives no query.
    all: bool,
    size: Option<u32>,
}

/// What the words of an error are about.
struct Hints {
    sort: bool,
    all: bool,
    size: bool,
}

impl Hints {
    fn of(error: &Error) -> Self {
        let words = [error.server_message(), error.body_excerpt()];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let words = words.to_lowercase();
        let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
        Self {
            // "expected ')', got sortby"; "column reference "id" is ambiguous" (both recorded).
            sort: has(&["sort", "order by", "ambiguous"]),
            // "Unsupported CQL index: cql.allRecords" (recorded).
            all: has(&["allrecords"]),
            size: has(&["limit", "too long", "too large", "page size", "perpage"]),
        }
    }

    fn any(&self) -> bool {
        self.sort || self.all || self.size
    }
}

impl Pager {
    /// A list is gone on with: how it is read was settled before.
    pub(super) fn goes_on_as_settled(&mut self) {
        self.fallback.is_settled = true;
    }

    /// The first page came: how the list is read is settled.
    pub(super) fn settle(&mut self) {
        if std::mem::replace(&mut self.fallback.is_settled, true) {
            return;
        }
        self.fallback.first = None;
        if let Some(note) = &self.fallback.note {
            tracing::warn!(url = %self.request.shown(), "{note}");
        }
    }

    /// How this list is read otherwise than planned, and why.
    pub(super) fn note(&self) -> Option<&str> {
        let note = self.fallback.note.as_deref();
        note.filter(|_| self.fallback.is_settled)
    }

    /// Whether there is another way to ask for the first page after it was rejected with this error; it is then asked for in that way. Else
    /// the error that the caller gets.
    ///
    /// A rejection is 400, 422 or 500: modules that do not expect `sortBy`, `cql.allRecords` or so large a page answer any of them
    /// (recorded). Where the caller gives a query and the error does not name what was added to it, the query is at fault. A 500 that names
    /// nothing of it is a failure of the server, not a rejection.
    pub(super) fn fall_back(&mut self, error: Error) -> Result<(), Error> {
        let is_rejection = error.kind() == ErrorKind::Status
            && error
                .status()
                .is_some_and(|status| matches!(status.as_u16(), 400 | 422 | 500));
        if self.fallback.is_settled || !is_rejection || self.seen > 0 {
            return Err(self.give_up(error));
        }
        let mut fallback = std::mem::take(&mut self.fallback);
        let untried = fallback
            .untried
            .get_or_insert_with(|| self.attempts(&error));
        if untried.is_empty() {
            self.fallback = fallback;
            return Err(self.give_up(error));
        }
        let attempt = untried.remove(0);
        let planned = match fallback.first.take() {
            Some(first) => *first,
            None => (self.copy(), error),
        };
        let mut pager = planned.0.attempt(attempt);
        fallback.note = Some(note(&planned.0, &planned.1, attempt));
        fallback.first = Some(Box::new(planned));
        pager.fallback = fallback;
        *self = pager;
        Ok(())
    }

    /// The error of the list as it was planned: those of what was tried after it say less.
    fn give_up(&mut self, error: Error) -> Error {
        let fallback = std::mem::take(&mut self.fallback);
        self.fallback.is_settled = true;
        match fallback.first {
            Some(first) => {
                let (planned, error) = *first;
                *self = planned;
                self.fallback.is_settled = true;
                error.with_help("the first page of the list was also requested in other ways (without `sortBy`, without `cql.allRecords=1`, with a smaller `limit`), and was rejected each time")
            }
            None => error,
        }
    }

    /// What may be tried, the most likely first.
    fn attempts(&self, error: &Error) -> Vec<Attempt> {
        let hints = Hints::of(error);
        let is_unexplained = error.status().is_some_and(|status| status.as_u16() == 500);
        if (self.has_query || is_unexplained) && !hints.any() {
            return Vec::new();
        }
        let all = !self.has_query && self.plan.asks_for_all && self.has_cql();
        let order = self.adds_order || self.adds_order_of_dialect();
        let mut attempts = Vec::new();
        if order {
            attempts.push(Attempt {
                order: false,
                all,
                size: None,
            });
        }
        if all {
            attempts.push(Attempt {
                order: false,
                all: false,
                size: None,
            });
        }
        let sizes = SMALL_PAGES
            .into_iter()
            .filter(|size| self.limit.is_none() && *size < self.size);
        let takes_limit = self.plan.style != PagingStyle::Whole;
        for size in sizes.filter(|_| takes_limit) {
            attempts.push(Attempt {
                order,
                all,
                size: Some(size),
            });
        }
        if hints.any() {
            let is_likely = |attempt: &Attempt| match attempt.size {
                Some(_) => hints.size,
                None => hints.sort || hints.all && !attempt.all,
            };
            attempts.sort_by_key(|attempt| !is_likely(attempt));
        }
        attempts
    }

    fn has_cql(&self) -> bool {
        matches!(self.plan.style, PagingStyle::Cql | PagingStyle::Search)
    }

    fn adds_order_of_dialect(&self) -> bool {
        let parameter = match self.plan.style {
            PagingStyle::Erm => "sort",
            PagingStyle::Stream => "orderBy",
            _ => return false,
        };
        self.plan.is_sorted && self.request.parameter(parameter).is_none()
    }

    /// The same list, not begun yet.
    fn copy(&self) -> Self {
        let offset = u32::try_from(self.offset()).ok();
        Self::new(
            self.client.clone(),
            self.request.clone(),
            self.plan.clone(),
            self.limit,
            offset,
        )
    }

    fn attempt(&self, attempt: Attempt) -> Self {
        let mut plan = self.plan.clone();
        if !attempt.order {
            plan.key = None;
            plan.tie = None;
            plan.is_sorted = false;
        }
        plan.asks_for_all &= attempt.all;
        let offset = u32::try_from(self.offset()).ok();
        let mut pager = Self::new(
            self.client.clone(),
            self.request.clone(),
            plan,
            attempt.size.or(self.limit),
            offset,
        );
        pager.limit = self.limit;
        pager
    }
}

/// What the caller is told.
fn note(planned: &Pager, error: &Error, attempt: Attempt) -> String {
    let status = error.status().map(|status| status.as_u16().to_string());
    let words = error.server_message().unwrap_or_default();
    let words: String = words.chars().take(200).collect();
    let rejection = format!(
        "the server rejected the first page ({}{}{words})",
        status.unwrap_or_default(),
        if words.is_empty() { "" } else { " " },
    );
    if let Some(size) = attempt.size {
        return format!(
            "{rejection} of {} records: pages of {size} are requested",
            planned.size
        );
    }
    let without = match attempt.all || planned.has_query || !planned.plan.asks_for_all {
        true => "a `sortBy`",
        false => "`cql.allRecords=1` and a `sortBy`",
    };
    format!(
        "{rejection}: the list is read by offset without {without}, in the order that the server has; records that others insert or delete meanwhile can make it repeat or miss some, and what `totalRecords` shows of that is an error at its end"
    )
}
