//! Counts the links of the generated documentation, and prints the page `docs/links.md`: the
//! references to records, and the files in which records and operations are described.
//!
//! `cargo run -p folio-codegen --example links -- RELEASE...` from the root of the repository; part
//! of `.ci/specs`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use folio_codegen::{Options, Specs};

fn main() -> Result<(), Box<dyn Error>> {
    let releases: Vec<String> = std::env::args().skip(1).collect();
    if releases.is_empty() {
        return Err("usage: links RELEASE...".into());
    }
    let mut figures = Vec::new();
    for release in releases {
        let specs = Specs::read(&Path::new("specs").join(&release), |_| true)?;
        let specs = specs.describe(Path::new("specs/glossary"))?;
        let mut counts = Counts::default();
        for (file, text) in folio_codegen::generate(&specs, Options::default())? {
            counts.read(file.trim_end_matches(".rs"), &text);
        }
        figures.push((release, counts));
    }
    print!("{}", page(&figures));
    Ok(())
}

/// Links, and what has none: each with its reason.
#[derive(Default)]
struct Linked {
    links: usize,
    others: BTreeSet<(String, &'static str)>,
    /// The number of `others`, of which several may have one name.
    missing: usize,
}

impl Linked {
    fn add(&mut self, link: Result<(), &'static str>, name: impl FnOnce() -> String) {
        match link {
            Ok(()) => self.links += 1,
            Err(reason) => {
                self.missing += 1;
                self.others.insert((name(), reason));
            }
        }
    }

    /// `889 of 890`
    fn figure(&self) -> String {
        format!("{} of {}", self.links, self.links + self.missing)
    }
}

#[derive(Default)]
struct Counts {
    /// Fields that hold the `id` of a record of a known kind.
    references: Linked,
    /// Fields of type `Id`, except those named `id`: whether the kind of their record is known.
    ids: usize,
    ids_known: usize,
    /// The files of records, and of operations.
    records: Linked,
    operations: Linked,
}

const NO_TYPE: &str = "no module of the release has the record";
const NO_FILE: &str = "the module's description names no file";
const WITHIN: &str = "described within another record, which has the link";
const OWN_FILE: &str = "described by this project";
const NO_PAGE: &str = "not a path of a repository";

impl Counts {
    /// Counts what a generated file documents.
    fn read(&mut self, module: &str, text: &str) {
        let mut docs: Vec<&str> = Vec::new();
        let mut record = "";
        for line in text.lines() {
            let line = line.trim_start();
            if let Some(text) = line.strip_prefix("///") {
                docs.push(text.trim_start());
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            if let Some(rest) = line.strip_prefix("pub struct ") {
                record = word(rest);
                if let Some(source) = source(&docs) {
                    let file = source.split_once("described in ").map(|(_, file)| file);
                    let name = || format!("`{module}::{record}`");
                    self.records.add(file.map_or(Err(WITHIN), is_linked), name);
                }
            } else if let Some(rest) = line.strip_prefix("pub fn ") {
                if let Some(source) = source(&docs) {
                    let file = source.split("; ").find(|fact| is_file(fact));
                    let name = || format!("`{module}` `{}`", word(rest));
                    self.operations
                        .add(file.map_or(Err(NO_FILE), is_linked), name);
                }
            } else if let Some((field, ty)) =
                line.strip_prefix("pub ").and_then(|it| it.split_once(": "))
                && is_id(ty)
            {
                self.field(&docs, &format!("`{module}::{record}::{field}`"), field);
            }
            docs.clear();
        }
    }

    fn field(&mut self, docs: &[&str], name: &str, field: &str) {
        self.ids += usize::from(field != "id");
        let target = docs.iter().find_map(|line| reference(line));
        let Some(target) = target else { return };
        self.ids_known += usize::from(field != "id");
        let link = match target.starts_with('[') {
            true => Ok(()),
            false => Err(NO_TYPE),
        };
        self.references.add(link, || format!("{name}: {target}"));
    }
}

/// The first name of a text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '#');
    &text[..end.unwrap_or(text.len())]
}

/// Whether a type holds identifiers.
fn is_id(ty: &str) -> bool {
    ty.contains("rt::Id>") || ty.starts_with("rt::Id,")
}

/// The facts about the source of an item.
fn source<'a>(docs: &[&'a str]) -> Option<&'a str> {
    docs.iter()
        .find_map(|line| line.strip_prefix("Source: "))
        .map(|facts| facts.trim_end_matches('.'))
}

