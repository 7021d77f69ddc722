//! Traits and resource types: their application, and their merge into existing nodes.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::base::error::{Error, Result};
use crate::base::words;
use crate::base::yaml::{Kind, Node};
use crate::canonical::operation::METHODS;

/// The name in `type: name` or `type: {name: {parameter: value}}`, and the parameters.
pub(super) fn application(reference: &Node) -> Result<(String, HashMap<String, Node>)> {
    if let Some(name) = reference.text() {
        return Ok((name.trim().to_owned(), HashMap::new()));
    }
    match reference.entries() {
        [(name, parameters)] => {
            let given = parameters
                .entries()
                .iter()
                .map(|(name, node)| (name.clone(), node.clone()))
                .collect();
            Ok((name.clone(), given))
        }
        _ => Err(reference.error(format!(
            "expected a name, or a mapping of one name to parameters, found {}",
            reference.what()
        ))),
    }
}

pub(super) fn unknown<'a>(
    at: &Node,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    let known: Vec<&str> = known.map(String::as_str).collect();
    at.error(format!(
        "unknown {what} `{name}`; declared are: {}",
        if known.is_empty() {
            "none".into()
        } else {
            known.join(", ")
        }
    ))
}

/// The parameters that RAML defines: the path, its last literal segment, the method.
pub(super) fn reserved(path: &str, method: &str) -> HashMap<String, Node> {
    let name = path
        .rsplit('/')
        .find(|part| !part.is_empty() && !part.contains('{'))
        .unwrap_or_default();
    let scalar = |text: &str| Node {
        file: std::sync::Arc::new(PathBuf::new()),
        line: 0,
        column: 0,
        tag: None,
        kind: Kind::Scalar(text.to_owned(), true),
    };
    let mut given = HashMap::from([
        ("resourcePath".to_owned(), scalar(path)),
        ("resourcePathName".to_owned(), scalar(name)),
    ]);
    if !method.is_empty() {
        given.insert("methodName".to_owned(), scalar(method));
    }
    given
}

/// Puts parameters into a trait or resource type.
pub(super) fn substitute(
    node: &Node,
    given: &HashMap<String, Node>,
    what: &str,
    at: &Node,
) -> Result<Node> {
    let mut filled = node.clone();
    filled.kind = match &node.kind {
        Kind::Scalar(text, quoted) => {
            let whole = text
                .trim()
                .strip_prefix("<<")
                .and_then(|t| t.strip_suffix(">>"))
                .filter(|t| !t.contains("<<") && !t.contains('|'));
            if let Some(value) = whole.and_then(|name| given.get(name.trim())) {
                return Ok(value.clone());
            }
            Kind::Scalar(fill(text, given, what, at)?, *quoted)
        }
        Kind::Sequence(elements) => Kind::Sequence(
            elements
                .iter()
                .map(|node| substitute(node, given, what, at))
                .collect::<Result<_>>()?,
        ),
        Kind::Mapping(entries) => Kind::Mapping(
            entries
                .iter()
                .map(|(key, node)| {
                    Ok((
                        fill(key, given, what, at)?,
                        substitute(node, given, what, at)?,
                    ))
                })
                .collect::<Result<_>>()?,
        ),
        Kind::Null => Kind::Null,
    };
    Ok(filled)
}

