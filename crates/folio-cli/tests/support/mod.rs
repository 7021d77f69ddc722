//! The program, a sandbox, and the files of a test. Each test program uses a part of it.

pub(crate) mod program;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use folio_sandbox::{Builder, Sandbox};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "diku";

/// A sandbox, and a folder.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Sandbox::builder()
            .tenant(TENANT)
            .user("diku_admin", "admin");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(set(builder).start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { sandbox, folder }
    }

    /// One with so many groups.
    pub(crate) fn of_groups(count: u64, set: impl FnOnce(Builder) -> Builder) -> Self {
        let world = Self::with(set);
        let groups = (0..count).map(group).collect();
        world.sandbox.load(TENANT, "/groups", groups).unwrap();
        world
    }

    /// The program with arguments, in the folder.
    pub(crate) fn folio(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_folio"));
        command.args(arguments);
        self.in_folder(&mut command);
        command
    }

    pub(crate) fn in_folder(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env("FOLIO_URL", self.sandbox.url())
            .env("FOLIO_TENANT", TENANT)
            .env("FOLIO_USERNAME", "diku_admin")
            .env("FOLIO_PASSWORD", "admin")
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.folio(arguments).output().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of the files in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn stored(&self, path: &str) -> BTreeMap<String, Value> {
        by_id(self.sandbox.records(TENANT, path).unwrap())
    }

    /// The requests that may change records.
    pub(crate) fn writes(&self) -> usize {
        let exchanges = self.sandbox.exchanges();
        exchanges
            .iter()
            .filter(|exchange| {
                exchange.method != "GET"
                    && !exchange.path.starts_with("/authn")
                    && !exchange.path.ends_with("/retrieve")
            })
            .count()
    }

    /// The records of a file of lines; each id is there once.
    pub(crate) fn lines(&self, name: &str) -> BTreeMap<String, Value> {
        unique(&self.read(name))
    }
}

/// The group of a number. The ids are distributed over all ids.
pub(crate) fn group(number: u64) -> Value {
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    json!({
        "id": format!("{:08x}-0000-4000-8000-{number:012x}", spread >> 32),
        "group": format!("group {number}"),
        "desc": format!("äöü \"{number}\", \\ \u{2028} 'x'"),
    })
}

pub(crate) fn by_id(records: Vec<Value>) -> BTreeMap<String, Value> {
    let key = |record: &Value| record["id"].as_str().unwrap().to_owned();
    records
        .into_iter()
        .map(|record| (key(&record), record))
        .collect()
}

/// The records of lines, by id. No id is there twice.
pub(crate) fn unique(lines: &str) -> BTreeMap<String, Value> {
    let records: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let count = records.len();
    let records = by_id(records);
    assert_eq!(records.len(), count, "a record is there twice");
    records
}

/// The end of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The results as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Runs a command with this input.
pub(crate) fn with_input(mut command: Command, input: impl AsRef<[u8]>) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that rejects its arguments does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    Ended::of(child.wait_with_output().unwrap())
}

/// Waits until a program catches SIGINT, which ends it before without a message. On other systems
/// than Linux that is not known.
fn wait_until_it_listens(child: &mut Child) {
    let path = format!("/proc/{}/status", child.id());
    let is_caught = |status: &str| {
        let mut caught = status
            .lines()
            .filter_map(|line| line.strip_prefix("SigCgt:"));
        let mask = caught
            .next()
            .map(|mask| u64::from_str_radix(mask.trim(), 16));
        mask.is_some_and(|mask| mask.unwrap() & 2 != 0)
    };
    for _ in 0..2_000 {
        match std::fs::read_to_string(&path) {
            Ok(status) if !is_caught(&status) => thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
        if child.try_wait().unwrap().is_some() {
            return;
        }
    }
}

/// Runs a command, sends it a signal after a time, and waits for its end.
pub(crate) fn signalled(mut command: Command, signal: &str, after: Duration) -> Ended {
    let mut child = command.spawn().unwrap();
    if signal != "KILL" {
        wait_until_it_listens(&mut child);
    }
    thread::sleep(after);
    let _ = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    Ended::of(child.wait_with_output().unwrap())
}

/// The content of a file after a program has decompressed it.
pub(crate) fn decompressed(program: &str, path: &Path) -> String {
    let output = Command::new(program).arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program with a limit for the size of files, in units of 1,024 bytes.
pub(crate) fn limited(world: &World, limit: u32, arguments: &[&str]) -> Ended {
    let mut command = Command::new("bash");
    let script = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_folio")])
        .args(arguments);
    world.in_folder(&mut command);
    Ended::of(command.output().unwrap())
}
