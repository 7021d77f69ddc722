//! The types of the generated modules, in all releases: a program finds each of them in the module
//! that needs it, under one name, and stores the records of each collection by their type.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use folio_codegen::{Document, Options, Specs, generate};
use folio_test_support::files::report;
use serde_json::Value;

const RELEASES: [&str; 3] = ["ramsons", "sunflower", "trillium"];

/// Longer names are those of components only, and the few of fields that collide.
const LONGEST: usize = 40;

struct Release {
    name: &'static str,
    specs: Specs,
    files: BTreeMap<String, String>,
}

static ALL: LazyLock<Vec<Release>> = LazyLock::new(|| {
    RELEASES
        .into_iter()
        .map(|name| {
            let specs = Specs::read(&folder().join(name), |_| true).unwrap();
            let files = generate(&specs, Options::default()).unwrap();
            Release { name, specs, files }
        })
        .collect()
});

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")
}

/// The words of code, with `::` between those of a path.
fn paths(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| !word.is_empty())
}

/// The types that a file defines, each with what defines it.
fn defined(code: &str) -> BTreeMap<String, String> {
    let mut defined = BTreeMap::new();
    let mut lines = code.lines().peekable();
    let mut is_in_macro = false;
    while let Some(line) = lines.next() {
        is_in_macro = match line {
            "crate::__open_enum! {" | "crate::__union! {" => true,
            "}" => false,
            _ => is_in_macro,
        };
        let inner = line.strip_prefix("    ").filter(|_| is_in_macro);
        let of_macro = inner.filter(|line| !line.starts_with("///"));
        let of_item = line.trim_start();
        let of_item = of_item
            .strip_prefix("pub struct ")
            .or_else(|| of_item.strip_prefix("pub enum "));
        let Some(rest) = of_macro.or(of_item).filter(|rest| rest.ends_with('{')) else {
            continue;
        };
        let name = rest.split([' ', '<']).next().unwrap_or_default();
        let mut body = String::new();
        for line in lines.by_ref() {
            if line.trim() == "}" {
                break;
            }
            if !line.trim_start().starts_with("///") {
                body.push_str(line);
                body.push('\n');
            }
        }
        defined.insert(name.to_owned(), body);
    }
    defined
}

/// The shared types that a module gives names, by these names.
fn exported(code: &str) -> BTreeMap<String, String> {
    let start = "pub use crate::common::{";
    let list = code.split_once(start).map_or("", |(_, rest)| rest);
    let list = list.split_once('}').map_or("", |(list, _)| list);
    list.split(", ")
        .filter(|item| !item.is_empty())
        .map(|item| match item.split_once(" as ") {
            Some((shared, name)) => (name.to_owned(), shared.to_owned()),
            None => (item.to_owned(), item.to_owned()),
        })
        .collect()
}

/// The modules of a release: their names and their files.
fn modules(release: &Release) -> impl Iterator<Item = (&str, &str)> {
    let files = release.files.iter();
    files
        .filter(|(name, _)| !matches!(&***name, "api.rs" | "built.rs" | "common.rs"))
        .map(|(name, code)| (name.trim_end_matches(".rs"), code.as_str()))
}

#[test]
fn a_module_exports_every_type_that_its_records_and_operations_need() {
    for release in &*ALL {
        let shared = defined(&release.files["common.rs"]);
        let (mut modules_seen, mut needed_seen) = (0, 0);
        let mut lacking = BTreeSet::new();
        for (module, code) in modules(release) {
            modules_seen += 1;
            let exported: BTreeSet<String> = exported(code).into_values().collect();
            // What the module names of the shared types, what these name, and what makes them.
            let own = code
                .split("pub use crate::common::")
                .next()
                .unwrap_or_default();
            let mut open: Vec<&str> = paths(own)
                .filter_map(|path| path.strip_prefix("crate::common::"))
                .collect();
            let mut reached = BTreeSet::new();
            while let Some(name) = open.pop() {
                if !reached.insert(name) {
                    continue;
                }
                needed_seen += 1;
                if !exported.contains(name) {
                    lacking.insert(format!("{module}: {name}"));
                }
                // The types of fields and variants stand behind their names.
                let types = shared[name]
                    .lines()
                    .filter_map(|line| line.split_once(": "));
                let types = types.flat_map(|(_, types)| paths(types));
                open.extend(types.filter(|path| shared.contains_key(*path)));
                let companion = shared.get_key_value(&format!("{name}Required"));
                open.extend(companion.map(|(companion, _)| companion.as_str()));
            }
            // What is defined for calls alone is beside the records, too.
            let calls = code.split("pub mod call {").nth(1).unwrap_or_default();
            let answers = calls
                .lines()
                .filter_map(|line| line.trim().strip_prefix("pub enum "));
            for answer in answers.filter_map(|rest| rest.strip_suffix(" {")) {
                let uses = code.split("pub use call::{").nth(1).unwrap_or_default();
                let uses = uses.split('}').next().unwrap_or_default();
                if !uses.split(", ").any(|name| name == answer) {
                    lacking.insert(format!("{module}: {answer}"));
                }
            }
        }
        assert!(
            modules_seen > 80 && needed_seen > 300,
            "{modules_seen} {needed_seen}"
        );
        assert_eq!(lacking, BTreeSet::new(), "{}", release.name);
    }
}

