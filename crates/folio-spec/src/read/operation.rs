//! Operations as their sources describe them.

use std::collections::BTreeMap;

use serde_json::Value;

/// An operation as its source describes it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// In lower case.
    pub method: String,
    /// The path, `/users/{userId}`.
    pub path: String,
    /// The root document it is in, relative to the module's folder.
    pub root: String,
    /// The operationId of OpenAPI.
    pub upstream_id: Option<String>,
    /// Path and query parameters; headers too.
    pub parameters: Vec<Parameter>,
    /// The request body.
    pub request: Option<Request>,
    /// The responses, by status.
    pub responses: BTreeMap<String, Content>,
    /// Whether the source calls it deprecated.
    pub deprecated: bool,
    /// Whether it is a `post` that a collection's resource type describes.
    pub collection_post: bool,
    /// Whether RMB serves it.
    pub rmb: bool,
    /// The commit of a description that is newer than the release.
    pub supplement: Option<String>,
    /// The first version of the module that a description of this project's own is valid for.
    pub ours: Option<String>,
}

impl Operation {
    /// An operation of which only the route is known: JSON in, JSON out.
    pub(crate) fn untyped(method: &str, path: &str) -> Self {
        let json = || Content::from([("application/json".to_owned(), None)]);
        let takes = matches!(method, "post" | "put" | "patch");
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            root: String::new(),
            upstream_id: None,
            parameters: Vec::new(),
            request: takes.then(|| Request {
                required: false,
                content: json(),
            }),
            responses: BTreeMap::from([
                ("200".to_owned(), json()),
                ("204".to_owned(), Content::new()),
            ]),
            deprecated: false,
            collection_post: false,
            rmb: false,
            supplement: None,
            ours: None,
        }
    }

    /// The operation, for messages: `GET /users`.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Whether the success response is described: a body, or its absence (204).
    pub(crate) fn describes_success(&self) -> bool {
        self.responses.iter().any(|(status, content)| {
            status == "204" || status.starts_with('2') && !content.is_empty()
        })
    }
}

/// Bodies by their media types; the schema where there is one, with absolute references.
pub(crate) type Content = BTreeMap<String, Option<Value>>;

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub place: String,
    /// Whether it is required.
    pub required: bool,
    /// Its schema.
    pub schema: Value,
    /// How it is written, where the description states it.
    pub written: Written,
}

/// How a description states that a parameter is written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// OpenAPI's `style`.
    pub style: Option<String>,
    /// OpenAPI's `explode`.
    pub explode: Option<bool>,
    /// The media type of OpenAPI's `content`.
    pub content: Option<String>,
}

/// How a parameter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As text; a list as one parameter an element, an object as one a property.
    Plain,
    /// A list in one parameter: the style whose delimiter separates the elements.
    Joined(&'static str),
    /// An object as one parameter a property, `name[property]`.
    Deep,
}

impl Parameter {
    /// How it is sent, by its schema.
    ///
    /// # Errors
    /// It is described in a form that the SDK does not write.
    pub(crate) fn form(&self, schema: &Value) -> std::result::Result<Form, String> {
        let Written {
            style,
            explode,
            content,
        } = &self.written;
        if let Some(media_type) = content {
            return Err(format!("is written as {}", media_type.escape_debug()));
        }
        let usual = if self.place == "query" {
            "form"
        } else {
            "simple"
        };
        let style = style.as_deref().unwrap_or(usual);
        let explode = explode.unwrap_or(style == "form");
        let is_list = schema.get("type").and_then(Value::as_str) == Some("array");
        let is_scalar = matches!(
            schema.get("type").and_then(Value::as_str),
            Some("string" | "integer" | "number" | "boolean")
        );
        match (style, explode) {
            ("form", true) if self.place == "query" => Ok(Form::Plain),
            ("form" | "spaceDelimited" | "pipeDelimited", _)
                if self.place == "query" && is_scalar =>
            {
                Ok(Form::Plain)
            }
            ("spaceDelimited" | "pipeDelimited", true) if self.place == "query" && is_list => {
                Ok(Form::Plain)
            }
            ("form", false) if self.place == "query" && is_list => Ok(Form::Joined("form")),
            ("spaceDelimited", false) if self.place == "query" && is_list => {
                Ok(Form::Joined("spaceDelimited"))
            }
            ("pipeDelimited", false) if self.place == "query" && is_list => {
                Ok(Form::Joined("pipeDelimited"))
            }
            ("deepObject", _) if self.place == "query" => Ok(Form::Deep),
            ("simple", _) if self.place != "query" => Ok(Form::Plain),
            _ => Err(format!(
                "has the style `{}`, explode {explode}",
                style.escape_debug()
            )),
        }
    }

