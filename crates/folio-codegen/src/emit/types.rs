//! Types in the notation of the generated code.

use std::collections::BTreeSet;

use crate::model::Ty;

/// A type as it is written in a module's file; `outer` goes before the names of its records.
pub(super) fn rust(ty: &Ty, outer: &str) -> String {
    match ty {
        Ty::String => "String".into(),
        Ty::Bool => "bool".into(),
        Ty::I32 => "i32".into(),
        Ty::I64 => "i64".into(),
        Ty::Number => "rt::Number".into(),
        Ty::Id => "rt::Id".into(),
        Ty::DateTime => "rt::DateTime".into(),
        Ty::Value => "rt::JsonValue".into(),
        Ty::Object => "rt::BTreeMap<String, rt::JsonValue>".into(),
        Ty::Vec(inner) => format!("Vec<{}>", rust(inner, outer)),
        Ty::Map(inner) => format!("rt::BTreeMap<String, {}>", rust(inner, outer)),
        Ty::Box(inner) => format!("Box<{}>", rust(inner, outer)),
        Ty::Option(inner) => format!("Option<{}>", rust(inner, outer)),
        Ty::Named(name) => format!("{outer}{name}"),
        Ty::Common(name) => format!("crate::common::{name}"),
    }
}

/// A type as it is written in the module `call`, below the records.
pub(super) fn in_call(ty: &Ty) -> String {
    rust(ty, "super::")
}

/// The value of a required field before it is read.
pub(super) fn blank(ty: &Ty) -> &'static str {
    match ty {
        Ty::String => "String::new()",
        Ty::Bool => "false",
        Ty::I32 | Ty::I64 => "0",
        Ty::Vec(_) => "rt::List::absent()",
        _ => "rt::Field::blank()",
    }
}

/// The types that lie in boxes within a type.
pub(super) fn boxes(ty: &Ty, found: &mut BTreeSet<String>) {
    match ty {
        Ty::Box(inner) => {
            found.insert(rust(inner, ""));
            boxes(inner, found);
        }
        Ty::Vec(inner) | Ty::Map(inner) | Ty::Option(inner) => boxes(inner, found),
        _ => {}
    }
}