#[test]
fn order_lines_and_their_parts_are_imported_with_their_module() {
    for release in &*ALL {
        let code = &release.files["orders.rs"];
        let exported = exported(code);
        let own = defined(code);
        for name in [
            "PoLine",
            "Cost",
            "OrderFormat",
            "PoLineLocation",
            "PurchaseOrder",
        ] {
            assert!(
                own.contains_key(name) || exported.contains_key(name),
                "{} {name}",
                release.name
            );
        }
    }
}

/// Names that say nothing without their module.
const GENERIC: [&str; 12] = [
    "Action",
    "Details",
    "Error",
    "Field",
    "Format",
    "Parameter",
    "Parameters",
    "Reference",
    "Scope",
    "Source",
    "Status",
    "Type",
];

#[test]
fn names_are_short_and_say_what_a_type_is() {
    let mut long = BTreeSet::new();
    for release in &*ALL {
        let of_components: BTreeSet<String> = release
            .specs
            .modules
            .iter()
            .chain([&release.specs.common])
            .flat_map(component_names)
            .collect();
        for (file, code) in &release.files {
            for name in defined(code).into_keys() {
                let at = format!("{} {file} {name}", release.name);
                assert!(
                    !name.contains("ItemItem") && !name.contains("ResultsItem"),
                    "{at}"
                );
                assert!(!GENERIC.contains(&&*name), "{at}");
                assert!(!name.ends_with("Inline"), "{at}");
                let record = name.strip_suffix("Required").unwrap_or(&name);
                let is_call = name.ends_with("Response");
                if record.len() > LONGEST && !of_components.contains(record) && !is_call {
                    long.insert(format!("{file} {record}"));
                }
            }
        }
        assert!(
            defined(&release.files["common.rs"])
                .keys()
                .all(|name| name != "Location")
        );
    }
    let long: Vec<&String> = long.iter().collect();
    report(&format!("names of more than {LONGEST} letters: {long:?}"));
    assert!(long.len() <= 10, "{long:?}");
    assert!(long.iter().all(|name| name.len() < 80), "{long:?}");
}

/// The names of the components of a document, as those of types, and shorter.
fn component_names(document: &Document) -> impl Iterator<Item = String> {
    let schemas = document.root["components"]["schemas"].as_object();
    schemas.into_iter().flatten().map(|(name, _)| name.clone())
}

/// The record that a body is: the last part of its reference.
fn record(body: &Value) -> Option<&str> {
    let content = body["content"].as_object()?;
    let json = content.iter().find(|(name, _)| name.contains("json"))?.1;
    json["schema"]["$ref"].as_str()?.rsplit('/').next()
}

/// A collection: its path, the record that is put there, and what else there is to know.
struct Collection<'a> {
    path: &'a str,
    style: &'a str,
    posted: &'a str,
    put: &'a str,
    read: &'a str,
    listed: Option<&'a str>,
}

/// The collections of a module: what is listed, created, replaced and read at one path.
fn collections<'a>(document: &'a Document, common: &'a Document) -> Vec<Collection<'a>> {
    let paths = document.root["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, item) in paths {
        let Some((below, one)) = paths.iter().find(|(below, one)| {
            let rest = below
                .strip_prefix(&**path)
                .and_then(|rest| rest.strip_prefix("/{"));
            rest.is_some_and(|rest| rest.find('}') == Some(rest.len() - 1))
                && one.get("put").is_some()
        }) else {
            continue;
        };
        assert!(below.len() > path.len());
        let read = &one["get"]["responses"]["200"];
        if let (Some(posted), Some(put), Some(read), Some(style)) = (
            record(&item["post"]["requestBody"]),
            record(&one["put"]["requestBody"]),
            record(read),
            item["get"]["x-folio"]["paging"]["style"].as_str(),
        ) {
            found.push(Collection {
                path,
                style,
                posted,
                put,
                read,
                listed: element(document, common, &item["get"]),
            });
        }
    }
    found
}

