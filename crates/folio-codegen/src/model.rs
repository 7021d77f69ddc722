//! The model of a document: what progenitor and typify make of it, read out of the code they generate.
//!
//! Their output is Rust with two serde derives a record and an async function an operation. The names, the types and what is required are
//! taken from it; its form is not.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;
use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};
use serde::Deserialize as _;
use syn::{
    Attribute, Expr, Fields, FnArg, GenericArgument, Lit, Meta, Pat, PathArguments, ReturnType,
    Type,
};

use crate::error::Error;
use crate::items::items;
use crate::lowered::Lowered;
use crate::names::{pascal, type_name};

/// The types and operations of a document.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) records: Vec<Record>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) operations: BTreeMap<String, Signature>,
    pub(crate) unions: Vec<Union>,
}

/// A value that is one of several things.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) name: String,
    pub(crate) tag: String,
    pub(crate) variants: Vec<UnionVariant>,
}

#[derive(Debug)]
pub(crate) struct UnionVariant {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) tags: Vec<String>,
    /// Where it stands in the union.
    pub(crate) place: Option<(&'static str, usize)>,
    /// How much its description says: of variants that fit alike the one that says least is meant.
    pub(crate) size: u32,
}

impl Model {
    /// The names of all types.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        let records = self.records.iter().map(|record| &record.name);
        let unions = self.unions.iter().map(|union| &union.name);
        records
            .chain(self.enums.iter().map(|item| &item.name))
            .chain(unions)
    }

    /// The record of a name.
    pub(crate) fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.name == name)
    }

    /// The types that a type holds, each with the steps that lead from its schema to theirs.
    pub(crate) fn parts(&self, name: &str) -> Vec<(Vec<Step>, &Ty)> {
        if let Some(union) = self.unions.iter().find(|union| union.name == name) {
            let variants = union.variants.iter().filter_map(|variant| {
                let (word, index) = variant.place?;
                let step = Step {
                    word,
                    name: Some(index.to_string()),
                };
                Some((vec![step], &variant.ty))
            });
            return variants.collect();
        }
        let record = self.records.iter().find(|record| record.name == name);
        let fields = record.map_or(&[][..], |record| &record.fields);
        fields
            .iter()
            .map(|field| {
                let step = Step {
                    word: "properties",
                    name: Some(field.key.clone()),
                };
                (vec![step], &field.ty)
            })
            .collect()
    }
}

/// A step into a schema: to what stands at a word, or at a name or number there.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) word: &'static str,
    pub(crate) name: Option<String>,
}

impl Step {
    pub(crate) fn of(word: &'static str) -> Self {
        Self { word, name: None }
    }
}

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    /// The Rust name.
    pub(crate) name: String,
    /// The JSON name.
    pub(crate) key: String,
    /// The type of a value that is there; of an optional field without the `Option`.
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    /// What lowering wrote into the description.
    pub(crate) facts: Option<String>,
}

/// A string enum: pairs of variant and text.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) variants: Vec<(String, String)>,
}

/// What progenitor says of an operation.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Arguments by their Rust names, without `Option` and references.
    pub(crate) arguments: BTreeMap<String, Ty>,
    pub(crate) response: Option<Ty>,
}

/// A type of a field, an argument or an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    String,
    Bool,
    I32,
    I64,
    Number,
    Id,
    DateTime,
    /// Any JSON.
    Value,
    /// A JSON object without described fields.
    Object,
    Vec(Box<Ty>),
    /// From text to a type.
    Map(Box<Ty>),
    Box(Box<Ty>),
    /// An element of a list that may be null.
    Option(Box<Ty>),
    /// A record or enum of this document.
    Named(String),
    /// A shared record or enum.
    Common(String),
}

// The paths that conversions and replacements put into typify's output, to be found again there.
const ID: &str = "folio::Id";
const DATE_TIME: &str = "folio::DateTime";
const NUMBER: &str = "folio::Number";
const SHARED: &str = "folio::common";
const UNION: &str = "folio::union";

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
    // progenitor and typify panic at what they do not support; a build script should say which document it was.
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
            said.unwrap_or("it did not say why")
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
                    "progenitor gave no type for the variant `{}` of `{}`",
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

/// Reads the model out of generated code.
fn read(tokens: TokenStream) -> Result<Model, String> {
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
            "typify made `{name}` a struct without named fields; lowering should have replaced what it stands for"
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
            facts: description(&field.attrs),
        });
    }
    tell_apart(&mut fields);
    Ok(Record { name, fields })
}

/// Gives fields whose keys differ in case or punctuation only names of their own. The one whose key is its name keeps it, whatever others a
/// later release adds; the others have a `_` more each, in the order of their keys.
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
            "progenitor's `{}` gives nothing back",
            signature.ident
        ));
    };
    let value = argument_of(returned, "Result")
        .and_then(|value| argument_of(value, "ResponseValue"))
        .ok_or_else(|| format!("progenitor's `{}` gives no ResponseValue", signature.ident))?;
    let response = match value {
        Type::Tuple(unit) if unit.elems.is_empty() => None,
        value => Some(ty(value)?),
    };
    Ok(Signature {
        arguments,
        response,
    })
}

fn dereference(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

fn option(ty: &Type) -> Option<&Type> {
    argument_of(ty, "Option")
}

/// `T` of `…::name<T, …>`.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
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

fn ty(of: &Type) -> Result<Ty, String> {
    let Type::Path(path) = of else {
        return Err("a type that is no path".into());
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
                "the type `{}` is none that the generator knows",
                names.join("::")
            ));
        }
    })
}

#[derive(Default)]
struct Serde {
    rename: Option<String>,
    default: bool,
    flatten: bool,
}

fn serde_attributes(attributes: &[Attribute]) -> Result<Serde, String> {
    let mut serde = Serde::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                if meta.path.is_ident("flatten") {
                    serde.flatten = true;
                } else if meta.path.is_ident("default") {
                    serde.default = true;
                    if let Ok(value) = meta.value() {
                        value.parse::<Expr>()?;
                    }
                } else {
                    let text = meta.value()?.parse::<syn::LitStr>()?;
                    if meta.path.is_ident("rename") {
                        serde.rename = Some(text.value());
                    }
                }
                Ok(())
            })
            .map_err(|error| {
                format!("a serde attribute that the generator does not know: {error}")
            })?;
    }
    Ok(serde)
}

/// The documentation comment, if there is one.
fn description(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
    {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    (!lines.is_empty()).then(|| lines.join(" "))
}
