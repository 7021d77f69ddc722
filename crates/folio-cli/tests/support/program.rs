//! The program with an environment of its own.

use std::process::Stdio;

use folio_sandbox::{Builder, Sandbox};
use tempfile::TempDir;

use super::{Ended, TENANT};

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
            .with("FOLIO_TENANT", TENANT)
            .with("FOLIO_USERNAME", user)
            .with("FOLIO_PASSWORD", password)
    }

    /// The administrator of a sandbox.
    pub(crate) fn admin(sandbox: &Sandbox) -> Self {
        Self::at(sandbox.url(), "diku_admin", "admin")
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
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
        Ended::of(output)
    }
}

/// A sandbox of either platform, with demo data.
pub(crate) fn demo(eureka: bool) -> Builder {
    let builder = Sandbox::builder().demo_data();
    match eureka {
        true => builder.eureka(),
        false => builder,
    }
}

/// One with the user `reader`, whose password is `secret`, and who may read users only.
pub(crate) async fn with_reader(eureka: bool) -> Sandbox {
    let builder = demo(eureka).tenant(TENANT);
    let builder = builder.user_with_permissions("reader", "secret", ["users.collection.get"]);
    builder.user_records().start().await.unwrap()
}
