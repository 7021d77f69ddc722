//! The settings of one run of the program: options, client, output.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use folio_sdk::{FolioClient, FolioClientBuilder};

use crate::error::CliError;
use crate::global::Global;
use crate::interrupt::Interrupt;
use crate::output::console::Console;
use crate::output::results::Results;
use crate::profile::connection::Connection;
use crate::table_format::TableFormat;

/// How long the logout may take after an interruption.
const LOGOUT: Duration = Duration::from_millis(500);

/// The settings of one run of the program.
#[derive(Debug)]
pub(crate) struct Context {
    /// The options that every command accepts.
    pub(crate) global: Global,
    /// Notes, progress, questions and errors: stderr.
    pub(crate) console: Console,
    /// Results: stdout.
    pub(crate) results: Results,
    /// Whether the user pressed Ctrl-C.
    pub(crate) interrupt: Interrupt,
    /// What writes Parquet files, if this program does.
    pub(crate) tables: Option<Arc<dyn TableFormat>>,
    folio: Option<FolioClient>,
}

impl Context {
    /// Of these options, on the terminal of the process.
    pub(crate) fn new(global: Global) -> Self {
        Self {
            console: Console::new(&global),
            results: Results::new(&global),
            global,
            interrupt: Interrupt::default(),
            tables: None,
            folio: None,
        }
    }

    /// The client for the selected profile, or for the variables of the environment. It logs in
    /// with its first call.
    pub(crate) async fn folio(&mut self) -> Result<FolioClient, CliError> {
        self.folio_with(|builder| builder).await
    }

    /// As [`folio`](Self::folio), with other settings than the usual ones.
    pub(crate) async fn folio_with(
        &mut self,
        set: impl FnOnce(FolioClientBuilder) -> FolioClientBuilder,
    ) -> Result<FolioClient, CliError> {
        if let Some(folio) = &self.folio {
            return Ok(folio.clone());
        }
        let connection = self.connection()?;
        // It may ask for the password.
        let client = self.interruptible(connection.client(set, &self.console));
        let folio = client.await??;
        self.folio = Some(folio.clone());
        Ok(folio)
    }

    /// The system, tenant and user of the command.
    pub(crate) fn connection(&self) -> Result<Connection, CliError> {
        Connection::of(&self.global)
    }

    /// Waits for something that sends no write. An interruption drops it.
    ///
    /// # Errors
    /// The user interrupted it.
    pub(crate) async fn interruptible<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, CliError> {
        let outcome = self.interrupt.or(work).await;
        outcome.ok_or_else(CliError::interrupted)
    }

    /// Waits for a write. After an interruption its response is still awaited, so that its outcome
    /// is known; another interruption ends the program at once. Before the write it is an error.
    ///
    /// # Errors
    /// That of the write.
    pub(crate) async fn not_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        if self.interrupt.is_set() {
            return Err(CliError::interrupted());
        }
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => return outcome,
            () = self.interrupt.wait() => {}
        }
        self.console.warning("interrupted: waiting for the response to the write in flight; Ctrl-C again ends at once, and its outcome is then unknown");
        work.await
    }

    /// Logs out, if there was a login. After an interruption the response is awaited for a short time
    /// only, and an interruption ends the wait.
    pub(crate) async fn close(&mut self) {
        let Some(folio) = self.folio.take() else {
            return;
        };
        // The result is complete; the session ends by itself when its tokens expire.
        if self.interrupt.is_set() {
            let _ = tokio::time::timeout(LOGOUT, folio.close()).await;
        } else {
            let _ = self.interrupt.or(folio.close()).await;
        }
    }
}
