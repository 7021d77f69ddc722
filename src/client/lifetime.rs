//! From the login of a client to its logout.

use tracing::warn;

use crate::client::handle::FolioClient;
use crate::client::marker::erased;
use crate::wire::error::{Error, Result};

impl FolioClient {
    /// Logs in, unless the client is logged in. Calls log in automatically; this checks early
    /// whether the login succeeds. It follows the client's [`RetryPolicy`](crate::RetryPolicy) and
    /// [`deadline`](crate::FolioClientBuilder::deadline), as the login that a call needs follows
    /// those of the call.
    ///
    /// # Errors
    /// The server's response to the login; [`is_unauthenticated`](Error::is_unauthenticated) if it
    /// rejects user name or password.
    pub async fn connect(&self) -> Result<()> {
        erased(self.session().token()).await.map(drop)
    }

    /// Logs out of this session (and no other session of the user) and closes the client, with all
    /// its clones and handles. Requests that wait for a slot, a login or a retry fail immediately
    /// with [`ErrorKind::ClientClosed`](crate::ErrorKind::ClientClosed), and so do later ones.
    /// Requests in flight still get their responses. Closing a closed client has no effect.
    ///
    /// Sends `POST /authn/logout` with both tokens as cookies; before it `POST /authn/refresh` if
    /// the access token has expired, because FOLIO ends a session only for an authenticated user.
    /// It waits at most 10 s for a login in progress, to log out of its session; each of these
    /// requests takes at most 10 s, too.
    ///
    /// # Errors
    /// The server did not confirm the logout. The client is closed nevertheless.
    pub async fn close(&self) -> Result<()> {
        erased(self.session().close()).await
    }

    /// Closes the client, as [`close`](Self::close) does, when `work` ends in any way: with a
    /// value, with an error, with a panic, or because its future is dropped (then, and after a
    /// panic, the logout is sent in the background). `work` may clone its client; all clones are
    /// closed with it.
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
    /// Limits: if the process ends, or its runtime, before the logout was sent, the server's
    /// session ends when its tokens expire. A failed logout is only logged, because `work` has
    /// completed.
    pub async fn scoped<T>(self, work: impl AsyncFnOnce(Self) -> T) -> T {
        let guard = CloseOnDrop(self.clone());
        let outcome = work(self).await;
        if let Err(error) = guard.0.close().await {
            warn!(error = %error, "logout failed");
        }
        outcome
    }

    /// Waits before the `tries`-th retry, by the client's policy and the server's `Retry-After`; an
    /// error if the client is closed meanwhile.
    pub(crate) async fn backoff(&self, tries: u32, error: &Error) -> Result<()> {
        let wait = self
            .session()
            .retry
            .wait(tries, error.retry_after(), fastrand::f64());
        self.session().life.pause(wait).await
    }
}

/// Closes a client in any case.
struct CloseOnDrop(FolioClient);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        // If it is already closed, there is nothing to do.
        self.0.session().close_in_the_background();
    }
}
