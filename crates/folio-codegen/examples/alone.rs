//! Generates each module of each release alone, as if its feature were the only one, and looks
//! whether what comes out is whole: it parses as Rust, and the shared records that it names are
//! there. Then a release without any module.
//!
//! `cargo run -p folio-codegen --example alone [-- SPECS]`; part of `.ci/features`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use folio_codegen::{Options, Specs};

fn main() -> Result<(), Box<dyn Error>> {
    let specs = std::env::args().nth(1).unwrap_or_else(|| "specs".into());
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(specs)? {
        let folder = entry?.path();
        if !folder.join("release.json").is_file() {
            continue;
        }
        let all = Specs::read(&folder, |_| true)?;
        let builds: Vec<Vec<folio_codegen::Document>> = std::iter::once(Vec::new())
            .chain(all.modules.iter().map(|module| vec![module.clone()]))
            .collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut problems = Vec::new();
            while let Some(modules) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let specs = Specs {
                    common: all.common.clone(),
                    modules: modules.clone(),
                    files: Vec::<PathBuf>::new(),
                };
                problems.extend(whole(&folder, &specs));
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
            all.modules.len()
        );
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join("\n").into()),
    }
}

/// What is wrong with the files of a build.
fn whole(folder: &Path, specs: &Specs) -> Vec<String> {
    let what = match specs.modules.first() {
        Some(module) => format!("{} {}", folder.display(), module.name),
        None => format!("{} without modules", folder.display()),
    };
    let files = match folio_codegen::generate(specs, Options { schemas: true }) {
        Ok(files) => files,
        Err(error) => return vec![format!("{what}: {error}")],
    };
    let mut problems = Vec::new();
    for (name, text) in &files {
        if let Err(error) = syn::parse_file(text) {
            problems.push(format!("{what}: {name}: {error}"));
        }
    }
    let there = declared(&files);
    for (name, text) in &files {
        for missing in shared(text).difference(&there) {
            problems.push(format!(
                "{what}: {name} names common::{missing}, which is not there"
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
