//! Runs the program.

use std::process::Stdio;

use folio_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

/// A run of the program.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The environment of the program: nothing else than this.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    variables: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A user of a system.
    pub(crate) fn at(url: &str, user: &str, password: &str) -> Self {
        Self::default()
            .with("FOLIO_URL", url)
            .with("FOLIO_TENANT", "diku")
            .with("FOLIO_USERNAME", user)
            .with("FOLIO_PASSWORD", password)
    }

    /// The administrator of a sandbox.
    pub(crate) fn admin(sandbox: &Sandbox) -> Self {
        Self::at(sandbox.url(), "diku_admin", "admin")
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Outcome {
        let home = TempDir::new().unwrap();
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_folio"))
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
