//! String enums, each open to undescribed values.

use super::docs::Types;
use crate::context::Context;
use crate::names::variant_name;
use crate::template::{Code, fill, literal};
use crate::text::code;

const ENUMS: &str = "
    crate::__open_enum! {
        {enums}
    }
";

const ENUM: &str = "
    {docs}
    /// Open enum: a value that is not described is `Unknown`.
    {name} {
        {variants}
    }
";

const VARIANT: &str = "
    /// {docs}
    {name} = {text},
";

/// All enums of a document.
pub(super) fn enums(context: &Context<'_>, docs: &Types<'_>) -> Code {
    let all = &context.model.enums;
    let mut enums = Code::default();
    for item in all {
        let mut one = Code::default();
        let mut variants = Code::default();
        for (name, text) in &item.variants {
            fill!(
                &mut variants,
                VARIANT,
                docs = code(text),
                name = variant_name(name),
                text = literal(text)
            );
        }
        let docs = docs.values(&item.name);
        fill!(&mut one, ENUM, docs, name = item.name, variants);
        enums.append(&context.conditions.when([&*item.name], one));
    }
    let mut out = Code::default();
    if !enums.is_empty() {
        fill!(&mut out, ENUMS, enums);
    }
    context
        .conditions
        .when(all.iter().map(|item| &*item.name), out)
}
