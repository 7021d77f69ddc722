//! The records of a file: JSON Lines, arrays, and responses of lists, also one after the other.
//!
//! No more than one record is in memory. After a flaw the reading continues with the next line that
//! may be a record.

use std::io::{self, BufRead};

use super::piece::{Piece, malformed, record};
use super::scanner::{Flaw, Scanner};

/// Where the reader is.
#[derive(Clone, Copy)]
enum Place {
    /// Between values.
    Top,
    /// In an array of records.
    Array {
        line: u64,
        is_wrapped: bool,
        count: u64,
    },
    End,
}

/// The pieces of a file.
pub(crate) struct Pieces<R> {
    scanner: Scanner<R>,
    /// The key of the records in a response.
    key: Option<String>,
    place: Place,
    /// `totalRecords` of the response.
    total: Option<u64>,
    /// An array could not be read to its end.
    is_broken: bool,
}

impl<R: BufRead> Pieces<R> {
    pub(crate) fn new(reader: R, key: Option<String>) -> Self {
        Self {
            scanner: Scanner::new(reader),
            key,
            place: Place::Top,
            total: None,
            is_broken: false,
        }
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// The file cannot be read or decompressed.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let piece = match self.place {
                Place::End => return Ok(None),
                Place::Top => self.top()?,
                Place::Array {
                    line,
                    is_wrapped,
                    count,
                } => self.element(line, is_wrapped, count)?,
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
    }

    /// A value, or the beginning of an array.
    fn top(&mut self) -> io::Result<Option<Piece>> {
        let next = self.scanner.after_space()?;
        let line = self.scanner.line();
        match next {
            None => self.place = Place::End,
            Some(b'[') => {
                self.scanner.pass(b'[');
                self.place = Place::Array {
                    line,
                    is_wrapped: false,
                    count: 0,
                };
            }
            Some(b'{') => return self.object(line),
            // What is left of an array.
            Some(byte @ (b',' | b']')) if self.is_broken => self.scanner.pass(byte),
            // A byte order mark.
            Some(0xef) if line == 1 => {
                let mut mark = Vec::new();
                while mark.len() < 3
                    && let Some(byte @ (0xef | 0xbb | 0xbf)) = self.scanner.peek()?
                {
                    self.scanner.pass(byte);
                    mark.push(byte);
                }
                if mark != [0xef, 0xbb, 0xbf] {
                    return self.other_line(line, mark).map(Some);
                }
            }
            Some(_) => return self.other_line(line, Vec::new()).map(Some),
        }
        Ok(None)
    }

    fn other_line(&mut self, line: u64, mut text: Vec<u8>) -> io::Result<Piece> {
        self.scanner.rest_of_line(&mut text)?;
        Ok(malformed(line, &text, "it is not a JSON object"))
    }

    /// A record, or a response of a list.
    fn object(&mut self, line: u64) -> io::Result<Option<Piece>> {
        let mut text = Vec::with_capacity(4096);
        match self.members(&mut text)? {
            Ok(true) => Ok(Some(record(line, &text))),
            Ok(false) => {
                self.place = Place::Array {
                    line,
                    is_wrapped: true,
                    count: 0,
                };
                Ok(None)
            }
            Err(Flaw(problem)) => self.recover(line, text, &problem).map(Some),
        }
    }

    /// Adds an object to the text. Returns false in the array with the records of a response.
    fn members(&mut self, text: &mut Vec<u8>) -> io::Result<Result<bool, Flaw>> {
        let scanner = &mut self.scanner;
        scanner.pass(b'{');
        text.push(b'{');
        self.total = None;
        loop {
            let first = scanner.keep_space(text)?;
            // A line that begins with a brace begins another record, unless one was found.
            let in_line = text.first_chunk::<2>() != Some(b"{\n") && !text.starts_with(b"{\r\n");
            let key_at = text.len();
            match first {
                Some(b'}') if text.len() == 1 || text.last() != Some(&b',') => {
                    scanner.pass(b'}');
                    text.push(b'}');
                    return Ok(Ok(true));
                }
                Some(b'"') => {}
                None => return Ok(Err("it is not complete".into())),
                Some(_) => return Ok(Err("the name of a field is expected".into())),
            }
            if let Err(flaw) = scanner.string(text)? {
                return Ok(Err(flaw));
            }
            let key: Option<String> = text
                .get(key_at..)
                .and_then(|key| serde_json::from_slice(key).ok());
            if scanner.keep_space(text)? != Some(b':') {
                return Ok(Err("a colon is expected after the name of a field".into()));
            }
            scanner.pass(b':');
            text.push(b':');
            if scanner.keep_space(text)? == Some(b'[') && key.is_some() && key == self.key {
                scanner.pass(b'[');
                return Ok(Ok(false));
            }
            let value_at = text.len();
            if let Err(flaw) = scanner.value(text, in_line)? {
                return Ok(Err(flaw));
            }
            if key.as_deref() == Some("totalRecords") {
                let value = text.get(value_at..).unwrap_or_default();
                self.total = serde_json::from_slice(value).ok();
            }
            match scanner.keep_space(text)? {
                Some(b',') => {
                    scanner.pass(b',');
                    text.push(b',');
                }
                Some(b'}') => {}
                None => return Ok(Err("it is not complete".into())),
                Some(_) => return Ok(Err("a comma or `}` is expected after a field".into())),
            }
        }
    }

