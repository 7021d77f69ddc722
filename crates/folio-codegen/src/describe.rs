//! What documentation needs beside the documents of a build: the glossary, the sources, and which
//! records can be linked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::document::{Document, Links, Specs};
use crate::error::Error;
use crate::glossary::Entries;
use crate::lower::is_type;
use crate::module_name::rust_name;
use crate::names::component_type;

impl Specs {
    /// Adds what the glossary in a folder says of the documents: their documentation.
    ///
    /// # Errors
    /// A file of the glossary cannot be read.
    pub fn describe(self, glossary: &Path) -> Result<Self, Error> {
        self.described(glossary, false)
    }

    /// The same, for code of any modules if `are_conditional`.
    pub(crate) fn described(
        mut self,
        glossary: &Path,
        are_conditional: bool,
    ) -> Result<Self, Error> {
        let links = Arc::new(Links {
            paths: links(&self)?,
            are_conditional,
        });
        let modules = self.modules.iter_mut();
        for document in modules.chain([&mut self.common]) {
            if let Some(entries) = Entries::read(glossary, &document.name)? {
                self.files.push(Entries::path(glossary, &document.name));
                document.entries = entries;
            }
            document.links = Arc::clone(&links);
        }
        Ok(self)
    }
}

/// The types of the build by the names under which the glossary refers to their records,
/// `mod-users.Usergroup`. Shared records are not among them: which of them a build has depends on
/// its modules.
fn links(specs: &Specs) -> Result<BTreeMap<String, String>, Error> {
    let mut links = BTreeMap::new();
    for document in &specs.modules {
        let module = rust_name(document.feature());
        types(document, &format!("crate::{module}"), &mut links)?;
    }
    Ok(links)
}

fn types(
    document: &Document,
    module: &str,
    links: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    for (name, schema) in document.schemas()? {
        if is_type(schema) {
            let path = format!("{module}::{}", component_type(name));
            links.insert(format!("{}.{name}", document.name), path);
        }
    }
    Ok(())
}
