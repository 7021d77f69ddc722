//! Damaged descriptions: an error or a document, never a panic, a hang, or half of a folder.
//!
//! `FOLIO_FUZZ_CASES=100000 cargo test --release -p folio-spec --test import mutated --
//! --nocapture` runs more of them than a usual run, and tells the slowest case and the peak of
//! memory. `FOLIO_FUZZ_SEED` begins elsewhere; a failure tells the seed of its case.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use folio_spec::{Node, Release as Documents, check, diff, routes};
use folio_test_support::files::{report, shared};
use serde_json::{Value, json};

use crate::support::{OPENAPI, RAML, Release};

/// How many cases a usual run has.
const CASES: u64 = 400;

/// A case that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// What all cases together may take of memory.
const MEMORY_MB: u64 = 1024;

/// Modules of a real release, where its sources are there: RAML with submodules, OpenAPI over many
/// files and in one, 3.1, libraries.
const REAL: [&str; 8] = [
    "mod-users",
    "mod-notes",
    "mod-agreements",
    "mod-tags",
    "mod-login",
    "mod-fqm-manager",
    "mod-settings",
    "mod-inn-reach",
];

/// Numbers that are random enough, and the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Words that mean something in one of the languages, and some that mean nothing anywhere.
const WORDS: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "\n",
    "  ",
    "'",
    "\"",
    "<<",
    ">>",
    "<<resourcePathName | !singularize>>",
    "|",
    "$ref",
    "type:",
    "!include ",
    "!include books.raml",
    "&a ",
    "*a",
    "<<: *a",
    "#",
    "/",
    "..",
    "\u{0}",
    "é",
    "\u{202e}",
    "\u{feff}",
    "\r\n",
    "\t",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "- ",
    "? ",
    "!!binary ",
    "99999999999999999999999999",
    "-1e999",
    "null",
    "~",
    "true",
    "🦀",
    "\u{2028}",
    "uses:\n  own: books.raml\n",
];

/// Keys that a reader looks at.
const KEYS: [&str; 34] = [
    "$ref",
    "type",
    "properties",
    "items",
    "required",
    "allOf",
    "oneOf",
    "anyOf",
    "enum",
    "format",
    "pattern",
    "additionalProperties",
    "discriminator",
    "mapping",
    "extends",
    "nullable",
    "default",
    "minimum",
    "exclusiveMinimum",
    "paths",
    "parameters",
    "schema",
    "content",
    "responses",
    "requestBody",
    "in",
    "name",
    "servers",
    "components",
    "get",
    "post",
    "const",
    "readonly",
    "propertyName",
];

fn value(random: &mut Random, whole: &Value) -> Value {
    match random.below(18) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(u64::MAX),
        3 => json!(i64::MIN),
        4 => json!(1e308),
        5 => json!([]),
        6 => json!({}),
        7 => json!("\u{0}\u{202e}🦀é"),
        8 => json!("x".repeat(1 + random.below(20_000))),
        9 => json!([null, 1, "x", [], {}]),
        10 => json!({"$ref": "#"}),
        11 => json!({"$ref": format!("#{}", place(random, whole))}),
        12 => {
            json!({"$ref": *random.one(&["book.json", "books.json#/properties", "../../../../etc/passwd", "http://x/y", "", "#/~9", "shelf.yaml"])})
        }
        13 => {
            json!({"type": "object", "properties": {"a": {"$ref": "#"}, "A": {}, "a-": {}, "_": {}, "": {}, "self": {"type": "string"}}})
        }
        14 => json!({"type": ["string", "null", "integer"], "enum": [null, 1, "1", true]}),
        15 => {
            let mut deep = json!({"type": "string"});
            for _ in 0..random.below(90) {
                deep = json!({"type": "array", "items": deep});
            }
            deep
        }
        16 => {
            json!({"discriminator": {"propertyName": "x", "mapping": {"a": "#", "b": "Book", "c": 1}}, "oneOf": [{"$ref": "#"}, {"type": "null"}]})
        }
        _ => {
            json!({"type": *random.one(&["any", "null", "file", "date-time", "strin", "ARRAY", "object"]), "required": ["x", 1], "properties": 1})
        }
    }
}

/// A place in a document, as a JSON pointer.
fn place(random: &mut Random, whole: &Value) -> String {
    let mut at = String::new();
    let mut value = whole;
    for _ in 0..1 + random.below(9) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let Some((key, inner)) = map.iter().nth(random.below(map.len())) else {
                    break;
                };
                at.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                value = inner;
            }
            Value::Array(list) if !list.is_empty() => {
                let index = random.below(list.len());
                at.push_str(&format!("/{index}"));
                value = &list[index];
            }
            _ => break,
        }
    }
    at
}

