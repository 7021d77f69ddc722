//! Reads a record as Jackson and Bean Validation do in RMB's modules: values of other types are converted where Jackson converts them, lists
//! and defaults are filled in, and what does not fit is rejected in their words.

use serde_json::{Map, Value, json};

use crate::dates;
use crate::documents::Routes;
use crate::http::Answer;
use crate::rmb;

const MODEL: &str = "org.folio.rest.jaxrs.model";

/// Where Jackson says that an error was; the column is not known here.
const SOURCE: &str = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]";

/// A pattern of UUIDs in a schema.
const UUID_PATTERN: &str =
    "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[1-5][a-fA-F0-9]{3}-[89abAB][a-fA-F0-9]{3}-[a-fA-F0-9]{12}$";

/// How records are read.
pub(crate) struct Reader<'a> {
    pub(crate) routes: &'a Routes,
    /// Whether unknown fields are kept at the top; none where the schema says it.
    pub(crate) keeps_unknown: Option<bool>,
    /// Whether numbers are amounts of money, as in mod-feesfines.
    pub(crate) money: bool,
    /// Spring modules drop unknown fields.
    pub(crate) spring: bool,
    pub(crate) violations: Vec<Value>,
}

/// Where a value is.
#[derive(Clone)]
struct Place<'a> {
    document: &'a str,
    /// The Java class of the value, if it is an object.
    class: String,
    /// Jackson's reference chain.
    chain: String,
    /// Bean Validation's path.
    path: String,
    depth: usize,
}

/// The text of a request's body, as a value. Text behind the first value is ignored, as RMB does.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Answer> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let text = without_lone_surrogates(&text);
    match serde_json::Deserializer::from_str(&text)
        .into_iter::<Value>()
        .next()
    {
        Some(Ok(value)) => Ok(value),
        None => Ok(Value::Null),
        Some(Err(error)) => {
            let text = text.trim_start();
            let message = if error.is_eof() {
                if text.starts_with('[') && !text.contains('{') {
                    "Unexpected end-of-input: expected close marker for Array (start marker at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1])".to_owned()
                } else {
                    "Unexpected end-of-input within/between Object entries".to_owned()
                }
            } else {
                let at = error.column().saturating_sub(1);
                let c = text
                    .chars()
                    .nth(at)
                    .or_else(|| text.chars().next())
                    .unwrap_or(' ');
                let first = text.chars().next().unwrap_or(' ');
                if (first as u32) < 32 {
                    format!(
                        "Illegal character ((CTRL-CHAR, code {})): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        first as u32
                    )
                } else if first == '\u{feff}' {
                    "Unexpected character ('\u{feff}' (code 65279 / 0xfeff)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')".to_owned()
                } else if c == '/' {
                    "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)".to_owned()
                } else {
                    format!("Unexpected character ('{c}' (code {}))", c as u32)
                }
            };
            Err(Answer::bad_request(format!("{message}{SOURCE}")))
        }
    }
}

/// Java reads a surrogate that stands alone as `?`.
fn without_lone_surrogates(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("\\uD") && !text.contains("\\ud") {
        return text.into();
    }
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => {
                out.push_str(&text[at..at + 12]);
                at += 12;
            }
            (Some(0xd800..=0xdfff), _) => {
                out.push('?');
                at += 6;
            }
            _ => {
                let skip = usize::from(text[at..].starts_with("\\\\")) + 1;
                let next: usize = text[at..].chars().take(skip).map(char::len_utf8).sum();
                out.push_str(&text[at..at + next]);
                at += next;
            }
        }
    }
    out.into()
}

fn capitalized(name: &str) -> String {
    let mut chars = name.trim_start_matches('_').chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn mismatch(message: &str, chain: &str) -> Answer {
    let through = if chain.is_empty() {
        String::new()
    } else {
        format!(" (through reference chain: {chain})")
    };
    Answer::bad_request(format!("{message}{SOURCE}{through}"))
}

fn token(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "Array value (token `JsonToken.START_ARRAY`)",
        Value::Object(_) => "Object value (token `JsonToken.START_OBJECT`)",
        Value::Bool(true) => "Boolean value (token `JsonToken.VALUE_TRUE`)",
        Value::Bool(false) => "Boolean value (token `JsonToken.VALUE_FALSE`)",
        Value::String(_) => "String value (token `JsonToken.VALUE_STRING`)",
        Value::Number(number) if number.is_f64() => {
            "Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"
        }
        Value::Number(_) => "Integer value (token `JsonToken.VALUE_NUMBER_INT`)",
        Value::Null => "Null value (token `JsonToken.VALUE_NULL`)",
    }
}

