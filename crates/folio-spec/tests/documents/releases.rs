//! Properties of all three releases: their routes, and the names of their operations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use folio_spec::{
    Import, Overrides, Release, check, discover, import, operations, path_template, route_key,
    routes, share, starred,
};
use folio_test_support::files::{release_sources, report as say, scratch};
use folio_test_support::threads::each;
use serde_json::Value;

const RELEASES: [&str; 3] = ["ramsons", "sunflower", "trillium"];

/// The documents that are committed, read once for all tests.
fn committed() -> &'static [Release] {
    static COMMITTED: LazyLock<Vec<Release>> = LazyLock::new(|| {
        each(&RELEASES, |release| {
            Release::read(&specs().join(release)).unwrap()
        })
    });
    &COMMITTED
}

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")
}

/// A release, imported from its sources; nothing in it is broken, and the check finds no fault with
/// it.
fn imported(shared: &Path, release: &str, specs: &Path) -> Release {
    let folder = scratch();
    import(&Import {
        release: release.to_owned(),
        from: shared.join("folio-specs").join(release),
        out: folder.path().join("out"),
        specs: specs.to_owned(),
        modules: Vec::new(),
        strict: true,
    })
    .unwrap_or_else(|error| panic!("{release}: {error}"));
    let documents = Release::read(&folder.path().join("out")).unwrap();
    assert_eq!(check(&documents), [], "{release}");
    documents
}

type Names = BTreeMap<(String, String), String>;

/// The names of all operations by module, method and path.
fn names(release: &Release) -> Names {
    let all = release.modules.iter().flat_map(|(module, document)| {
        operations(document).map(move |operation| {
            let path = format!("{} {}", operation.method, route_key(operation.path));
            ((module.clone(), path), operation.name().to_owned())
        })
    });
    all.collect()
}

/// How many operations two releases share; which of them have two names.
fn renamed(old: &Names, new: &Names) -> (usize, Vec<String>) {
    let both = old
        .iter()
        .filter_map(|(key, name)| Some((key, name, new.get(key)?)));
    let told = both
        .clone()
        .filter(|(_, name, other)| name != other)
        .map(|(key, name, other)| format!("{key:?}: {name}, {other}"));
    (both.clone().count(), told.collect())
}

#[test]
fn an_operation_has_one_name_in_all_releases() {
    let committed: Vec<Names> = committed().iter().map(names).collect();
    for (index, old) in committed.iter().enumerate() {
        for new in &committed[index + 1..] {
            let (count, renamed) = renamed(old, new);
            assert!(count > 1500);
            assert_eq!(renamed, [] as [String; 0]);
        }
    }
}

#[test]
fn nearly_all_operations_are_typed() {
    // In the order of `RELEASES`.
    for (release, least) in committed().iter().zip([97, 97, 98]) {
        let share = share(release);
        assert!(share.hundredths() >= least * 100, "{share}");
        assert!(share.operations > 2000, "{share:?}");
    }
}

/// The releases one after another, as a maintainer imports them, with no names to hold on to but
/// those of the releases before.
#[test]
fn every_stated_fact_is_of_an_operation_of_some_release() {
    let overrides = Overrides::read(&specs().join("overrides")).unwrap();
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for release in committed() {
        for (module, document) in &release.modules {
            known.extend(operations(document).map(|operation| {
                let method = operation.method.to_uppercase();
                (
                    module.clone(),
                    format!("{method} {}", path_template(operation.path)),
                )
            }));
        }
    }
    let stated: Vec<_> = overrides
        .operations_with_facts()
        .chain(overrides.lists())
        .collect();
    let unknown: Vec<_> = stated
        .iter()
        .filter(|(module, operation)| {
            let (method, path) = operation.split_once(' ').unwrap_or_default();
            !known.contains(&(
                (*module).to_owned(),
                format!("{method} {}", path_template(path)),
            ))
        })
        .collect();
    assert_eq!(unknown, [] as [&(&str, &str); 0]);
    assert!(stated.len() > 3);
}

#[test]
fn a_release_keeps_the_names_of_those_before_it() {
    let Some(shared) = release_sources("names") else {
        return;
    };
    let folder = scratch();
    // What a DELETE deletes is stated in the overrides, and its name says so.
    let overrides = folder.path().join("overrides");
    std::fs::create_dir(&overrides).unwrap();
    for entry in std::fs::read_dir(specs().join("overrides")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, overrides.join(path.file_name().unwrap())).unwrap();
    }
    let mut before: Option<Names> = None;
    for release in RELEASES {
        import(&Import {
            release: release.to_owned(),
            from: shared.join("folio-specs").join(release),
            out: folder.path().join(release),
            specs: folder.path().to_owned(),
            modules: Vec::new(),
            strict: true,
        })
        .unwrap_or_else(|error| panic!("{release}: {error}"));
        let now = names(&Release::read(&folder.path().join(release)).unwrap());
        if let Some(before) = before {
            let (count, renamed) = renamed(&before, &now);
            say(&format!(
                "names: {release} shares {count} operations with the release before, {} have another name",
                renamed.len()
            ));
            assert!(count > 2000);
            assert_eq!(renamed, [] as [String; 0]);
        }
        before = Some(now);
    }
}

