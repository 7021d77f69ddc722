//! Reads the model out of generated code.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use syn::{Fields, FnArg, Pat, ReturnType, Type};

use super::attributes::serde_attributes;
use super::items::items;
use super::types::{argument_of, dereference, option, ty};
use crate::model::{Enum, Field, Model, Record, Signature};
use crate::names::type_name;

/// Reads the model out of generated code.
pub(super) fn read(tokens: TokenStream) -> Result<Model, String> {
    fn parsed<T: syn::parse::Parse>(tokens: TokenStream) -> Result<T, String> {
        syn::parse2(tokens).map_err(|error| format!("progenitor's output is no Rust: {error}"))
    }
    let mut model = Model::default();
    for item in items(tokens) {
        if item.keyword == "mod" && item.name().as_deref() == Some("types") {
            for item in items(item.inside()) {
                match &*item.keyword {
                    "struct" => model.records.push(record(&parsed(item.whole())?)?),
                    "enum" => model.enums.push(string_enum(&parsed(item.whole())?)?),
                    _ => {}
                }
            }
        } else if item.keyword == "impl" && !item.has("for") {
            for function in items(item.inside()).filter(|function| function.has("async")) {
                let declared: syn::Signature = parsed(function.declaration())?;
                model
                    .operations
                    .insert(plain(&declared.ident), signature(&declared)?);
            }
        }
    }
    Ok(model)
}

fn plain(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

fn record(item: &syn::ItemStruct) -> Result<Record, String> {
    let name = type_name(&item.ident.to_string());
    let Fields::Named(named) = &item.fields else {
        return Err(format!(
            "typify made `{name}` a struct without named fields; lowering should have replaced it"
        ));
    };
    let mut fields = Vec::new();
    for field in &named.named {
        let rust = field.ident.as_ref().map(plain).unwrap_or_default();
        let serde = serde_attributes(&field.attrs)?;
        if serde.flatten {
            continue;
        }
        let (ty, optional) = match option(&field.ty) {
            Some(inner) => (ty(inner)?, true),
            None => (ty(&field.ty)?, serde.default),
        };
        let key = serde.rename.unwrap_or_else(|| rust.clone());
        fields.push(Field {
            name: rust,
            key,
            ty,
            required: !optional,
        });
    }
    tell_apart(&mut fields);
    Ok(Record { name, fields })
}

/// Assigns distinct names to fields whose keys differ only in case or punctuation. The one whose
/// key equals its name keeps it, regardless of fields that a later release adds; the others get
/// additional `_`, in the order of their keys.
fn tell_apart(fields: &mut [Field]) {
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_by_key(|&index| {
        let field = &fields[index];
        let is_so_named = field.name.trim_end_matches('_') == field.key;
        (!is_so_named, field.key.clone())
    });
    let mut taken = BTreeSet::new();
    for index in order {
        while !taken.insert(fields[index].name.clone()) {
            fields[index].name.push('_');
        }
    }
}

fn string_enum(item: &syn::ItemEnum) -> Result<Enum, String> {
    let name = type_name(&item.ident.to_string());
    let mut variants = Vec::new();
    for variant in &item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(format!(
                "typify made `{name}` a union; lowering should have made it any JSON"
            ));
        }
        let text = serde_attributes(&variant.attrs)?
            .rename
            .unwrap_or_else(|| variant.ident.to_string());
        variants.push((variant.ident.to_string(), text));
    }
    Ok(Enum { name, variants })
}

fn signature(signature: &syn::Signature) -> Result<Signature, String> {
    let mut arguments = BTreeMap::new();
    for input in &signature.inputs {
        if let FnArg::Typed(argument) = input
            && let Pat::Ident(name) = &*argument.pat
        {
            let wanted = option(&argument.ty).unwrap_or(&argument.ty);
            arguments.insert(plain(&name.ident), ty(dereference(wanted))?);
        }
    }
    // Result<ResponseValue<T>, Error<E>>
    let ReturnType::Type(_, returned) = &signature.output else {
        return Err(format!(
            "progenitor's `{}` returns nothing",
            signature.ident
        ));
    };
    let value = argument_of(returned, "Result")
        .and_then(|value| argument_of(value, "ResponseValue"))
        .ok_or_else(|| {
            format!(
                "progenitor's `{}` does not return a ResponseValue",
                signature.ident
            )
        })?;
    let response = match value {
        Type::Tuple(unit) if unit.elems.is_empty() => None,
        value => Some(ty(value)?),
    };
    Ok(Signature {
        arguments,
        response,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;
    use crate::model::Ty;

    fn model(code: &str) -> Result<Model, String> {
        read(code.parse().unwrap())
    }

    #[test]
    fn records_enums_and_operations_are_read_out_of_generated_code() {
        let model = model(
            "pub mod types {
                pub struct Book {
                    pub title: ::std::string::String,
                    #[serde(rename = \"pageCount\", default)]
                    pub page_count: ::std::option::Option<i64>,
                    #[serde(default)]
                    pub r#type: ::std::vec::Vec<bool>,
                    #[serde(flatten)]
                    pub extra: ::serde_json::Map<String, Value>,
                }
                pub enum State { #[serde(rename = \"on loan\")] OnLoan, Lost }
                impl From<State> for Book {}
            }
            impl Client {
                pub async fn get_book<'a>(&'a self, id: &'a str, limit: Option<i64>)
                    -> Result<ResponseValue<types::Book>, Error<()>> { x }
                pub async fn delete_book<'a>(&'a self) -> Result<ResponseValue<()>, Error<()>> { x }
                pub fn other() {}
            }",
        );
        let model = model.unwrap();
        let fields: Vec<_> = model.records[0]
            .fields
            .iter()
            .map(|it| (&*it.name, &*it.key, it.required))
            .collect();
        let expected = [
            ("title", "title", true),
            ("page_count", "pageCount", false),
            ("type", "type", false),
        ];
        assert_eq!(fields, expected);
        let variants = [("OnLoan", "on loan"), ("Lost", "Lost")];
        let variants = variants.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(model.enums[0].variants, variants);
        assert_eq!(model.operations.len(), 2);
        let book = &model.operations["get_book"];
        assert_eq!(book.response, Some(Ty::Named("Book".into())));
        assert_eq!(book.arguments["limit"], Ty::I64);
        assert_eq!(model.operations["delete_book"].response, None);
    }

    #[test]
    fn what_lowering_should_have_replaced_is_an_error() {
        for (code, expected) in [
            (
                "pub mod types { pub struct Ids(pub Vec<String>); }",
                "without named fields",
            ),
            (
                "pub mod types { pub enum Any { A(String) } }",
                "made `Any` a union",
            ),
            ("impl Client { pub async fn a() {} }", "`a` returns nothing"),
        ] {
            let error = model(code).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn fields_of_one_name_are_told_apart_and_what_is_so_named_keeps_it() {
        let field = |name: &str, key: &str| Field {
            name: name.to_owned(),
            key: key.to_owned(),
            ty: Ty::String,
            required: false,
        };
        let mut fields = [field("id", "ID"), field("id", "id"), field("id", "Id")];
        tell_apart(&mut fields);
        assert_eq!(fields.map(|field| field.name), ["id_", "id", "id__"]);
    }
}
