//! What a schema says beside its type, in words. Defaults and limits do not reach the types: a
//! default would be written into records that lack the field.

use serde_json::Value;

use super::links::referenced;
use crate::names::is_name;
use crate::subject::Subject;
use crate::text::code;

/// So many values are listed; the type of the field lists the others.
const MOST_VALUES: usize = 8;

/// What is known of a value, from facts of its description, each a few words.
pub(super) fn facts(subject: &Subject<'_>) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(record) = subject.reference() {
        facts.push(format!("the `id` of {}", referenced(subject, record)));
    }
    let items = subject.items();
    let of = items.as_ref().unwrap_or(subject);
    facts.extend(values(of, items.is_some()));
    facts.extend(format(of));
    facts.extend(pattern(of));
    facts.extend(length(of));
    facts.extend(range(of));
    facts.extend(entries(subject));
    if let Some(default) = subject.keyword("default") {
        facts.push(format!("default {}", code(&default.to_string())));
    }
    if is_true(subject, "readOnly") {
        facts.push("read-only: the server sets it".into());
    }
    if is_true(subject, "deprecated") {
        facts.push("deprecated by the module".into());
    }
    facts
}

fn is_true(subject: &Subject<'_>, keyword: &str) -> bool {
    subject.keyword(keyword) == Some(&Value::Bool(true))
}

fn number(subject: &Subject<'_>, keyword: &str) -> Option<String> {
    let number = subject.keyword(keyword).filter(|value| value.is_number())?;
    Some(number.to_string())
}

/// The values that are listed.
fn values(subject: &Subject<'_>, is_list: bool) -> Option<String> {
    let values = subject.keyword("enum")?.as_array()?;
    let shown = values.iter().take(MOST_VALUES);
    let shown: Vec<String> = shown
        .map(|value| match value.as_str() {
            Some(text) => code(text),
            None => code(&value.to_string()),
        })
        .collect();
    let more = match values.len() > MOST_VALUES {
        true => format!(" and {} more", values.len() - MOST_VALUES),
        false => String::new(),
    };
    let word = if is_list { "entries" } else { "values" };
    (!shown.is_empty()).then(|| format!("{word}: {}{more}", shown.join(", ")))
}

fn format(subject: &Subject<'_>) -> Option<String> {
    match subject.keyword("format")?.as_str()? {
        // The type says it.
        "uuid" | "date-time" | "int32" | "int64" | "float" | "double" => None,
        format if is_name(&format.replace('-', "_")) => Some(format!("format {format}")),
        format => Some(format!("format {}", code(format))),
    }
}

fn pattern(subject: &Subject<'_>) -> Option<String> {
    // Of identifiers the type says it.
    if subject
        .keyword("format")
        .is_some_and(|format| format == "uuid")
    {
        return None;
    }
    let pattern = subject.keyword("pattern")?.as_str()?;
    Some(format!("matches {}", code(pattern)))
}

fn length(subject: &Subject<'_>) -> Option<String> {
    let least = number(subject, "minLength").filter(|least| least != "0");
    bounds(least, number(subject, "maxLength"), "character")
}

fn entries(subject: &Subject<'_>) -> Option<String> {
    let least = number(subject, "minItems").filter(|least| least != "0");
    let bounds = bounds(least, number(subject, "maxItems"), "entry");
    match (bounds, is_true(subject, "uniqueItems")) {
        (Some(bounds), true) => Some(format!("{bounds}, none twice")),
        (None, true) => Some("no entry twice".into()),
        (bounds, false) => bounds,
    }
}

fn bounds(least: Option<String>, most: Option<String>, what: &str) -> Option<String> {
    let what = |number: &str| match (number, what) {
        ("1", what) => what.to_owned(),
        (_, "entry") => "entries".to_owned(),
        (_, what) => format!("{what}s"),
    };
    match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(format!("at least {least} {}", what(&least))),
        (None, Some(most)) => Some(format!("at most {most} {}", what(&most))),
        (Some(least), Some(most)) if least == most => Some(format!("{most} {}", what(&most))),
        (Some(least), Some(most)) => Some(format!("{least} to {most} {}", what(&most))),
    }
}

/// What descriptions state where any number fits.
const ANY: [&str; 4] = [
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
];

fn range(subject: &Subject<'_>) -> Option<String> {
    let limit = |keyword: &str| number(subject, keyword).filter(|it| !ANY.contains(&&**it));
    let (least, most) = (limit("minimum"), limit("maximum"));
    let is_open = |keyword: &str| is_true(subject, keyword);
    match (least, most) {
        (None, None) => None,
        (Some(least), None) if is_open("exclusiveMinimum") => Some(format!("more than {least}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) if is_open("exclusiveMaximum") => Some(format!("less than {most}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{Document, Home};

    #[test]
    fn what_a_field_says_beside_its_type_is_documentation() {
        for (schema, expected) in [
            (json!({"type": "string"}), ""),
            (json!({"format": "uuid", "pattern": "^x"}), ""),
            (json!({"format": "email"}), "format email"),
            (json!({"format": "x y"}), "format `x y`"),
            (
                json!({"pattern": "^x`$", "default": "x", "minLength": 1}),
                "matches `^x'$`; at least 1 character; default `\"x\"`",
            ),
            (
                json!({"readOnly": true, "deprecated": true}),
                "read-only: the server sets it; deprecated by the module",
            ),
            (
                json!({"readOnly": false, "minLength": 0, "minimum": -2147483648i64}),
                "",
            ),
            (json!({"minLength": 2, "maxLength": 2}), "2 characters"),
            (json!({"minimum": 0, "maximum": 100}), "0 to 100"),
            (
                json!({"minimum": 0, "exclusiveMinimum": true}),
                "more than 0",
            ),
            (json!({"enum": ["a", "b"]}), "values: `a`, `b`"),
            (
                json!({"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"enum": ["a"], "maxLength": 9}}),
                "entries: `a`; at most 9 characters; at most 3 entries, none twice",
            ),
            (
                json!({"$ref": "#/components/schemas/Code"}),
                "at most 3 characters",
            ),
        ] {
            let document = Document::new(
                "mod-test",
                json!({"components": {"schemas": {"Code": {"type": "string", "maxLength": 3}}}}),
            );
            let common = Document::new("common", json!({}));
            let home = Home {
                document: &document,
                common: &common,
            };
            let found = facts(&Subject::inline(home, &schema));
            assert_eq!(found.join("; "), expected, "{schema}");
        }
    }

    #[test]
    fn long_lists_of_values_are_cut() {
        let values: Vec<String> = (0..10).map(|n| format!("v{n}")).collect();
        let document = Document::new("mod-test", json!({}));
        let home = Home {
            document: &document,
            common: &document,
        };
        let schema = json!({"enum": values});
        let found = facts(&Subject::inline(home, &schema)).join("; ");
        assert!(found.ends_with("`v7` and 2 more"), "{found}");
    }
}
