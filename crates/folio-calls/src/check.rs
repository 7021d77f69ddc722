//! Compares a received request with the description of its operation.

use percent_encoding::percent_decode_str;

use crate::document::{Operation, Parameter};
use crate::json::Json;
use crate::program::{Input, Sent};
use crate::server::Arrived;

/// They are sent without a token: with one that has expired the gateway rejects them.
const LOGINS: [&str; 5] = [
    "/authn/login",
    "/authn/login-with-expiry",
    "/authn/refresh",
    "/bl-users/login",
    "/bl-users/login-with-expiry",
];

/// Checks a request.
///
/// # Errors
/// The differences from the description.
pub fn request(operation: &Operation<'_>, input: &Input, arrived: &Arrived) -> Result<(), String> {
    if arrived.method != operation.method {
        return Err(format!("the method is {}", arrived.method));
    }
    path(operation.path, &input.path, &arrived.path)?;
    query(operation, input, arrived.query.as_deref())?;
    headers(operation, input, arrived)?;
    body(operation, input, arrived)
}

fn decoded(text: &str) -> Result<String, String> {
    let bytes = percent_decode_str(text);
    let text = bytes
        .decode_utf8()
        .map_err(|error| format!("{text} is not UTF-8: {error}"))?;
    Ok(text.into_owned())
}

/// The path, segment by segment: each parameter is one segment, regardless of its characters.
fn path(template: &str, values: &[(String, String)], arrived: &str) -> Result<(), String> {
    let said = |problem: &str| format!("the path is {arrived}: {problem}");
    let mut left = arrived;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace without its other")?;
        left = literal(before, left).ok_or_else(|| said(before))?;
        // The value extends to the next character of the template, or to the end of the segment.
        let end = match (name.starts_with('+'), after.chars().next()) {
            (true, None) => left.len(),
            (_, Some(next)) if next != '/' => left.find(next).unwrap_or(left.len()),
            _ => left.find('/').unwrap_or(left.len()),
        };
        let (value, more) = left.split_at(end);
        let wanted = values.iter().find(|(known, _)| known == name);
        let wanted = wanted.map_or("", |(_, value)| value);
        if decoded(value)? != wanted {
            return Err(said(&format!("{{{name}}} should be {wanted:?}")));
        }
        (left, rest) = (more, after);
    }
    match literal(rest, left) {
        Some("") => Ok(()),
        _ => Err(said("its end differs from the description")),
    }
}

/// The literal part after a parameter.
fn literal<'a>(part: &str, arrived: &'a str) -> Option<&'a str> {
    let mut left = arrived;
    for c in part.chars() {
        let is_escaped = left.starts_with('%') && c != '%';
        let end = match is_escaped {
            true => (c.len_utf8() * 3).min(left.len()),
            false => left.chars().next()?.len_utf8(),
        };
        let (one, more) = left.split_at_checked(end)?;
        (decoded(one).ok()? == c.to_string()).then_some(())?;
        left = more;
    }
    Some(left)
}

fn query(operation: &Operation<'_>, input: &Input, arrived: Option<&str>) -> Result<(), String> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    for (name, values) in &input.query {
        let described = operation
            .parameters
            .iter()
            .find(|parameter| parameter.place == "query" && parameter.name == name);
        match described {
            Some(Parameter {
                delimiter: Some(delimiter),
                ..
            }) => {
                wanted.push((name.clone(), values.join(delimiter)));
            }
            _ => wanted.extend(values.iter().map(|value| (name.clone(), value.clone()))),
        }
    }
    let mut found = Vec::new();
    for pair in arrived.into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let read = |text: &str| decoded(&text.replace('+', " "));
        found.push((read(name)?, read(value)?));
    }
    // CQL is sent as it is but for the spaces around it and its part after `sortby`, to which keys
    // are added; a query that is empty asks for all records.
    for (name, value) in &mut wanted {
        let own = found.iter().find(|(known, _)| known == "query");
        if name == "query" && own.is_some_and(|(_, sent)| same_query(value, sent)) {
            *value = own.map(|(_, sent)| sent.clone()).unwrap_or_default();
        }
    }
    // Parameters with the same name keep their order; different names have none.
    wanted.sort_by(|one, other| one.0.cmp(&other.0));
    found.sort_by(|one, other| one.0.cmp(&other.0));
    match wanted == found {
        true => Ok(()),
        false => Err(format!(
            "the query has {found:?}, it was to have {wanted:?}"
        )),
    }
}

