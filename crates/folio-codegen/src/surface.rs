//! The generated code as data: for programs that use each type and each call, such as the tests of
//! this project. It is the only public part of the generator's model.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::document::Specs;
use crate::emit::{self, QueryArgument};
use crate::error::Error;
use crate::facts::{self, Operation, Parameter, SuccessKind};
use crate::generate::Modelled;
use crate::model::Ty;
use crate::names::{component_type, ident};
use crate::parallel::{on_a_large_stack, on_all_cores};
use crate::schemas;

/// The generated code of one document.
#[derive(Clone, Debug)]
pub struct Surface {
    /// The document, `mod-users`.
    pub document: String,
    /// The SDK's module, `users`.
    pub module: String,
    /// The components that have types of their own (records, unions, enums), each with the name of
    /// its type.
    pub components: BTreeMap<String, String>,
    /// The records.
    pub records: Vec<String>,
    /// The unions, with their variants.
    pub unions: Vec<Union>,
    /// All types that have a JSON Schema, each with the place of its schema in the document: a JSON
    /// pointer, which may lead through references and `allOf`.
    pub schemas: BTreeMap<String, String>,
    /// The calls, in the order of the document.
    pub calls: Vec<Call>,
}

/// A union.
#[derive(Clone, Debug)]
pub struct Union {
    /// The name of the type.
    pub name: String,
    /// Its possible values.
    pub variants: Vec<UnionVariant>,
}

/// One of the things that a union can be.
#[derive(Clone, Debug)]
pub struct UnionVariant {
    /// The name of the variant.
    pub name: String,
    /// The values of the discriminator that mean it.
    pub tags: Vec<String>,
    /// Its schema, as the document has it.
    pub described: serde_json::Value,
}

/// The call of an operation: a function of the module's handle, and setters of its builder.
#[derive(Clone, Debug)]
pub struct Call {
    /// The `operationId` of the document.
    pub operation: String,
    /// The function.
    pub function: String,
    /// The parameters of the path, by their names in the document: the first arguments.
    pub path: Vec<String>,
    /// The required parameters of the query string: the other arguments. They have no setters.
    pub required: Vec<Setter>,
    /// The parameters that may be absent.
    pub optional: Vec<Setter>,
    /// The bodies, one setter for each media type.
    pub bodies: Vec<BodySetter>,
    /// Whether nothing is sent without `confirm`.
    pub needs_confirmation: bool,
    /// The setters that select one of several responses, each with its media type.
    pub accepts: Vec<(String, String)>,
    /// The output of `send` (or `stream`).
    pub response: Response,
    /// Whether `send` yields an `Option`, or a variant `Nothing`, since the server may send no
    /// body.
    pub may_be_empty: bool,
}

/// How a parameter is set.
#[derive(Clone, Debug)]
pub struct Setter {
    /// The name of the parameter in the document.
    pub parameter: String,
    /// The function of the builder.
    pub function: String,
    /// Its inputs.
    pub takes: Takes,
}

/// The inputs of a setter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A `bool`.
    Flag,
    /// An `i64`.
    Number,
    /// A number of records, `u32`.
    Count,
    /// Several values.
    List,
    /// Any type with `Display`, or a text that becomes a type of the SDK.
    Text,
}

/// How a body is set.
#[derive(Clone, Debug)]
pub struct BodySetter {
    /// The media type.
    pub media_type: String,
    /// The function of the builder.
    pub function: String,
    /// Its inputs.
    pub takes: TakesBody,
}

/// The input of a body's setter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesBody {
    /// A record, by reference.
    Record,
    /// A slice of records.
    Records,
    /// A form of fields and files.
    Multipart,
    /// Bytes or text.
    Bytes,
}

/// The output of a call.
#[derive(Clone, Debug)]
pub enum Response {
    /// A record, or other JSON of a type.
    Json,
    /// A `String`.
    Text,
    /// Bytes.
    Bytes,
    /// The records of `stream`, one per line.
    Lines,
    /// Nothing.
    Nothing,
    /// The unchanged response.
    Undescribed,
    /// One of several types: the enum, and its variants with their contents.
    Several(String, Vec<(String, Content)>),
}

/// The content of a variant of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// JSON of a type.
    Json,
    /// A `String`.
    Text,
    /// Bytes.
    Bytes,
}

/// The output of [`generate`](crate::generate): of each module, and of the shared records at the
/// end.
///
/// # Errors
/// A document is not canonical, or progenitor rejects it.
pub fn surface(specs: &Specs) -> Result<Vec<Surface>, Error> {
    on_a_large_stack(|| {
        let common = &specs.common;
        let modules = on_all_cores(specs, |document| Modelled::module(document, common));
        let mut all = modules.into_iter().collect::<Result<Vec<_>, _>>()?;
        let shared = Modelled::common(common, &all)?;
        all.push(shared);
        all.iter()
            .map(|of| described(of, &of.context(common)))
            .collect()
    })
}

