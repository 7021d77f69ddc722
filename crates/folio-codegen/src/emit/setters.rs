//! The names and the arguments of an operation's setters. One place for all that call them: the
//! builders themselves, and programs that are generated to test them ([`surface`](crate::surface)).

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Context;
use crate::error::Error;
use crate::facts::{Operation, Parameter, Response, Success};
use crate::media_type::essence;
use crate::model::Ty;
use crate::names::{argument, snake, squashed};
use crate::template::{Code, fill, literal};

const QUERY: &str = "{call}.0.query({name}, {value});";
const QUERY_AS: &str = "{call}.0.query({name}, Into::<{ty}>::into({value}));";
const QUERIES: &str = "{call}.0.queries({name}, {value});";
const QUERY_JOINED: &str = "{call}.0.query({name}, {value}.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join({delimiter}));";

/// How a query parameter is taken from the caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum QueryArgument {
    Bool,
    Integer,
    /// What becomes a type of the SDK: a query, an enum.
    As(String),
    /// Several values; as one parameter, with what is between them.
    List(Option<&'static str>),
    Text,
}

impl QueryArgument {
    /// The type of the argument.
    pub(super) fn ty(&self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Integer => "i64".into(),
            Self::As(ty) => format!("impl Into<{ty}>"),
            Self::List(_) => "impl IntoIterator<Item = impl rt::Display>".into(),
            Self::Text => "impl rt::Display".into(),
        }
    }

    /// The statement that puts the value of an argument into a call.
    pub(super) fn set(&self, call: &str, parameter: &Parameter, value: &str) -> String {
        let mut out = Code::default();
        let name = literal(&parameter.name);
        match self {
            Self::As(ty) => fill!(&mut out, QUERY_AS, call, name, ty, value),
            Self::List(None) => fill!(&mut out, QUERIES, call, name, value),
            Self::List(Some(delimiter)) => {
                let delimiter = literal(delimiter);
                fill!(&mut out, QUERY_JOINED, call, name, value, delimiter);
            }
            _ => fill!(&mut out, QUERY, call, name, value),
        }
        out.into_line()
    }
}

/// How a parameter is taken, by the type that progenitor gives it.
pub(crate) fn query_argument(
    context: &Context<'_>,
    operation: &Operation,
    parameter: &Parameter,
) -> Result<QueryArgument, Error> {
    let name = &*parameter.name;
    let signature = context.signature(operation)?;
    let known: BTreeMap<String, &Ty> = signature
        .arguments
        .iter()
        .map(|(name, ty)| (squashed(name), ty))
        .collect();
    let ty = known.get(&squashed(&parameter.argument)).ok_or_else(|| {
        context.problem(format!(
            "progenitor's `{}` has no argument `{name}`",
            operation.name
        ))
    })?;
    Ok(match ty {
        Ty::String if name == "query" => QueryArgument::As("rt::Cql".into()),
        Ty::Named(name) => QueryArgument::As(format!("super::{name}")),
        Ty::Common(name) => QueryArgument::As(format!("crate::common::{name}")),
        Ty::Bool => QueryArgument::Bool,
        Ty::I32 | Ty::I64 => QueryArgument::Integer,
        Ty::Vec(_) => QueryArgument::List(parameter.delimiter),
        _ => QueryArgument::Text,
    })
}

/// The setters of the bodies that an operation takes.
pub(crate) fn body_functions(operation: &Operation) -> Vec<String> {
    let mut functions: Vec<String> = Vec::new();
    for body in &operation.bodies {
        let name = match functions.is_empty() {
            true => "body".to_owned(),
            false => format!("body_{}", short(&body.media_type)),
        };
        let mut number = 1;
        let mut function = name.clone();
        while functions.contains(&function) {
            number += 1;
            function = format!("{name}_{number}");
        }
        functions.push(function);
    }
    functions
}

/// A media type as part of a name: `application/x-www-form-urlencoded` is `form`.
fn short(media_type: &str) -> String {
    let essence = essence(media_type);
    let (_, name) = essence.split_once('/').unwrap_or(("", &essence));
    match name {
        "x-www-form-urlencoded" => "form".to_owned(),
        "form-data" => "multipart".to_owned(),
        "octet-stream" => "bytes".to_owned(),
        "plain" => "text".to_owned(),
        name => snake(name),
    }
}

/// The setter that asks for one of several responses.
pub(crate) fn accept_function(success: &Success) -> String {
    format!("accept_{}", success.name.to_ascii_lowercase())
}

/// The setters of the parameters that may be absent: each with the name of its function.
pub(crate) fn optional_setters(operation: &Operation) -> Vec<(&Parameter, String)> {
    // What the call has besides: a parameter of one of these names gets an underscore.
    let mut names: BTreeSet<String> = body_functions(operation).into_iter().collect();
    if let Response::Several(successes) = &operation.response {
        names.extend(successes.iter().map(accept_function));
    }
    if is_streamed(operation) {
        names.insert("download".to_owned());
    }
    let mut optional: Vec<_> = operation
        .query
        .iter()
        .filter(|parameter| !parameter.required)
        .map(|parameter| (parameter, String::new()))
        .collect();
    // One whose name is that of its function already keeps it, whatever others there are.
    for is_so_named in [true, false] {
        for (parameter, function) in &mut optional {
            if (snake(&parameter.name) == parameter.name) == is_so_named {
                *function = argument(&parameter.name, &mut names);
            }
        }
    }
    optional
}

/// Whether a response may be read piece by piece.
pub(super) fn is_streamed(operation: &Operation) -> bool {
    matches!(
        operation.response,
        Response::Text
            | Response::Bytes
            | Response::Lines
            | Response::Several(_)
            | Response::Undescribed
    )
}

/// Whether `limit` and `offset` of an operation are numbers of records, which a stream sets itself.
pub(crate) fn is_paged(operation: &Operation) -> bool {
    operation
        .paging
        .as_ref()
        .is_some_and(|paging| paging.style != "erm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_part_of_a_name() {
        for (media_type, expected) in [
            ("application/x-www-form-urlencoded", "form"),
            ("multipart/form-data", "multipart"),
            ("application/octet-stream", "bytes"),
            ("text/plain;charset=utf-8", "text"),
            ("application/vnd.api+json", "vnd_api_json"),
            ("text/csv", "csv"),
        ] {
            assert_eq!(short(media_type), expected);
        }
    }

    #[test]
    fn a_parameter_is_set_by_the_type_of_its_argument() {
        let parameter = Parameter {
            name: "orderBy".to_owned(),
            argument: "orderBy".to_owned(),
            delimiter: None,
            required: false,
        };
        for (argument, ty, statement) in [
            (QueryArgument::Bool, "bool", "self.0.query(\"orderBy\", x);"),
            (
                QueryArgument::Integer,
                "i64",
                "self.0.query(\"orderBy\", x);",
            ),
            (
                QueryArgument::Text,
                "impl rt::Display",
                "self.0.query(\"orderBy\", x);",
            ),
            (
                QueryArgument::As("super::Order".into()),
                "impl Into<super::Order>",
                "self.0.query(\"orderBy\", Into::<super::Order>::into(x));",
            ),
            (
                QueryArgument::List(None),
                "impl IntoIterator<Item = impl rt::Display>",
                "self.0.queries(\"orderBy\", x);",
            ),
            (
                QueryArgument::List(Some("|")),
                "impl IntoIterator<Item = impl rt::Display>",
                "self.0.query(\"orderBy\", x.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(\"|\"));",
            ),
        ] {
            assert_eq!(argument.ty(), ty);
            assert_eq!(argument.set("self", &parameter, "x"), statement);
        }
    }
}
