//! An operation has one name in all releases: what differs is listed here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use folio_spec::canonical::{Release, operations};
use folio_spec::check::check;
use folio_spec::descriptor::shape;
use folio_spec::{Import, import};

/// Module, method and path, the names in two releases: another operation of its name came.
const EXCEPTIONS: [(&str, &str, &str, &str); 1] = [(
    "mgr-applications",
    "get /modules/discovery",
    "list_discovery",
    "list_modules_discovery",
)];

type Names = BTreeMap<(String, String), String>;

#[test]
fn an_operation_has_one_name_in_all_releases() {
    let shared = std::env::var_os("FOLIO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let mut out = std::io::stderr();
    if !shared.join("folio-specs").is_dir() {
        writeln!(out, "\nnames skipped: ../shared is absent").unwrap();
        return;
    }
    let releases: Vec<Names> = ["ramsons", "sunflower", "trillium"]
        .iter()
        .map(|release| names(&shared, release))
        .collect();
    for pair in releases.windows(2) {
        let [old, new] = pair else { continue };
        let mut count = 0;
        for ((module, operation), name) in old {
            let Some(other) = new.get(&(module.clone(), operation.clone())) else {
                continue;
            };
            count += 1;
            let told = (
                module.as_str(),
                operation.as_str(),
                name.as_str(),
                other.as_str(),
            );
            assert!(name == other || EXCEPTIONS.contains(&told), "{told:?}");
        }
        writeln!(out, "\nnames: {count} operations of two releases compared").unwrap();
        assert!(count > 2000);
    }
}

/// The names of all operations of a release, none of which the check finds fault with.
fn names(shared: &Path, release: &str) -> Names {
    let folder = tempfile::tempdir().unwrap();
    import(&Import {
        release: release.to_owned(),
        from: shared.join("folio-specs").join(release),
        out: folder.path().join("out"),
        specs: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs"),
        modules: vec!["all".to_owned()],
    })
    .unwrap_or_else(|error| panic!("{release}: {error}"));
    let documents = Release::read(&folder.path().join("out")).unwrap();
    assert_eq!(check(&documents), [], "{release}");
    let all = documents.modules.iter().flat_map(|(module, document)| {
        operations(document).map(move |operation| {
            let path = format!("{} {}", operation.method, shape(operation.path));
            ((module.clone(), path), operation.name().to_owned())
        })
    });
    all.collect()
}
