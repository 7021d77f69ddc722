//! Reads a record as Jackson and Bean Validation do in RMB's modules. Values of other types are
//! converted where Jackson converts them, lists and defaults are filled in, and the rest is
//! rejected in their words.

use serde_json::{Map, Value, json};

use crate::facts::documents::Routes;
use crate::jackson::names::{MODEL, arrow, capitalized, enum_class};
use crate::value::dates;
use crate::value::uuid::is_versioned_uuid;
use crate::wire::message::HttpResponse;
use crate::wire::rmb;

pub(crate) use body::parse;
use parts::{Parts, unknown_field};
use scalars::mismatch;
pub(crate) use scalars::{SOURCE, token};

mod body;
mod names;
mod parts;
mod scalars;

/// A pattern of UUIDs in a schema.
const UUID_PATTERN: &str =
    "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[1-5][a-fA-F0-9]{3}-[89abAB][a-fA-F0-9]{3}-[a-fA-F0-9]{12}$";

/// How records are read.
pub(crate) struct Reader<'a> {
    pub(crate) routes: &'a Routes,
    /// Whether unknown fields are preserved at the top; none if the schema decides.
    pub(crate) keeps_unknown: Option<bool>,
    /// Whether numbers are amounts of money, as in mod-feesfines.
    pub(crate) money: bool,
    /// Spring modules drop unknown fields.
    pub(crate) spring: bool,
    /// Fields whose least value a later release introduced.
    pub(crate) unbounded: &'a [String],
    pub(crate) violations: Vec<Value>,
}

/// Where a value is.
#[derive(Clone)]
struct JsonPlace<'a> {
    document: &'a str,
    /// The Java class of the value, if it is an object.
    class: String,
    /// Jackson's reference chain.
    chain: String,
    /// Bean Validation's path.
    path: String,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Reads as most modules do.
    pub(crate) fn new(routes: &'a Routes) -> Self {
        Self {
            routes,
            keeps_unknown: None,
            money: false,
            spring: false,
            unbounded: &[],
            violations: Vec::new(),
        }
    }

    /// Reads a record; `known` is the stored one, whose own fields count as described: a server
    /// newer than the documents has fields that these lack.
    pub(crate) fn record(
        &mut self,
        document: &'a str,
        schema: &'a Value,
        class: &str,
        value: &Value,
        known: Option<&Value>,
    ) -> Result<Map<String, Value>, HttpResponse> {
        let place = JsonPlace {
            document,
            class: class.to_owned(),
            chain: String::new(),
            path: String::new(),
            depth: 0,
        };
        if value.is_null() {
            return Err(HttpResponse::bad_request(
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
        place: &JsonPlace<'a>,
    ) -> Result<Value, HttpResponse> {
        let (document, schema) = self.routes.resolve(place.document, schema);
        let place = JsonPlace {
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
            Some("integer") => self.bounded(schema, scalars::integer(value, &place.chain)?, &place),
            Some("number") => self.bounded(
                schema,
                scalars::number(value, self.money, &place.chain)?,
                &place,
            ),
            Some("boolean") => scalars::boolean(value, &place.chain),
            _ if schema.get("allOf").is_some() => self.object(schema, value, known, &place),
            _ => Ok(value.clone()),
        }
    }

    fn string(
        &mut self,
        schema: &Value,
        value: &Value,
        place: &JsonPlace<'_>,
    ) -> Result<Value, HttpResponse> {
        // What this project's rules call a date is text in the module's own class.
        let date = schema.get("format").and_then(Value::as_str) == Some("date-time")
            && schema.pointer("/x-folio/date").is_none();
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
                        enum_class(&place.chain, &place.path),
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
                    enum_class(&place.chain, &place.path)
                ),
                &place.chain,
            ));
        }
        let own = Value::from(text.as_str());
        // What this project's rules call a UUID is text in the module's own class.
        if schema.get("format").and_then(Value::as_str) == Some("uuid")
            && schema.pointer("/x-folio/uuid").is_none()
            && place.path != "id"
            && !is_versioned_uuid(&text)
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

    fn date(&mut self, value: &Value, place: &JsonPlace<'_>) -> Result<Value, HttpResponse> {
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
            return Err(HttpResponse::bad_request(format!(
                "String index out of range: 0 (through reference chain: {})",
                place.chain
            )));
        }
        match dates::read(&text) {
            Some(date) => Ok(date.into()),
            None => Err(HttpResponse::bad_request(format!(
                "Failed to parse Date value '{text}': Cannot parse date \"{text}\": not compatible with any of standard forms (\"yyyy-MM-dd'T'HH:mm:ss.SSSX\", \"yyyy-MM-dd'T'HH:mm:ss.SSS\", \"EEE, dd MMM yyyy HH:mm:ss zzz\", \"yyyy-MM-dd\") (through reference chain: {})",
                place.chain
            ))),
        }
    }

    /// A number, if it is within the bounds of its schema.
    fn bounded(
        &mut self,
        schema: &Value,
        value: Value,
        place: &JsonPlace<'_>,
    ) -> Result<Value, HttpResponse> {
        if !value.is_null() {
            self.bounds(schema, &value, place);
        }
        Ok(value)
    }

    fn bounds(&mut self, schema: &Value, value: &Value, place: &JsonPlace<'_>) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let number = value.as_f64().unwrap_or_default();
        if let Some(least) = bound("minimum")
            && number < least
            && !self.unbounded.contains(&place.path)
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

    fn array(
        &mut self,
        schema: &'a Value,
        value: &Value,
        known: Option<&Value>,
        place: &JsonPlace<'a>,
    ) -> Result<Value, HttpResponse> {
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
                    let place = JsonPlace {
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
        place: &JsonPlace<'a>,
    ) -> Result<Value, HttpResponse> {
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
            let place = JsonPlace {
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
