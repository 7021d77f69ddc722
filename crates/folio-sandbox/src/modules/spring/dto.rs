//! Parses the bodies of Spring modules like Jackson and Bean Validation. Values are converted,
//! unknown fields dropped, and other errors reported with their messages.

use serde_json::{Map, Value, json};

use crate::jackson;
use crate::modules::spring::java_time::{json_date, local_time};
use crate::value::uuid::{is_uuid, is_versioned_uuid};

/// The type of a field.
pub(super) enum Reads {
    Uuid,
    Text,
    Bool,
    Date,
    Time,
    /// One of a list of values of a class, in upper case.
    Enum(&'static str, &'static [&'static str]),
    /// The same, in any case.
    AnyCase(&'static str, &'static [&'static str]),
    List(&'static Reads),
    Record(&'static DtoClass),
    /// The server sets it.
    Ignored,
}

/// A class of the module's interface.
pub(super) struct DtoClass {
    pub(super) class: &'static str,
    pub(super) fields: &'static [Field],
}

/// A method of a controller that takes a record, as messages name it.
pub(super) struct Method {
    /// Which of its arguments the record is.
    pub(super) argument: usize,
    /// Its return type, without its prefix, and its name and arguments.
    pub(super) signature: &'static str,
}

/// A field, and its Bean Validation constraints.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) reads: Reads,
    pub(super) required: bool,
    pub(super) longest: Option<usize>,
    /// Whether it must have the form of a UUID with a version.
    pub(super) versioned: bool,
}

impl Field {
    pub(super) const fn of(name: &'static str, reads: Reads) -> Self {
        Self {
            name,
            reads,
            required: false,
            longest: None,
            versioned: false,
        }
    }

    pub(super) const fn required(name: &'static str, reads: Reads) -> Self {
        let mut field = Self::of(name, reads);
        field.required = true;
        field
    }
}

/// A field that Bean Validation rejects.
pub(super) struct Violation {
    path: String,
    constraint: &'static str,
    class: &'static str,
    value: Option<String>,
    arguments: String,
    message: String,
}

fn of_type(class: &str, value: &Value) -> String {
    let token = jackson::token(value);
    format!("Cannot deserialize value of type `{class}` from {token}")
}

fn not_temporal(class: &str, text: &str, why: &str) -> String {
    format!(
        "Cannot deserialize value of type `{class}` from String {}: Failed to deserialize {class}: (java.time.format.DateTimeParseException) {why}",
        json!(text)
    )
}

impl Reads {
    fn class(&self) -> String {
        match self {
            Self::Uuid => "java.util.UUID".to_owned(),
            Self::Text => "java.lang.String".to_owned(),
            Self::Bool => "java.lang.Boolean".to_owned(),
            Self::Date => "java.time.LocalDate".to_owned(),
            Self::Time => "java.time.LocalTime".to_owned(),
            Self::Enum(class, _) | Self::AnyCase(class, _) => (*class).to_owned(),
            Self::List(of) => format!("java.util.ArrayList<{}>", of.class()),
            Self::Record(record) => record.class.to_owned(),
            Self::Ignored => String::new(),
        }
    }

    /// The value of a field; the error is Jackson's.
    fn read(&self, value: &Value) -> Result<Value, String> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let class = || self.class();
        match (self, value) {
            (Self::Ignored, _) => Ok(Value::Null),
            (Self::Text, Value::String(text)) => Ok(text.clone().into()),
            (Self::Text, Value::Number(_) | Value::Bool(_)) => Ok(value.to_string().into()),
            (Self::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Self::Bool, Value::Number(number)) if number.is_i64() => {
                Ok((number.as_i64() != Some(0)).into())
            }
            (Self::Bool, Value::String(text)) => match text.trim() {
                "" => Ok(Value::Null),
                "true" | "True" | "TRUE" => Ok(true.into()),
                "false" | "False" | "FALSE" => Ok(false.into()),
                _ => Err(format!(
                    "Cannot deserialize value of type `{}` from String {}: only \"true\" or \"false\" recognized",
                    class(),
                    json!(text)
                )),
            },
            (Self::Uuid | Self::Date | Self::Time, Value::String(text)) if text.is_empty() => {
                Ok(Value::Null)
            }
            (Self::Uuid, Value::String(text)) if is_uuid(text) => {
                Ok(text.to_ascii_lowercase().into())
            }
            (Self::Uuid, Value::String(text)) => Err(format!(
                "Cannot deserialize value of type `{}` from String {}: UUID has to be represented by standard 36-char representation",
                class(),
                json!(text)
            )),
            (Self::Date, Value::String(text)) => json_date(text)
                .map(|date| date.to_string().into())
                .map_err(|why| not_temporal(&class(), text, &why)),
            (Self::Time, Value::String(text)) => local_time(text)
                .map(|time| time.strftime("%H:%M:%S").to_string().into())
                .map_err(|why| not_temporal(&class(), text, &why)),
            (Self::Enum(class, values) | Self::AnyCase(class, values), Value::String(text)) => {
                let value = match self {
                    Self::AnyCase(..) => text.to_uppercase(),
                    _ => text.clone(),
                };
                if values.contains(&value.as_str()) {
                    Ok(value.into())
                } else {
                    Err(format!(
                        "Cannot construct instance of `{class}`, problem: Unexpected value '{text}'"
                    ))
                }
            }
            (Self::List(of), Value::Array(list)) => list
                .iter()
                .map(|value| of.read(value))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            (Self::Record(record), Value::Object(given)) => {
                let mut read = Map::new();
                for (name, value) in given {
                    if let Some(field) = record.fields.iter().find(|field| field.name == name) {
                        let value = field.reads.read(value)?;
                        if !value.is_null() {
                            read.insert(name.clone(), value);
                        }
                    }
                }
                Ok(Value::Object(read))
            }
            (Self::Record(_), Value::String(text)) => Err(format!(
                "Cannot construct instance of `{}` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('{text}')",
                class()
            )),
            (_, other) => Err(of_type(&class(), other)),
        }
    }
}

impl DtoClass {
    /// The JSON of a record, in the form in which it is stored; unknown fields are dropped. The
    /// error is Jackson's.
    pub(super) fn read(&'static self, value: &Value) -> Result<Map<String, Value>, String> {
        match Reads::Record(self).read(value)? {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }

    /// The fields that Bean Validation rejects.
    pub(super) fn rejected(&self, record: &Map<String, Value>) -> Vec<Violation> {
        let mut rejected = Vec::new();
        self.check(record, "", &mut rejected);
        rejected
    }

    fn check(&self, record: &Map<String, Value>, path: &str, rejected: &mut Vec<Violation>) {
        for field in self.fields {
            let path = match path {
                "" => field.name.to_owned(),
                path => format!("{path}.{}", field.name),
            };
            let mut reject =
                |constraint, value: Option<&str>, arguments: String, message: String| {
                    let class = match field.reads {
                        Reads::Uuid => "java.util.UUID",
                        Reads::Enum(class, _) | Reads::AnyCase(class, _) => class,
                        Reads::List(_) => "java.util.List",
                        Reads::Record(record) => record.class,
                        Reads::Bool => "java.lang.Boolean",
                        _ => "java.lang.String",
                    };
                    rejected.push(Violation {
                        path: path.clone(),
                        constraint,
                        class,
                        value: value.map(str::to_owned),
                        arguments,
                        message,
                    });
                };
            match record.get(field.name) {
                None | Some(Value::Null) if field.required => {
                    reject(
                        "NotNull",
                        None,
                        String::new(),
                        "must not be null".to_owned(),
                    );
                }
                Some(Value::String(text)) => {
                    if let Some(longest) = field.longest
                        && text.encode_utf16().count() > longest
                    {
                        let message = format!("size must be between 0 and {longest}");
                        reject("Size", Some(text), format!(",{longest},0"), message);
                    }
                    if field.versioned && !is_versioned_uuid(text) {
                        const FORM: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";
                        let arguments = format!(
                            ",[Ljakarta.validation.constraints.Pattern$Flag;@5267365a,{FORM}"
                        );
                        reject(
                            "Pattern",
                            Some(text),
                            arguments,
                            format!("must match \"{FORM}\""),
                        );
                    }
                }
                Some(Value::Object(inner)) => {
                    if let Reads::Record(record) = field.reads {
                        record.check(inner, &path, rejected);
                    }
                }
                Some(Value::Array(list)) => {
                    if let Reads::List(Reads::Record(record)) = field.reads {
                        for (index, element) in list.iter().enumerate() {
                            if let Value::Object(inner) = element {
                                record.check(inner, &format!("{path}[{index}]"), rejected);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// A path without the places of elements of lists.
fn without_places(path: &str) -> String {
    let mut out = String::new();
    let mut in_place = false;
    for letter in path.chars() {
        match letter {
            '[' => in_place = true,
            ']' => in_place = false,
            other if !in_place => out.push(other),
            _ => {}
        }
    }
    out
}

/// Spring's message about rejected fields of the argument of a method.
pub(super) fn validation_failed(method: &Method, object: &str, rejected: &[Violation]) -> String {
    let Method {
        argument,
        signature,
    } = method;
    let count = match rejected.len() {
        1 => String::new(),
        count => format!(" with {count} errors"),
    };
    let errors: Vec<String> = rejected
        .iter()
        .map(|field| {
            let Violation { path, constraint, class, arguments, message, .. } = field;
            let value = field.value.as_deref().unwrap_or("null");
            let plain = without_places(path);
            let last = plain.rsplit('.').next().unwrap_or_default();
            let mut names = vec![format!("{object}.{path}"), format!("{object}.{plain}"), path.clone(), plain.clone(), last.to_owned(), (*class).to_owned()];
            names.dedup();
            let mut codes: Vec<String> = Vec::new();
            for name in names {
                let code = format!("{constraint}.{name}");
                if !codes.contains(&code) {
                    codes.push(code);
                }
            }
            codes.push((*constraint).to_owned());
            format!(
                "[Field error in object '{object}' on field '{path}': rejected value [{value}]; codes [{}]; arguments [org.springframework.context.support.DefaultMessageSourceResolvable: codes [{object}.{path},{path}]; arguments []; default message [{path}]{arguments}]; default message [{message}]] ",
                codes.join(",")
            )
        })
        .collect();
    format!(
        "Validation failed for argument [{argument}] in public org.springframework.http.ResponseEntity<{signature}{count}: {}",
        errors.concat()
    )
}
