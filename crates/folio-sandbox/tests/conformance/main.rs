//! Conformance: replays the recorded exchanges of a real FOLIO against the sandbox, and reports
//! what differs.
//!
//! The recordings in `data/` are JSON Lines, compressed. `floors.txt` has the least percentage of
//! identical rows per file, which may only rise; `not_emulated.txt` the rows that the sandbox
//! deliberately answers otherwise, with reasons. `FOLIO_CONFORMANCE=crud` prints the rows of a file
//! that differ.
//!
//! `FOLIO_URL=https://folio.example FOLIO_TENANT=… FOLIO_USERNAME=… FOLIO_PASSWORD=… cargo test -p
//! folio-sandbox --test conformance -- --nocapture --exact exchanges` sends the requests of a file
//! to another server and prints what differs from the recording. It writes and deletes records
//! there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod access;
mod auth;
mod circulation;
mod compare;
mod crud;
mod deletes;
mod eureka;
mod files;
mod gateway;
mod lending;
mod many;
mod page;
mod session;
mod wire;

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::Value;

/// The most that the table of what is not emulated may name of the rows of a file, in percent.
const MOST: f64 = 5.0;

/// The rows of a recording.
pub(crate) fn rows(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/tests/conformance/data/{name}.jsonl.gz",
        env!("CARGO_MANIFEST_DIR")
    );
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What became of the rows of a file.
#[derive(Default)]
pub(crate) struct Report {
    identical: usize,
    listed: usize,
    /// The entries of the table that name a row that differs.
    used: std::collections::BTreeSet<usize>,
    differing: Vec<(String, String)>,
}

impl Report {
    pub(crate) fn add(&mut self, file: &str, name: &str, differences: &[String]) {
        if differences.is_empty() {
            self.identical += 1;
        } else if let Some(entry) = not_emulated()
            .iter()
            .position(|(of, pattern, _)| of == file && pattern.is_match(name))
        {
            self.listed += 1;
            self.used.insert(entry);
        } else {
            self.differing
                .push((name.to_owned(), differences.join("; ")));
        }
    }

    fn total(&self) -> usize {
        self.identical + self.listed + self.differing.len()
    }
}

/// File, pattern of row names, and why these rows are not emulated.
fn not_emulated() -> &'static Vec<(String, regex::Regex, String)> {
    static TABLE: std::sync::OnceLock<Vec<(String, regex::Regex, String)>> =
        std::sync::OnceLock::new();
    TABLE.get_or_init(|| {
        include_str!("not_emulated.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| {
                let mut parts = line.split(" | ");
                let (file, pattern, why) = (
                    parts.next().unwrap(),
                    parts.next().unwrap(),
                    parts.next().unwrap_or_else(|| panic!("no reason: {line}")),
                );
                (
                    file.to_owned(),
                    regex::Regex::new(pattern).unwrap(),
                    why.to_owned(),
                )
            })
            .collect()
    })
}

fn check(file: &str, report: &Report) {
    let share = 100.0 * report.identical as f64 / report.total().max(1) as f64;
    println!(
        "{file:14} {:5} of {:5} identical ({share:.1} %), {} not emulated, {} differ",
        report.identical,
        report.total(),
        report.listed,
        report.differing.len()
    );
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, what) in &report.differing {
        *kinds.entry(what.split(':').next().unwrap()).or_default() += 1;
    }
    println!("{:14} differing by kind: {kinds:?}", "");
    if std::env::var("FOLIO_CONFORMANCE").is_ok_and(|wanted| wanted == file) {
        for (name, what) in &report.differing {
            println!("  {name}: {what}");
        }
    }
    if std::env::var_os("FOLIO_URL").is_some() {
        // Another server: what differs is what is wanted, and it is no failure.
        for (name, what) in &report.differing {
            println!("  {name}: {what}");
        }
        return;
    }
    let floor: f64 = include_str!("floors.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(name, _)| *name == file)
        .map(|(_, floor)| floor.trim().parse().unwrap())
        .unwrap_or_else(|| panic!("floors.txt has no {file}"));
    let listed = 100.0 * report.listed as f64 / report.total().max(1) as f64;
    assert!(
        listed <= MOST,
        "{file}: {listed:.1} % of the rows are in not_emulated.txt, {MOST} % are allowed"
    );
    for (entry, (of, pattern, _)) in not_emulated().iter().enumerate() {
        assert!(
            of != file || report.used.contains(&entry),
            "not_emulated.txt names rows that are identical: {of} | {pattern}"
        );
    }
    assert!(
        share + 0.05 >= floor,
        "{file}: {share:.1} % of the rows are identical, the floor is {floor} %"
    );
}

/// Runs a replay on a thread whose stack has room for it: the futures of a debug build are large.
fn run(replay: impl Future<Output = Report> + Send + 'static) -> Report {
    let work = move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(replay)
    };
    std::thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

macro_rules! conformance {
    ($($module:ident::$name:ident $file:literal;)*) => {$(
        #[test]
        fn $name() {
            check($file, &run($module::$name($file)));
        }
    )*};
}

conformance! {
    files::exchanges "exchanges";
    files::cql_users "cql-users";
    files::cql_instances "cql-instances";
    crud::crud "crud";
    many::lists "lists";
    deletes::deletes "deletes";
    gateway::gateway "gateway";
    auth::auth "auth";
    access::spring "spring";
    access::acq "acq";
    circulation::circulation "circulation";
    eureka::eureka_login "eureka-login";
}

/// The replay against a server elsewhere: this process has the server, another one sends the
/// requests.
#[test]
fn elsewhere() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let builder = folio_sandbox::Sandbox::builder().reference_data();
    let builder = builder.tenant("college").user("operator", "correct horse");
    let sandbox = runtime.block_on(builder.user_records().start()).unwrap();
    let admin = session::administrator(&sandbox, "college", "operator");
    sandbox.load("college", "/users", vec![admin]).unwrap();
    let replay = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact", "exchanges"])
        .env("FOLIO_URL", sandbox.url())
        .env("FOLIO_TENANT", "college")
        .env("FOLIO_USERNAME", "operator")
        .env("FOLIO_PASSWORD", "correct horse")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert!(replay.status.success(), "{said}");
    let line = said
        .lines()
        .find(|line| line.starts_with("exchanges"))
        .unwrap();
    let identical: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(identical > 160, "{said}");
    // The requests came here, and to no sandbox of the other process.
    assert!(sandbox.exchanges().len() > 160);
}
