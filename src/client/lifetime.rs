//! From the login of a client to its logout.

use tracing::warn;

use crate::client::handle::FolioClient;
use crate::wire::error::{Error, Result};

impl FolioClient {
    /// Logs in, unless it is done. Calls log in by themselves; this finds out early whether they
    /// can. It follows the client's [`RetryPolicy`](crate::RetryPolicy) and
    /// [`deadline`](crate::FolioClientBuilder::deadline), as the login that a call needs follows
    /// those of the call.
    ///
    /// # Errors
    /// What the server says to the login; [`is_unauthenticated`](Error::is_unauthenticated) if it
    /// rejects user or password.
    pub async fn connect(&self) -> Result<()> {
        self.session().token().await.map(drop)
    }

    /// Logs out of this session (and no other of the user) and closes the client, with all its
    /// clones and handles. Requests that wait for their turn, for a login or for their repetition
    /// fail at once with [`ErrorKind::ClientClosed`](crate::ErrorKind::ClientClosed), and so do
    /// later ones. Requests that were sent already get their responses. To close again does nothing.
    ///
    /// What is sent: `POST /authn/logout` with both tokens as cookies; before it `POST
    /// /authn/refresh` if the access token has expired, since FOLIO ends a session only for a user
    /// whom it knows. A login in progress is waited for, at most 10 s, to log out of its session,
    /// and so long is each of these requests.
    ///
    /// # Errors
    /// The server did not confirm the logout. The client is closed all the same.
    pub async fn close(&self) -> Result<()> {
        self.session().close().await
    }

    /// Closes the client, as [`close`](Self::close) does, when `work` has ended, however it ends:
    /// with a value, with an error, by a panic, or because its future is dropped (then, and after a
    /// panic, the logout is sent in the background). The client of `work` can be cloned; all clones
    /// are closed with it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::FolioClient;
    /// use serde_json::Value;
    ///
    /// let folio = FolioClient::from_env()?.connect().await?;
    /// let groups: Vec<Value> = folio.scoped(async |folio| folio.folio_get("/groups", "usergroups").limit(50).await).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What it cannot do: if the process ends, or its runtime, before the logout was sent, the
    /// session at the server ends when its tokens expire. A logout that fails is only an event in
    /// the log, since `work` has done what it should.
    pub async fn scoped<T>(self, work: impl AsyncFnOnce(Self) -> T) -> T {
        let guard = CloseOnDrop(self.clone());
        let outcome = work(self).await;
        if let Err(error) = guard.0.close().await {
            warn!(error = %error, "not logged out");
        }
        outcome
    }

    /// Waits before something is tried again for the `tries`-th time, by the client's policy and as
    /// the server says; an error if the client is closed meanwhile.
    pub(crate) async fn backoff(&self, tries: u32, error: &Error) -> Result<()> {
        let wait = self
            .session()
            .retry
            .wait(tries, error.retry_after(), fastrand::f64());
        self.session().life.pause(wait).await
    }
}

/// Closes a client whatever happens.
struct CloseOnDrop(FolioClient);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        // If it is closed already, nothing is left to do.
        self.0.session().close_in_the_background();
    }
}
