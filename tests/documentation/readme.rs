//! The code of the README, compiled and run. Each of its blocks stands here as it stands there.

use std::error::Error;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{CheckpointFile, FolioClient, Id, cql};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

#[rustfmt::skip]
mod blocks {
use super::*;

pub(crate) async fn connect(url: &str, password: String) -> Result<FolioClient, folio_sdk::Error> {
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", password)
        .connect()
        .await
}

pub(crate) async fn rename(folio: &FolioClient, id: &Id) -> Result<(), folio_sdk::Error> {
    let mut instance = folio.inventory_storage().get_instance(id).send().await?;
    instance.title = "A better title".to_owned();
    // All fields are written back, including unknown ones; a concurrent change is an error.
    match folio.inventory_storage().update_instance(id).body(&instance).send().await {
        Err(error) if error.is_conflict() => println!("changed concurrently: {error}"),
        other => other?,
    }
    Ok(())
}

pub(crate) async fn active_users(folio: &FolioClient) -> Result<Vec<String>, folio_sdk::Error> {
    let active = cql::field("active").eq(true);
    let mut users = folio.users().list_users().query(active).stream();
    let mut names = Vec::new();
    while let Some(user) = users.try_next().await? {
        names.extend(user.username);
    }
    Ok(names)
}

pub(crate) async fn service_points(folio: &FolioClient) -> Result<Vec<Value>, folio_sdk::Error> {
    folio.folio_get("/service-points", "servicepoints").limit(100).await
}

pub(crate) async fn harvest(folio: &FolioClient, left: &Path, names: &mut File) -> Result<(), Box<dyn Error>> {
    let left = CheckpointFile::open(left)?;
    let mut harvest = folio.harvest(folio.users().list_users().limit(1000)).parallel(8);
    if let Some(checkpoint) = left.load()? {
        harvest = harvest.resume(checkpoint);
    }
    // Records written after the checkpoint are read again. After a finished run these are all records.
    names.set_len(harvest.checkpoint().position())?;
    names.seek(SeekFrom::End(0))?;
    let mut users = harvest.stream();
    let (mut taken, mut outcome) = (0, Ok(()));
    while let Some(user) = users.next().await {
        match user {
            Ok(user) => writeln!(names, "{}", user.username.unwrap_or_default())?,
            Err(error) if error.record_json().is_some() => eprintln!("not a user: {error}"),
            Err(error) => outcome = Err(error.into()),
        }
        taken += 1;
        if taken % 10_000 == 0 || outcome.is_err() {
            names.sync_all()?;
            left.save(&users.checkpoint().with_position(names.stream_position()?))?;
        }
    }
    names.sync_all()?;
    left.save(&users.checkpoint().with_position(names.stream_position()?))?;
    outcome
}
}

const README: &str = include_str!("../../README.md");

#[test]
fn every_block_of_the_readme_is_here() {
    let here = include_str!("readme.rs").replace("pub(crate) ", "");
    let blocks: Vec<&str> = README
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 6);
    for block in blocks {
        // Imports stand here with those of the tests.
        let found = match block.starts_with("use ") {
            true => block.lines().all(|line| {
                let names = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                names.into_iter().all(|name| here.contains(name))
            }),
            false => here.contains(block),
        };
        assert!(found, "{block}");
    }
}

#[test]
fn the_bundles_and_the_version_of_rust_are_those_of_the_manifest() {
    let manifest = include_str!("../../Cargo.toml");
    let named: Vec<&str> = README
        .split("| feature | purpose |")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('`').nth(1).unwrap())
        .collect();
    let written = manifest.split("# Bundles").nth(1).unwrap();
    let written = written.split("# One feature per module.").next().unwrap();
    let mut bundles: Vec<&str> = written
        .lines()
        .filter_map(|line| line.strip_suffix(" = ["))
        .collect();
    bundles.push("full");
    assert_eq!(named, bundles);
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .unwrap();
    assert!(README.contains(&format!("({} or newer)", version.trim_end_matches('"'))));
}

