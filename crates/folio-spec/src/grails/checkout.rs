//! The sources from which a description is generated.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Sources at a tag.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The folder.
    pub folder: PathBuf,
    /// The tag.
    pub tag: String,
}

/// The described module.
#[derive(Clone, Debug)]
pub struct Describe {
    /// The recipe.
    pub recipe: PathBuf,
    /// The module's sources.
    pub source: Checkout,
    /// Those of the libraries that the recipe names.
    pub libraries: BTreeMap<String, Checkout>,
    /// The first version that the description is valid for.
    pub since: String,
}
