//! Extracts the field and its value from a message. Modules that do not list errors with parameters
//! state both in a sentence: RMB's text, that of PostgreSQL and Jackson, and Spring's (real-facts,
//! sections 5 and 18).

use super::types::{Parameter, ValidationError};

/// The fields that a message names; none if its form is unknown.
pub(super) fn read(message: &str) -> Vec<ValidationError> {
    let forms: [fn(&str) -> Vec<ValidationError>; 12] = [
        spring_fields,
        hibernate_fields,
        unique_key,
        existing_value,
        reference,
        wrong_parameter,
        method_parameter,
        method_path,
        unrecognized_field,
        reference_chain,
        named_parameter,
        unchangeable,
    ];
    let found = forms.iter().map(|form| form(message));
    found
        .into_iter()
        .find(|errors| !errors.is_empty())
        .unwrap_or_default()
}

/// The name of a field as in a record, extracted from a database expression:
/// `lower(f_unaccent(jsonb ->> 'name'::text))` is `name`.
pub(super) fn field_of(key: &str) -> Option<String> {
    if !key.contains("->") {
        return None;
    }
    let names: Vec<&str> = key
        .split("->")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start_matches('>').trim_start();
            rest.strip_prefix('\'')?.split('\'').next()
        })
        .collect();
    (!names.is_empty()).then(|| names.join("."))
}

fn error(message: &str, field: &str, value: Option<&str>) -> ValidationError {
    let key = field_of(field).unwrap_or_else(|| field.trim().to_owned());
    ValidationError {
        message: message.trim().to_owned(),
        parameters: vec![Parameter {
            key,
            value: value.map(str::to_owned),
        }],
        ..ValidationError::default()
    }
}

fn one(message: &str, field: Option<&str>, value: Option<&str>) -> Vec<ValidationError> {
    let field = field.filter(|field| !field.trim().is_empty());
    field
        .map(|field| error(message, field, value))
        .into_iter()
        .collect()
}

/// The text between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inner, _)| inner)
}

/// Whether it is a name, or a path of names and indexes: `personal.addresses[0].city`.
fn is_path(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c))
}

/// Spring: "… [Field error in object 'tagDto' on field 'label': rejected value [null]; codes […];
/// default message [must not be null]] ".
fn spring_fields(message: &str) -> Vec<ValidationError> {
    let parts = message.split("Field error in object ").skip(1);
    parts
        .filter_map(|part| {
            let field = between(part, "on field '", "'")?;
            let value = between(part, "rejected value [", "]; codes [")
                .or_else(|| between(part, "rejected value [", "]"));
            // The last one belongs to the error; earlier ones name the arguments.
            let (_, reported) = part.rsplit_once("default message [")?;
            let end = reported.rfind("]]").or_else(|| reported.rfind(']'));
            let reported = reported.get(..end.unwrap_or(reported.len()))?;
            Some(error(reported, field, value))
        })
        .collect()
}

/// Hibernate: "ConstraintViolationImpl{interpolatedMessage='must not be blank', propertyPath=name,
/// …}".
fn hibernate_fields(message: &str) -> Vec<ValidationError> {
    let parts = message.split("ConstraintViolationImpl{").skip(1);
    parts
        .filter_map(|part| {
            let reported = between(part, "interpolatedMessage='", "', propertyPath=")?;
            let field = between(part, "propertyPath=", ",")?;
            Some(error(reported, field, None))
        })
        .collect()
}