/// The record that a list has.
fn element<'a>(document: &'a Document, common: &'a Document, list: &'a Value) -> Option<&'a str> {
    // Of one of several responses the record is stated.
    if let Some(stated) = list["x-folio"]["paging"]["record"].as_str() {
        return stated.rsplit('/').next();
    }
    let name = record(&list["responses"]["200"])?;
    let items = list["x-folio"]["paging"]["items"].as_str()?;
    let mut all = [document, common].into_iter();
    let schema = all.find_map(|of| of.root["components"]["schemas"].get(name))?;
    let element = &schema["properties"][items]["items"];
    element["$ref"].as_str()?.rsplit('/').next()
}

/// Collections whose records have no `Stored`, with the reason.
fn exception(
    module: &str,
    collection: &Collection<'_>,
    all: &[Collection<'_>],
) -> Option<&'static str> {
    let Collection {
        style,
        posted,
        put,
        read,
        path,
        listed,
    } = collection;
    if *style != "cql" {
        return Some("the list is not read by CQL, which finds stored records by id");
    }
    if path.contains('{') {
        return Some("the collection is below a record: its path needs an argument");
    }
    if posted != put {
        return Some("a record is created of another type than it is replaced by");
    }
    if read != put {
        return Some("a record is read as another type than it is replaced by");
    }
    if *listed != Some(*put) {
        return Some("the list has records of another type, which lack fields of the stored one");
    }
    let same = all.iter().filter(|other| {
        other.posted == *posted
            && other.put == *put
            && other.style == "cql"
            && !other.path.contains('{')
    });
    if same.count() > 1 {
        return Some(
            "one record type of several collections: upsert_at and update_at name the one",
        );
    }
    EXCEPTIONS
        .iter()
        .find(|(of, at, _)| *of == module && at == path)
        .map(|(_, _, why)| *why)
}

const EXCEPTIONS: [(&str, &str, &str); 0] = [];

#[test]
fn the_records_of_every_collection_are_stored_by_their_type() {
    for release in &*ALL {
        let (mut stored_count, mut excepted) = (0, BTreeMap::<&str, Vec<String>>::new());
        let mut lacking = Vec::new();
        for document in &release.specs.modules {
            let module = document.feature().replace('-', "_");
            let code = &release.files[&format!("{module}.rs")];
            let stored = code.split("crate::__stored! {").nth(1).unwrap_or_default();
            let stored = stored.split("\n}").next().unwrap_or_default();
            let all = collections(document, &release.specs.common);
            for collection in &all {
                let path = collection.path;
                let is_stored = stored.contains(&format!("{}({path:?},", collection.put))
                    || stored.contains(&format!("::{}({path:?},", collection.put));
                match exception(&document.name, collection, &all) {
                    _ if is_stored => stored_count += 1,
                    Some(why) => {
                        let at = format!("{} {path}", document.name);
                        excepted.entry(why).or_default().push(at);
                    }
                    None => lacking.push(format!("{} {path} {}", document.name, collection.put)),
                }
            }
        }
        report(&format!(
            "{}: {stored_count} collections have `Stored`; not: {excepted:#?}",
            release.name
        ));
        assert!(stored_count > 150, "{stored_count}");
        assert_eq!(lacking, Vec::<String>::new(), "{}", release.name);
    }
}

/// The names that `use folio_sdk::*` imports besides the modules.
fn root_names() -> BTreeSet<String> {
    let lib = std::fs::read_to_string(folder().join("../src/lib.rs")).unwrap();
    let uses = lib.split("\npub use ").skip(1);
    let names = uses.flat_map(|rest| {
        let path = rest.split(';').next().unwrap();
        let list = path.split_once('{').map(|(_, list)| list.trim_end());
        let list = list.map_or(path, |list| list.trim_end_matches('}'));
        let names = list.split(',').map(str::trim);
        let names = names.map(|name| name.rsplit([':', ' ']).next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    });
    names
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        .collect()
}

/// With two glob imports, a name of both is ambiguous where it is used.
#[test]
fn names_of_the_root_that_modules_have_too_are_documented() {
    let root = root_names();
    assert!(root.len() > 80, "{root:?}");
    let mut both: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for release in &*ALL {
        for (module, code) in modules(release) {
            let names = defined(code).into_keys();
            for name in names.chain(exported(code).into_keys()) {
                if root.contains(&name) {
                    let modules = both.entry(name).or_default();
                    modules.insert(format!("`{module}`"));
                }
            }
        }
    }
    let page = std::fs::read_to_string(folder().join("../docs/names.md")).unwrap();
    let table = page.split_once("## Names of the root").unwrap().1;
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let mut cells = row.split('|').skip(1).map(str::trim);
            let name = cells.next().unwrap().trim_matches('`').to_owned();
            let modules = cells.next().unwrap().split(", ").map(str::to_owned);
            (name, modules.collect())
        })
        .collect();
    assert_eq!(documented, both);
}
