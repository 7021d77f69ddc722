//! The programs, a sandbox, and the files of a test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use arrow_array::RecordBatch;
use folio_sandbox::{Builder, Sandbox};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "diku";

/// The program that `folio` runs.
pub(crate) const SQL: &str = env!("CARGO_BIN_EXE_folio-sql");

/// The program `folio`, which is an example of this package.
pub(crate) fn folio() -> PathBuf {
    let name = format!("folio{}", std::env::consts::EXE_SUFFIX);
    let path = Path::new(SQL).parent().unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "build `folio` first: cargo build -p folio-sql --examples"
    );
    path
}

/// A sandbox, and a folder.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Sandbox::builder()
            .tenant(TENANT)
            .user("diku_admin", "admin")
            .keep_exchanges(100_000);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(set(builder).start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { sandbox, folder }
    }

    /// One with so many users, and no others.
    pub(crate) fn of_users(count: u32, set: impl FnOnce(Builder) -> Builder) -> Self {
        let world = Self::with(set);
        world.load("/users", (0..count).map(user).collect());
        world
    }

    pub(crate) fn load(&self, path: &str, records: Vec<Value>) {
        self.sandbox.load(TENANT, path, records).unwrap();
    }

    /// `folio` with arguments, in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(folio());
        command.args(arguments);
        self.in_folder(&mut command);
        command
    }

    pub(crate) fn in_folder(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env("PATH", path())
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
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// The result of a statement as JSON.
    #[track_caller]
    pub(crate) fn rows(&self, query: &str) -> Vec<Value> {
        let ended = self.run(&["sql", query, "--format", "json"]).with(0);
        serde_json::from_str(&ended.out).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

    /// The queries of the requests for a list.
    pub(crate) fn requests(&self, path: &str) -> Vec<String> {
        self.requests_after(0, path)
    }

    /// As [`requests`](Self::requests), without the first ones of all requests.
    pub(crate) fn requests_after(&self, first: usize, path: &str) -> Vec<String> {
        let exchanges = self.sandbox.exchanges();
        let exchanges = exchanges.iter().skip(first);
        let of_list = exchanges.filter(|it| it.path == path);
        of_list.map(|it| format!("{:?}", it.query)).collect()
    }
}

/// The folder of `folio-sql` before those of the system.
pub(crate) fn path() -> std::ffi::OsString {
    let own = Path::new(SQL).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own).chain(std::env::split_paths(&others));
    std::env::join_paths(folders).unwrap()
}

pub(crate) fn id(number: u32) -> String {
    let spread = number.wrapping_mul(0x9e37_79b9);
    format!("{spread:08x}-0000-4000-8000-{number:012x}")
}

pub(crate) fn user(number: u32) -> Value {
    json!({
        "id": id(number),
        "username": format!("user {number:05}"),
        "active": number.is_multiple_of(2),
        "personal": {"lastName": format!("Ä \"{number}\", b"), "email": "a@b"},
        "createdDate": "2025-03-03T09:00:00.000+00:00",
    })
}

/// The rows of a Parquet file.
pub(crate) fn parquet_rows(path: &Path) -> RecordBatch {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let reader = reader.with_batch_size(1 << 20).build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert!(batches.len() <= 1, "more rows than expected");
    batches.into_iter().next().unwrap_or_else(|| {
        RecordBatch::new_empty(std::sync::Arc::new(arrow_schema::Schema::empty()))
    })
}

/// The names of the columns of a Parquet file.
pub(crate) fn parquet_columns(path: &Path) -> Vec<String> {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let fields = reader.schema().fields().iter();
    fields.map(|field| field.name().clone()).collect()
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

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Waits until a condition holds, or the program has ended.
pub(crate) fn wait_until(child: &mut Child, condition: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if condition() || child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not happen in 30 s");
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let _ = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
}
