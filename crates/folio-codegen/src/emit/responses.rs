//! The type of a response, and the enum of an operation that has several.

use super::docs::route;
use super::types::in_call;
use crate::context::Context;
use crate::document::{Document, LOCAL};
use crate::error::Error;
use crate::facts::{Operation, Response, Success, SuccessKind};
use crate::lower::is_type;
use crate::media_type::MediaType;
use crate::model::Ty;
use crate::names::component_type;
use crate::template::{Code, fill, literal};
use crate::text::code;

const SEVERAL: &str = "
    /// The response of {route}.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum {name} {
        {variants}
        {nothing}
        /// Undescribed responses, unchanged.
        Unknown(rt::Response),
    }
    impl rt::FromResponse for {name} {
        type Output = Self;
        fn read(response: rt::Response) -> rt::Result<Self> {
            {read_nothing}
            match (response.status().as_u16(), response.media_type()) {
                {arms}
                _ => Ok(Self::Unknown(response)),
            }
        }
    }
";

const VARIANT: &str = "
    /// {docs}.
    {name}({ty}),
";

const NOTHING: &str = "
    /// Nothing.
    Nothing,
";

const READ_NOTHING: &str = "
    if response.body().is_empty() {
        return Ok(Self::Nothing);
    }
";

const BY_STATUS: &str = "({status}, _)";
const BY_MEDIA_TYPE: &str = "(_, media_type) if rt::is_media_type(media_type, &{patterns})";

const ARM: &str = "{pattern} => {read}.map(Self::{variant}),";
const ARM_OF_BYTES: &str = "{pattern} => Ok(Self::{variant}({read})),";

/// What a call yields.
pub(super) struct Output {
    /// The type that `send` gives or, of a response of one record per line, that of a record.
    pub(super) ty: String,
    /// The type by which the response is read; none if it comes line by line.
    pub(super) read_as: Option<String>,
}

pub(super) fn output(context: &Context<'_>, operation: &Operation) -> Result<Output, Error> {
    let signature = context.signature(operation)?;
    let whole = |ty: &str, read_as: &str| match operation.may_be_empty {
        true => Output {
            ty: format!("Option<{ty}>"),
            read_as: Some(format!("Option<{read_as}>")),
        },
        false => Output {
            ty: ty.to_owned(),
            read_as: Some(read_as.to_owned()),
        },
    };
    let same = |ty: &str| Output {
        ty: ty.to_owned(),
        read_as: Some(ty.to_owned()),
    };
    let typed = || {
        signature.response.as_ref().ok_or_else(|| {
            context.problem(format!("progenitor's `{}` returns nothing", operation.name))
        })
    };
    Ok(match &operation.response {
        Response::Json => {
            let ty = received(typed()?);
            whole(&ty, &format!("rt::Json<{ty}>"))
        }
        // Described is a record, or the list of all.
        Response::Lines => Output {
            ty: match typed()? {
                Ty::Vec(item) => in_call(item),
                ty => item_of(context, ty),
            },
            read_as: None,
        },
        Response::Text => whole("String", "String"),
        Response::Bytes => whole("rt::Bytes", "rt::Bytes"),
        Response::Empty => same("()"),
        Response::Undescribed => same("rt::Response"),
        Response::Several(_) => same(&operation.response_type),
    })
}

/// The enum of an operation that gives one of several things; nothing for other operations.
pub(super) fn several(context: &Context<'_>, operation: &Operation) -> Result<Code, Error> {
    let mut out = Code::default();
    let Response::Several(successes) = &operation.response else {
        return Ok(out);
    };
    let mut variants = Code::default();
    for success in in_order(successes) {
        variant(&mut variants, context, success)?;
    }
    let mut by_content = in_order(successes);
    by_content.sort_by_key(|success| media_type(success));
    let mut arms = Code::default();
    for success in by_content {
        arm(&mut arms, context, success)?;
    }
    let (mut nothing, mut read_nothing) = (Code::default(), Code::default());
    if operation.may_be_empty {
        fill!(&mut nothing, NOTHING);
        fill!(&mut read_nothing, READ_NOTHING);
    }
    fill!(
        &mut out,
        SEVERAL,
        route = route(operation),
        name = operation.response_type,
        variants,
        nothing,
        read_nothing,
        arms,
    );
    Ok(out)
}

/// The responses with `2XX`, which is all that no other names, at the end.
fn in_order(successes: &[Success]) -> Vec<&Success> {
    let is_rest = |success: &&Success| success.status.as_deref() == Some("2XX");
    let (rest, exact): (Vec<_>, Vec<_>) = successes.iter().partition(is_rest);
    exact.into_iter().chain(rest).collect()
}

/// By its media type a response is compared in the order of the table, since `text/*` is last
/// there.
fn media_type(success: &Success) -> Option<MediaType> {
    match &success.status {
        Some(_) => None,
        None => success.media_types.first().map(|it| MediaType::of(it)),
    }
}

