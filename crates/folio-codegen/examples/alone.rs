//! Generates each module of each release alone, as if its feature were the only one, and looks
//! whether what comes out is whole: it parses as Rust, and the shared records that it names are
//! there. Then a release without any module, with all modules, and with some, chosen at random.
//! The code that a package would hold gives each of these builds the same bytes.
//!
//! `cargo run -p folio-codegen --example alone [-- SPECS]`; part of `.ci/features`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use folio_codegen::{Document, Options, Specs};
use folio_sdk_build::{Features, Package};

fn main() -> Result<(), Box<dyn Error>> {
    let specs = std::env::args().nth(1).unwrap_or_else(|| "specs".into());
    let specs = Path::new(&specs);
    let features = folio_codegen::features(&specs.join("features.json"))?;
    let packaged = tempfile::tempdir()?;
    folio_codegen::package(specs, &packaged.path().join("generated"))?;
    let package = Package::open(packaged.path())?.ok_or("there is no package")?;
    if *package.features() != features {
        return Err("the package has other features".into());
    }
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(specs)? {
        let folder = entry?.path();
        if !folder.join("release.json").is_file() {
            continue;
        }
        let all = Document::modules(&folder)?;
        let builds: Vec<BTreeSet<String>> = std::iter::once(BTreeSet::new())
            .chain(all.iter().map(|module| BTreeSet::from([module.clone()])))
            .chain((0..SOME).map(|seed| some(&all, seed)))
            .chain([all.clone()])
            .collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut problems = Vec::new();
            while let Some(modules) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let name = match modules.len() {
                    1 => modules.first().cloned().unwrap_or_default(),
                    count => format!("{count} modules"),
                };
                let found = build(&folder, modules, &features, &package);
                let found = found.unwrap_or_else(|error| vec![error.to_string()]);
                let here = format!("{} {name}", folder.display());
                problems.extend(found.iter().map(|problem| format!("{here}: {problem}")));
            }
            problems
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let found = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let results = workers.into_iter().map(|worker| worker.join());
            results
                .map(|result| result.unwrap_or_else(|_| vec!["a panic, see above".to_owned()]))
                .collect::<Vec<_>>()
        });
        problems.extend(found.into_iter().flatten());
        println!(
            "{}: {} modules generated alone",
            folder.display(),
            all.len()
        );
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// So many builds of some modules for each release.
const SOME: u64 = 8;

/// Some of the modules, by a generator of numbers that starts at a seed.
fn some(all: &BTreeSet<String>, seed: u64) -> BTreeSet<String> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let share = 2 + next() % 20;
    all.iter()
        .filter(|_| next() % share == 0)
        .cloned()
        .collect()
}

/// Generates the files of a build, with and without JSON Schemas, and compares them with those of
/// the package.
fn build(
    folder: &Path,
    modules: &BTreeSet<String>,
    features: &Features,
    package: &Package,
) -> Result<Vec<String>, Box<dyn Error>> {
    let release = folder.file_name().unwrap_or_default().to_string_lossy();
    let specs = Specs::read(folder, |module| modules.contains(module))?
        .describe(&folder.with_file_name("glossary"))?;
    let disabled = folio_codegen::disabled(&features.disabled(modules, Some(&*release)));
    let mut problems = Vec::new();
    for schemas in [false, true] {
        let mut files = folio_codegen::generate(&specs, Options { schemas })?;
        if schemas {
            problems.extend(whole(&files));
        }
        files.insert("disabled.rs".to_owned(), disabled.clone());
        let is_on = |feature: &str| schemas && feature == "schemars";
        let packaged = package.files(&release, modules, is_on)?;
        for (name, text) in &files {
            match packaged.get(name) {
                None => problems.push(format!("the package has no {name}")),
                Some(other) if other == text => {}
                Some(other) => {
                    let mut lines = text.lines().zip(other.lines()).enumerate();
                    let differing = lines.find(|(_, (one, other))| one != other);
                    problems.push(format!("the package has another {name}: {differing:?}"));
                }
            }
        }
    }
    Ok(problems)
}

/// What is wrong with the files of a build.
fn whole(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, text) in files {
        if let Err(error) = syn::parse_file(text) {
            problems.push(format!("{name}: {error}"));
        }
    }
    let there = declared(files);
    for (name, text) in files {
        for missing in shared(text).difference(&there) {
            problems.push(format!(
                "{name} names common::{missing}, which is not there"
            ));
        }
    }
    problems
}

/// The types that `common.rs` declares.
fn declared(files: &BTreeMap<String, String>) -> BTreeSet<&str> {
    let text = files.get("common.rs").map_or("", String::as_str);
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = ["pub struct ", "pub(crate) enum "]
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .unwrap_or(line);
        names.insert(line.split([' ', '<']).next().unwrap_or_default());
    }
    names
}

/// The types of `crate::common` that a text names, one by one or in a list in braces.
fn shared(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for rest in text.split("crate::common::").skip(1) {
        let list = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => {
                let name = rest.strip_prefix("schema::").unwrap_or(rest);
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                &name[..end.unwrap_or(name.len())]
            }
        };
        names.extend(
            list.split(',')
                // `ErrorV5 as Error`: what is there has the first name.
                .filter_map(|name| name.split_whitespace().next()),
        );
    }
    names
}