/// PostgreSQL: "Key (label)=(x) already exists.", "Key (polineid)=(…) is not present in table
/// "po_line".".
fn unique_key(message: &str) -> Vec<ValidationError> {
    const ENDS: [&str; 3] = [
        ") already exists",
        ") is not present",
        ") is still referenced",
    ];
    let Some((_, rest)) = message.split_once("Key (") else {
        return Vec::new();
    };
    let Some((key, rest)) = rest.split_once(")=(") else {
        return Vec::new();
    };
    let end = ENDS.iter().filter_map(|end| rest.find(end)).min();
    let value = rest.get(..end.unwrap_or_else(|| rest.find(')').unwrap_or(rest.len())));
    let (keys, values): (Vec<&str>, Vec<&str>) = (
        key.split(", ").collect(),
        value.unwrap_or_default().split(", ").collect(),
    );
    if keys.len() > 1 && keys.len() == values.len() && !key.contains('(') {
        let mut several = error(
            message,
            keys.first().unwrap_or(&key),
            values.first().copied(),
        );
        let others = keys.iter().zip(&values).skip(1);
        several
            .parameters
            .extend(others.map(|(key, value)| Parameter {
                key: (*key).to_owned(),
                value: Some((*value).to_owned()),
            }));
        return vec![several];
    }
    one(message, Some(key), value)
}

/// RMB: "lower(f_unaccent(jsonb ->> 'code'::text)) value already exists in table fund: x", "HRID
/// value already exists in table instance: x", "duplicate lower(f_unaccent(jsonb ->>
/// 'externalSystemId'::text value violates unique constraint: x".
fn existing_value(message: &str) -> Vec<ValidationError> {
    let reported = [
        " value already exists in table ",
        " value violates unique constraint",
    ];
    let Some((key, rest)) = reported.iter().find_map(|words| message.split_once(words)) else {
        return Vec::new();
    };
    let value = rest.split_once(": ").map(|(_, value)| value.trim());
    let key = key.trim().trim_start_matches("duplicate ");
    // "… PgException: ERROR: duplicate key" is not of this form.
    match field_of(key) {
        Some(field) => one(message, Some(&field), value),
        None if key == "HRID" => one(message, Some("hrid"), value),
        None if is_path(key) && key != "key" => one(message, Some(key), value),
        None => Vec::new(),
    }
}

/// RMB: "Cannot set instance.instancetypeid = … because it does not exist in instance_type.id.",
/// "Cannot delete groups.id = … because id is still referenced from table users.".
fn reference(message: &str) -> Vec<ValidationError> {
    let reported = ["Cannot set ", "Cannot delete "];
    let Some(rest) = reported
        .iter()
        .find_map(|words| message.trim().strip_prefix(words))
    else {
        return Vec::new();
    };
    let Some((column, rest)) = rest.split_once(" = ") else {
        return Vec::new();
    };
    let value = rest.split_once(" because ").map(|(value, _)| value);
    let field = column.rsplit('.').next().filter(|field| is_path(field));
    one(message, field, value)
}

/// RMB: "'limit' parameter is incorrect. parameter value {-1} is not valid: must be greater than or
/// equal to 0".
fn wrong_parameter(message: &str) -> Vec<ValidationError> {
    let Some((before, after)) = message.split_once("' parameter is incorrect.") else {
        return Vec::new();
    };
    let field = before.rsplit('\'').next();
    let value = between(after, "parameter value {", "} is not valid");
    let reported = after
        .split_once("is not valid:")
        .map(|(_, reported)| reported);
    one(reported.unwrap_or(message), field, value)
}

/// Spring: "Method parameter 'limit': Failed to convert value of type … For input string: "abc"".
fn method_parameter(message: &str) -> Vec<ValidationError> {
    let Some(field) = between(message, "Method parameter '", "'") else {
        return Vec::new();
    };
    let value = between(message, "For input string: \"", "\"")
        .or_else(|| between(message, "for value [", "]"))
        .or_else(|| {
            message
                .split_once("Invalid UUID string: ")
                .map(|(_, value)| value)
        });
    let reported = message.split_once(": ").map(|(_, reported)| reported);
    one(reported.unwrap_or(message), Some(field), value)
}