fn variant(out: &mut Code, context: &Context<'_>, success: &Success) -> Result<(), Error> {
    let types: Vec<String> = success.media_types.iter().map(|name| code(name)).collect();
    let types = types.join(" or ");
    let docs = match &success.status {
        Some(status) => format!("Status {status}, as {types}"),
        None => format!("As {types}"),
    };
    let (ty, _) = content(context, success)?;
    fill!(out, VARIANT, docs, name = success.name, ty);
    Ok(())
}

/// How a response is identified and read.
fn arm(out: &mut Code, context: &Context<'_>, success: &Success) -> Result<(), Error> {
    let mut pattern = Code::default();
    match (&success.status, media_type(success)) {
        (Some(status), _) => {
            let is_class = status.ends_with("XX");
            let status = if is_class { "200..=299" } else { status };
            fill!(&mut pattern, BY_STATUS, status);
        }
        (None, media_type) => {
            let media_type = media_type.unwrap_or(MediaType::Bytes);
            let patterns = literal(&media_type.patterns(&success.media_types));
            fill!(&mut pattern, BY_MEDIA_TYPE, patterns);
        }
    }
    let pattern = pattern.into_line();
    let (_, read) = content(context, success)?;
    let variant = &*success.name;
    match success.kind {
        SuccessKind::Bytes => fill!(out, ARM_OF_BYTES, pattern, read, variant),
        _ => fill!(out, ARM, pattern, read, variant),
    }
    Ok(())
}

/// What one of several responses is, as a type and as the expression that reads it.
fn content(context: &Context<'_>, success: &Success) -> Result<(String, &'static str), Error> {
    Ok(match &success.kind {
        SuccessKind::Text => ("String".into(), "rt::text(response)"),
        SuccessKind::Bytes => ("rt::Bytes".into(), "response.into_body()"),
        SuccessKind::Json(name) => {
            let signature = context.model.operations.get(name);
            let ty = signature.and_then(|signature| signature.response.as_ref());
            let ty = ty.ok_or_else(|| {
                context.problem(format!("progenitor generated no type for `{name}`"))
            })?;
            (received(ty), "rt::record(response)")
        }
    })
}

/// The records of a collection that is described where each record comes alone; else the record
/// itself.
fn item_of(context: &Context<'_>, ty: &Ty) -> String {
    if let Ty::Named(name) = ty
        && let Some(record) = context.model.record(name)
        && name.ends_with("Collection")
    {
        let mut lists = record.fields.iter().filter_map(|field| match &field.ty {
            Ty::Vec(item) => Some(item),
            _ => None,
        });
        if let (Some(item), None) = (lists.next(), lists.next()) {
            return in_call(item);
        }
    }
    in_call(ty)
}

/// Any JSON.
const ANY: &str = "rt::Value";

/// The type of a list's records: of the array that its paging names. Nothing where there is no
/// list.
pub(super) fn item_type(context: &Context<'_>, operation: &Operation) -> Option<String> {
    let paging = operation.paging.as_ref()?;
    if let Some(record) = &paging.record {
        let name = record.strip_prefix(LOCAL);
        let typed = name.filter(|name| context.model.record(name).is_some());
        return Some(typed.map_or_else(|| ANY.into(), |name| format!("super::{name}")));
    }
    let signature = context.model.operations.get(&operation.name)?;
    let Some(response) = &signature.response else {
        // Of a response of several media types the list is the JSON.
        return Some(ANY.into());
    };
    let list = match (&paging.items, response) {
        (None, list) => list,
        (Some(items), Ty::Named(name)) => {
            let Some(record) = context.model.record(name) else {
                // One of several collections.
                return Some(ANY.into());
            };
            &record.fields.iter().find(|field| field.key == *items)?.ty
        }
        (Some(items), Ty::Common(name)) => {
            let item = shared_item(context.common, name, items);
            return Some(item.unwrap_or_else(|| ANY.into()));
        }
        // A response that is not typed: its records are any JSON.
        (Some(_), _) => return Some(ANY.into()),
    };
    match list {
        Ty::Vec(item) => Some(in_call(item)),
        _ => None,
    }
}

/// The type of the records in a shared collection.
fn shared_item(shared: &Document, collection: &str, items: &str) -> Option<String> {
    let schemas = shared.schemas().ok()?;
    let (_, schema) = schemas
        .iter()
        .find(|(name, _)| component_type(name) == collection)?;
    let list = schema.get("properties")?.get(items)?;
    let reference = list.get("items")?.get("$ref")?.as_str()?;
    let item = shared.resolve(shared, "", reference).ok()?;
    is_type(item.schema).then(|| format!("crate::common::{}", component_type(item.name)))
}

/// The type of a response. What is no record has no place for what does not fit: it gets one.
fn received(ty: &Ty) -> String {
    let name = in_call(ty);
    match ty {
        Ty::Vec(_) | Ty::Map(_) => format!("rt::Received<{name}>"),
        _ => name,
    }
}