/// Swaps, copies, deletes and replaces parts of a document.
fn mutate_value(random: &mut Random, whole: &mut Value) {
    let at = place(random, whole);
    let other = place(random, whole);
    let taken = whole.pointer(&other).cloned().unwrap_or_default();
    let fresh = value(random, whole);
    match random.below(7) {
        0 => {
            if let Some(target) = whole.pointer_mut(&at) {
                *target = fresh;
            }
        }
        1 => {
            if let Some(target) = whole.pointer_mut(&at) {
                *target = taken;
            }
        }
        2 => {
            let one = whole.pointer(&at).cloned().unwrap_or_default();
            if let Some(target) = whole.pointer_mut(&at) {
                *target = taken;
            }
            if let Some(target) = whole.pointer_mut(&other) {
                *target = one;
            }
        }
        3 => {
            if let Some((parent, key)) = at.rsplit_once('/') {
                match whole.pointer_mut(parent) {
                    Some(Value::Object(map)) => {
                        map.remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(list)) => {
                        list.pop();
                    }
                    _ => {}
                }
            }
        }
        4 => {
            if let Some(Value::Object(map)) = whole.pointer_mut(&at) {
                map.insert((*random.one(&KEYS)).to_owned(), fresh);
            }
        }
        5 => {
            if let Some(Value::Object(map)) = whole.pointer_mut(&at)
                && let Some(key) = map.keys().nth(random.below(map.len())).cloned()
                && let Some(inner) = map.remove(&key)
            {
                let name = match random.below(5) {
                    0 => key.to_uppercase(),
                    1 => format!("{key}{key}"),
                    2 => format!("/{{{key}}}"),
                    3 => (*random.one(&WORDS)).to_owned(),
                    _ => (*random.one(&KEYS)).to_owned(),
                };
                map.insert(name, inner);
            }
        }
        _ => {
            if let Some(Value::Array(list)) = whole.pointer_mut(&at) {
                list.push(fresh.clone());
                list.push(fresh);
            }
        }
    }
}

/// Moves, copies and deletes blocks of lines by their indentation, and damages single ones.
fn mutate_lines(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return (*random.one(&WORDS)).to_owned();
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let start = random.below(lines.len());
    let deep = indent(&lines[start]);
    let end = (start + 1..lines.len())
        .find(|&index| !lines[index].trim().is_empty() && indent(&lines[index]) <= deep)
        .unwrap_or(lines.len());
    match random.below(8) {
        0 => {
            lines.drain(start..end);
        }
        1 => {
            let block = lines[start..end].to_vec();
            let to = random.below(lines.len());
            lines.splice(to..to, block);
        }
        2 => {
            let block: Vec<String> = lines.drain(start..end).collect();
            let to = random.below(lines.len() + 1);
            let shift = random.below(12);
            let moved = block
                .into_iter()
                .map(|line| format!("{}{}", " ".repeat(shift), line.trim_start()));
            lines.splice(to..to, moved.collect::<Vec<_>>());
        }
        3 => {
            let at = random.below(lines.len());
            lines[at] = match lines[at].split_once(':') {
                Some((key, _)) => format!("{key}: {}", random.one(&WORDS)),
                None => format!("{}{}", lines[at], random.one(&WORDS)),
            };
        }
        4 => {
            // An anchor here, its alias there; below itself, if it so happens.
            if let Some((key, rest)) = lines[start].clone().split_once(':') {
                lines[start] = format!("{key}: &a{rest}");
            }
            let at = random.below(lines.len());
            if let Some((key, _)) = lines[at].clone().split_once(':') {
                lines[at] = format!("{key}: *a");
            }
        }
        5 => {
            let at = random.below(lines.len());
            let count = random.below(300);
            let (open, close) = *random.one(&[("[", "]"), ("{a: ", "}")]);
            lines[at] = format!(
                "{}x: {}{}",
                " ".repeat(deep),
                open.repeat(count),
                close.repeat(count)
            );
        }
        6 => {
            let other = random.below(lines.len());
            lines.swap(start, other);
        }
        _ => {
            let at = random.below(lines.len());
            let key = lines[at].split(':').next().unwrap_or_default().trim_end();
            lines[at] = format!(
                "{key}: !include {}",
                random.one(&[
                    "book.json",
                    "books.raml",
                    "../library.raml",
                    "none",
                    "types/member.raml",
                    "."
                ])
            );
        }
    }
    lines.join("\n") + "\n"
}