impl<'a> Reader<'a> {
    /// Reads a record; `known` is the one that is stored, whose own fields are taken for described: a server newer than the documents has
    /// fields that these lack.
    pub(crate) fn record(
        &mut self,
        document: &'a str,
        schema: &'a Value,
        class: &str,
        value: &Value,
        known: Option<&Value>,
    ) -> Result<Map<String, Value>, Answer> {
        let place = Place {
            document,
            class: class.to_owned(),
            chain: String::new(),
            path: String::new(),
            depth: 0,
        };
        if value.is_null() {
            return Err(Answer::bad_request(
                "HV000116: The object to be validated must not be null.",
            ));
        }
        let read = self.value(schema, value, known, &place)?;
        if !self.violations.is_empty() {
            return Err(rmb::violations(&self.violations));
        }
        match read {
            Value::Object(fields) => Ok(fields),
            _ => Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `{MODEL}.{class}` from {}",
                    token(value)
                ),
                "",
            )),
        }
    }

    fn violates(&mut self, path: &str, value: &Value, message: &str, code: &str) {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.violations.push(json!({
            "message": message, "type": "1", "code": format!("jakarta.validation.constraints.{code}.message"),
            "parameters": [{"key": path, "value": value}],
        }));
    }

    fn value(
        &mut self,
        schema: &'a Value,
        value: &Value,
        known: Option<&Value>,
        place: &Place<'a>,
    ) -> Result<Value, Answer> {
        let (document, schema) = self.routes.resolve(place.document, schema);
        let place = Place {
            document,
            depth: place.depth + 1,
            ..place.clone()
        };
        if place.depth > 64 {
            return Ok(value.clone());
        }
        if let Some([only]) = schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            && schema.get("properties").is_none()
        {
            return self.value(only, value, known, &place);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(schema, value, known, &place),
            Some("array") => self.array(schema, value, known, &place),
            Some("string") => self.string(schema, value, &place),
            Some("integer") => self.integer(schema, value, &place),
            Some("number") => self.number(schema, value, &place),
            Some("boolean") => boolean(value, &place),
            _ if schema.get("allOf").is_some() => self.object(schema, value, known, &place),
            _ => Ok(value.clone()),
        }
    }

    fn string(
        &mut self,
        schema: &Value,
        value: &Value,
        place: &Place<'_>,
    ) -> Result<Value, Answer> {
        let date = schema.get("format").and_then(Value::as_str) == Some("date-time");
        let kinds = schema.get("enum").and_then(Value::as_array);
        if date {
            return self.date(value, place);
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other if kinds.is_some() => {
                return Err(mismatch(
                    &format!(
                        "Input mismatch reading Enum `{0}`: properties-based `@JsonCreator` ([method {0}#fromValue(java.lang.String)]) expects String Value, got {1}",
                        enum_class(place),
                        token(other).replace("(token ", "(")
                    ),
                    &place.chain,
                ));
            }
            other => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `java.lang.String` from {}",
                        token(other)
                    ),
                    &place.chain,
                ));
            }
        };
        if let Some(kinds) = kinds
            && !kinds.iter().any(|kind| kind.as_str() == Some(&text))
        {
            return Err(mismatch(
                &format!(
                    "Cannot construct instance of `{}`, problem: {text}",
                    enum_class(place)
                ),
                &place.chain,
            ));
        }
        let own = Value::from(text.as_str());
        if schema.get("format").and_then(Value::as_str) == Some("uuid")
            && place.path != "id"
            && !rmb::is_versioned_uuid(&text)
        {
            self.violates(
                &place.path,
                &own,
                &format!("must match \"{UUID_PATTERN}\""),
                "Pattern",
            );
        }
        let length = |key: &str| schema.get(key).and_then(Value::as_u64);
        let (least, most) = (length("minLength"), length("maxLength"));
        let count = text.chars().count() as u64;
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            let message = format!(
                "size must be between {} and {}",
                least.unwrap_or(0),
                most.unwrap_or(2_147_483_647)
            );
            self.violates(&place.path, &own, &message, "Size");
        }
        Ok(own)
    }

    fn date(&mut self, value: &Value, place: &Place<'_>) -> Result<Value, Answer> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_i64() => number.to_string(),
            other => {
                return Err(mismatch(
                    &format!(
                        "Unexpected token ({}), expected VALUE_STRING: expected string containing a date",
                        token(other)
                            .split_once("JsonToken.")
                            .map_or("", |(_, rest)| rest)
                            .trim_end_matches("`)")
                    ),
                    &place.chain,
                ));
            }
        };
        if text.is_empty() {
            return Err(Answer::bad_request(format!(
                "String index out of range: 0 (through reference chain: {})",
                place.chain
            )));
        }
        match dates::read(&text) {
            Some(date) => Ok(date.into()),
            None => Err(Answer::bad_request(format!(
                "Failed to parse Date value '{text}': Cannot parse date \"{text}\": not compatible with any of standard forms (\"yyyy-MM-dd'T'HH:mm:ss.SSSX\", \"yyyy-MM-dd'T'HH:mm:ss.SSS\", \"EEE, dd MMM yyyy HH:mm:ss zzz\", \"yyyy-MM-dd\") (through reference chain: {})",
                place.chain
            ))),
        }
    }

    fn integer(
        &mut self,
        schema: &Value,
        value: &Value,
        place: &Place<'_>,
    ) -> Result<Value, Answer> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
            Value::String(text) => match text.trim().parse::<i64>() {
                Ok(number) => Some(number as f64),
                Err(_) => {
                    return Err(mismatch(
                        &format!(
                            "Cannot deserialize value of type `java.lang.Integer` from String {}: not a valid `java.lang.Integer` value",
                            json!(text)
                        ),
                        &place.chain,
                    ));
                }
            },
            other => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `java.lang.Integer` from {}",
                        token(other)
                    ),
                    &place.chain,
                ));
            }
        };
        let number = number.unwrap_or_default().trunc();
        if !(-2_147_483_648.0..=2_147_483_647.0).contains(&number) {
            return Err(mismatch(
                &format!("Numeric value ({value}) out of range of int (-2147483648 - 2147483647)"),
                &place.chain,
            ));
        }
        let number = Value::from(number as i64);
        self.bounds(schema, &number, place);
        Ok(number)
    }

    fn bounds(&mut self, schema: &Value, value: &Value, place: &Place<'_>) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let number = value.as_f64().unwrap_or_default();
        if let Some(least) = bound("minimum")
            && number < least
        {
            let message = format!("must be greater than or equal to {least}");
            self.violates(&place.path, value, &message, "DecimalMin");
        }
        if let Some(most) = bound("maximum")
            && number > most
        {
            let message = format!("must be less than or equal to {most}");
            self.violates(&place.path, value, &message, "DecimalMax");
        }
    }

    fn number(
        &mut self,
        schema: &Value,
        value: &Value,
        place: &Place<'_>,
    ) -> Result<Value, Answer> {
        let kind = if self.money {
            "java.math.BigDecimal"
        } else {
            "java.lang.Double"
        };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if text.trim().is_empty() => {
                if self.money {
                    return Err(mismatch(
                        "Cannot construct instance of `org.folio.rest.domain.MonetaryValue`, problem: `java.lang.NullPointerException`",
                        &place.chain,
                    ));
                }
                return Ok(Value::Null);
            }
            Value::String(text) => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Some(number),
                _ => {
                    let valid = if self.money {
                        "not a valid representation"
                    } else {
                        "not a valid `Double` value (as String to convert)"
                    };
                    return Err(mismatch(
                        &format!(
                            "Cannot deserialize value of type `{kind}` from String {}: {valid}",
                            json!(text)
                        ),
                        &place.chain,
                    ));
                }
            },
            other => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `{kind}` from {}",
                        token(other)
                    ),
                    &place.chain,
                ));
            }
        };
        let number = Value::from(number.unwrap_or_default());
        self.bounds(schema, &number, place);
        Ok(number)
    }

    fn array(
        &mut self,
        schema: &'a Value,
        value: &Value,
        known: Option<&Value>,
        place: &Place<'a>,
    ) -> Result<Value, Answer> {
        let unique = schema.get("uniqueItems").and_then(Value::as_bool) == Some(true);
        let list = if unique {
            "java.util.LinkedHashSet"
        } else {
            "java.util.ArrayList"
        };
        let items = schema.get("items");
        let (_, item) = items.map_or((place.document, &Value::Null), |items| {
            self.routes.resolve(place.document, items)
        });
        let objects = item.get("type").and_then(Value::as_str) == Some("object")
            || item.get("allOf").is_some()
            || item.get("enum").is_some();
        let reference = items
            .and_then(|items| items.get("$ref"))
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next());
        let name = place.path.rsplit('.').next().unwrap_or_default();
        let class = match reference {
            Some(reference) => capitalized(reference),
            None => capitalized(name.strip_suffix('s').unwrap_or(name)),
        };
        let element_class = if objects {
            format!("{MODEL}.{class}")
        } else {
            "java.lang.String".to_owned()
        };
        let Value::Array(elements) = value else {
            if let Value::String(text) = value
                && !objects
            {
                return Err(mismatch(
                    &format!(
                        "Cannot construct instance of `{list}` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('{text}')"
                    ),
                    &place.chain,
                ));
            }
            return Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `{list}<{element_class}>` from {}",
                    token(value)
                ),
                &place.chain,
            ));
        };
        let known = known
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut read = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let element = match (items, element) {
                (Some(items), element) if !element.is_null() => {
                    let place = Place {
                        class: class.clone(),
                        chain: format!("{}->{list}[{index}]", place.chain),
                        path: format!("{}[{index}]", place.path),
                        ..place.clone()
                    };
                    self.value(items, element, known.get(index), &place)?
                }
                (_, element) => element.clone(),
            };
            if !(unique && read.contains(&element)) {
                read.push(element);
            }
        }
        Ok(Value::Array(read))
    }

    fn object(
        &mut self,
        schema: &'a Value,
        value: &Value,
        known: Option<&Value>,
        place: &Place<'a>,
    ) -> Result<Value, Answer> {
        let class = format!("{MODEL}.{}", place.class);
        let Value::Object(given) = value else {
            let message = match value {
                Value::String(text) => format!(
                    "Cannot construct instance of `{class}` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('{text}')"
                ),
                other => format!(
                    "Cannot deserialize value of type `{class}` from {}",
                    token(other)
                ),
            };
            return Err(mismatch(&message, &place.chain));
        };
        let parts = Parts::of(self.routes, place.document, schema);
        if parts.properties.is_empty() && !parts.closed {
            return Ok(value.clone());
        }
        let mut read = Map::new();
        for (name, field) in given {
            let inner_path = if place.path.is_empty() {
                name.clone()
            } else {
                format!("{}.{name}", place.path)
            };
            let chain = format!("{}{class}[{}]", arrow(&place.chain), json!(name));
            let described = parts.properties.iter().find(|(known, ..)| *known == name);
            let Some((_, document, property)) = described else {
                let known = known.and_then(|known| known.get(name));
                if self.spring {
                    continue;
                }
                let closed = match self.keeps_unknown {
                    Some(keeps) if place.path.is_empty() => !keeps,
                    _ => parts.closed,
                };
                if closed && known.is_none() {
                    return Err(unknown_field(name, &class, &parts, &chain));
                }
                if !field.is_null() || !parts.closed {
                    read.insert(name.clone(), field.clone());
                }
                continue;
            };
            if field.is_null() {
                let (_, resolved) = self.routes.resolve(document, property);
                if resolved.get("type").and_then(Value::as_str) == Some("array") && !self.spring {
                    read.insert(name.clone(), json!([]));
                }
                continue;
            }
            let place = Place {
                document,
                class: self.class_of(document, property, name),
                chain,
                path: inner_path,
                depth: place.depth,
            };
            let field = self.value(property, field, known.and_then(|k| k.get(name)), &place)?;
            if !field.is_null() {
                read.insert(name.clone(), field);
            }
        }
        for (name, document, property) in &parts.properties {
            if given.contains_key(name.as_str()) {
                continue;
            }
            let (_, property) = self.routes.resolve(document, property);
            if let Some(default) = property.get("default") {
                let number = property.get("type").and_then(Value::as_str) == Some("number");
                let default = match default.as_f64() {
                    Some(default) if number => default.into(),
                    _ => default.clone(),
                };
                read.insert((*name).clone(), default);
            } else if property.get("type").and_then(Value::as_str) == Some("array") && !self.spring
            {
                read.insert((*name).clone(), json!([]));
            }
        }
        for name in parts.required {
            if read.get(name).is_none_or(Value::is_null) {
                let path = if place.path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{}.{name}", place.path)
                };
                self.violates(&path, &Value::Null, "must not be null", "NotNull");
            }
        }
        Ok(Value::Object(read))
    }

    /// The Java class of a field's value.
    fn class_of(&self, document: &str, property: &Value, name: &str) -> String {
        let (_, resolved) = self.routes.resolve(document, property);
        match resolved.get("type").and_then(Value::as_str) {
            Some("object") | None => capitalized(name),
            _ => String::new(),
        }
    }
}

