//! The operations of a release, one JSON line each.

use serde_json::{Value, json};

use crate::canonical::{Release, feature, operations};
use crate::features::Features;

/// A JSON value an operation: `module`, `feature`, `interface`, `method`, `path`, `name`, `typed`, `paging` (a style, or null),
/// `permissions`, `facts` (what the server does, as far as it is known).
/// Without `features`, that of a module is its name without `mod-`.
pub fn routes(release: &Release, features: Option<&Features>) -> impl Iterator<Item = Value> {
    release.modules.iter().flat_map(move |(module, document)| {
        let feature = features.map_or_else(
            || feature(module).to_owned(),
            |features| features.of(module),
        );
        operations(document).map(move |operation| {
            let untyped = operation.fact("untyped") == Some(&Value::Bool(true));
            let fact = |key: &str| operation.fact(key).cloned().unwrap_or_default();
            json!({
                "module": module,
                "feature": feature,
                "interface": fact("interface"),
                "method": operation.method.to_uppercase(),
                "path": operation.path,
                "name": operation.name(),
                "typed": !untyped,
                "paging": operation.fact("paging").and_then(|paging| paging.get("style")),
                "facts": operation.fact("facts").cloned().unwrap_or_else(|| json!({})),
                "permissions": operation.fact("permissions").cloned().unwrap_or_else(|| json!([])),
            })
        })
    })
}
