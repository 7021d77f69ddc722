//! The setters of bodies, one for each media type that an operation accepts.

use super::types::in_call;
use crate::context::Context;
use crate::error::Error;
use crate::facts::{Body, BodyKind, Operation};
use crate::model::Ty;
use crate::template::{Code, fill, literal};
use crate::text::code;

const JSON: &str = "
    /// The request body{media_type}; it is serialized immediately.
    pub fn {function}(mut self, body: &{ty}) -> Self {
        self.0.json({media_literal}, body);
        self
    }
";

const FORM: &str = "
    /// The request body, its fields as a form; it is serialized immediately.
    pub fn {function}(mut self, body: &{ty}) -> Self {
        self.0.form(body);
        self
    }
";

const MULTIPART: &str = "
    /// The request body, a form of fields and files. {parts}
    pub fn {function}(mut self, body: rt::Multipart) -> Self {
        self.0.multipart(body);
        self
    }
";

const BYTES: &str = "
    /// The request body, as {media_type}: bytes, text, or a [`Body`](crate::Body) that is sent while it is read.
    pub fn {function}(mut self, body: impl Into<rt::Body>) -> Self {
        self.0.body({media_literal}, body.into());
        self
    }
";

pub(super) fn body_setter(
    out: &mut Code,
    context: &Context<'_>,
    operation: &Operation,
    body: &Body,
    function: &str,
) -> Result<(), Error> {
    let media_literal = literal(&body.media_type);
    match &body.kind {
        BodyKind::Json => {
            let ty = body_type(context, operation)?;
            let media_type = match &*body.media_type {
                "application/json" => String::new(),
                other => format!(", as {}", code(other)),
            };
            fill!(out, JSON, media_type, function, ty, media_literal);
        }
        BodyKind::Form => {
            let ty = body_type(context, operation)?;
            fill!(out, FORM, function, ty);
        }
        BodyKind::Multipart(parts) => fill!(out, MULTIPART, parts = described(parts), function),
        BodyKind::Bytes => {
            let media_type = code(&body.media_type);
            fill!(out, BYTES, media_type, function, media_literal);
        }
    }
    Ok(())
}

/// The type of a body that progenitor knows.
fn body_type(context: &Context<'_>, operation: &Operation) -> Result<String, Error> {
    let signature = context.signature(operation)?;
    match signature.arguments.get("body") {
        Some(Ty::Vec(inner)) => Ok(format!("[{}]", in_call(inner))),
        Some(ty) => Ok(in_call(ty)),
        None => Err(context.problem(format!("progenitor's `{}` takes no body", operation.name))),
    }
}

/// The parts of a form, as its documentation lists them.
fn described(parts: &[(String, bool)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|(name, is_file)| match is_file {
            true => format!("the file {}", code(name)),
            false => code(name),
        })
        .collect();
    match &parts[..] {
        [] => "Its parts are not described.".to_owned(),
        parts => format!("Described are {}.", parts.join(", ")),
    }
}
