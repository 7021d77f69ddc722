//! Enums of texts, each open to values that are not described.

use crate::model::Enum;
use crate::template::{Code, fill, literal};
use crate::text::code;

const ENUMS: &str = "
    crate::__open_enum! {
        {enums}
    }
";

const ENUM: &str = "
    /// A value of those listed here, or any other that the server has.
    {name} / {unlisted} {
        {variants}
    }
";

const VARIANT: &str = "
    /// {docs}
    {name} = {text},
";

/// All enums of a document.
pub(super) fn enums(all: &[Enum]) -> Code {
    let mut enums = Code::default();
    for item in all {
        let mut variants = Code::default();
        for (name, text) in &item.variants {
            fill!(
                &mut variants,
                VARIANT,
                docs = code(text),
                name,
                text = literal(text)
            );
        }
        let unlisted = unlisted(item);
        fill!(&mut enums, ENUM, name = item.name, unlisted, variants);
    }
    let mut out = Code::default();
    if !enums.is_empty() {
        fill!(&mut out, ENUMS, enums);
    }
    out
}

/// The name of the variant for values that are not described.
fn unlisted(item: &Enum) -> &'static str {
    let is_free = |name: &&str| item.variants.iter().all(|(variant, _)| variant != name);
    ["Unlisted", "UnlistedValue", "ValueThatIsNotListed"]
        .into_iter()
        .find(is_free)
        .unwrap_or("UnlistedText")
}
