//! Fixes of a canonical document.

use serde::Deserialize;
use serde_json::Value;

use crate::base::pointer::unescaped;

/// One fix-up of a canonical document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fix {
    pub(super) name: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// A JSON pointer into the canonical document; several, where releases name the same thing
    /// differently.
    at: Pointers,
    /// What is to are there.
    set: Option<toml::Value>,
    /// The key that it is to have instead.
    rename: Option<String>,
    /// Whether the existing member is removed.
    #[serde(default)]
    remove: bool,
    /// An element of the list there to remove.
    without: Option<String>,
    /// Where in the document a copy of that is, which is to are there.
    copy: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Pointers {
    One(String),
    Several(Vec<String>),
}

impl Fix {
    /// Whether it states one change and no other.
    pub(super) fn is_one_change(&self) -> bool {
        let stated = [
            self.set.is_some(),
            self.rename.is_some(),
            self.remove,
            self.without.is_some(),
            self.copy.is_some(),
        ];
        stated.iter().filter(|stated| **stated).count() == 1
    }

    /// Applies the fix; whether it changed something.
    pub(super) fn apply(&self, document: &mut Value) -> bool {
        let pointers = match &self.at {
            Pointers::One(at) => std::slice::from_ref(at),
            Pointers::Several(at) => at,
        };
        let mut changed = false;
        for at in pointers {
            changed |= self.apply_at(at, document);
        }
        changed
    }

    fn apply_at(&self, at: &str, document: &mut Value) -> bool {
        let Some((parent, last)) = at.rsplit_once('/') else {
            return false;
        };
        let last = unescaped(last);
        if let Some(gone) = &self.without {
            let Some(Value::Array(list)) = document.pointer_mut(at) else {
                return false;
            };
            let before = list.len();
            list.retain(|element| element != gone.as_str());
            return list.len() < before;
        }
        let copied = match self.copy.as_deref().map(|from| document.pointer(from)) {
            None => None,
            Some(None) => return false,
            Some(Some(value)) => {
                let mut value = value.clone();
                // The copy has another name than its source gives.
                if let Some(Value::Object(folio)) = value.get_mut("x-folio") {
                    folio.remove("sources");
                }
                Some(value)
            }
        };
        let Some(Value::Object(parent)) = document.pointer_mut(parent) else {
            return false;
        };
        if let Some(value) = copied {
            return parent.insert(last, value.clone()).as_ref() != Some(&value);
        }
        if let Some(name) = &self.rename {
            let renamed = parent.remove(&last);
            // Where releases have different names, one of them has that which is wanted.
            let several = matches!(self.at, Pointers::Several(_));
            let changed = renamed.is_some() && (several || last != *name);
            if let Some(value) = renamed {
                parent.insert(name.clone(), value);
            }
            return changed;
        }
        match &self.set {
            Some(value) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                parent.insert(last, value.clone()).as_ref() != Some(&value)
            }
            None => parent.remove(&last).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fix_changes_what_its_pointer_names() {
        let document = json!({"a": {"b/c": [1, "x"], "d": {"x-folio": {"sources": ["s"]}}}});
        for (text, expected) in [
            (
                "at = '/a/b~1c'\nset = 2",
                Some(json!({"a": {"b/c": 2, "d": {"x-folio": {"sources": ["s"]}}}})),
            ),
            (
                "at = '/a/d'\nremove = true",
                Some(json!({"a": {"b/c": [1, "x"]}})),
            ),
            (
                "at = '/a/b~1c'\nwithout = 'x'",
                Some(json!({"a": {"b/c": [1], "d": {"x-folio": {"sources": ["s"]}}}})),
            ),
            (
                "at = '/a/d'\nrename = 'e'",
                Some(json!({"a": {"b/c": [1, "x"], "e": {"x-folio": {"sources": ["s"]}}}})),
            ),
            (
                "at = '/a/e'\ncopy = '/a/d'",
                Some(
                    json!({"a": {"b/c": [1, "x"], "d": {"x-folio": {"sources": ["s"]}}, "e": {"x-folio": {}}}}),
                ),
            ),
            (
                "at = ['/none/x', '/a/d']\nremove = true",
                Some(json!({"a": {"b/c": [1, "x"]}})),
            ),
            ("at = '/a/x'\nremove = true", None),
            ("at = '/a/b~1c'\nwithout = 'y'", None),
            ("at = '/a/d'\nrename = 'd'", None),
            ("at = '/a/e'\ncopy = '/none'", None),
            ("at = '/none/x'\nset = 1", None),
        ] {
            let fix: Fix = toml::from_str(&format!("name = 'n'\nreason = 'r'\n{text}")).unwrap();
            assert!(fix.is_one_change(), "{text}");
            let mut fixed = document.clone();
            assert_eq!(fix.apply(&mut fixed), expected.is_some(), "{text}");
            if let Some(expected) = expected {
                assert_eq!(fixed, expected, "{text}");
            }
        }
    }
}
