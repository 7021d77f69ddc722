//! Characters that no fact may contain: control characters and bidirectional marks.

use serde_json::Value;

use super::pointer;

/// The first key or text with a control character or a bidirectional mark, as a JSON pointer and
/// the problem. No fact contains one, and it would deceive a viewer or compiler.
pub(crate) fn deceptive(value: &Value) -> Option<(String, String)> {
    fn find(value: &Value, at: &mut String) -> Option<String> {
        let length = at.len();
        match value {
            Value::String(text) => return text_problem(text),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    if let Some(found) = find(value, at) {
                        return Some(found);
                    }
                    at.truncate(length);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    at.push('/');
                    at.extend(pointer::escaped(key).escape_debug());
                    if let Some(found) = text_problem(key).or_else(|| find(value, at)) {
                        return Some(found);
                    }
                    at.truncate(length);
                }
            }
            _ => {}
        }
        None
    }
    let mut at = String::new();
    let problem = find(value, &mut at)?;
    Some((at, problem))
}

/// The problem of a text that is a fact.
pub(crate) fn text_problem(text: &str) -> Option<String> {
    let found = text.chars().find(|c| folio_codegen::is_unsafe(*c))?;
    let shown: String = text.chars().take(60).collect();
    Some(format!(
        "the character U+{:04X} in `{}`: facts must not contain control characters and bidirectional marks",
        u32::from(found),
        shown.escape_debug()
    ))
}
