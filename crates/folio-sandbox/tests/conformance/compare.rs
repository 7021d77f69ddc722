//! Compares an answer with a recorded one. What differs from run to run is masked by rule: ids,
//! dates, tokens, HRIDs, line and column numbers, versions of modules, and the fields that only one
//! of the releases has.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use folio_sandbox::record::{Reply, keys};
use regex::Regex;
use serde_json::Value;

/// Fields of records that the recorded release or that of the specifications here does not have.
pub(crate) const RELEASE_FIELDS: [&str; 16] = [
    "publicationPeriod",
    "dates",
    "deleted",
    "additionalCallNumbers",
    "preferredEmailCommunication",
    "order",
    "displaySummary",
    "acquisitionsUnitIds",
    "instanceFormats",
    "holdingsRecords2",
    "meta",
    "customFields",
    "isShadow",
    "ecsRequestRouting",
    "suppressInstanceFromDiscovery",
    "holdShelfClosedLibraryDateManagement",
];

static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
            "<id>",
        ),
        (r"\^\[[^$]{40,160}\$", "<uuid pattern>"),
        (
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?",
            "<date>",
        ),
        (r"line: \d+, column: \d+", "line: N, column: N"),
        (r"\(\d+ known properties: [^\]]*\]", "(N known properties]"),
        (r"\b(in|ho|it|rb)\d{3,}\b", "<hrid>"),
        (
            r"\b((?:mod|okapi)[a-z-]*)-\d+\.\d+\.\d+(-\d+)?\b",
            "$1-<version>",
        ),
        (r"<jwt>|eyJ[A-Za-z0-9_.-]+", "<token>"),
        (r"127\.0\.0\.1:\d+", "<host>"),
    ]
    .into_iter()
    .map(|(pattern, to)| (Regex::new(pattern).unwrap(), to))
    .collect()
});

pub(crate) fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    // What is masked has a digit, or is a pattern or a token.
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit
        && !["^[", "<jwt>", "eyJ"]
            .iter()
            .any(|part| text.contains(part))
    {
        return text;
    }
    for (pattern, to) in MASKS.iter() {
        text = pattern.replace_all(&text, *to).into_owned();
    }
    text
}

/// JSON, text or nothing.
fn form(content_type: Option<&str>, body: &str) -> char {
    match content_type {
        _ if body.is_empty() => '-',
        Some(kind) if kind.contains("json") => 'J',
        Some(kind) if kind.contains("html") => 'H',
        _ => 'T',
    }
}

fn errors(text: &str) -> Option<Vec<String>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut list: Vec<String> = value
        .get("errors")?
        .as_array()?
        .iter()
        .map(|error| match error.get("_trace") {
            // Where in the module it was found is not compared.
            Some(_) => masked(&format!("{} {}", error["code"], error["message"])),
            None => masked(&error.to_string()),
        })
        .collect();
    list.sort();
    Some(list)
}

