//! The operations of a release, one JSON line each.

use serde_json::{Value, json};

use super::features::Features;
use crate::canonical::operation::operations;
use crate::canonical::release::{Release, feature};

/// One JSON value per operation: `module`, `feature`, `interface`, `method`, `path`, `name`,
/// `typed`, `paging` (a style, or null), `permissions`, `facts` (the server's behaviour, as far as
/// it is known). Without `features`, that of a module is its name without `mod-`.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_operation_is_one_value() {
        let operation = json!({"operationId": "list_a", "x-folio": {"interface": "a 1.0", "permissions": ["a.get"], "paging": {"style": "cql"}}});
        let release = Release {
            modules: BTreeMap::from([(
                "mod-a".to_owned(),
                json!({"paths": {"/a": {"get": operation, "put": {"x-folio": {"untyped": true}}}}}),
            )]),
            common: json!({}),
        };
        let found: Vec<Value> = routes(&release, None).collect();
        let expected = json!([
            {"module": "mod-a", "feature": "a", "interface": "a 1.0", "method": "GET", "path": "/a", "name": "list_a",
             "typed": true, "paging": "cql", "facts": {}, "permissions": ["a.get"]},
            {"module": "mod-a", "feature": "a", "interface": null, "method": "PUT", "path": "/a", "name": "",
             "typed": false, "paging": null, "facts": {}, "permissions": []},
        ]);
        assert_eq!(Value::from(found), expected);
    }
}
