//! Unions: enums of the possible types of a value, each open to undescribed values.

use super::docs::Types;
use super::types::rust;
use crate::context::Context;
use crate::model::{Ty, UnionVariant};
use crate::template::{Code, fill, literal};
use crate::text::code;

const UNIONS: &str = "
    crate::__union! {
        {unions}
    }
";

const UNION: &str = "
    {docs}
    /// One of the listed variants, identified by {by}; any other value is `Unknown`.
    {name} by {tag} {
        {variants}
    }
";

const VARIANT: &str = "
    /// {docs}
    {name}: {content} as {ty} = [{tags}] {size},
";

/// All unions of a document.
pub(super) fn unions(context: &Context<'_>, docs: &Types<'_>) -> Code {
    let all = &context.model.unions;
    let mut unions = Code::default();
    for item in all {
        let mut one = Code::default();
        let by = match item.tag.as_str() {
            "" => "the best fit".to_owned(),
            tag => code(tag),
        };
        let mut variants = Code::default();
        for item in &item.variants {
            variant(&mut variants, item);
        }
        fill!(
            &mut one,
            UNION,
            docs = docs.values(&item.name),
            by,
            name = item.name,
            tag = literal(&item.tag),
            variants,
        );
        unions.append(&context.conditions.when([&*item.name], one));
    }
    let mut out = Code::default();
    if !unions.is_empty() {
        fill!(&mut out, UNIONS, unions);
    }
    context
        .conditions
        .when(all.iter().map(|item| &*item.name), out)
}

fn variant(out: &mut Code, variant: &UnionVariant) {
    let ty = rust(&variant.ty, "");
    // Boxed, since a record may hold the union that it is in.
    let content = match &variant.ty {
        Ty::Named(_) | Ty::Common(_) => format!("Box<{ty}>"),
        _ => ty.clone(),
    };
    let tags: Vec<String> = variant.tags.iter().map(literal).collect();
    let docs: Vec<String> = variant.tags.iter().map(|tag| code(tag)).collect();
    let docs = match &docs[..] {
        [] => code(&ty),
        docs => docs.join(" or "),
    };
    fill!(
        out,
        VARIANT,
        docs,
        name = variant.name,
        content,
        ty,
        tags = tags.join(", "),
        size = variant.size.to_string(),
    );
}
