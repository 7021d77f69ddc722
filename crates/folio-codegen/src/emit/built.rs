//! The table of the modules of the build: the possible requirements of a program's calls.

use serde_json::Value;

use crate::conditions::Conditions;
use crate::document::Specs;
use crate::template::{Code, fill, literal};

const BUILT: &str = "
    pub(crate) static BUILT: &[Built] = &[
        {modules}
    ];
    pub(crate) static RELEASE: &str = {release};
";

const MODULE: &str = "Built { module: {module}, version: {version}, interfaces: &{interfaces} },";

/// The file of the modules that are built.
pub(crate) fn built(specs: &Specs, conditions: &Conditions) -> String {
    let mut modules = Code::default();
    for document in &specs.modules {
        let provided = document.root.pointer("/x-folio/interfaces");
        let provided = provided.and_then(Value::as_object);
        // Those with a `_` are FOLIO's own: `_tenant`, `_timer`.
        let interfaces: Vec<(&str, &str)> = provided
            .into_iter()
            .flatten()
            .filter(|(id, _)| !id.starts_with('_'))
            .filter_map(|(id, version)| Some((id.as_str(), version.as_str()?)))
            .collect();
        let mut row = Code::default();
        fill!(
            &mut row,
            MODULE,
            module = literal(&document.name),
            version = literal(document.version().unwrap_or_default()),
            interfaces = literal(&interfaces),
        );
        modules.append(&conditions.when_built([&*document.name], row));
    }
    let release = std::iter::once(&specs.common)
        .chain(&specs.modules)
        .find_map(|document| document.root.pointer("/x-folio/release")?.as_str());
    let mut out = Code::default();
    let release = literal(release.unwrap_or_default());
    fill!(&mut out, BUILT, modules, release);
    out.into_string()
}
