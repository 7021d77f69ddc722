//! The ranges of a list, in the order of their ids: which are asked for, which came, and how they are divided.

use std::task::{Context, Poll};

use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::checkpoint::Range;
use super::is_beyond;
use super::progress::Figures;
use crate::error::{Error, Result};
use crate::paging::{Ahead, Came, Decoding, Page, Pager, Shape};
use crate::response::Response;

/// How many pages a range has at least so that it is divided: each costs one request more, for what may be left behind its last page.
const WORTH: f64 = 4.0;

/// How many pages the ranges have that are read ahead of others, if the records are to come in order.
const AHEAD: f64 = 2.0;

/// Where the server does not say how many records there are, no more pages than this are believed in.
const BELIEVED: f64 = 8.0;

pub(super) struct Segments<T> {
    list: Vec<Segment<T>>,
    parallel: usize,
    ordered: bool,
    /// How many ids the last page covered.
    density: f64,
    /// Whether the end of a page, read from behind, was where it seemed to be.
    is_trusted: bool,
    is_first: bool,
    /// How many pages are decoded at once, those that wait for being taken included.
    decoders: usize,
    /// Whether a page is, or was, looked at record by record.
    is_watching: bool,
    /// The range whose records are here.
    current: Option<usize>,
}

struct Segment<T> {
    range: Range,
    /// How many pages are in it, and how many ids a page covers there: guesses, which only say where to divide. 0 if nothing is known.
    pages: f64,
    density: f64,
    state: State<T>,
}

enum State<T> {
    Waiting,
    /// With the end of the range as it was asked for. It may have been divided since.
    Asked(Ahead<Result<Response>>, Option<String>),
    /// The page that covers the range, and where it ends if the server went beyond that.
    Here(Box<Page>, Option<String>),
    /// The same, while its records are decoded and taken.
    Decoding(Box<Reading<T>>),
}

impl<T> State<T> {
    fn is_here(&self) -> bool {
        matches!(self, State::Here(..) | State::Decoding(_))
    }
}

/// A page whose records are taken.
struct Reading<T> {
    decoding: Decoding<T>,
    /// The server may have gone beyond the range: there the page ends.
    stop: Option<String>,
    /// Whether the order is looked at record by record: a server that does not sort would lose some.
    is_watched: bool,
    /// The key of the record before, where that is looked at.
    before: Option<String>,
}

impl<T: DeserializeOwned + Send + 'static> Reading<T> {
    /// The next of the records that are here.
    fn next(&mut self, pager: &Pager) -> Option<Result<T>> {
        let record = self.decoding.next()?;
        if let Err(error) = &record
            && error.record_json().is_none()
        {
            return Some(record);
        }
        if self.is_watched
            && let Some(key) = self.decoding.key_of_last()
        {
            let before = self.before.replace(key.clone());
            let page = self.decoding.page();
            if let Some(before) = before
                && let Some(error) = pager.out_of_order(page.exchange(), &before, &key)
            {
                return Some(Err(error));
            }
        }
        Some(record)
    }

    /// Whether the record that was taken last is of the range after this one, and is read there, as are those that follow it.
    fn is_beyond(&self) -> bool {
        let (Some(stop), Some(key)) = (&self.stop, self.decoding.key_of_last()) else {
            return false;
        };
        is_beyond(&key, stop)
    }

    /// Whether the page ended where it seemed to.
    fn check(&self, shape: &Shape, until: Option<&str>, pager: &Pager) -> Result<()> {
        if self.stop.is_some() || shape.last.is_none() || shape.last.as_deref() == until {
            return Ok(());
        }
        Err(Error::paging(
            self.decoding.page().exchange().clone(),
            format!(
                "the page has another array after its records, with another `{}`: read this list as a stream instead",
                pager.key()
            ),
        ))
    }
}

impl<T: DeserializeOwned + Send + 'static> Segment<T> {
    /// What is left of it.
    fn rest(&self) -> Range {
        let mut rest = self.range.clone();
        if let State::Decoding(reading) = &self.state
            && let Some(last) = reading.decoding.last_key()
        {
            rest.after = Some(last);
        }
        rest
    }
}