fn fill(text: &str, given: &HashMap<String, Node>, what: &str, at: &Node) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<<") {
        let Some(length) = rest[start..].find(">>") else {
            break;
        };
        filled.push_str(&rest[..start]);
        let mut parts = rest[start + 2..start + length].split('|').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let value = given.get(name).ok_or_else(|| {
            at.error(format!(
                "the {what} requires the parameter `{name}`, which is missing"
            ))
        })?;
        let mut value = value
            .text()
            .ok_or_else(|| {
                value.error(format!(
                    "the parameter `{name}` is embedded in text: expected a scalar, found {}",
                    value.what()
                ))
            })?
            .to_owned();
        for function in parts {
            value = apply(function, &value).ok_or_else(|| {
                at.error(format!("the {what} uses the unknown function `{function}`"))
            })?;
        }
        filled.push_str(&value);
        rest = &rest[start + length + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The functions of RAML 1.0.
fn apply(function: &str, value: &str) -> Option<String> {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |c| {
            c.to_uppercase().to_string() + chars.as_str()
        })
    };
    let parts = || -> Vec<String> {
        let mut parts = vec![String::new()];
        for c in value.chars() {
            if matches!(c, '-' | '_' | ' ') {
                parts.push(String::new());
            } else {
                if c.is_uppercase()
                    && parts
                        .last()
                        .is_some_and(|p| p.ends_with(|l: char| l.is_lowercase()))
                {
                    parts.push(String::new());
                }
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.iter().map(|part| part.to_lowercase()).collect()
    };
    Some(match function {
        "!singularize" => words::singular(value),
        "!pluralize" => words::plural(value),
        "!uppercase" => value.to_uppercase(),
        "!lowercase" => value.to_lowercase(),
        "!uppercamelcase" => parts().iter().map(|part| capital(part)).collect(),
        "!lowercamelcase" => parts()
            .iter()
            .enumerate()
            .map(|(i, part)| if i == 0 { part.clone() } else { capital(part) })
            .collect(),
        "!upperunderscorecase" => parts().join("_").to_uppercase(),
        "!lowerunderscorecase" => parts().join("_"),
        "!upperhyphencase" => parts().join("-").to_uppercase(),
        "!lowerhyphencase" => parts().join("-"),
        _ => return None,
    })
}

/// Merges the values of a trait or resource type into existing ones, which are preserved. `name?`
/// is merged only if `name` exists.
pub(super) fn merge(target: &mut Node, source: &Node) {
    if target.is_null() && target.tag.is_none() {
        target.kind = optional_removed(source).kind;
        target.tag = source.tag.clone();
        return;
    }
    let (Kind::Mapping(to), Kind::Mapping(from)) = (&mut target.kind, &source.kind) else {
        return;
    };
    for (key, value) in from {
        let (name, optional) = match key.strip_suffix('?') {
            Some(name) if METHODS.contains(&name) => (name, true),
            _ => (key.as_str(), false),
        };
        match to.iter_mut().find(|(known, _)| known == name) {
            Some((_, there)) => merge(there, value),
            None if optional => {}
            None => to.push((name.to_owned(), optional_removed(value))),
        }
    }
}

fn optional_removed(node: &Node) -> Node {
    let mut node = node.clone();
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.retain(|(key, _)| {
            !key.strip_suffix('?')
                .is_some_and(|name| METHODS.contains(&name))
        });
    }
    node
}

pub(super) fn remove(node: &mut Node, key: &str) {
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.retain(|(known, _)| known != key);
    }
}

/// The traits of a list that are applied for the first time with these arguments. With other
/// arguments a trait is applied once more, as raml-1-parser does.
pub(super) fn without(list: &Node, seen: &mut HashSet<String>) -> Node {
    let elements = if matches!(list.kind, Kind::Sequence(_)) {
        list.elements().to_vec()
    } else {
        vec![list.clone()]
    };
    let mut left = list.clone();
    left.tag = None;
    left.kind = Kind::Sequence(
        elements
            .into_iter()
            .filter(|element| {
                let name = element.text().map(|name| name.trim().to_owned());
                seen.insert(name.unwrap_or_else(|| element.json().to_string()))
            })
            .collect(),
    );
    left
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn node(text: &str) -> Node {
        Node::parse(Path::new("a.raml"), text).unwrap()
    }

    #[test]
    fn parameters_are_put_in_with_the_functions_of_raml() {
        let given = reserved("/orders/{id}/order-lines", "get");
        for (text, expected) in [
            ("<<resourcePathName>>", "order-lines"),
            ("<<resourcePathName|!singularize>>", "order-line"),
            ("<<resourcePathName | !uppercamelcase>>", "OrderLines"),
            (
                "<<resourcePathName|!lowercamelcase>>.json",
                "orderLines.json",
            ),
            (
                "<<resourcePathName|!singularize|!upperunderscorecase>>",
                "ORDER_LINE",
            ),
            (
                "<<methodName|!uppercase>> <<resourcePath>>",
                "GET /orders/{id}/order-lines",
            ),
            ("no parameter, << no end", "no parameter, << no end"),
        ] {
            let template = Node {
                kind: Kind::Scalar(text.to_owned(), true),
                ..node("x")
            };
            let filled = substitute(&template, &given, "trait `t`", &template).unwrap();
            assert_eq!(filled.text(), Some(expected));
        }
        for (text, problem) in [
            ("a <<missing>>", "requires the parameter `missing`"),
            ("<<resourcePath|!reverse>>", "unknown function `!reverse`"),
        ] {
            let template = node(text);
            let error = substitute(&template, &given, "trait `t`", &template).unwrap_err();
            assert!(error.problem.contains(problem), "{error}");
        }
    }

    #[test]
    fn what_is_there_stays_and_optional_methods_add_nothing() {
        let mut target = node("get:\n  a: 1\n");
        merge(
            &mut target,
            &node("get?:\n  a: 2\n  b: 3\npost?:\n  c: 4\nput:\n  d: 5\n"),
        );
        let expected = json!({"get": {"a": 1, "b": 3}, "put": {"d": 5}});
        assert_eq!(target.json(), expected);
    }

    #[test]
    fn a_trait_is_applied_once_for_the_same_arguments() {
        let mut seen = HashSet::new();
        let first = without(&node("[a, {b: {x: 1}}, a]"), &mut seen);
        assert_eq!(first.json(), json!(["a", {"b": {"x": 1}}]));
        let second = without(&node("[a, {b: {x: 2}}]"), &mut seen);
        assert_eq!(second.json(), json!([{"b": {"x": 2}}]));
    }
}
