//! The names that a module gives to shared types.

use std::collections::BTreeMap;

use crate::template::{Code, fill};

const NAMES: &str = "
    #[doc(no_inline)]
    pub use crate::common::{{names}};
";

/// The re-exports at the end of a module's file, by the names of the shared types.
pub(crate) fn shared(names: &BTreeMap<String, String>) -> String {
    let mut out = Code::default();
    if !names.is_empty() {
        let names: Vec<String> = names
            .iter()
            .map(|(shared, name)| match shared == name {
                true => name.clone(),
                false => format!("{shared} as {name}"),
            })
            .collect();
        fill!(&mut out, NAMES, names = names.join(", "));
    }
    out.into_string()
}