impl<T: DeserializeOwned + Send + 'static> Segments<T> {
    pub(super) fn new(ranges: &[Range], parallel: usize, ordered: bool) -> Self {
        let waiting = |range: &Range| Segment {
            range: range.clone(),
            pages: 0.0,
            density: 0.0,
            state: State::Waiting,
        };
        Self {
            list: ranges.iter().map(waiting).collect(),
            parallel,
            ordered,
            density: 0.0,
            is_trusted: false,
            is_first: true,
            decoders: 0,
            is_watching: false,
            current: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn rest(&self) -> impl Iterator<Item = Range> {
        self.list.iter().map(Segment::rest)
    }

    /// What part of all ids is left, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        let shares = self.list.iter().map(|segment| segment.range.share() as f64);
        shares.sum::<f64>() / u128::MAX as f64
    }

    fn count(&self, is: impl Fn(&State<T>) -> bool) -> usize {
        self.list
            .iter()
            .filter(|segment| is(&segment.state))
            .count()
    }

    /// Asks for as many pages as may be on their way, and divides what is large for that.
    pub(super) fn ask(&mut self, pager: &Pager) {
        loop {
            let asked = self.count(|state| matches!(state, State::Asked(..)));
            let here = self.count(State::is_here);
            let most = if self.ordered {
                3 * self.parallel
            } else {
                self.parallel
            };
            let is_waiting = |segment: &Segment<T>| matches!(segment.state, State::Waiting);
            let next = self.list.iter().position(is_waiting);
            // Whatever else is held, the one that all wait for is asked for.
            let is_needed = next == Some(0);
            if asked >= self.parallel || asked + here >= most && !is_needed {
                return;
            }
            match next {
                Some(at) => self.send(at, pager),
                None if !self.divide() => return,
                None => {}
            }
        }
    }

    fn send(&mut self, at: usize, pager: &Pager) {
        if self.ordered && self.list[at].pages > 2.0 * AHEAD {
            self.divide_at(at, AHEAD, self.density);
        }
        let segment = &mut self.list[at];
        let Range { after, until } = &segment.range;
        let request = pager.range(after.as_deref(), until.as_deref());
        segment.state = State::Asked(Ahead::send(&pager.client, request), until.clone());
    }

    /// Divides the largest range of those that are on their way. The page that comes belongs to its first part.
    fn divide(&mut self) -> bool {
        let on_its_way = |segment: &Segment<T>| matches!(segment.state, State::Asked(..));
        let largest = (0..self.list.len())
            .filter(|at| on_its_way(&self.list[*at]))
            .max_by(|a, b| self.list[*a].pages.total_cmp(&self.list[*b].pages));
        match largest {
            Some(at) if self.list[at].pages >= WORTH => {
                let Segment { pages, density, .. } = self.list[at];
                self.divide_at(at, pages / 2.0, density)
            }
            _ => false,
        }
    }

    /// Divides a range behind its first pages: where these would end if their ids lay as near each other as those before, and in the middle
    /// at most.
    fn divide_at(&mut self, at: usize, pages: f64, density: f64) -> bool {
        let segment = &mut self.list[at];
        let part = (pages * density / segment.range.share() as f64).min(0.5);
        let Some((low, high)) = segment.range.split(part) else {
            // As small as can be.
            segment.pages = 0.0;
            return false;
        };
        let rest = Segment {
            range: high,
            pages: segment.pages - pages,
            density: segment.density,
            state: State::Waiting,
        };
        segment.range = low;
        segment.pages = pages;
        self.list.insert(at + 1, rest);
        true
    }

    /// Sees what has come.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        pager: &Pager,
        figures: &mut Figures,
    ) -> Poll<Result<()>> {
        let mut came = false;
        let mut at = 0;
        while at < self.list.len() {
            if let State::Asked(ahead, _) = &mut self.list[at].state
                && let Poll::Ready(response) = ahead.poll(context)
            {
                came = true;
                let arrived = response.flatten().and_then(|response| {
                    figures.page(response.body().len());
                    self.arrive(at, pager.page(&response, figures.received()), pager)
                });
                if let Err(error) = arrived {
                    // It is still to be read.
                    self.list[at].state = State::Waiting;
                    return Poll::Ready(Err(error));
                }
                figures.rest(self.share());
            }
            at += 1;
        }
        if came {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// A page of a range came: it covers the range up to its last record; behind that the range goes on.
    fn arrive(&mut self, at: usize, page: Page, pager: &Pager) -> Result<()> {
        let mut ends = page.ends();
        if !self.is_trusted || ends.last.is_none() {
            let last = page.outline()?.last;
            if self.is_first && last.is_some() {
                self.is_first = false;
                self.is_trusted = ends.last == last;
            }
            ends.last = last;
        }
        let Segment {
            range,
            pages,
            state,
            ..
        } = &self.list[at];
        let (range, pages) = (range.clone(), *pages);
        let asked_until = match state {
            State::Asked(_, until) => until.clone(),
            _ => range.until.clone(),
        };
        let Some(last) = ends.last else {
            if let Some(problem) = pager.without_keys(page.exchange(), &page.outline()?) {
                return Err(problem);
            }
            self.nothing_until(at, asked_until.as_deref());
            return Ok(());
        };
        if let (Some(after), Some(first)) = (&range.after, &ends.first)
            && let Some(error) = pager.out_of_order(page.exchange(), after, first)
        {
            return Err(error);
        }
        let is_whole = range
            .until
            .as_deref()
            .is_some_and(|until| is_beyond(&last, until) || last.eq_ignore_ascii_case(until));
        let rest = Range {
            after: Some(last.clone()),
            until: range.until.clone(),
        };
        let covered = Range {
            after: range.after.clone(),
            until: Some(last.clone()),
        };
        let density = (covered.share() as f64).max(1.0);
        self.density = density;
        let told = ends.total.filter(|_| asked_until == range.until);
        let told = told.map(|total| total as f64 / f64::from(pager.size()) - 1.0);
        let spread = rest.share() as f64 / density;
        let left = match told {
            Some(told) => told.max(spread.min(BELIEVED)),
            None if pages > 0.0 => spread.min(pages.max(BELIEVED)),
            None => spread.min(BELIEVED * BELIEVED),
        };
        // The server may not heed the end of the range, or the range was divided since.
        let stop = range.until.clone().filter(|until| is_beyond(&last, until));
        let segment = &mut self.list[at];
        segment.range = Range {
            after: range.after,
            until: Some(stop.clone().unwrap_or(last)),
        };
        segment.state = State::Here(Box::new(page), stop);
        if !is_whole {
            let rest = Segment {
                range: rest,
                pages: left,
                density,
                state: State::Waiting,
            };
            self.list.insert(at + 1, rest);
        }
        Ok(())
    }

    /// There is nothing in a range, as far as was asked: nor in what was divided from it since.
    fn nothing_until(&mut self, at: usize, asked_until: Option<&str>) {
        let end = Range {
            after: None,
            until: asked_until.map(str::to_owned),
        };
        let is_within = |segment: &Segment<T>| match (end.bounds(), segment.range.bounds()) {
            (Some((_, end)), Some((_, until))) => until <= end,
            _ => false,
        };
        self.list.remove(at);
        while self
            .list
            .get(at)
            .is_some_and(|segment| is_within(segment) && !segment.state.is_here())
        {
            self.list.remove(at);
        }
        // The ids are not as near each other here as they were.
        self.density *= 4.0;
    }

    /// Lets pages be decoded, those that are taken first before others: on all workers of the runtime, and one more that is then there to
    /// be taken. So no more pages than that are in memory both as text and as records.
    fn decode(&mut self) {
        if self.decoders == 0 {
            let workers =
                Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
            self.decoders = workers + 1;
        }
        let mut decoding = self.count(|state| matches!(state, State::Decoding(_)));
        for (at, segment) in self.list.iter_mut().enumerate() {
            // The one that all wait for is decoded whatever else is held.
            if decoding >= self.decoders && at > 0 {
                return;
            }
            segment.state = match std::mem::replace(&mut segment.state, State::Waiting) {
                State::Here(page, stop) => {
                    decoding += 1;
                    State::Decoding(Box::new(Reading {
                        decoding: Decoding::new(*page),
                        stop,
                        is_watched: !std::mem::replace(&mut self.is_watching, true),
                        before: None,
                    }))
                }
                state => state,
            };
        }
    }

    /// The next of the records that are here.
    pub(super) fn next(&mut self, pager: &Pager) -> Option<Result<T>> {
        let at = self.current?;
        let State::Decoding(reading) = &mut self.list.get_mut(at)?.state else {
            return None;
        };
        let record = reading.next(pager);
        if record.is_none() {
            self.current = None;
        } else if reading.stop.is_some() && reading.is_beyond() {
            self.list.remove(at);
            self.current = None;
            return None;
        }
        record
    }

    /// Waits for records: of any page, or of the first if they are to come in order.
    pub(super) fn wait(
        &mut self,
        context: &mut Context<'_>,
        pager: &Pager,
        figures: &mut Figures,
    ) -> Poll<Result<()>> {
        self.decode();
        let candidates = if self.ordered { 1 } else { self.list.len() };
        for (at, segment) in self.list.iter_mut().enumerate().take(candidates) {
            let State::Decoding(reading) = &mut segment.state else {
                continue;
            };
            match reading.decoding.poll(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(Came::Records)) => {
                    self.current = Some(at);
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(Came::End(shape))) => {
                    reading.check(&shape, segment.range.until.as_deref(), pager)?;
                    self.list.remove(at);
                    figures.rest(self.share());
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Pending
    }
}