fn described(of: &Modelled<'_>, context: &Context<'_>) -> Result<Surface, Error> {
    let types: Vec<&String> = of.model.names().collect();
    let components = of.document.schemas()?.keys();
    let components = components.map(|name| (name.clone(), component_type(name)));
    let unions = of.lowered.unions.iter().map(|union| Union {
        name: union.name.clone(),
        variants: union
            .variants
            .iter()
            .map(|variant| UnionVariant {
                name: variant.name.clone(),
                tags: variant.tags.clone(),
                described: variant.described.clone(),
            })
            .collect(),
    });
    let records = of.model.records.iter().map(|record| record.name.clone());
    let calls = of.lowered.operations.iter();
    Ok(Surface {
        document: of.document.name.clone(),
        module: of.module.clone(),
        components: components.filter(|(_, ty)| types.contains(&ty)).collect(),
        records: records.collect(),
        unions: unions.collect(),
        schemas: schemas::places(context)?,
        calls: calls
            .map(|operation| call(context, operation))
            .collect::<Result<_, _>>()?,
    })
}

fn call(context: &Context<'_>, operation: &Operation) -> Result<Call, Error> {
    let setter = |parameter: &Parameter, function: String| {
        let name = &*parameter.name;
        let is_count = emit::is_paged(operation) && matches!(name, "limit" | "offset");
        let argument = emit::query_argument(context, operation, parameter)?;
        Ok(Setter {
            parameter: name.to_owned(),
            function,
            takes: match argument {
                _ if is_count && !parameter.required => Takes::Count,
                QueryArgument::Bool => Takes::Flag,
                QueryArgument::Integer => Takes::Number,
                QueryArgument::List(_) => Takes::List,
                QueryArgument::As(_) | QueryArgument::Text => Takes::Text,
            },
        })
    };
    let required = operation.query.iter().filter(|query| query.required);
    let optional = emit::optional_setters(operation).into_iter();
    Ok(Call {
        operation: operation.name.clone(),
        function: ident(&operation.name),
        path: operation.path_parameters.clone(),
        required: required
            .map(|parameter| setter(parameter, String::new()))
            .collect::<Result<_, Error>>()?,
        optional: optional
            .map(|(parameter, function)| setter(parameter, function))
            .collect::<Result<_, Error>>()?,
        bodies: bodies(context, operation)?,
        needs_confirmation: emit::needs_confirmation(operation),
        accepts: accepts(operation),
        response: response(operation),
        may_be_empty: operation.may_be_empty,
    })
}

fn bodies(context: &Context<'_>, operation: &Operation) -> Result<Vec<BodySetter>, Error> {
    let signature = context.signature(operation)?;
    let is_list = matches!(signature.arguments.get("body"), Some(Ty::Vec(_)));
    let functions = emit::body_functions(operation);
    let bodies = operation.bodies.iter().zip(functions);
    let bodies = bodies.map(|(body, function)| BodySetter {
        media_type: body.media_type.clone(),
        function,
        takes: match body.kind {
            facts::BodyKind::Json | facts::BodyKind::Form if is_list => TakesBody::Records,
            facts::BodyKind::Json | facts::BodyKind::Form => TakesBody::Record,
            facts::BodyKind::Multipart(_) => TakesBody::Multipart,
            facts::BodyKind::Bytes => TakesBody::Bytes,
        },
    });
    Ok(bodies.collect())
}

fn accepts(operation: &Operation) -> Vec<(String, String)> {
    let mut accepts = Vec::new();
    if let facts::Response::Several(successes) = &operation.response {
        for success in successes.iter().filter(|success| success.status.is_none()) {
            for media_type in &success.media_types {
                accepts.push((media_type.clone(), emit::accept_function(success)));
            }
        }
    }
    accepts
}

fn response(operation: &Operation) -> Response {
    match &operation.response {
        facts::Response::Json => Response::Json,
        facts::Response::Text => Response::Text,
        facts::Response::Bytes => Response::Bytes,
        facts::Response::Lines => Response::Lines,
        facts::Response::Empty => Response::Nothing,
        facts::Response::Undescribed => Response::Undescribed,
        facts::Response::Several(successes) => {
            let variants = successes.iter().map(|success| {
                let content = match success.kind {
                    SuccessKind::Json(_) => Content::Json,
                    SuccessKind::Text => Content::Text,
                    SuccessKind::Bytes => Content::Bytes,
                };
                (success.name.clone(), content)
            });
            Response::Several(operation.response_type.clone(), variants.collect())
        }
    }
}
