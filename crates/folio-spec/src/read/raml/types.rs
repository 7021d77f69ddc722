//! The types that a document and its libraries declare.

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::yaml::Node;

/// The types that a document and its libraries declare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types {
    pub(super) declared: BTreeMap<String, Node>,
    pub(super) libraries: BTreeMap<String, Types>,
}

impl Types {
    /// The declaration of `name` or `library.name`, with the types that it can name.
    pub(crate) fn get(&self, name: &str) -> Option<(&Node, &Self)> {
        if let Some(node) = self.declared.get(name) {
            return Some((node, self));
        }
        let (library, rest) = name.split_once('.')?;
        self.libraries.get(library)?.get(rest)
    }

    /// The declaration of `name` in the library whose file is `file`: traits and resource types of
    /// a library name its types without its name.
    pub(crate) fn of_library(&self, name: &str, file: &Path) -> Option<(&Node, &Self)> {
        self.libraries.values().find_map(|library| {
            let own = library.declared.get(name);
            let own = own.filter(|node| node.file.as_path() == file);
            own.map(|node| (node, library))
                .or_else(|| library.of_library(name, file))
        })
    }

    /// All names that can be used here, those of libraries as `library.name`.
    pub(crate) fn names(&self) -> Vec<String> {
        let inner = self.libraries.iter().flat_map(|(library, types)| {
            let names = types.names().into_iter();
            names.map(move |name| format!("{library}.{name}"))
        });
        self.declared.keys().cloned().chain(inner).collect()
    }

    /// The names declared here and their declarations.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.declared.iter()
    }
}