fn mutate_text(random: &mut Random, text: &str) -> Vec<u8> {
    let mut chars: Vec<char> = text.chars().collect();
    match random.below(8) {
        0 => chars.truncate(random.below(chars.len() + 1)),
        1 => return text.replace('\n', "\r\n").into_bytes(),
        2 => return format!("\u{feff}{text}").into_bytes(),
        3 => {
            let mut bytes = text.as_bytes().to_vec();
            if !bytes.is_empty() {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
            return bytes;
        }
        4 if !chars.is_empty() => {
            let at = random.below(chars.len());
            let end = (at + 1 + random.below(40)).min(chars.len());
            chars.drain(at..end);
        }
        5 if !chars.is_empty() => {
            let at = random.below(chars.len());
            let end = (at + 1 + random.below(200)).min(chars.len());
            let part = chars[at..end].to_vec();
            chars.splice(at..at, part);
        }
        _ => {
            for _ in 0..1 + random.below(4) {
                let at = random.below(chars.len() + 1);
                chars.splice(at..at, random.one(&WORDS).chars());
            }
        }
    }
    chars.into_iter().collect::<String>().into_bytes()
}

/// The file with some damage.
fn mutated(random: &mut Random, path: &Path, text: &str) -> Vec<u8> {
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let tree = match random.below(3) {
        0 => None,
        _ if is_json => serde_json::from_str(text).ok(),
        // JSON is YAML, so that documents in YAML can be damaged as trees; RAML needs its tags and
        // its first line.
        _ if text.starts_with("#%RAML") => None,
        _ => Node::parse(path, text).ok().map(|node| node.json()),
    };
    if let Some(mut tree) = tree {
        for _ in 0..1 + random.below(4) {
            mutate_value(random, &mut tree);
        }
        return tree.to_string().into_bytes();
    }
    if is_json || random.below(3) == 0 {
        return mutate_text(random, text);
    }
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(4) {
        text = mutate_lines(random, &text);
    }
    text.into_bytes()
}

/// A release of one module, whose files are damaged one or two at a time.
struct Target {
    release: Release,
    files: Vec<(PathBuf, String)>,
}

impl Target {
    fn new(release: Release) -> Self {
        let mut files = Vec::new();
        collect(&release.path("from"), &mut files);
        Self { release, files }
    }

    /// A module of the sources of a real release.
    fn real(sources: &Path, module: &str) -> Option<Self> {
        let text = std::fs::read_to_string(sources.join("manifest.json")).ok()?;
        let manifest: Value = serde_json::from_str(&text).ok()?;
        let entry = manifest
            .as_array()?
            .iter()
            .find(|entry| entry["module"] == module)?;
        let mut entry = entry.clone();
        entry["module"] = json!("mod-books");
        let release = Release::raml(&[]);
        let mut files = Vec::new();
        collect(&sources.join(module), &mut files);
        for (path, text) in &files {
            let inside = path.strip_prefix(sources.join(module)).ok()?;
            release.write(&format!("from/mod-books/{}", inside.display()), text);
        }
        release.write("from/manifest.json", &json!([entry]).to_string());
        Some(Self::new(release))
    }

    /// One case: what is imported passes the check, what is not leaves nothing.
    fn case(&self, random: &mut Random) {
        let damaged: Vec<&(PathBuf, String)> = (0..1 + random.below(2))
            .map(|_| random.one(&self.files))
            .collect();
        for (path, text) in &damaged {
            std::fs::write(path, mutated(random, path, text)).unwrap();
        }
        let strict = random.below(2) == 0;
        let out = self.release.path("specs/test");
        let _ = std::fs::remove_dir_all(&out);
        match self.release.import_with(strict) {
            Ok(report) => {
                assert!(!strict || report.problems.is_empty());
                let documents = Documents::read(&out).unwrap();
                // What is accepted can be generated: checking does so; and what is generated is
                // Rust.
                assert_eq!(check(&documents), []);
                crate::support::code(documents);
            }
            Err(error) => {
                assert!(!error.problem.is_empty());
                assert!(
                    error.file.starts_with(self.release.folder.path()),
                    "{error}"
                );
                assert!(!out.exists());
            }
        }
        for (path, text) in damaged {
            std::fs::write(path, text).unwrap();
        }
    }
}

/// The text files of a folder.
fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push((path, text));
        }
    }
}

/// Damaged documents are read, checked and compared.
fn documents_case(random: &mut Random, sound: &Documents) {
    let mut damaged = sound.clone();
    for document in damaged.modules.values_mut().chain([&mut damaged.common]) {
        for _ in 0..random.below(4) {
            mutate_value(random, document);
        }
    }
    let _ = check(&damaged);
    let _ = routes(&damaged, None).count();
    let _ = diff(sound, &damaged);
    let _ = diff(&damaged, sound);
}

fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What is damaged: two small releases, modules of a real one where its sources are there, and
/// documents.
struct Targets {
    releases: Vec<Target>,
    /// How many of them are small.
    small: usize,
    sound: Documents,
}

impl Targets {
    fn new(sources: Option<&Path>) -> Self {
        let mut releases = vec![
            Target::new(Release::raml(RAML)),
            Target::new(Release::openapi(OPENAPI)),
        ];
        let small = releases.len();
        if let Some(sources) = sources {
            let real = REAL.iter();
            releases.extend(real.filter_map(|module| Target::real(sources, module)));
        }
        let release = &releases[0].release;
        release.import().unwrap();
        let sound = Documents::read(&release.path("specs/test")).unwrap();
        Self {
            releases,
            small,
            sound,
        }
    }

    fn case(&self, case: u64) {
        let mut random = Random(case);
        match random.below(8) {
            0 => documents_case(&mut random, &self.sound),
            // Real modules are larger, and their cases slower.
            1 if self.releases.len() > self.small => {
                let index = self.small + random.below(self.releases.len() - self.small);
                self.releases[index].case(&mut random);
            }
            _ => self.releases[random.below(self.small)].case(&mut random),
        }
    }
}

/// The case that a thread is at, and since when.
type Now = Mutex<Option<(u64, Instant)>>;

#[test]
fn mutated_descriptions_end_in_a_document_or_an_error() {
    let cases = number("FOLIO_FUZZ_CASES").unwrap_or(CASES);
    let first = number("FOLIO_FUZZ_SEED").unwrap_or(1);
    let sources = shared(
        "mutated descriptions of real modules",
        "folio-specs/trillium",
    );
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let running: Vec<Now> = (0..threads).map(|_| Now::default()).collect();
    let (next, done, real) = (
        AtomicU64::new(0),
        AtomicBool::new(false),
        AtomicUsize::new(0),
    );
    let failed: Mutex<Option<u64>> = Mutex::default();
    let slowest = Mutex::new((Duration::ZERO, 0));
    let started = Instant::now();
    std::thread::scope(|scope| {
        // A case that hangs cannot be stopped; it can be reported. It is a computation, so this
        // needs a thread and real time.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
                for now in &running {
                    let now = *now.lock().unwrap();
                    if let Some((case, since)) = now
                        && since.elapsed() > LIMIT
                    {
                        report(&format!("the case of seed {case} hangs"));
                        std::process::exit(101);
                    }
                }
            }
        });
        let (next, real, failed, slowest) = (&next, &real, &failed, &slowest);
        let sources = sources.as_deref();
        let workers: Vec<_> = running
            .iter()
            .map(|now| {
                let work = move || {
                    let targets = Targets::new(sources);
                    let modules = targets.releases.len() - targets.small;
                    real.store(modules, Ordering::Relaxed);
                    while failed.lock().unwrap().is_none() {
                        let case = next.fetch_add(1, Ordering::Relaxed);
                        if case >= cases {
                            break;
                        }
                        let (case, before) = (first + case, Instant::now());
                        *now.lock().unwrap() = Some((case, before));
                        if catch_unwind(AssertUnwindSafe(|| targets.case(case))).is_err() {
                            *failed.lock().unwrap() = Some(case);
                        }
                        *now.lock().unwrap() = None;
                        let mut slowest = slowest.lock().unwrap();
                        *slowest = (*slowest).max((before.elapsed(), case));
                    }
                };
                scope.spawn(work)
            })
            .collect();
        let ended: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "a thread ended early");
    });
    if let Some(case) = *failed.lock().unwrap() {
        panic!("the case of FOLIO_FUZZ_SEED={case} FOLIO_FUZZ_CASES=1 failed");
    }
    let (peak, slowest) = (peak_mb(), *slowest.lock().unwrap());
    report(&format!(
        "mutated: {cases} cases over 2 small modules and {} real ones in {:.1?}, the slowest {:.2?} (seed {}), peak of memory {} MB",
        real.load(Ordering::Relaxed),
        started.elapsed(),
        slowest.0,
        slowest.1,
        peak.map_or_else(|| "unknown".to_owned(), |peak| peak.to_string()),
    ));
    assert!(peak.is_none_or(|peak| peak < MEMORY_MB), "{peak:?} MB");
}

#[test]
fn a_manifest_of_another_kind_is_an_error() {
    let release = Release::raml(RAML);
    for text in [
        "",
        "null",
        "[null]",
        "[{\"module\": 1}]",
        "[{\"module\": \"../x\"}]",
        "[{\"module\": \"release\"}]",
    ] {
        release.write("from/manifest.json", text);
        let error = release.import().unwrap_err();
        assert!(error.file.ends_with("manifest.json"), "{error}");
    }
}
