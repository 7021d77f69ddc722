//! The rows of the recordings of running FOLIO servers, which the sandbox's conformance tests have
//! as compressed JSON Lines.

use std::io::Read as _;

use serde_json::Value;

/// The rows of a recording.
pub fn rows(name: &str) -> Vec<Value> {
    let path = crate::files::root().join(format!(
        "crates/folio-sandbox/tests/conformance/data/{name}.jsonl.gz"
    ));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A text of a row, empty where it has none.
pub fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of the first array of a response, as far as its text was recorded: it is cut off
/// after 1,500 characters.
pub fn elements(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let Some(start) = text.find('[') else {
        return found;
    };
    let mut rest = &text[start + 1..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.starts_with(']') {
            return found;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => found.push(value),
            _ => return found,
        }
        rest = &rest[stream.byte_offset()..];
    }
}