#[tokio::test]
async fn what_the_readme_shows_runs() {
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let folio = blocks::connect(sandbox.url(), "admin".to_owned())
        .await
        .unwrap();
    let stored = || {
        sandbox
            .records("diku", "/instance-storage/instances")
            .unwrap()
    };
    let id = Id::from(stored()[0]["id"].as_str().unwrap());
    blocks::rename(&folio, &id).await.unwrap();
    let renamed = stored()
        .into_iter()
        .find(|instance| instance["id"] == json!(id))
        .unwrap();
    assert_eq!(renamed["title"], "A better title");

    let active = sandbox.records("diku", "/users").unwrap();
    let active = active.iter().filter(|user| user["active"] == json!(true));
    assert_eq!(
        blocks::active_users(&folio).await.unwrap().len(),
        active.count()
    );
    let folder = folio_test_support::files::scratch();
    let left = folder.path().join("users.checkpoint");
    let mut names = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(folder.path().join("names"))
        .unwrap();
    let all = sandbox.records("diku", "/users").unwrap().len();
    let lines = || {
        let names = std::fs::read_to_string(folder.path().join("names")).unwrap();
        names.lines().count()
    };
    // An error on the way: what came stays, and the next run brings the rest.
    let fault = Fault::new(Effect::status(400, "broken")).path("/users");
    sandbox.fault(fault.after(1).times(1));
    let error = blocks::harvest(&folio, &left, &mut names)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    assert_eq!(lines(), all);
    // Then, as on each night, everything.
    for _ in 0..3 {
        blocks::harvest(&folio, &left, &mut names).await.unwrap();
        assert_eq!(lines(), all);
    }
    let points = blocks::service_points(&folio).await.unwrap();
    assert_eq!(points, sandbox.records("diku", "/service-points").unwrap());
    folio.close().await.unwrap();
}

#[test]
fn what_the_pages_link_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("benches/README.md")];
    pages.extend(folio_test_support::files::walk(&root.join("docs")));
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        let text = std::fs::read_to_string(page).unwrap();
        let inline = text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap());
        let listed = text
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
        for link in inline.chain(listed.map(|(_, link)| link)) {
            // Of Rust's documentation, or of the web.
            if link.contains("://") || link.contains("::") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let heading = |line: &str| {
                    let words = line.trim_start_matches('#').trim().to_lowercase();
                    let kept = words
                        .chars()
                        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                    kept.collect::<String>().replace(' ', "-")
                };
                let found = text
                    .lines()
                    .any(|line| line.starts_with('#') && heading(line) == anchor);
                assert!(found, "{}: {link}", page.display());
            }
        }
    }
}

#[test]
fn the_architecture_names_each_source_member_example_and_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = include_str!("../../docs/architecture.md");
    let mut wanted = Vec::new();
    for folder in ["src", "tests", "examples", "crates"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // `lib.rs` is where a reader begins; what is no source has no place of its own.
            let is_member = root.join(folder).join(&name).join("Cargo.toml").exists();
            if is_member || name.ends_with(".rs") && name != "lib.rs" {
                wanted.push(name);
            }
        }
    }
    for (folder, name) in tests() {
        let program = root.join("tests").join(&folder).join("main.rs");
        if program.exists() && name != "main.rs" {
            wanted.push(name);
        }
    }
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|name| {
            let whole = |before: &str| page.contains(&format!("{before}{name}`"));
            !whole("`") && !whole("/")
        })
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/architecture.md: {missing:?}"
    );
}

/// The files in folders of `tests/`: their folders, and their names.
fn tests() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found = Vec::new();
    for path in folio_test_support::files::walk(&root) {
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
        if let Some((folder, name)) = path.rsplit_once('/').filter(|_| path.ends_with(".rs")) {
            found.push((folder.to_owned(), name.to_owned()));
        }
    }
    found
}

/// A file that no program declares is never compiled, and nobody sees it.
#[test]
fn each_file_of_tests_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let programs: String = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| text(entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (folder, name) in tests().iter().filter(|(_, name)| name != "main.rs") {
        seen += 1;
        let stem = name.trim_end_matches(".rs");
        let declaration = format!("mod {stem};");
        let is_declared = [format!("{folder}/main.rs"), format!("{folder}.rs")]
            .iter()
            .any(|parent| text(parent).contains(&declaration));
        // `mod core { mod auth; … }`, or by its path.
        let inline = programs
            .split(&format!("mod {folder} {{"))
            .nth(1)
            .is_some_and(|rest| rest.split('}').next().unwrap().contains(&declaration));
        if !is_declared && !inline && !programs.contains(&format!("\"{folder}/{name}\"")) {
            missing.push(format!("{folder}/{name}"));
        }
    }
    assert!(seen > 60, "{seen}");
    assert!(
        missing.is_empty(),
        "no program of tests/ compiles {missing:?}"
    );
}

