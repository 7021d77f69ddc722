//! The settings of one run of the program: options, client, output.

use folio_sdk::FolioClient;

use crate::error::CliError;
use crate::global::Global;
use crate::interrupt::Interrupt;
use crate::output::console::Console;
use crate::output::results::Results;

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
            folio: None,
        }
    }

    /// The client for the selected profile, or for the variables of the environment. It logs in
    /// with its first call.
    pub(crate) async fn folio(&mut self) -> Result<FolioClient, CliError> {
        if let Some(folio) = &self.folio {
            return Ok(folio.clone());
        }
        let mut builder = FolioClient::from_env()?;
        if let Some(tenant) = &self.global.tenant {
            builder = builder.tenant(tenant);
        }
        let folio = builder.build()?;
        self.folio = Some(folio.clone());
        Ok(folio)
    }

    /// Logs out, if there was a login.
    pub(crate) async fn close(&mut self) {
        if let Some(folio) = self.folio.take() {
            // The result is complete; the session ends by itself when its tokens expire.
            let _ = folio.close().await;
        }
    }
}