/// What differs between a recorded row and an answer.
pub(crate) fn differences(row: &Value, reply: Option<&Reply>) -> Vec<String> {
    let mut found = Vec::new();
    let status = row["status"].as_u64();
    let Some(reply) = reply else {
        if status.is_some() {
            found.push(format!("status: no answer, recorded {}", row["status"]));
        }
        return found;
    };
    let own = reply.text();
    if status != Some(u64::from(reply.status)) {
        found.push(format!(
            "status: {} {}, recorded {} {}",
            reply.status,
            own.chars().take(160).collect::<String>(),
            row["status"],
            row["text"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(160)
                .collect::<String>()
        ));
        return found;
    }
    let text = row["text"].as_str().unwrap_or_default();
    let has_text = row.get("text").is_some();
    if reply.status >= 400 {
        let recorded_type = row["type"].as_str();
        if recorded_type.is_some() || text.is_empty() {
            let (a, b) = (
                form(reply.header("content-type"), &own),
                form(recorded_type, text),
            );
            if a != b {
                found.push(format!("kind: {a}, recorded {b}: {own} / {text}"));
                return found;
            }
        }
        match (errors(text), errors(&own)) {
            (Some(recorded), Some(own)) if recorded == own => {}
            (Some(recorded), Some(own)) => {
                found.push(format!("errors: {own:?}, recorded {recorded:?}"));
            }
            _ => {
                // A Java stack is not compared.
                let shown = |text: &str| {
                    let text = text.split(",\"_trace\"").next().unwrap_or_default();
                    masked(text.split("\n\tat ").next().unwrap_or_default())
                };
                let (a, b) = (shown(&own), shown(text));
                // The order of an error's fields is not compared.
                let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
                let same = a == b
                    || parsed(&a).is_some_and(|a| parsed(&b) == Some(a))
                    || text.len() >= 1_400 && a.get(..b.len() - 40) == b.get(..b.len() - 40);
                if !same {
                    found.push(format!("text: {a}, recorded {b}"));
                }
            }
        }
    }
    let location = row["location"].as_str().map(masked);
    let own_location = reply.header("location").map(masked);
    if location != own_location && (reply.status == 201) {
        found.push(format!("location: {own_location:?}, recorded {location:?}"));
    }
    if reply.status < 300
        && let Some(recorded) = row["keys"].as_array()
        && has_text
    {
        let mut recorded: Vec<&str> = recorded.iter().filter_map(Value::as_str).collect();
        let own = keys(&own);
        let mut own: Vec<&str> = own.iter().map(String::as_str).collect();
        if row.get("list_key").is_none() {
            // The order of a record's fields is compared only as far as both have them.
            recorded.retain(|key| !RELEASE_FIELDS.contains(key));
            own.retain(|key| !RELEASE_FIELDS.contains(key));
            recorded.sort_unstable();
            own.sort_unstable();
        }
        if recorded != own {
            found.push(format!("keys: {own:?}, recorded {recorded:?}"));
        }
    }
    if let Some(recorded) = row.get("diff")
        && reply.status == 200
    {
        found.extend(compare_diff(recorded, &row["sent_record"], &own));
    }
    // Records of files whose rows have no `diff`: all of it, if it was recorded as a whole.
    if row.get("sent_headers").is_some()
        && reply.status < 300
        && let (Ok(recorded), Ok(own)) = (
            serde_json::from_str::<Value>(text),
            serde_json::from_str::<Value>(&own),
        )
        && recorded.get("totalRecords").is_none()
    {
        let (a, b) = (fields_of(&own), fields_of(&recorded));
        if a != b {
            let only = |a: &[String], b: &[String]| -> Vec<String> {
                a.iter()
                    .filter(|field| !b.contains(field))
                    .cloned()
                    .collect()
            };
            found.push(format!(
                "record: {:?}, recorded {:?}",
                only(&a, &b),
                only(&b, &a)
            ));
        }
    }
    if let Some(shape) = row.get("body").filter(|_| row.get("sent_body").is_some())
        && reply.status < 300
        && let Ok(value) = serde_json::from_str::<Value>(&own)
    {
        let (a, b) = (shape_of(&value), without_release(shape));
        if a != b {
            found.push(format!("shape: {a}, recorded {b}"));
        }
    }
    found
}

fn without_release(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !RELEASE_FIELDS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), without_release(value)))
            .collect(),
        Value::Array(list) => list.iter().map(without_release).collect(),
        other => other.clone(),
    }
}

/// Keys and types, as the recordings have them.
fn shape_of(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !RELEASE_FIELDS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), shape_of(value)))
            .collect(),
        Value::Array(list) => match list.first() {
            Some(first) => Value::Array(vec![shape_of(first)]),
            None => Value::Array(Vec::new()),
        },
        Value::String(_) => "str".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) if number.is_f64() => "float".into(),
        Value::Number(_) => "int".into(),
        Value::Null => "NoneType".into(),
    }
}