    /// Continues after text that is no record: in the next line that begins with a brace, if one was
    /// read, otherwise in the next line.
    fn recover(&mut self, line: u64, mut text: Vec<u8>, problem: &str) -> io::Result<Piece> {
        let next = text.windows(2).position(|pair| pair == b"\n{");
        match next {
            Some(at) => {
                self.scanner
                    .read_again(text.get(at + 1..).unwrap_or_default());
                text.truncate(at);
            }
            // The flaw is at the beginning of a line.
            None if text.last() == Some(&b'\n') => {}
            None => self.scanner.rest_of_line(&mut text)?,
        }
        Ok(malformed(line, &text, problem))
    }

    /// An element of an array, or its end.
    fn element(&mut self, begin: u64, is_wrapped: bool, count: u64) -> io::Result<Option<Piece>> {
        let next = self.scanner.after_space()?;
        let line = self.scanner.line();
        match next {
            None => {
                self.place = Place::End;
                let problem = format!(
                    "the list that begins in line {begin} has no end: the file is not complete"
                );
                return Ok(Some(malformed(line, b"", &problem)));
            }
            Some(b']') => {
                self.scanner.pass(b']');
                self.place = Place::Top;
                if is_wrapped {
                    return self.end_of_response(count);
                }
                return Ok(None);
            }
            Some(b',') if count > 0 => {
                self.scanner.pass(b',');
                self.scanner.after_space()?;
            }
            _ => {}
        }
        let line = self.scanner.line();
        if self.scanner.peek()? == Some(b']') {
            return Ok(None);
        }
        let mut text = Vec::with_capacity(4096);
        let value = self.scanner.value(&mut text, false)?;
        self.place = Place::Array {
            line: begin,
            is_wrapped,
            count: count + 1,
        };
        match value {
            Ok(()) if !text.is_empty() => Ok(Some(record(line, &text))),
            Ok(()) | Err(_) => {
                self.place = Place::Top;
                self.is_broken = true;
                let problem = match value {
                    Err(Flaw(problem)) => problem,
                    Ok(()) => "a record is expected".to_owned(),
                };
                let problem = format!(
                    "{problem}; the list is continued at the next line that begins with a brace"
                );
                let piece = self.recover(line, text, &problem)?;
                // Lines before that one are parts of what cannot be read.
                while let Some(byte) = self.scanner.peek()?
                    && byte != b'{'
                {
                    self.scanner.rest_of_line(&mut Vec::new())?;
                }
                Ok(Some(piece))
            }
        }
    }

