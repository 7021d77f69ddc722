//! Writes a changed JSON document so that every unchanged part keeps the text in which it was read.
//!
//! `serde_json::Value` cannot represent every number that a server writes: `10.10` becomes `10.1`,
//! and a number of 40 digits becomes a double. A record that is read as a `Value`, changed and
//! written would therefore change in parts that the program did not touch. [`rewrite`] takes the
//! changed parts from the `Value` and all other parts from the original text. The order of members
//! stays that of the original, too.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Writes `after`, but takes the text of `original` for every part that is equal in `before` and
/// `after`.
///
/// `before` is `original` as it was read, by `serde_json::Value` or by a type that stores only a
/// part of it. A member of `original` that neither `before` nor `after` has was not read (a typed
/// record omits `null`), so it cannot have been changed: it stays. An array whose elements `before`
/// does not have one by one is written as in `after`, unless it is unchanged as a whole.
///
/// If `original` is not JSON, it is ignored: the result is then `after` as `serde_json` writes it.
pub(crate) fn rewrite(original: &[u8], before: &Value, after: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(original.len() + original.len() / 8);
    match serde_json::from_slice::<&RawValue>(original) {
        Ok(original) => write(&mut out, original, before, after),
        Err(_) => plain(&mut out, after),
    }
    out
}

fn write(out: &mut Vec<u8>, original: &RawValue, before: &Value, after: &Value) {
    if before == after {
        return out.extend_from_slice(original.get().as_bytes());
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => match members(original) {
            Some(original) => object(out, &original, before, after),
            None => plain(out, after),
        },
        (Value::Array(before), Value::Array(after)) => match elements(original) {
            Some(original) if original.len() == before.len() => {
                array(out, &original, before, after);
            }
            _ => plain(out, after),
        },
        _ => plain(out, after),
    }
}

fn plain(out: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    // Values and their keys are text and finite numbers: this cannot fail, and a vector accepts all
    // output.
    let written = serde_json::to_writer(&mut *out, value);
    debug_assert!(written.is_ok());
}

fn object(
    out: &mut Vec<u8>,
    original: &[(Cow<'_, str>, &RawValue)],
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) {
    let mut is_first = true;
    let mut key = |out: &mut Vec<u8>, key: &str| {
        out.push(if is_first { b'{' } else { b',' });
        is_first = false;
        plain(out, key);
        out.push(b':');
    };
    for (name, text) in original {
        match (before.get(name.as_ref()), after.get(name.as_ref())) {
            (Some(before), Some(after)) => {
                key(out, name);
                write(out, text, before, after);
            }
            (None, Some(after)) => {
                key(out, name);
                plain(out, after);
            }
            // Not read, hence not removed.
            (None, None) => {
                key(out, name);
                out.extend_from_slice(text.get().as_bytes());
            }
            (Some(_), None) => {}
        }
    }
    let known: std::collections::HashSet<&str> =
        original.iter().map(|(name, _)| name.as_ref()).collect();
    for (name, value) in after
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()))
    {
        key(out, name);
        plain(out, value);
    }
    out.extend_from_slice(if is_first { b"{}" } else { b"}" });
}

fn array(out: &mut Vec<u8>, original: &[&RawValue], before: &[Value], after: &[Value]) {
    let partners = partners(before, after);
    let mut sign = b'[';
    for (element, partner) in after.iter().zip(partners) {
        out.push(sign);
        sign = b',';
        match partner.and_then(|at| Some((original.get(at)?, before.get(at)?))) {
            Some((original, before)) => write(out, original, before, element),
            None => plain(out, element),
        }
    }
    out.extend_from_slice(if after.is_empty() { b"[]" } else { b"]" });
}