/// Spring: "getTagCollection.limit: must be greater than or equal to 1", several of them separated
/// by commas, or behind other words.
fn method_path(message: &str) -> Vec<ValidationError> {
    let message = message
        .split_once("ConstraintViolationException): ")
        .map_or(message, |(_, rest)| rest);
    let parts = message.split(", ").map(|part| {
        let (path, reported) = part.split_once(": ")?;
        let (method, field) = path.split_once('.')?;
        let is_so = is_path(path)
            && method.starts_with(|c: char| c.is_ascii_lowercase())
            && !field.contains("exception")
            && !field.contains("Exception")
            && reported.starts_with(|c: char| c.is_ascii_lowercase());
        is_so.then(|| error(reported, field, None))
    });
    let mut errors: Vec<ValidationError> = Vec::new();
    for (at, part) in parts.enumerate() {
        match part {
            Some(error) => errors.push(error),
            None if at == 0 => return Vec::new(),
            // A comma within a message.
            None => {}
        }
    }
    errors
}

/// Jackson in RMB: "Unrecognized field "x" (class org.folio…User), not marked as ignorable …".
fn unrecognized_field(message: &str) -> Vec<ValidationError> {
    one(
        message,
        between(message, "Unrecognized field \"", "\""),
        None,
    )
}

