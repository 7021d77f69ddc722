//! JSON pointers (RFC 6901): the notation of a position in a document.

/// A key as a step of a pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key that a step of a pointer represents.
pub(crate) fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// A pointer of these keys.
pub(crate) fn pointer(keys: &[&str]) -> String {
    keys.iter()
        .map(|key| format!("/{}", escaped(key)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_one_step() {
        let document = serde_json::json!({"paths": {"/users/{id}": {"a~b": {"~1": 1}}}});
        let at = pointer(&["paths", "/users/{id}", "a~b", "~1"]);
        assert_eq!(at, "/paths/~1users~1{id}/a~0b/~01");
        assert_eq!(document.pointer(&at), Some(&1.into()));
        for key in ["", "plain", "/a/b", "~", "~1", "~0/"] {
            assert_eq!(unescaped(&escaped(key)), key);
        }
    }
}
