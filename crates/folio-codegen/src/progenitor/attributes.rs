//! The contents of the attributes of generated items.

use syn::{Attribute, Expr};

/// The attributes of serde that matter here.
#[derive(Default)]
pub(super) struct Serde {
    pub(super) rename: Option<String>,
    pub(super) default: bool,
    pub(super) flatten: bool,
}

pub(super) fn serde_attributes(attributes: &[Attribute]) -> Result<Serde, String> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn attributes_of_serde_are_read_and_unknown_ones_are_an_error() {
        for (attributes, expected) in [
            ("#[allow(x)]", Some((None, false, false))),
            (
                "#[serde(rename = \"a-b\")]",
                Some((Some("a-b"), false, false)),
            ),
            (
                "#[serde(default, skip_serializing_if = \"x\")]",
                Some((None, true, false)),
            ),
            (
                "#[serde(default = \"a::b\")] #[serde(flatten)]",
                Some((None, true, true)),
            ),
            ("#[serde(untagged)]", None),
        ] {
            let item: syn::ItemStruct = syn::parse_str(&format!("{attributes} struct A;")).unwrap();
            let read = serde_attributes(&item.attrs).ok();
            let read = read.map(|it| (it.rename, it.default, it.flatten));
            let expected = expected
                .map(|(name, default, flatten)| (name.map(str::to_owned), default, flatten));
            assert_eq!(read, expected, "{attributes}");
        }
    }
}
