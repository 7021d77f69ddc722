//! For which modules there are shared types. The code of a build has those that its modules need;
//! that of a package has all, each under the condition that a module needs it.

use std::collections::{BTreeMap, BTreeSet};

use crate::template::Code;

/// The modules that need each shared type, where code is written for any modules.
#[derive(Debug, Default)]
pub(crate) struct Conditions(Option<BTreeMap<String, BTreeSet<String>>>);

impl Conditions {
    /// Those of code for any modules, by the names of types.
    pub(crate) fn of(types: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self(Some(types))
    }

    /// The modules that need one of these types: without conditions none is stated.
    pub(crate) fn modules<'a>(
        &self,
        types: impl IntoIterator<Item = &'a str>,
    ) -> Option<BTreeSet<&str>> {
        let known = self.0.as_ref()?;
        let sets = types.into_iter().filter_map(|name| known.get(name));
        Some(sets.flatten().map(String::as_str).collect())
    }

    /// Code that is there for these types.
    pub(crate) fn when<'a>(&self, types: impl IntoIterator<Item = &'a str>, code: Code) -> Code {
        match self.modules(types) {
            Some(modules) => code.when(modules),
            None => code,
        }
    }

    /// Code that is there if one of these modules or features is in the build.
    pub(crate) fn when_built<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        code: Code,
    ) -> Code {
        match self.0 {
            Some(_) => code.when(names.into_iter().collect::<BTreeSet<_>>()),
            None => code,
        }
    }
}
