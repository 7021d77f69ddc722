//! Fallbacks if the server rejects the first page of a list.
//!
//! The way to read a list is a fact of its operation. For undescribed lists, and for servers that
//! differ from the description, it is determined here, in few requests, and always with a note.

use super::dialect;
use super::plan::ListRequest;
use crate::wire::error::{Error, ErrorKind};

/// Page sizes for servers that reject larger ones, such as mod-users-bl, which builds a URI from
/// all ids of a page (recorded).
const SMALL_PAGES: [u32; 2] = [50, 10];

/// The state of the first page.
#[derive(Default)]
pub(super) struct Fallback {
    /// The first page was received, or the fallbacks are exhausted.
    is_settled: bool,
    /// The remaining fallbacks.
    untried: Vec<Attempt>,
    /// The planned way of reading the list, and its error.
    first: Option<Box<(PlannedPage, Error)>>,
    note: Option<String>,
}

/// A list as planned, and the additions of the SDK to its request.
pub(super) struct PlannedPage {
    pub(super) list: ListRequest,
    /// The caller sets a query.
    pub(super) has_query: bool,
    /// An order was added to the query.
    pub(super) adds_order: bool,
    /// The number of records per page.
    pub(super) size: u32,
}

/// The step after a rejection of the first page.
pub(super) enum AfterRejection {
    /// It is requested again, in this way.
    Request(Box<ListRequest>),
    /// The error for the caller, and the planned list if it was changed.
    GiveUp(Error, Option<Box<ListRequest>>),
}

/// A reduction of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    /// Whether with the added order.
    order: bool,
    /// Whether with `cql.allRecords=1`, if the caller sets no query.
    all: bool,
    size: Option<u32>,
}

/// The subjects that the text of an error names.
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

impl Fallback {
    /// For a list with a known way of reading.
    pub(super) fn settled() -> Self {
        Self {
            is_settled: true,
            ..Self::default()
        }
    }

    /// The first page was received. Returns the note, once.
    pub(super) fn settle(&mut self) -> Option<&str> {
        if std::mem::replace(&mut self.is_settled, true) {
            return None;
        }
        self.first = None;
        self.note.as_deref()
    }

    /// The difference from the planned way of reading, and the reason.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref().filter(|_| self.is_settled)
    }

    /// The step after an error of a page. `planned` is the original request of the page.
    ///
    /// A rejection is 400, 422 or 500: modules that do not expect `sortBy`, `cql.allRecords` or
    /// such a large page respond with any of them (recorded). If the caller sets a query and the
    /// error names none of the SDK's additions, the query is at fault. A 500 that names none of
    /// them is a failure of the server, not a rejection.
    pub(super) fn next(
        &mut self,
        error: Error,
        is_first: bool,
        planned: impl FnOnce() -> PlannedPage,
    ) -> AfterRejection {
        let is_rejection = error.kind() == ErrorKind::Status
            && error
                .status()
                .is_some_and(|status| matches!(status.as_u16(), 400 | 422 | 500));
        if self.is_settled || !is_rejection || !is_first {
            return self.give_up(error);
        }
        let Some(first) = self.first.take() else {
            let planned = planned();
            self.untried = planned.attempts(&error);
            return match self.untried.is_empty() {
                true => self.give_up(error),
                false => self.attempt(Box::new((planned, error))),
            };
        };
        if self.untried.is_empty() {
            self.first = Some(first);
            return self.give_up(error);
        }
        self.attempt(first)
    }

    fn attempt(&mut self, first: Box<(PlannedPage, Error)>) -> AfterRejection {
        let attempt = self.untried.remove(0);
        let (planned, error) = &*first;
        self.note = Some(planned.note(error, attempt));
        let list = planned.attempt(attempt);
        self.first = Some(first);
        AfterRejection::Request(Box::new(list))
    }

    /// The error of the list as planned: the errors of the fallbacks are less informative.
    fn give_up(&mut self, error: Error) -> AfterRejection {
        self.is_settled = true;
        match self.first.take() {
            Some(first) => {
                self.note = None;
                let (planned, error) = *first;
                AfterRejection::GiveUp(
                    error.with_help("the first page was also requested without `sortBy`, without `cql.allRecords=1` and with a smaller `limit`; the server rejected each of these requests"),
                    Some(Box::new(planned.list)),
                )
            }
            None => AfterRejection::GiveUp(error, None),
        }
    }
}

impl PlannedPage {
    /// The possible fallbacks, the most likely first.
    fn attempts(&self, error: &Error) -> Vec<Attempt> {
        let hints = Hints::of(error);
        let is_unexplained = error.status().is_some_and(|status| status.as_u16() == 500);
        if (self.has_query || is_unexplained) && !hints.any() {
            return Vec::new();
        }
        let ListRequest {
            request,
            plan,
            limit,
            ..
        } = &self.list;
        let dialect = dialect::of(plan.style);
        let all = !self.has_query && plan.asks_for_all && dialect.may_omit_query();
        let adds_parameter = dialect
            .order()
            .is_some_and(|(name, _)| plan.is_sorted && request.parameter(name).is_none());
        let order = self.adds_order || adds_parameter;
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
            .filter(|size| limit.is_none() && *size < self.size);
        for size in sizes.filter(|_| dialect.has_pages()) {
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

    /// The list as a fallback requests it.
    fn attempt(&self, attempt: Attempt) -> ListRequest {
        let mut list = self.list.clone();
        if !attempt.order {
            list.plan.key = None;
            list.plan.tie = None;
            list.plan.is_sorted = false;
        }
        list.plan.asks_for_all &= attempt.all;
        list.limit = attempt.size.or(list.limit);
        list
    }

    /// The difference between a fallback and the planned way of reading, and the reason.
    fn note(&self, error: &Error, attempt: Attempt) -> String {
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
                "{rejection} of {} records: the SDK requests pages of {size}",
                self.size
            );
        }
        let without = match attempt.all || self.has_query || !self.list.plan.asks_for_all {
            true => "a `sortBy`",
            false => "`cql.allRecords=1` and a `sortBy`",
        };
        format!(
            "{rejection}: the list is read by offset without {without}, in the server's own order. Concurrent inserts and deletes can repeat or skip records; if `totalRecords` shows this, the list ends with an error"
        )
    }
}
