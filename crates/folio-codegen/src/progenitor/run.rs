//! Runs progenitor and typify over a lowered document.

use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};
use serde::Deserialize as _;

use super::read::read;
use super::types::{DATE_TIME, ID, NUMBER, SHARED, UNION};
use crate::error::Error;
use crate::lowered::Lowered;
use crate::model::{Model, Ty, Union, UnionVariant};
use crate::names::pascal;

/// Runs progenitor and typify over a lowered document.
pub(crate) fn build(name: &str, lowered: &Lowered) -> Result<Model, Error> {
    let failed = |problem: String| Error::model(name, problem);
    let openapi = openapiv3::OpenAPI::deserialize(&lowered.openapi)
        .map_err(|error| failed(format!("no OpenAPI 3.0: {error}")))?;
    let mut settings = GenerationSettings::new();
    settings.with_interface(InterfaceStyle::Positional);
    for (ty, format, path) in [
        (InstanceType::String, Some("uuid"), ID),
        (InstanceType::String, Some("date-time"), DATE_TIME),
        (InstanceType::Number, None, NUMBER),
    ] {
        let schema = SchemaObject {
            instance_type: Some(ty.into()),
            format: format.map(str::to_owned),
            ..SchemaObject::default()
        };
        settings.with_conversion(schema, path, std::iter::empty::<TypeImpl>());
    }
    for shared in &lowered.common {
        // typify looks for it under the name that it would give it.
        let name = pascal(shared);
        settings.with_replacement(
            &name,
            format!("{SHARED}::{name}"),
            std::iter::empty::<TypeImpl>(),
        );
    }
    for union in &lowered.unions {
        settings.with_replacement(
            &union.name,
            format!("{UNION}::{}", union.name),
            std::iter::empty::<TypeImpl>(),
        );
    }
    // progenitor and typify panic on unsupported input; a build script should name the document.
    let tokens = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&openapi)
    }))
    .map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        failed(format!(
            "progenitor gave up: {}",
            said.unwrap_or("without a message")
        ))
    })?
    .map_err(|error| failed(error.to_string()))?;
    let mut model = read(tokens).map_err(failed)?;
    for union in &lowered.unions {
        let mut variants = Vec::new();
        for variant in &union.variants {
            let told = model.operations.get(&variant.operation);
            let ty = told.and_then(|told| told.response.clone()).ok_or_else(|| {
                failed(format!(
                    "progenitor generated no type for the variant `{}` of `{}`",
                    variant.name, union.name
                ))
            })?;
            variants.push(UnionVariant {
                name: variant.name.clone(),
                size: size(&model, &ty, 3),
                ty,
                tags: variant.tags.clone(),
                place: variant.place,
            });
        }
        model.unions.push(Union {
            name: union.name.clone(),
            tag: union.tag.clone(),
            variants,
        });
    }
    Ok(model)
}

/// How much is described of a type: its fields and, some levels down, theirs.
fn size(model: &Model, ty: &Ty, depth: u32) -> u32 {
    match ty {
        Ty::Named(name) => {
            let record = model.records.iter().find(|record| record.name == *name);
            let fields = record.map_or(&[][..], |record| &record.fields);
            fields.iter().fold(0, |sum, field| {
                let inner = match depth {
                    0 => 0,
                    _ => match size(model, &field.ty, depth - 1) {
                        u32::MAX => 1,
                        size => size,
                    },
                };
                sum.saturating_add(1).saturating_add(inner)
            })
        }
        Ty::Vec(inner) | Ty::Box(inner) | Ty::Option(inner) => size(model, inner, depth).max(1),
        Ty::Common(_) => 64,
        Ty::Value | Ty::Object | Ty::Map(_) => u32::MAX,
        _ => 1,
    }
}