/// Compares what the server added, changed and left out.
fn compare_diff(recorded: &Value, sent: &Value, own: &str) -> Vec<String> {
    let Ok(own) = serde_json::from_str::<Value>(own) else {
        return vec![format!("diff: no JSON: {own}")];
    };
    let empty = serde_json::Map::new();
    let (sent, own) = (
        sent.as_object().unwrap_or(&empty),
        own.as_object().unwrap_or(&empty),
    );
    let value = |value: &Value| plain_numbers(&masked(&without_release(value).to_string()));
    let mut mine: BTreeMap<String, String> = BTreeMap::new();
    for (name, now) in own {
        match sent.get(name) {
            None => mine.insert(name.clone(), format!("+{}", value(now))),
            Some(before) if value(before) == value(now) || numbers(before, now) => None,
            Some(_) => mine.insert(name.clone(), format!("={}", value(now))),
        };
    }
    for name in sent.keys().filter(|name| !own.contains_key(*name)) {
        mine.insert(name.clone(), "-".to_owned());
    }
    let mut theirs: BTreeMap<String, String> = BTreeMap::new();
    for (name, now) in recorded["added"].as_object().unwrap_or(&empty) {
        theirs.insert(name.clone(), format!("+{}", value(now)));
    }
    for (name, pair) in recorded["changed"].as_object().unwrap_or(&empty) {
        if value(&pair[0]) != value(&pair[1]) && !numbers(&pair[0], &pair[1]) {
            theirs.insert(name.clone(), format!("={}", value(&pair[1])));
        }
    }
    for name in recorded["dropped"].as_array().into_iter().flatten() {
        theirs.insert(name.as_str().unwrap_or_default().to_owned(), "-".to_owned());
    }
    for name in RELEASE_FIELDS {
        mine.remove(name);
        theirs.remove(name);
    }
    if mine == theirs {
        return Vec::new();
    }
    let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| -> Vec<String> {
        a.iter()
            .filter(|(name, value)| b.get(*name) != Some(value))
            .map(|(name, value)| format!("{name}{value}"))
            .collect()
    };
    vec![format!(
        "diff: {:?}, recorded {:?}",
        only(&mine, &theirs),
        only(&theirs, &mine)
    )]
}

/// Whether two values are numbers that are equal: the recordings do not tell 1 from 1.0.
fn numbers(a: &Value, b: &Value) -> bool {
    matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a == b)
}

/// Numbers without `.0`.
fn plain_numbers(text: &str) -> String {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r":(\d+)\.0\b").unwrap());
    WHOLE.replace_all(text, ":$1").into_owned()
}

/// Spring modules keep lists as sets, whose order is not told.
fn in_any_order(value: Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.into_iter().map(in_any_order).collect();
            list.sort_by_key(ToString::to_string);
            Value::Array(list)
        }
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, in_any_order(value)))
            .collect(),
        other => other,
    }
}

/// The fields of a record and their values, masked; without those of one release.
fn fields_of(value: &Value) -> Vec<String> {
    let value = in_any_order(without_release(value));
    let fields = value.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| {
            // Numbers of sequences differ, and so do fields of a later release that are empty.
            !name.ends_with("Number") && !value.as_array().is_some_and(Vec::is_empty)
        })
        .map(|(name, value)| format!("{name}={}", plain_numbers(&masked(&value.to_string()))))
        .collect()
}

/// Compares cookies attribute by attribute; values and dates are masked.
pub(crate) fn cookies_differ(row: &Value, reply: &Reply) -> Option<String> {
    let form = |cookie: &str| -> String {
        cookie
            .split("; ")
            .map(|part| match part.split_once('=') {
                Some(("Expires", value)) if !value.contains("1970") => "Expires=…".to_owned(),
                // A second may pass between the token and the cookie.
                Some(("Max-Age", "599")) => "Max-Age=600".to_owned(),
                Some(("Max-Age", "604799")) => "Max-Age=604800".to_owned(),
                Some((name, value)) if name.starts_with("folio") && !value.is_empty() => {
                    format!("{name}=…")
                }
                _ => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    let own: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| form(value))
        .collect();
    let recorded: Vec<String> = row["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(form)
        .collect();
    // Some recordings do not tell whether a value was empty.
    let untold = |cookie: &String| cookie.contains("=…; Path");
    let shown = |cookie: &String| cookie.replacen("Token=;", "Token=…;", 1);
    let own: Vec<String> = match recorded.iter().any(untold) {
        true => own.iter().map(shown).collect(),
        false => own,
    };
    (own != recorded).then(|| format!("cookies: {own:?}, recorded {recorded:?}"))
}