/// Jackson: "… (through reference chain:
/// org.folio…Instance["identifiers"]->java.util.ArrayList[0]->…["value"])".
fn reference_chain(message: &str) -> Vec<ValidationError> {
    let Some((reported, chain)) = message.split_once("(through reference chain: ") else {
        return Vec::new();
    };
    let mut path = String::new();
    for step in chain.split("->") {
        let Some((_, index)) = step.rsplit_once('[') else {
            return Vec::new();
        };
        let index = index.split(']').next().unwrap_or_default();
        match index
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'))
        {
            Some(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            None => {
                path.push('[');
                path.push_str(index);
                path.push(']');
            }
        }
    }
    one(reported, Some(&path), None)
}

/// "required query parameter missing: item_type_id", "invalid uuid format of item_type_id,
/// expecting …", "Invalid UUID format of id, should be …", "limit does not have a default value in
/// the RAML and has been passed empty", "Could not resolve attribute 'x' of '…'".
fn named_parameter(message: &str) -> Vec<ValidationError> {
    let text = message.trim();
    let field = text
        .strip_prefix("required query parameter missing: ")
        .or_else(|| {
            text.strip_suffix(
                " does not have a default value in the RAML and has been passed empty",
            )
        })
        .or_else(|| between(text, "nvalid uuid format of ", ","))
        .or_else(|| between(text, "nvalid UUID format of ", ","))
        .or_else(|| between(text, "Could not resolve attribute '", "'"));
    one(message, field.filter(|field| is_path(field)), None)
}

/// "The hrid field cannot be changed: new=null, old=in00000004790", "You cannot change the value of
/// the id field".
fn unchangeable(message: &str) -> Vec<ValidationError> {
    let text = message.trim();
    let field = between(text, "The ", " field cannot be changed").or_else(|| {
        between(text, "You cannot change the value of the ", " field").or_else(|| {
            text.strip_prefix("You cannot change the value of the ")?
                .strip_suffix(" field")
        })
    });
    let value = between(text, "new=", ",");
    one(message, field.filter(|field| is_path(field)), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_field_and_its_value() {
        for (message, expected) in [
            (
                "Validation failed for argument [0] in public x: [Field error in object 'tagDto' on field 'label': rejected value [null]; codes [NotNull.tagDto.label]; arguments [org.springframework.context.support.DefaultMessageSourceResolvable: codes [tagDto.label,label]; arguments []; default message [label]]; default message [must not be null]] ",
                &[("label", Some("null"), "must not be null")][..],
            ),
            (
                "Validation failed for argument [0] in x with 2 errors: [Field error in object 'a' on field 'links[0].id': rejected value [abc]; codes []; arguments []; default message [must match \"^[a]$\"]] [Field error in object 'a' on field 'b': rejected value [[]]; codes []; default message [size must be between 1 and 5]] ",
                &[
                    ("links[0].id", Some("abc"), "must match \"^[a]$\""),
                    ("b", Some("[]"), "size must be between 1 and 5"),
                ],
            ),
            (
                "Validation failed\nList of constraint violations:[\n\tConstraintViolationImpl{interpolatedMessage='must not be blank', propertyPath=name, rootBeanClass=class x}\n]",
                &[("name", None, "must not be blank")],
            ),
            (
                "Key (label)=(x) already exists.",
                &[("label", Some("x"), "Key (label)=(x) already exists.")],
            ),
            (
                "Key (lower(f_unaccent(jsonb ->> 'name'::text)))=(a (b)) already exists.",
                &[(
                    "name",
                    Some("a (b)"),
                    "Key (lower(f_unaccent(jsonb ->> 'name'::text)))=(a (b)) already exists.",
                )],
            ),
            (
                "lower(f_unaccent(jsonb ->> 'code'::text)) value already exists in table fund: re",
                &[(
                    "code",
                    Some("re"),
                    "lower(f_unaccent(jsonb ->> 'code'::text)) value already exists in table fund: re",
                )],
            ),
            (
                "HRID value already exists in table instance: in1",
                &[(
                    "hrid",
                    Some("in1"),
                    "HRID value already exists in table instance: in1",
                )],
            ),
            (
                "Cannot set instance.instancetypeid = 5 because it does not exist in instance_type.id.",
                &[(
                    "instancetypeid",
                    Some("5"),
                    "Cannot set instance.instancetypeid = 5 because it does not exist in instance_type.id.",
                )],
            ),
            (
                "\n 'limit' parameter is incorrect. parameter value {-1} is not valid: must be greater than or equal to 0",
                &[("limit", Some("-1"), "must be greater than or equal to 0")],
            ),
            (
                "Method parameter 'limit': Failed to convert value; For input string: \"abc\"",
                &[(
                    "limit",
                    Some("abc"),
                    "Failed to convert value; For input string: \"abc\"",
                )],
            ),
            (
                "getTagCollection.limit: must be greater than or equal to 1",
                &[("limit", None, "must be greater than or equal to 1")],
            ),
            (
                "a.limit: must be 1, or 2, a.offset: must be 0",
                &[("limit", None, "must be 1"), ("offset", None, "must be 0")],
            ),
            (
                "An error occurred (ConstraintViolationException): searchCalendars.limit: must be 0",
                &[("limit", None, "must be 0")],
            ),
            (
                "Unrecognized field \"x\" (class U), not marked as ignorable",
                &[(
                    "x",
                    None,
                    "Unrecognized field \"x\" (class U), not marked as ignorable",
                )],
            ),
            (
                "Cannot deserialize (through reference chain: o.I[\"ids\"]->java.util.ArrayList[0]->o.Id[\"value\"])",
                &[("ids[0].value", None, "Cannot deserialize")],
            ),
            (
                "required query parameter missing: item_type_id",
                &[(
                    "item_type_id",
                    None,
                    "required query parameter missing: item_type_id",
                )],
            ),
            (
                "Invalid UUID format of id, should be x",
                &[("id", None, "Invalid UUID format of id, should be x")],
            ),
            (
                "The hrid field cannot be changed: new=null, old=in1",
                &[(
                    "hrid",
                    Some("null"),
                    "The hrid field cannot be changed: new=null, old=in1",
                )],
            ),
            (
                "Could not resolve attribute 'nosuch' of 'org.folio.Tag'",
                &[(
                    "nosuch",
                    None,
                    "Could not resolve attribute 'nosuch' of 'org.folio.Tag'",
                )],
            ),
            // These name no field.
            (
                "org.folio.cql2pgjson.exception.QueryValidationException: expected index",
                &[],
            ),
            ("Not found", &[]),
            ("Key (", &[]),
            (
                "Internal Server Error, Please contact System Administrator or try again",
                &[],
            ),
            (
                "ERROR: duplicate key value violates unique constraint \"x\" (23505)",
                &[],
            ),
            ("", &[]),
        ] {
            let read = read(message);
            let found: Vec<_> = read
                .iter()
                .map(|error| {
                    let parameter = error.parameters.first();
                    let key = parameter.map_or("", |parameter| &parameter.key);
                    let value = parameter.and_then(|parameter| parameter.value.as_deref());
                    (key, value, &*error.message)
                })
                .collect();
            assert_eq!(found, expected, "{message}");
        }
    }
}