/// Whether a fact of an operation's source is the path of a file, linked or not.
fn is_file(fact: &str) -> bool {
    fact.starts_with('[') || fact.starts_with('`') && !fact.contains("` ")
}

/// Whether the path of a file is a link.
fn is_linked(file: &str) -> Result<(), &'static str> {
    match file.strip_prefix('`') {
        None => Ok(()),
        Some(path) if path.starts_with("specs/ours/") => Err(OWN_FILE),
        Some(_) => Err(NO_PAGE),
    }
}

/// The record that a fact names, as it is written there: `[`User`](…)` or `` `User` of `mod-users` ``.
fn reference(line: &str) -> Option<&str> {
    let facts = line.trim_end_matches('.').split("; ");
    let mut targets = facts.filter_map(|fact| {
        let fact = fact
            .strip_prefix("the `id` of a")
            .or_else(|| fact.strip_prefix("The `id` of a"))?;
        let target = fact.strip_prefix("n ").or_else(|| fact.strip_prefix(' '))?;
        target.starts_with(['[', '`']).then_some(target)
    });
    targets.next()
}

fn page(figures: &[(String, Counts)]) -> String {
    let mut page = String::from(
        "# Links of the documentation\n\n\
         `cargo run -p folio-codegen --example links -- ramsons sunflower trillium` writes this page from the generated documentation of all modules.\n\n\
         - References: fields that hold the `id` of a record of a known kind, and link to it.\n\
         - Identifiers: fields of the type `Id`, except a record's own `id`. The kind of the record is known for those that the glossary or the\n  \
           documents relate to a record; for the others the sentence of the glossary says what they identify.\n\
         - Sources of records and operations: links to the file of the module at its version, of those that state their source.\n\n\
         | release | references linked | identifiers with a known record | records linked to their source | operations linked to their source |\n\
         |---|---|---|---|---|\n",
    );
    for (release, counts) in figures {
        page.push_str(&format!(
            "| {release} | {} | {} of {} | {} | {} |\n",
            counts.references.figure(),
            counts.ids_known,
            counts.ids,
            counts.records.figure(),
            counts.operations.figure(),
        ));
    }
    page.push_str("\n## Not linked\n\n| what | reason | releases |\n|---|---|---|\n");
    let mut rows: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut sums: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (release, counts) in figures {
        let kinds = [
            ("references", &counts.references),
            ("records", &counts.records),
            ("operations", &counts.operations),
        ];
        for (kind, linked) in kinds {
            let mut own = BTreeMap::new();
            for (name, reason) in &linked.others {
                match *reason {
                    // Whole modules: their number says enough.
                    NO_FILE | OWN_FILE | WITHIN => *own.entry(*reason).or_insert(0) += 1,
                    reason => rows.entry((name, reason)).or_default().push(release),
                }
            }
            for (reason, count) in own {
                let figures = sums.entry((kind, reason)).or_default();
                figures.push(format!("{release} {count}"));
            }
        }
    }
    for ((kind, reason), figures) in sums {
        page.push_str(&format!("| {kind} | {reason} | {} |\n", figures.join(", ")));
    }
    for ((name, reason), releases) in rows {
        page.push_str(&format!(
            "| {name} | {reason} | {} |\n",
            releases.join(", ")
        ));
    }
    page
}