/// `…->`, unless it is the first of a chain.
fn arrow(chain: &str) -> String {
    if chain.is_empty() {
        String::new()
    } else {
        format!("{chain}->")
    }
}

fn enum_class(place: &Place<'_>) -> String {
    // The class that has the field, from the chain, and the field.
    let owner = place
        .chain
        .rsplit("->")
        .find_map(|link| link.split_once("[\"").map(|(owner, _)| owner))
        .unwrap_or(MODEL);
    let name = place
        .path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .split('[')
        .next()
        .unwrap_or_default();
    format!("{owner}${}", capitalized(name))
}

fn boolean(value: &Value, place: &Place<'_>) -> Result<Value, Answer> {
    let boolean = match value {
        Value::Bool(boolean) => *boolean,
        Value::Number(number) if number.is_i64() => number.as_i64() != Some(0),
        Value::String(text) => match text.trim() {
            "" => return Ok(Value::Null),
            "true" | "True" | "TRUE" => true,
            "false" | "False" | "FALSE" => false,
            _ => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `java.lang.Boolean` from String {}: only \"true\" or \"false\" recognized",
                        json!(text)
                    ),
                    &place.chain,
                ));
            }
        },
        other => {
            return Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `java.lang.Boolean` from {}",
                    token(other)
                ),
                &place.chain,
            ));
        }
    };
    Ok(boolean.into())
}