#[test]
fn each_test_program_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let page = include_str!("../../docs/architecture.md");
    let (_, section) = page.split_once("\n## Test programs\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut named = std::collections::BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.last().unwrap().len() > 15, "a reason: {row}");
        named.extend(cells[0].split('`').skip(1).step_by(2).map(str::to_owned));
    }
    let mut programs = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(&root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".rs") {
            programs.insert(name);
        } else if root.join(&name).join("main.rs").exists() {
            programs.insert(format!("{name}/"));
        }
    }
    assert_eq!(
        named, programs,
        "docs/architecture.md, Test programs: rather make a new file a module of one of these"
    );
}

/// `core/outcome.rs::a_post_is_*` is a test there whose name begins so; a name alone is in the file before it; a file alone exists.
#[test]
fn each_guarantee_names_tests_that_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let page = std::fs::read_to_string(tests.join("../docs/reliability.md")).unwrap();
    let mut missing = Vec::new();
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut source = String::new();
        for (index, name) in cell.split('`').enumerate() {
            if index % 2 == 0 {
                continue;
            }
            named += 1;
            // Unit tests of a file.
            if name.starts_with("src/") {
                if !tests.join("..").join(name).is_file() {
                    missing.push(name.to_owned());
                }
                continue;
            }
            let function = match name.split_once(".rs") {
                Some((file, function)) => {
                    let path = tests.join(format!("{file}.rs"));
                    source = std::fs::read_to_string(&path).unwrap_or_default();
                    if source.is_empty() {
                        missing.push(name.to_owned());
                    }
                    function.rsplit("::").next().unwrap().to_owned()
                }
                None => name.to_owned(),
            };
            let wanted = function.trim_end_matches('*');
            let is_there = source.contains(&format!("fn {wanted}"))
                || source.contains(&format!("mod {wanted}"));
            if !wanted.is_empty() && !is_there {
                missing.push(name.to_owned());
            }
        }
    }
    assert!(named > 40, "{named}");
    assert!(missing.is_empty(), "not in tests/: {missing:?}");
}

/// A test that requires a feature that no build of the workspace has is never run, and nobody sees it: `full` has modules, and no bundles.
#[test]
fn each_feature_that_a_test_requires_is_one_that_the_workspace_builds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = include_str!("../../Cargo.toml");
    let (_, full) = manifest.split_once("\nfull = [").unwrap();
    let full: Vec<&str> = full.split(']').next().unwrap().split('"').collect();
    // Of an older release: `.ci/features` runs the tests that require it.
    let elsewhere = ["login-saml", "ramsons", "schemars", "sunflower"];
    let others = ["blocking", "http2", "logging", "rustls", "testing"];
    let mut missing = Vec::new();
    let mut named = 0;
    for path in folio_test_support::files::walk(&root.join("tests")) {
        let text = match path.extension() {
            Some(extension) if extension == "rs" => std::fs::read_to_string(&path).unwrap(),
            _ => continue,
        };
        // `cfg!` chooses between two ways, and leaves nothing out.
        for line in text.lines().filter(|line| !line.contains("cfg!(")) {
            let Some((_, rest)) = line.trim_start_matches("//").split_once("feature = \"") else {
                continue;
            };
            let Some((feature, _)) = rest.split_once('"').filter(|(name, _)| !name.is_empty())
            else {
                continue;
            };
            named += 1;
            let is_built = full.contains(&feature)
                || others.contains(&feature)
                || elsewhere.contains(&feature);
            if !is_built {
                missing.push(format!("{}: {feature}", path.display()));
            }
        }
    }
    assert!(named > 40, "{named}");
    assert!(missing.is_empty(), "never run: {missing:#?}");
}