    /// Its name; several, if RAML has an expression between slashes that is a choice of words, and
    /// none for another expression: its matches are unknown.
    pub(crate) fn names(&self) -> Vec<&str> {
        let expression = self
            .name
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix('/'));
        let Some(expression) = expression else {
            return vec![&self.name];
        };
        let words = expression.trim_start_matches('^').trim_end_matches('$');
        let words = words
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(words);
        let is_word = |word: &str| {
            let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
            !word.is_empty() && word.chars().all(is_plain)
        };
        match words.split('|').all(is_word) {
            true => words.split('|').collect(),
            false => Vec::new(),
        }
    }
}

/// The inputs of an operation.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether it is required.
    pub required: bool,
    /// The bodies.
    pub content: Content,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(place: &str, written: Written) -> Parameter {
        Parameter {
            name: "x".to_owned(),
            place: place.to_owned(),
            required: false,
            schema: json!({}),
            written,
        }
    }

    #[test]
    fn the_form_of_a_parameter_follows_from_its_style() {
        let form = |place: &str, style: Option<&str>, explode: Option<bool>, kind: &str| {
            let written = Written {
                style: style.map(str::to_owned),
                explode,
                content: None,
            };
            parameter(place, written).form(&json!({"type": kind})).ok()
        };
        for (place, style, explode, kind, expected) in [
            ("query", None, None, "array", Some(Form::Plain)),
            (
                "query",
                Some("form"),
                Some(false),
                "array",
                Some(Form::Joined("form")),
            ),
            (
                "query",
                Some("form"),
                Some(false),
                "string",
                Some(Form::Plain),
            ),
            (
                "query",
                Some("pipeDelimited"),
                None,
                "array",
                Some(Form::Joined("pipeDelimited")),
            ),
            (
                "query",
                Some("spaceDelimited"),
                Some(true),
                "array",
                Some(Form::Plain),
            ),
            (
                "query",
                Some("deepObject"),
                None,
                "object",
                Some(Form::Deep),
            ),
            ("query", Some("matrix"), None, "string", None),
            ("path", None, None, "string", Some(Form::Plain)),
            ("path", Some("label"), None, "string", None),
            (
                "header",
                Some("simple"),
                Some(true),
                "array",
                Some(Form::Plain),
            ),
        ] {
            assert_eq!(
                form(place, style, explode, kind),
                expected,
                "{place} {style:?} {explode:?} {kind}"
            );
        }
        let content = Written {
            content: Some("application/json".to_owned()),
            ..Written::default()
        };
        assert!(parameter("query", content).form(&json!({})).is_err());
    }

    #[test]
    fn an_expression_of_raml_is_a_choice_of_names() {
        let names = |name: &str| {
            let named = Parameter {
                name: name.to_owned(),
                ..parameter("query", Written::default())
            };
            let names: Vec<String> = named.names().into_iter().map(str::to_owned).collect();
            names
        };
        assert_eq!(names("limit"), ["limit"]);
        assert_eq!(names("/^(a|b-c)$/"), ["a", "b-c"]);
        assert!(names("/^x.*$/").is_empty());
    }

    #[test]
    fn only_the_route_of_an_untyped_operation_is_known() {
        let get = Operation::untyped("get", "/a");
        assert!(get.request.is_none() && get.describes_success());
        assert!(
            Operation::untyped("put", "/a")
                .request
                .is_some_and(|request| !request.required)
        );
        assert_eq!(get.subject(), "GET /a");
    }
}
