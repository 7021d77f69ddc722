//! Walks through the JSON of a response to the elements of its list, without decoding them.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// How many properties of a response are remembered, for errors.
const PROPERTIES: usize = 30;

/// How far a response was walked through.
#[derive(Clone, Debug)]
pub(super) struct ListWalk {
    /// The property that is the array of records; none if the response is the array.
    items: Option<Cow<'static, str>>,
    at: usize,
    phase: WalkPhase,
    is_sequence: bool,
    /// Whether the array was found.
    pub(super) found: bool,
    /// The properties of the response before and after it.
    pub(super) properties: Vec<String>,
    /// `totalRecords`, as far as the response was walked through.
    pub(super) total: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WalkPhase {
    Start,
    /// Before a property of the response; after the brace that opens it there may be none.
    Property {
        first: bool,
    },
    /// In the array, before an element or the end.
    Element {
        first: bool,
    },
    /// In a response that is one record after the other, without an array.
    Sequence,
    Done,
}

/// The text is not JSON from here on.
pub(super) struct Broken;

impl ListWalk {
    pub(super) fn new(items: Option<Cow<'static, str>>, is_sequence: bool) -> Self {
        Self {
            items,
            at: 0,
            phase: match is_sequence {
                true => WalkPhase::Sequence,
                false => WalkPhase::Start,
            },
            is_sequence,
            found: false,
            properties: Vec::new(),
            total: None,
        }
    }

    /// The property that is the array of records.
    pub(super) fn items(&self) -> Option<&str> {
        self.items.as_deref()
    }

    /// Whether the records come one after the other, without an array.
    pub(super) fn is_sequence(&self) -> bool {
        self.is_sequence
    }

    /// The element ends here.
    pub(super) fn pass(&mut self, end: usize) {
        self.at = end;
    }

    /// Nothing follows.
    pub(super) fn end(&mut self) {
        self.phase = WalkPhase::Done;
    }

    /// The same response from its beginning.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.items.clone(), self.is_sequence)
    }

    /// Moves to the next element and says where it begins; none at the end of the response.
    pub(super) fn next(&mut self, body: &[u8]) -> Result<Option<usize>, Broken> {
        loop {
            self.at = blank(body, self.at);
            let next = body.get(self.at).copied();
            match (self.phase, next) {
                (WalkPhase::Done, _) => {
                    self.found = true;
                    return Ok(None);
                }
                (WalkPhase::Sequence, None) => {
                    self.found = true;
                    return Ok(None);
                }
                (WalkPhase::Sequence, Some(_)) => return Ok(Some(self.at)),
                (WalkPhase::Start, Some(b'[')) => {
                    self.at += 1;
                    // There is no property that the array could be.
                    self.items = None;
                    self.found = true;
                    self.phase = WalkPhase::Element { first: true };
                }
                (WalkPhase::Start, Some(b'{')) => {
                    self.at += 1;
                    self.phase = WalkPhase::Property { first: true };
                }
                (WalkPhase::Property { .. }, Some(b'}'))
                | (WalkPhase::Element { .. }, Some(b']'))
                    if self.closes(next) =>
                {
                    self.at += 1;
                    if next == Some(b']') && self.items.is_some() {
                        self.phase = WalkPhase::Property { first: false };
                    } else if blank(body, self.at) == body.len() {
                        return Ok(None);
                    } else {
                        return Err(Broken);
                    }
                }
                (WalkPhase::Element { first }, Some(byte)) => {
                    if !first {
                        (byte == b',').then_some(()).ok_or(Broken)?;
                        self.at = blank(body, self.at + 1);
                    }
                    self.phase = WalkPhase::Element { first: false };
                    return Ok(Some(self.at));
                }
                (WalkPhase::Property { first }, Some(byte)) => {
                    if !first {
                        (byte == b',').then_some(()).ok_or(Broken)?;
                        self.at = blank(body, self.at + 1);
                    }
                    self.phase = WalkPhase::Property { first: false };
                    self.property(body)?;
                }
                _ => return Err(Broken),
            }
        }
    }

    /// Whether a bracket can close what is open: not after a comma, which is passed with what
    /// follows it.
    fn closes(&self, next: Option<u8>) -> bool {
        match self.phase {
            WalkPhase::Property { .. } => next == Some(b'}'),
            WalkPhase::Element { .. } => next == Some(b']'),
            _ => false,
        }
    }

    /// Moves past a property of the response, or into the array.
    fn property(&mut self, body: &[u8]) -> Result<(), Broken> {
        let rest = |at: usize| body.get(at..).unwrap_or_default();
        let (property, length) = value::<String>(rest(self.at))?;
        let at = blank(body, self.at + length);
        (body.get(at) == Some(&b':')).then_some(()).ok_or(Broken)?;
        let at = blank(body, at + 1);
        let wanted = self.items.as_deref() == Some(property.as_str());
        if wanted && body.get(at) == Some(&b'[') {
            self.found = true;
            self.at = at + 1;
            self.phase = WalkPhase::Element { first: true };
        } else if property == "totalRecords" {
            let (total, length) = value::<serde_json::Value>(rest(at))?;
            self.total = total.as_u64();
            self.at = at + length;
        } else {
            let (nothing, length) = value::<Option<IgnoredAny>>(rest(at))?;
            // A list that is null is empty.
            self.found |= wanted && nothing.is_none();
            self.at = at + length;
        }
        if self.properties.len() < PROPERTIES {
            self.properties.push(property);
        }
        Ok(())
    }
}

/// The first JSON value of `json` and where it ends.
pub(super) fn read<'a, T: Deserialize<'a>>(
    json: &'a [u8],
) -> Option<Result<(T, usize), serde_json::Error>> {
    let mut stream = serde_json::Deserializer::from_slice(json).into_iter::<T>();
    let value = stream.next()?;
    Some(value.map(|value| (value, stream.byte_offset())))
}

fn value<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<(T, usize), Broken> {
    read(json).and_then(Result::ok).ok_or(Broken)
}

/// Where the white space from `at` on ends.
fn blank(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}
