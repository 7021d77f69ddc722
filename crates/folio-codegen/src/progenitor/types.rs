//! The types of progenitor's output as those of the model.

use syn::{GenericArgument, PathArguments, Type};

use crate::model::Ty;
use crate::names::type_name;

// The paths that conversions and replacements put into typify's output, to be found again there.
pub(super) const ID: &str = "folio::Id";
pub(super) const DATE_TIME: &str = "folio::DateTime";
pub(super) const NUMBER: &str = "folio::Number";
pub(super) const SHARED: &str = "folio::common";
pub(super) const UNION: &str = "folio::union";

/// A type of the model.
pub(super) fn ty(of: &Type) -> Result<Ty, String> {
    let Type::Path(path) = of else {
        return Err("a type that is not a path".into());
    };
    let names: Vec<String> = path
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let arguments: Vec<&Type> = match path.path.segments.last().map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let inner = |index: usize| match arguments.get(index) {
        Some(argument) => ty(argument).map(Box::new),
        None => Err(format!("`{}` without its argument", names.join("::"))),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(match names[..] {
        ["std", "string", "String"] | ["str"] => Ty::String,
        ["bool"] => Ty::Bool,
        ["i32"] => Ty::I32,
        ["i64"] => Ty::I64,
        ["folio", "Number"] => Ty::Number,
        ["folio", "Id"] => Ty::Id,
        ["folio", "DateTime"] => Ty::DateTime,
        ["serde_json", "Value"] => Ty::Value,
        ["serde_json", "Map"] => Ty::Object,
        ["std", "collections", "HashMap"] => Ty::Map(inner(1)?),
        ["std", "vec", "Vec"] => Ty::Vec(inner(0)?),
        ["std", "boxed", "Box"] => Ty::Box(inner(0)?),
        ["std", "option", "Option"] => Ty::Option(inner(0)?),
        ["folio", "common", name] => Ty::Common(type_name(name)),
        ["folio", "union", name] => Ty::Named((*name).to_owned()),
        [name] | ["types", name] => Ty::Named(type_name(name)),
        _ => {
            return Err(format!(
                "the type `{}` is unknown to the generator",
                names.join("::")
            ));
        }
    })
}

/// The type behind a reference.
pub(super) fn dereference(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

/// The type in an `Option`.
pub(super) fn option(ty: &Type) -> Option<&Type> {
    argument_of(ty, "Option")
}

/// `T` of `…::name<T, …>`.
pub(super) fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn types_of_progenitor_are_types_of_the_model() {
        let boxed = |ty: Ty| Box::new(ty);
        for (rust, expected) in [
            ("::std::string::String", Ty::String),
            ("str", Ty::String),
            ("bool", Ty::Bool),
            ("i32", Ty::I32),
            ("i64", Ty::I64),
            ("folio::Id", Ty::Id),
            ("folio::DateTime", Ty::DateTime),
            ("folio::Number", Ty::Number),
            ("::serde_json::Value", Ty::Value),
            (
                "::serde_json::Map<::std::string::String, ::serde_json::Value>",
                Ty::Object,
            ),
            ("::std::vec::Vec<i64>", Ty::Vec(boxed(Ty::I64))),
            (
                "::std::boxed::Box<types::Book>",
                Ty::Box(boxed(Ty::Named("Book".into()))),
            ),
            (
                "::std::collections::HashMap<::std::string::String, bool>",
                Ty::Map(boxed(Ty::Bool)),
            ),
            ("folio::common::Note", Ty::Common("Note".into())),
            (
                "folio::union::TextOrInteger",
                Ty::Named("TextOrInteger".into()),
            ),
            ("Option", Ty::Named("OptionRecord".into())),
        ] {
            assert_eq!(ty(&syn::parse_str(rust).unwrap()), Ok(expected), "{rust}");
        }
        for unknown in ["u8::x", "(i64, i64)", "::std::vec::Vec"] {
            assert!(ty(&syn::parse_str(unknown).unwrap()).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_type_is_found_in_what_it_is_wrapped_in() {
        let of: Type = syn::parse_str("&'a ::std::option::Option<i64>").unwrap();
        let inner = option(dereference(&of)).unwrap();
        assert_eq!(ty(inner), Ok(Ty::I64));
        assert!(option(inner).is_none());
        assert!(argument_of(dereference(&of), "Result").is_none());
    }
}