fn unknown_field(name: &str, class: &str, parts: &Parts<'_>, chain: &str) -> Answer {
    let known: Vec<String> = parts
        .properties
        .iter()
        .map(|(name, ..)| json!(name).to_string())
        .collect();
    let message = format!(
        "Unrecognized field {} (class {class}), not marked as ignorable ({} known properties: {}]){SOURCE} (through reference chain: {chain})",
        json!(name),
        known.len(),
        known.join(", ")
    );
    rmb::violations(&[rmb::error(&message, "-1", "1", &[("", "")])])
}

/// The fields of an object, with those of the schemas that it is composed of.
struct Parts<'a> {
    properties: Vec<(&'a String, &'a str, &'a Value)>,
    required: Vec<&'a str>,
    closed: bool,
}

impl<'a> Parts<'a> {
    fn of(routes: &'a Routes, document: &'a str, schema: &'a Value) -> Self {
        let mut parts = Self {
            properties: Vec::new(),
            required: Vec::new(),
            closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
        };
        parts.add(routes, document, schema, 0);
        parts
    }

    fn add(&mut self, routes: &'a Routes, document: &'a str, schema: &'a Value, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            self.properties.push((name, document, property));
        }
        let required = schema.get("required").and_then(Value::as_array);
        self.required
            .extend(required.into_iter().flatten().filter_map(Value::as_str));
        let all = schema.get("allOf").and_then(Value::as_array);
        for part in all.into_iter().flatten().filter(|_| depth < 16) {
            let (document, part) = routes.resolve(document, part);
            self.closed |= part.get("additionalProperties") == Some(&Value::Bool(false));
            self.add(routes, document, part, depth + 1);
        }
    }
}
