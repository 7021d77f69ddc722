//! Leaves out of a request's body what only responses contain
//! ([`Facts::omits`](crate::Facts::omits)). The text of everything else is preserved.

use serde_json::value::RawValue;

use crate::value::splice::{elements, members};

/// A JSON document without the fields at these paths: `childOf`, `metadata.createdDate`,
/// `items[].added`. None if it has none of them, or is no JSON.
pub(crate) fn without(json: &[u8], paths: &[&str]) -> Option<Vec<u8>> {
    // Mostly there is nothing to leave out, and mostly no record has it: a name that does not occur
    // in the text is no field of it.
    let may_occur = |path: &&str| {
        let name = path.rsplit(['.', ']']).next().unwrap_or(path);
        memchr::memmem::find(json, name.as_bytes()).is_some()
    };
    if !paths.iter().any(may_occur) {
        return None;
    }
    let document: &RawValue = serde_json::from_slice(json).ok()?;
    let mut out = Vec::with_capacity(json.len());
    write(&mut out, document, paths).then_some(out)
}

/// Writes a value without what is at these paths in it; whether something was there.
fn write(out: &mut Vec<u8>, value: &RawValue, paths: &[&str]) -> bool {
    let text = value.get();
    if text.starts_with('{')
        && let Some(members) = members(value)
    {
        let mut has_left_out = false;
        let mut is_first = true;
        out.push(b'{');
        for (name, value) in members {
            if paths.contains(&&*name) {
                has_left_out = true;
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            // A name is text: writing it into memory cannot fail.
            let written = serde_json::to_writer(&mut *out, &name);
            debug_assert!(written.is_ok());
            out.push(b':');
            let within = |path: &&'_ str| -> bool { path.starts_with(&*name) };
            let inner: Vec<&str> = paths
                .iter()
                .filter(|path| within(path))
                .filter_map(|path| {
                    let rest = path.get(name.len()..)?;
                    rest.strip_prefix('.')
                        .or(rest.starts_with('[').then_some(rest))
                })
                .collect();
            has_left_out |= write_inner(out, value, &inner);
        }
        out.push(b'}');
        return has_left_out;
    }
    if text.starts_with('[')
        && let Some(elements) = elements(value)
    {
        let inner: Vec<&str> = paths
            .iter()
            .filter_map(|path| path.strip_prefix("[]"))
            .map(|path| path.strip_prefix('.').unwrap_or(path))
            .collect();
        let mut has_left_out = false;
        out.push(b'[');
        for (index, element) in elements.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            has_left_out |= write_inner(out, element, &inner);
        }
        out.push(b']');
        return has_left_out;
    }
    out.extend_from_slice(text.as_bytes());
    false
}

fn write_inner(out: &mut Vec<u8>, value: &RawValue, paths: &[&str]) -> bool {
    if paths.is_empty() {
        out.extend_from_slice(value.get().as_bytes());
        return false;
    }
    write(out, value, paths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    fn left(json: &str, paths: &[&str]) -> Option<String> {
        without(json.as_bytes(), paths).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn what_is_left_keeps_its_text() {
        for (json, paths, expected) in [
            (
                r#"{"a":1.10,"b":[1 ,2],"c":{}}"#,
                &["a"][..],
                Some(r#"{"b":[1 ,2],"c":{}}"#),
            ),
            (r#"{"a":1.10,"b":2}"#, &["c"], None),
            (
                r#"{ "a" : {"b": 10.10, "c" : -0} }"#,
                &["a.b"],
                Some(r#"{"a":{"c":-0}}"#),
            ),
            (
                r#"{"list":[{"a":1,"b":1e400},{"b":2},null,5]}"#,
                &["list[].a"],
                Some(r#"{"list":[{"b":1e400},{"b":2},null,5]}"#),
            ),
            (r#"[{"a":1}]"#, &["[].a"], Some("[{}]")),
            (r#"{"list":{"a":1}}"#, &["list[].a"], None),
            // A name that begins like another one, and one in a place of its own.
            (
                r#"{"ab":{"c":1},"a":{"c":2}}"#,
                &["a.c"],
                Some(r#"{"ab":{"c":1},"a":{}}"#),
            ),
            (r#"{"x":{"a":1},"a":2}"#, &["a"], Some(r#"{"x":{"a":1}}"#)),
            (r#"{"a":null}"#, &["a"], Some("{}")),
            ("broken a", &["a"], None),
            ("", &["a"], None),
        ] {
            assert_eq!(
                left(json, paths).as_deref(),
                expected,
                "{json} without {paths:?}"
            );
        }
    }
}
