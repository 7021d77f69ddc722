//! Where in a JSON document a decoding error is: `users[3].personal.lastName`.
//!
//! serde_json reports line and column; the path is found by walking to that position.
//! (serde_path_to_error would find it too, by decoding a second time through its own deserializer:
//! that compiles the reader of every record twice.)

use serde_json::Error;

enum Frame {
    Object(Option<String>),
    Array(usize),
}

/// The path to where `error` is in `json`. Empty for the top.
pub(crate) fn at(json: &[u8], error: &Error) -> String {
    // The last byte that was read: the walk must not pass the closing brace of an object that lacks
    // a field.
    let end = offset(json, error).saturating_sub(1);
    let closing = matches!(json.get(end), Some(b'}' | b']'));
    let mut frames = Vec::new();
    let mut bytes = json.get(..end).unwrap_or_default().iter();
    // Whether a string that starts now is the key of an object.
    let mut key_follows = false;
    while let Some(&byte) = bytes.next() {
        match byte {
            b'{' => {
                frames.push(Frame::Object(None));
                key_follows = true;
            }
            b'[' => {
                frames.push(Frame::Array(0));
                key_follows = false;
            }
            b'}' | b']' => {
                frames.pop();
                key_follows = false;
            }
            b',' => match frames.last_mut() {
                Some(Frame::Array(index)) => *index += 1,
                Some(Frame::Object(_)) => key_follows = true,
                None => {}
            },
            b'"' => {
                let mut text = Vec::new();
                while let Some(&byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => text.extend([byte].iter().chain(bytes.next())),
                        _ => text.push(byte),
                    }
                }
                if key_follows && let Some(Frame::Object(key)) = frames.last_mut() {
                    *key = Some(String::from_utf8_lossy(&text).into_owned());
                }
                key_follows = false;
            }
            _ => {}
        }
    }
    if closing && let Some(Frame::Object(key)) = frames.last_mut() {
        *key = None;
    }
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Object(None) => {}
            Frame::Object(Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key);
            }
            Frame::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// The number of bytes that were read when the error was found.
pub(crate) fn offset(json: &[u8], error: &Error) -> usize {
    let lines = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + error.column()).min(json.len())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Users {
        #[serde(rename = "users")]
        _users: Vec<User>,
    }

    #[derive(Debug, Deserialize)]
    struct User {
        #[serde(rename = "personal")]
        _personal: Personal,
        #[serde(default, rename = "active")]
        _active: bool,
    }

    #[derive(Debug, Deserialize)]
    struct Personal {
        #[serde(rename = "lastName")]
        _last_name: String,
    }

    fn path(json: &str) -> String {
        at(
            json.as_bytes(),
            &serde_json::from_str::<Users>(json).unwrap_err(),
        )
    }

    #[test]
    fn the_path_leads_to_the_value_that_is_wrong() {
        assert_eq!(
            path(r#"{"users":[{"personal":{"lastName":"a"}},{"personal":{"lastName":7}}]}"#),
            "users[1].personal.lastName"
        );
        assert_eq!(
            path(
                "{\"users\": [\n  {\"personal\": {\"lastName\": \"a,\\\"[\"},\n \"active\": \"x\"}]}"
            ),
            "users[0].active"
        );
        assert_eq!(path(r#"{"users":{}}"#), "users");
        assert_eq!(path("7"), "");
        assert_eq!(path("<html>"), "");
    }

    #[test]
    fn a_missing_field_is_told_of_the_object_that_lacks_it() {
        assert_eq!(
            path(r#"{"users":[{"personal":{"firstName":"x"},"active":true}]}"#),
            "users[0].personal"
        );
        assert_eq!(path(r#"{"users":[{"active":true}]}"#), "users[0]");
        assert_eq!(path(r#"{"total":1}"#), "");
    }

    #[test]
    fn any_text_has_some_path() {
        for text in [
            "",
            "\n\n\n",
            "{",
            "[[[[",
            "{\"a",
            "{\"\\",
            "}]}]",
            "\u{feff}{}",
            "{\"users\":[{\"personal\":{\"lastName\":\"\\",
        ] {
            let _ = path(text);
        }
    }
}