    /// What follows the records of a response.
    fn end_of_response(&mut self, count: u64) -> io::Result<Option<Piece>> {
        let line = self.scanner.line();
        let mut rest = b"{\"\":0".to_vec();
        loop {
            match self.scanner.keep_space(&mut rest)? {
                Some(b'}') => {
                    self.scanner.pass(b'}');
                    rest.push(b'}');
                    break;
                }
                Some(byte @ (b',' | b':')) => {
                    self.scanner.pass(byte);
                    rest.push(byte);
                }
                None => {
                    self.place = Place::End;
                    let problem = "the response of a list has no end: the file is not complete";
                    return Ok(Some(malformed(line, b"", problem)));
                }
                Some(_) => {
                    let before = rest.len();
                    let value = self.scanner.value(&mut rest, false)?;
                    if value.is_err() || rest.len() == before {
                        self.place = Place::End;
                        let problem = "the end of the response of a list cannot be read";
                        return Ok(Some(malformed(
                            line,
                            rest.get(6..).unwrap_or_default(),
                            problem,
                        )));
                    }
                }
            }
        }
        let after: Option<serde_json::Value> = serde_json::from_slice(&rest).ok();
        let after = after.and_then(|rest| rest.get("totalRecords")?.as_u64());
        match after.or(self.total) {
            Some(total) if total > count => Ok(Some(Piece::Note(format!(
                "the response that ends in line {line} has {count} of {total} records: it is one page of a list"
            )))),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

    use super::*;

    /// The records of a text, and the lines of what is malformed.
    fn read(text: &[u8]) -> (Vec<String>, Vec<u64>) {
        let mut pieces = Pieces::new(text, Some("things".to_owned()));
        let (mut records, mut malformed) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.next().unwrap() {
            match piece {
                Piece::Record { record, .. } => records.push(record.get().to_owned()),
                Piece::Malformed { line, .. } => malformed.push(line),
                Piece::Note(_) => {}
            }
        }
        (records, malformed)
    }

    fn xorshift(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state % (1 << 31)).unwrap()
    }

    #[test]
    fn a_changed_byte_costs_no_record_of_another_line() {
        let lines: Vec<String> = (0..6)
            .map(|n| {
                format!(r#"{{"id":"{n}","a":[{{"b":"x{{,\"]"}},null,{n}.50],"c":{{"d":{{}}}}}}"#)
            })
            .collect();
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..20_000 {
            let hit = xorshift(&mut state) % lines.len();
            let mut line = lines[hit].clone().into_bytes();
            let at = xorshift(&mut state) % line.len();
            let byte = b"{}[]\",:\n \\x0\xff"[xorshift(&mut state) % 13];
            match xorshift(&mut state) % 4 {
                0 => _ = line.remove(at),
                1 => line[at] = byte,
                2 => line.insert(at, byte),
                _ => line.truncate(at),
            }
            let mut text = Vec::new();
            for (number, other) in lines.iter().enumerate() {
                let line = if number == hit {
                    &line
                } else {
                    other.as_bytes()
                };
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            let (records, malformed) = read(&text);
            for (number, line) in lines
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != hit)
            {
                let count = records.iter().filter(|record| *record == line).count();
                assert_eq!(
                    count,
                    1,
                    "line {number} of {}",
                    String::from_utf8_lossy(&text)
                );
            }
            // A bracket before a record begins an array, which has no end.
            let first = hit as u64 + 1;
            let end = lines.len() as u64 + 1;
            assert!(
                malformed
                    .iter()
                    .all(|line| (first..=first + 1).contains(line) || *line >= end),
                "{malformed:?} of {}",
                String::from_utf8_lossy(&text)
            );
        }
    }

    #[test]
    fn failures_are_unwrapped_and_other_records_are_not() {
        let failed = r#"{"failed":{"line":1,"message":"m"},"record":{"id":"1"}}"#;
        assert_eq!(read(failed.as_bytes()).0, [r#"{"id":"1"}"#]);
        let failed = r#"{ "record": {"id":"1"}, "failed": {"message": "m"} }"#;
        assert_eq!(read(failed.as_bytes()).0, [r#"{"id":"1"}"#]);
        let text = r#"{"failed":{"message":"m"},"text":"{\"id\":\"1\"}"}"#;
        assert_eq!(read(text.as_bytes()).0, [r#"{"id":"1"}"#]);
        for other in [
            r#"{"failed":1,"record":{"id":"1"}}"#,
            r#"{"record":{"id":"1"}}"#,
            r#"{"failed":{"message":"m"},"record":{},"id":"1"}"#,
            r#"{"text":"a","message":"b"}"#,
        ] {
            assert_eq!(read(other.as_bytes()), (vec![other.to_owned()], vec![]));
        }
    }

    #[test]
    fn a_field_with_the_name_of_the_list_is_no_list_unless_it_is_an_array() {
        let record = r#"{"id":"1","things":"a"}"#;
        assert_eq!(read(record.as_bytes()).0, [record]);
        let nested = r#"{"id":"1","x":{"things":[{"id":"2"}]}}"#;
        assert_eq!(read(nested.as_bytes()).0, [nested]);
    }

    #[test]
    fn an_empty_file_has_no_records() {
        for text in ["", "\n\n", "\u{feff}", "[]", "{\"things\":[]}", "[\n]\n"] {
            assert_eq!(read(text.as_bytes()), (vec![], vec![]), "{text:?}");
        }
    }
}