/// The element of `before` from which each element of `after` was derived. A wrong guess changes no
/// value: it only loses the original text.
pub(crate) fn partners(before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
    let same = |(one, other): &(&Value, &Value)| one == other;
    let head = before.iter().zip(after).take_while(same).count();
    let most = before.len().min(after.len()) - head;
    let backwards = before.iter().rev().zip(after.iter().rev());
    let tail = backwards.take(most).take_while(same).count();
    let (middle, end) = (after.len() - tail, before.len() - tail);
    let mut free: Vec<usize> = (head..end).collect();
    let has_same_length = before.len() == after.len();
    let id = |value: &Value| value.get("id").and_then(Value::as_str).map(str::to_owned);
    let mut take = |wanted: &dyn Fn(usize) -> bool| {
        let at = free.iter().position(|at| wanted(*at))?;
        Some(free.remove(at))
    };
    let mut partners: Vec<Option<usize>> = vec![None; after.len()];
    for (at, partner) in partners.iter_mut().enumerate() {
        if at < head {
            *partner = Some(at);
        } else if at >= middle {
            *partner = Some(at + before.len() - after.len());
        }
    }
    // First, unchanged elements, at the same or another position; then elements with the same id;
    // then elements at the same position.
    let rounds: [&dyn Fn(usize, usize) -> bool; 4] = [
        &|at, old| at == old && before.get(old) == after.get(at),
        &|at, old| before.get(old) == after.get(at),
        &|at, old| {
            let new = after.get(at).and_then(id);
            new.is_some() && new == before.get(old).and_then(id)
        },
        &|at, old| has_same_length && at == old,
    ];
    // Comparing all with all is acceptable for lists of usual length.
    let is_long = (end - head).saturating_mul(middle.saturating_sub(head)) > 250_000;
    for (round, fits) in rounds.iter().enumerate() {
        if is_long && matches!(round, 1 | 2) {
            continue;
        }
        for at in head..middle {
            if partners.get(at).is_some_and(Option::is_none)
                && let Some(partner) = partners.get_mut(at)
            {
                *partner = take(&|old| fits(at, old));
            }
        }
    }
    partners
}