fn same_query(given: &str, sent: &str) -> bool {
    let given = given.trim();
    let (is_sorted, squeezed) = (given.contains("sortby"), |text: &str| {
        text.replace(' ', "").to_lowercase()
    });
    given == sent
        || given.is_empty() && sent == "cql.allRecords=1"
        || is_sorted && squeezed(given) == squeezed(sent)
}

fn headers(operation: &Operation<'_>, input: &Input, arrived: &Arrived) -> Result<(), String> {
    let one = |name: &str| {
        let values: Vec<String> = arrived
            .header(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect();
        match &values[..] {
            [only] => Ok(only.clone()),
            other => Err(format!("the header {name} is {other:?}")),
        }
    };
    let module = format!("{}-1.0.0", operation.module);
    let is_login = LOGINS.contains(&operation.path);
    for (name, value, is_sent) in [
        ("x-okapi-tenant", "campus", true),
        ("x-okapi-token", "token", !is_login),
        ("x-okapi-module-id", &module, operation.is_multiple),
    ] {
        let found: Vec<&[u8]> = arrived.header(name).collect();
        let wanted: &[&[u8]] = if is_sent { &[value.as_bytes()] } else { &[] };
        if found != wanted {
            return Err(format!("the header {name} is {found:?}"));
        }
    }
    for (name, value) in &input.headers {
        let found = one(&name.to_lowercase())?;
        if found != *value {
            return Err(format!(
                "the header {name} is {found:?}, it was to be {value:?}"
            ));
        }
    }
    let accept = one("accept")?;
    let types: Vec<&str> = accept
        .split(',')
        .filter_map(|range| range.split(';').next())
        .collect();
    let accepts = |media_type: &str| {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        types
            .iter()
            .any(|range| matches!(range.trim(), "*/*") || range.trim() == essence)
    };
    let mut described = operation.successes.iter().flat_map(|(_, content)| content);
    let is_met = match input.accept.as_str() {
        "" => described.all(|(media_type, _)| accepts(media_type)),
        asked => accepts(asked),
    };
    match is_met {
        true => Ok(()),
        false => Err(format!("`accept: {accept}` lacks described media types")),
    }
}

fn body(operation: &Operation<'_>, input: &Input, arrived: &Arrived) -> Result<(), String> {
    let found: Vec<&[u8]> = arrived.header("content-type").collect();
    let Some((media_type, sent)) = &input.body else {
        return match (arrived.body.is_empty(), found.is_empty()) {
            (true, true) => Ok(()),
            _ => Err(format!("an unexpected body: {:?}", arrived.body)),
        };
    };
    let [found] = found[..] else {
        return Err(format!("{} headers content-type", found.len()));
    };
    let found = String::from_utf8_lossy(found);
    if found.split(';').next() != media_type.split(';').next() {
        return Err(format!("the body is {found}, and not {media_type}"));
    }
    match sent {
        Sent::Bytes(bytes) => match arrived.body == bytes.as_slice() {
            true => Ok(()),
            false => Err("the bytes of the body differ".to_owned()),
        },
        Sent::Json(json) => {
            let read = |text: &str| Json::parse(text).map_err(|error| format!("{error}: {text}"));
            let text = String::from_utf8_lossy(&arrived.body);
            let mut wanted = read(json)?;
            for path in &operation.omits {
                wanted.omit(path);
            }
            match wanted.difference(&read(&text)?) {
                None => Ok(()),
                Some(difference) => Err(format!("the body: {difference}")),
            }
        }
        Sent::Form(parts) => form(parts, &found, &arrived.body),
    }
}

/// A form, by RFC 7578.
fn form(
    parts: &[(String, Option<String>, String)],
    media_type: &str,
    body: &[u8],
) -> Result<(), String> {
    let (_, boundary) = media_type.split_once("boundary=").ok_or("no boundary")?;
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let pieces: Vec<&str> = text.split(&delimiter).collect();
    let [preamble, pieces @ .., end] = &pieces[..] else {
        return Err("the form has no end".to_owned());
    };
    if !preamble.is_empty() || end.trim_end() != "--" || pieces.len() != parts.len() {
        return Err(format!("the form has {} parts: {text}", pieces.len()));
    }
    for (piece, (name, file, content)) in pieces.iter().zip(parts) {
        let (head, found) = piece
            .split_once("\r\n\r\n")
            .ok_or("a part without a head")?;
        let is_named = head.contains(&format!("name=\"{name}\""))
            && match file {
                Some(file) => head.contains(&format!("filename=\"{file}\"")),
                None => !head.contains("filename="),
            };
        if !is_named || found.strip_suffix("\r\n") != Some(content) {
            return Err(format!("the part {name} arrived as {piece:?}"));
        }
    }
    Ok(())
}
