//! Reads JSON text byte by byte, to find where values begin and end, in constant memory.

use std::io::{self, BufRead};

/// The largest value, in bytes. FOLIO's largest records have some megabytes.
const LARGEST: usize = 64 << 20;

/// Why the text is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw(pub(crate) String);

impl From<&str> for Flaw {
    fn from(problem: &str) -> Self {
        Self(problem.to_owned())
    }
}

/// The text, at a position.
pub(crate) struct Scanner<R> {
    reader: R,
    /// Bytes that were read and are read again, in reverse.
    again: Vec<u8>,
    /// The line, from 1.
    line: u64,
}

impl<R: BufRead> Scanner<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            again: Vec::new(),
            line: 1,
        }
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next byte, which stays the next one.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.again.last() {
            return Ok(Some(*byte));
        }
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes the byte that [`peek`](Self::peek) gave.
    pub(crate) fn pass(&mut self, byte: u8) {
        if self.again.pop().is_none() {
            self.reader.consume(1);
        }
        self.line += u64::from(byte == b'\n');
    }

    /// Reads bytes of a value again.
    pub(crate) fn read_again(&mut self, bytes: &[u8]) {
        self.line -= bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.again.extend(bytes.iter().rev());
    }

    /// Passes white space; returns the byte after it.
    pub(crate) fn after_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) => self.pass(byte),
                next => return Ok(next),
            }
        }
    }

    /// As [`after_space`](Self::after_space); the white space is added to the text.
    pub(crate) fn keep_space(&mut self, text: &mut Vec<u8>) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) => {
                    self.pass(byte);
                    text.push(byte);
                }
                next => return Ok(next),
            }
        }
    }

    /// Passes the rest of the line, whose text is added if it is not too long.
    pub(crate) fn rest_of_line(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        while let Some(byte) = self.peek()? {
            self.pass(byte);
            if byte == b'\n' {
                break;
            }
            if text.len() < LARGEST {
                text.push(byte);
            }
        }
        Ok(())
    }

    /// Adds a value to the text. What it contains is not checked, only where it ends. `in_line`: a
    /// line that begins with `{` is another record.
    pub(crate) fn value(
        &mut self,
        text: &mut Vec<u8>,
        in_line: bool,
    ) -> io::Result<Result<(), Flaw>> {
        let mut depth = 0_usize;
        loop {
            if text.len() > LARGEST {
                return Ok(Err(Flaw(format!("it has more than {LARGEST} bytes"))));
            }
            let Some(byte) = self.peek()? else {
                return Ok(if depth == 0 && !text.is_empty() {
                    Ok(())
                } else {
                    Err("it is not complete".into())
                });
            };
            match byte {
                b'"' => {
                    if let Err(flaw) = self.string(text)? {
                        return Ok(Err(flaw));
                    }
                    if depth == 0 {
                        return Ok(Ok(()));
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        self.pass(byte);
                        text.push(byte);
                        return Ok(Ok(()));
                    }
                }
                // The end of a number or word.
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                    return Ok(Ok(()));
                }
                _ => {}
            }
            self.pass(byte);
            text.push(byte);
            if byte == b'\n' && in_line && self.peek()? == Some(b'{') {
                return Ok(Err("it is not complete".into()));
            }
        }
    }

    /// Adds a string to the text.
    pub(crate) fn string(&mut self, text: &mut Vec<u8>) -> io::Result<Result<(), Flaw>> {
        let mut is_escaped = false;
        let mut is_open = false;
        loop {
            if text.len() > LARGEST {
                return Ok(Err(Flaw(format!("it has more than {LARGEST} bytes"))));
            }
            let Some(byte) = self.peek()? else {
                return Ok(Err("it is not complete: a string has no end".into()));
            };
            if byte == b'\n' {
                return Ok(Err("a string has no end in its line".into()));
            }
            self.pass(byte);
            text.push(byte);
            if is_escaped {
                is_escaped = false;
            } else if byte == b'\\' {
                is_escaped = true;
            } else if byte == b'"' {
                if is_open {
                    return Ok(Ok(()));
                }
                is_open = true;
            }
        }
    }
}