/// Method and path, told from the descriptors without the importer: parameters unnamed, a star at
/// the end left out.
fn described(folder: &Path) -> BTreeMap<(String, String), BTreeSet<String>> {
    let read = |path: PathBuf| -> Value {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
    };
    let mut all: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for module in read(folder.join("manifest.json")).as_array().unwrap() {
        let name = module["module"].as_str().unwrap();
        let Some(descriptor) = module["descriptor"].as_str() else {
            continue;
        };
        let descriptor = read(folder.join(name).join(descriptor));
        for interface in descriptor["provides"].as_array().into_iter().flatten() {
            if interface["interfaceType"] == "system" {
                continue;
            }
            for handler in interface["handlers"].as_array().into_iter().flatten() {
                let path = handler.get("pathPattern").or(handler.get("path")).unwrap();
                for method in handler["methods"].as_array().into_iter().flatten() {
                    let key = (
                        method.as_str().unwrap().to_uppercase(),
                        plain(path.as_str().unwrap()),
                    );
                    all.entry(key).or_default().insert(name.to_owned());
                }
            }
        }
    }
    all
}

fn plain(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in path.trim_end_matches('*').trim_end_matches('/').chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                plain.push_str("{}");
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain.replace("//", "/")
}

#[test]
fn every_route_of_the_descriptors_is_an_operation() {
    let Some(shared) = release_sources("routes") else {
        return;
    };
    let releases = [("trillium", 2599), ("sunflower", 2399), ("ramsons", 2030)];
    each(&releases, |(release, least)| {
        let wanted = described(&shared.join("folio-specs").join(release));
        let documents = imported(&shared, release, &specs());
        let mut have: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut untyped = BTreeMap::<String, usize>::new();
        for line in routes(&documents, None) {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            if line["typed"] == false {
                *untyped.entry(text("module")).or_default() += 1;
            }
            have.entry((text("method"), plain(&starred(&text("path")))))
                .or_default()
                .insert(text("module"));
        }
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(key, modules)| have.get(*key).is_none_or(|own| !own.is_superset(modules)))
            .collect();
        let mut extra = BTreeMap::<&str, usize>::new();
        for (_, modules) in have.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            *extra.entry(modules.first().unwrap()).or_default() += 1;
        }
        say(&format!(
            "routes of {release}: {} described, {} missing {missing:?}; extra {extra:?}; untyped {untyped:?}",
            wanted.len(),
            missing.len()
        ));
        assert!(wanted.len() >= *least);
        assert_eq!(missing, []);
        // What is no route of a descriptor has none (edge modules, okapi), is served by a route
        // with a star or a parameter, or stands in from another release.
        for module in extra.keys() {
            let unrouted = module.starts_with("edge-") || *module == "okapi";
            let served = [
                "mod-agreements",
                "mod-inn-reach",
                "mod-licenses",
                "mod-login",
                "mod-permissions",
                "mod-reporting",
                "mod-service-interaction",
            ];
            assert!(unrouted || served.contains(module), "{module}");
        }
    });
}

/// What is found in a repository is what the manifests list, which were made by others.
#[test]
fn the_roots_and_descriptors_of_modules_are_found() {
    let Some(shared) = release_sources("discover") else {
        return;
    };
    let (mut modules, mut roots) = (0, 0);
    for release in RELEASES {
        let folder = shared.join("folio-specs").join(release);
        let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        for listed in manifest.as_array().unwrap() {
            let name = listed["module"].as_str().unwrap();
            let foreign = listed["submodules"].as_array().unwrap().iter();
            let foreign: BTreeSet<PathBuf> = foreign
                .map(|submodule| PathBuf::from(submodule["path"].as_str().unwrap()))
                .chain([PathBuf::from("supplement")])
                .collect();
            let mut found = serde_json::json!({});
            discover(&folder.join(name), &foreign, &mut found);
            let of = |entry: &Value| -> BTreeMap<String, (String, String)> {
                let roots = entry["roots"].as_array().unwrap().iter();
                roots
                    .map(|root| {
                        let applies = root["base_path_applies"] == true;
                        let base = if applies {
                            root["base_path"].as_str().unwrap()
                        } else {
                            ""
                        };
                        let text = |key: &str| root[key].as_str().unwrap().to_owned();
                        (
                            text("path"),
                            (text("format"), base.trim_end_matches('/').to_owned()),
                        )
                    })
                    .collect()
            };
            assert_eq!(of(&found), of(listed), "{release} {name}");
            assert_eq!(
                found["descriptor"], listed["descriptor"],
                "{release} {name}"
            );
            assert_eq!(found["kind"], listed["kind"], "{release} {name}");
            modules += 1;
            roots += of(listed).len();
        }
    }
    say(&format!("discover: {modules} modules, {roots} roots"));
}