/// The members of an object, each with its text. For a duplicate name only the last value counts,
/// as everywhere.
pub(crate) fn members(object: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members: Self::Value = Vec::new();
            while let Some(key) = map.next_key_seed(crate::value::member::MemberName)? {
                members.push((key, map.next_value()?));
            }
            let mut seen = std::collections::HashSet::new();
            let mut last: Vec<bool> = (members.iter().rev())
                .map(|(key, _)| seen.insert(key.as_ref()))
                .collect();
            drop(seen);
            if last.contains(&false) {
                members.retain(|_| last.pop().unwrap_or(true));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(object.get())
        .deserialize_map(Members)
        .ok()
}

/// The elements of an array, each as its text.
pub(crate) fn elements(array: &RawValue) -> Option<Vec<&RawValue>> {
    struct Elements;
    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = seq.next_element()? {
                elements.push(element);
            }
            Ok(elements)
        }
    }
    serde_json::Deserializer::from_str(array.get())
        .deserialize_seq(Elements)
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn changed(original: &str, change: impl FnOnce(&mut Value)) -> String {
        let before: Value = serde_json::from_str(original).unwrap();
        let mut after = before.clone();
        change(&mut after);
        String::from_utf8(rewrite(original.as_bytes(), &before, &after)).unwrap()
    }

    #[test]
    fn only_what_was_changed_is_written_anew() {
        let original = r#"{"z": 10.10, "a":{"cost":24.990000000000002,"n":1234567890123456789012345678901234567890, "x":-0}, "l":[1.0, 2.50,{"id":"1","p":1.10}],"s":"\u00e9"}"#;
        assert_eq!(changed(original, |_| {}), original);
        assert_eq!(
            changed(original, |value| value["a"]["x"] = json!(7)),
            r#"{"z":10.10,"a":{"cost":24.990000000000002,"n":1234567890123456789012345678901234567890,"x":7},"l":[1.0, 2.50,{"id":"1","p":1.10}],"s":"\u00e9"}"#
        );
        assert_eq!(
            changed(original, |value| value["l"][2]["id"] = json!("2")),
            r#"{"z":10.10,"a":{"cost":24.990000000000002,"n":1234567890123456789012345678901234567890, "x":-0},"l":[1.0,2.50,{"id":"2","p":1.10}],"s":"\u00e9"}"#
        );
        assert_eq!(
            changed(original, |value| {
                value["l"].as_array_mut().unwrap().remove(0);
                value.as_object_mut().unwrap().remove("a");
                value["new"] = json!(null);
            }),
            r#"{"z":10.10,"l":[2.50,{"id":"1","p":1.10}],"s":"\u00e9","new":null}"#
        );
    }

    #[test]
    fn elements_that_moved_keep_their_text() {
        let original = r#"[{"id":"a","p":1.10},{"id":"b","p":2.20},{"id":"c","p":3.30}]"#;
        assert_eq!(
            changed(original, |value| {
                let list = value.as_array_mut().unwrap();
                list.reverse();
                list[0]["q"] = json!(1);
                list.insert(1, json!({"id": "new"}));
            }),
            r#"[{"id":"c","p":3.30,"q":1},{"id":"new"},{"id":"b","p":2.20},{"id":"a","p":1.10}]"#
        );
    }

    #[test]
    fn what_a_typed_record_did_not_read_stays() {
        let original = br#"{"a":null,"b":1.10,"c":[1,null,2]}"#;
        let before = json!({"b": 1.1, "c": [1, 2]});
        assert_eq!(
            rewrite(original, &before, &json!({"b": 2, "c": [1, 2]})),
            br#"{"a":null,"b":2,"c":[1,null,2]}"#
        );
        // The position of the third would be ambiguous.
        assert_eq!(
            rewrite(original, &before, &json!({"b": 1.1, "c": [1, 3]})),
            br#"{"a":null,"b":1.10,"c":[1,3]}"#
        );
    }

    #[test]
    fn a_name_that_occurs_twice_is_written_once() {
        assert_eq!(
            changed(r#"{"a":1,"b":2,"a":3.0}"#, |value| value["b"] = json!(5)),
            r#"{"b":5,"a":3.0}"#
        );
    }

    /// A document as a server writes it: numbers in forms that a double cannot represent, and white
    /// space.
    fn text() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?",
            Just("10.10".to_owned()),
            Just("-0".to_owned()),
        ];
        let key = "[a-c\"\\\\é]{0,2}";
        let leaf = prop_oneof![
            number,
            Just("null".to_owned()),
            Just("true".to_owned()),
            key.prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(|list| format!("[ {} ]", list.join(" , "))),
                btree_map(key, inner, 0..5).prop_map(|map| {
                    let members = map.iter().rev().map(|(key, value)| {
                        format!("{}: {value}", serde_json::to_string(key).unwrap())
                    });
                    format!("{{{}}}", members.collect::<Vec<_>>().join(",\n"))
                }),
            ]
        })
    }

    /// Changes a part of a value that the numbers select.
    fn mutate(value: &mut Value, path: &[u8], new: &Value) {
        let Some((step, rest)) = path.split_first() else {
            *value = new.clone();
            return;
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                let index = usize::from(*step) % map.len();
                let key = map.keys().nth(index).cloned().unwrap();
                match step % 7 {
                    0 => _ = map.remove(&key),
                    1 => _ = map.insert("fresh".to_owned(), new.clone()),
                    _ => mutate(&mut map[&key], rest, new),
                }
            }
            Value::Array(list) if !list.is_empty() => {
                let index = usize::from(*step) % list.len();
                match step % 7 {
                    0 => _ = list.remove(index),
                    1 => list.insert(index, new.clone()),
                    2 => list.reverse(),
                    _ => mutate(&mut list[index], rest, new),
                }
            }
            other => *other = new.clone(),
        }
    }

    /// Every scalar of a document, with its path.
    fn scalars(text: &RawValue, path: &str, out: &mut Vec<(String, String)>) {
        if let Some(members) = members(text) {
            for (key, value) in members {
                scalars(value, &format!("{path}/{key:?}"), out);
            }
        } else if let Some(elements) = elements(text) {
            for (index, value) in elements.into_iter().enumerate() {
                scalars(value, &format!("{path}/{index}"), out);
            }
        } else {
            out.push((path.to_owned(), text.get().to_owned()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_result_reads_as_the_changed_value(
            original in text(), other in text(),
            path in vec(any::<u8>(), 0..5), second in vec(any::<u8>(), 0..5),
        ) {
            let before: Value = serde_json::from_str(&original).unwrap();
            let new: Value = serde_json::from_str(&other).unwrap();
            let mut after = before.clone();
            mutate(&mut after, &path, &new);
            mutate(&mut after, &second, &new);
            let written = rewrite(original.as_bytes(), &before, &after);
            let read: Value = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(&read, &after);
            if before == after {
                prop_assert_eq!(written, original.into_bytes());
            }
        }

        #[test]
        fn a_change_of_one_member_leaves_the_text_of_all_others(
            original in text(), path in vec(3_u8..7, 0..5),
        ) {
            let before: Value = serde_json::from_str(&original).unwrap();
            let mut after = before.clone();
            mutate(&mut after, &path, &Value::from("CHANGED"));
            let written = rewrite(original.as_bytes(), &before, &after);
            let (mut old, mut new) = (Vec::new(), Vec::new());
            scalars(serde_json::from_str(&original).unwrap(), "", &mut old);
            scalars(serde_json::from_slice(&written).unwrap(), "", &mut new);
            let here: Vec<_> = new.iter().filter(|(_, text)| text == "\"CHANGED\"").collect();
            prop_assert_eq!(here.len(), 1);
            let place = here[0].0.clone();
            old.retain(|(path, _)| !path.starts_with(&place));
            new.retain(|(path, _)| *path != place);
            prop_assert_eq!(new, old);
        }
    }
}
