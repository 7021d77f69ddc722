//! `folio-spec describe`.

use super::arguments::DescribeArguments;
use super::output::{print, write};
use crate::base::error::{Error, Result};
use crate::grails::checkout::{Checkout, Describe};
use crate::grails::{describe, merged};

pub(super) fn run(arguments: DescribeArguments) -> Result<()> {
    let DescribeArguments {
        recipe,
        source,
        tag,
        libraries,
        since,
        out,
    } = arguments;
    let libraries: Result<_> = libraries.iter().map(|text| library(text)).collect();
    let out = out.unwrap_or_else(|| recipe.with_file_name(format!("{since}.json")));
    let document = describe(&Describe {
        recipe,
        source: Checkout {
            folder: source,
            tag,
        },
        libraries: libraries?,
        since,
    })?;
    let (out, document) = merged(&out, document)?;
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    write(&out, text)?;
    print([format!("{}: written", out.display())]);
    Ok(())
}

/// A library of a recipe: `name=folder@tag`.
fn library(text: &str) -> Result<(String, Checkout)> {
    let parts = text.split_once('=').and_then(|(name, rest)| {
        let (folder, tag) = rest.rsplit_once('@')?;
        Some((name, folder, tag))
    });
    let (name, folder, tag) = parts.ok_or_else(|| {
        Error::file(
            "--library",
            format!("expected name=folder@tag, found `{text}`"),
        )
    })?;
    let checkout = Checkout {
        folder: folder.into(),
        tag: tag.to_owned(),
    };
    Ok((name.to_owned(), checkout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_a_name_a_folder_and_a_tag() {
        let (name, checkout) = library("web-toolkit=../a@b/c@v1.2").unwrap();
        assert_eq!((&*name, &*checkout.tag), ("web-toolkit", "v1.2"));
        assert_eq!(checkout.folder.to_str(), Some("../a@b/c"));
        for text in ["", "a", "a=b", "a@b"] {
            let error = library(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("--library: expected name=folder@tag, found `{text}`")
            );
        }
    }
}
