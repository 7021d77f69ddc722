//! The start of a sandbox.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::facts::kinds::Release;
use crate::platform::accounts;
use crate::platform::auth::Auth;
use crate::platform::consortium::Consortium;
use crate::platform::error::Error;
use crate::platform::faults::Faults;
use crate::platform::state::State;
use crate::platform::wiring::Wiring;
use crate::server::listener;
use crate::setup::builder::{Builder, DEFAULT};
use crate::setup::data;
use crate::setup::options::Options;
use crate::setup::sandbox::Sandbox;
use crate::store::Store;

impl Sandbox {
    /// The settings of a sandbox. Without users it has the tenant `diku` with the user
    /// `diku_admin`, password `admin`.
    pub fn builder() -> Builder {
        Builder {
            tenant: None,
            users: Vec::new(),
            access: Duration::from_secs(600),
            refresh: Duration::from_secs(604_800),
            latency: Duration::ZERO,
            base: String::new(),
            file: None,
            seed: 1,
            demo: false,
            reference: false,
            cross_tenant: false,
            max_body: usize::MAX,
            max_batch: 10_000,
            suppress_locking: false,
            eureka: false,
            release: Release::default(),
            user_records: false,
            consortium: None,
            keep: 10_000,
            wiring: Wiring::default(),
            options: Options::default(),
        }
    }
}

impl Builder {
    /// Starts it.
    ///
    /// # Errors
    /// No port can be opened, no thread can be started, or the file is not an SQLite database.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let options = self.options.clone();
        let lock = options.folder.as_deref().map(locked).transpose()?;
        let file = match &options.folder {
            Some(folder) => Some(folder.join("records.db")),
            None => self.file.clone(),
        };
        let mut state = State {
            auth: Auth::new(self.access, self.refresh, self.eureka),
            store: Store::open(file.as_deref())?,
            faults: Faults::new(self.seed),
            latency: self.latency,
            base: self.base.clone(),
            cross_tenant: self.cross_tenant,
            max_body: self.max_body,
            max_batch: self.max_batch,
            suppress_locking: self.suppress_locking,
            eureka: self.eureka,
            release: self.release,
            consortium: None,
            rules: Vec::new(),
            exchanges: Vec::new(),
            keep: self.keep,
            wiring: self.wiring.clone(),
            accounts: String::new(),
            read_only: options.read_only,
            address: options.address,
            listener: options.listener.clone(),
        };
        options
            .faults
            .iter()
            .cloned()
            .for_each(|fault| state.faults.add(fault));
        for user in &self.users {
            state.auth.add(
                &user.tenant,
                &user.name,
                &user.password,
                user.permissions.clone(),
            );
        }
        if self.users.is_empty() || self.demo {
            let tenant = if self.demo {
                DEFAULT.0
            } else {
                self.tenant.as_deref().unwrap_or(DEFAULT.0)
            };
            state.auth.add(tenant, DEFAULT.1, DEFAULT.2, None);
        }
        accounts::restore(&mut state)?;
        data::fill(&self, &mut state)?;
        if let Some((central, members)) = &self.consortium {
            data::found(&mut state, Consortium::new(central, members))?;
        }
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel();
        let (ready, listening) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("folio-sandbox".to_owned())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build()
                {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                runtime.block_on(listener::run(served, stopped, ready));
            })?;
        let address = listening
            .await
            .map_err(|_| std::io::Error::other("its thread ended"))??;
        Ok(Sandbox {
            url: format!("http://{address}{}", self.base),
            state,
            stop: Some(stop),
            thread: Some(thread),
            _lock: lock,
        })
    }
}

/// The lock of a folder, which is made if it is not there. It ends with the process.
fn locked(folder: &std::path::Path) -> Result<std::fs::File, Error> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("lock"))?;
    file.try_lock()
        .map_err(|_| Error::InUse(folder.display().to_string()))?;
    Ok(file)
}
