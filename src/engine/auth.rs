//! Who we are to the server: logging in, renewing the token, logging out.
//!
//! FOLIO gives a short-lived access token and a refresh token, both as cookies. What this module rests on:
//!
//! - The cookies are `Secure` even where FOLIO is reached over http, so that a cookie jar would not send them back: they are read here.
//! - The access token goes into the header `x-okapi-token`. If a cookie said something else, Okapi would answer 400 and Kong 404: there is
//!   no cookie on calls.
//! - A refresh token can be used once. To use it again ends all sessions of the user (Okapi), so the renewal is one for all who wait, and a
//!   refresh token counts as used from the moment it is sent; when its answer is lost, the password is used.
//! - Five wrong passwords block an account: one that was refused is not tried again. (Keycloak that is unreachable is no refusal, though
//!   mod-login-keycloak reports it by 400 as well.)
//! - A login, renewal or logout is sent with what it needs and nothing else: Okapi rejects a login that carries an expired token (401).
//! - A logout needs an access token that is good: Eureka's sidecar finds the user by it, and Okapi rejects an expired one. So an expired token
//!   is renewed once more before the logout.
//! - Tokens of a user of a consortium may be of another tenant than the one that was asked; they are renewed and ended there.
//! - Old systems know only `/authn/login`, whose token does not expire, and answer 404 to `/authn/login-with-expiry`; newer ones do the
//!   reverse.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, DATE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::engine::claims::Claims;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::transport::{Answer, Gateway};
use crate::value::redact::{self, Confidential, REDACTED, Secrets, Sent};
use crate::wire::error::{Error, ErrorKind, Exchange, Result};
use crate::wire::headers::TENANT;
use crate::wire::headers::TOKEN;
use crate::wire::login_failure::{self, LoginFailure};
use crate::wire::operation::Operation;
use crate::wire::retry::{self, RetryPolicy};

static LOGIN: Operation = Operation::new("login", Method::POST, WITHOUT_TOKEN[0]);
static LEGACY_LOGIN: Operation =
    Operation::new("login_without_expiry", Method::POST, WITHOUT_TOKEN[1]);
static REFRESH: Operation = Operation::new("refresh", Method::POST, WITHOUT_TOKEN[2]);
static LOGOUT: Operation = Operation::new("logout", Method::POST, "/authn/logout");

/// The operations that begin or renew a session, those of mod-users-bl too. They need no token, and gateways reject an expired one even there.
const WITHOUT_TOKEN: [&str; 5] = [
    "/authn/login-with-expiry",
    "/authn/login",
    "/authn/refresh",
    "/bl-users/login",
    "/bl-users/login-with-expiry",
];

/// Whether a request that the caller makes is sent without the client's token.
pub(crate) fn needs_no_token(method: &Method, path: &str) -> bool {
    *method == Method::POST && WITHOUT_TOKEN.contains(&path)
}

const ACCESS_COOKIE: &str = "folioAccessToken";
const REFRESH_COOKIE: &str = "folioRefreshToken";

/// How long a login may take at most, whatever longer time a request may take.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long closing waits for the server.
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(10);

/// How many responses may be lost to logins with a password that was never right yet: the server counts wrong ones, and the fifth in a row
/// blocks the account (real-facts, section 2).
const MOST_LOST: usize = 4;

/// How long the server counts a wrong password. A guess: the default of mod-login's `login.fail.timeout`, which no recording shows.
const LOST_FOR: Duration = Duration::from_secs(600);

/// The longest time that all wait after a failed login before the next one is sent, besides what each waits by its own policy.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long after a failed early renewal the next one begins. The token is still good.
const EARLY_RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// What a client is let in with: a username and a password, or a token that somebody else got.
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    Password {
        username: String,
        password: SecretString,
    },
    Token(Handed),
}

/// A token that was handed in.
#[derive(Clone)]
struct Handed {
    access: SecretString,
    refresh: Option<SecretString>,
    end: Option<Instant>,
}

impl Credentials {
    /// A username and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Password>) -> Self {
        Self(Kind::Password {
            username: username.into(),
            password: password.into().0,
        })
    }

    /// An access token that somebody else got, for instance the one of a request that a FOLIO module answers. When FOLIO no longer accepts
    /// it, the client renews it by the [`refresh_token`](Self::refresh_token), or asks its [`CredentialSource`] for another one. If there is
    /// neither, calls fail ([`Error::is_unauthenticated`]) and say so.
    ///
    /// The client does not log out of a session that it was handed, unless it has renewed it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use folio_sdk::Credentials;
    ///
    /// let credentials = Credentials::token("eyJhbGciOi…").refresh_token("eyJhbGciOi…").expires_in(Duration::from_secs(600));
    /// ```
    pub fn token(access: impl Into<SecretString>) -> Self {
        Self(Kind::Token(Handed {
            access: access.into(),
            refresh: None,
            end: None,
        }))
    }

    /// The refresh token that came with an access token. It can be used once: whoever else has it must not use it any more.
    pub fn refresh_token(mut self, refresh: impl Into<SecretString>) -> Self {
        if let Kind::Token(handed) = &mut self.0 {
            handed.refresh = Some(refresh.into());
        }
        self
    }

    /// How long from now the access token is good, where it is known. Without it the server's 401 tells when it is not.
    pub fn expires_in(mut self, time: Duration) -> Self {
        if let Kind::Token(handed) = &mut self.0 {
            handed.end = Instant::now().checked_add(time);
        }
        self
    }

    /// The name of the user; none with a token.
    pub fn username(&self) -> Option<&str> {
        match &self.0 {
            Kind::Password { username, .. } => Some(username),
            Kind::Token(_) => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (
                Kind::Password { username, password },
                Kind::Password {
                    username: other_name,
                    password: other_password,
                },
            ) => {
                username == other_name && password.expose_secret() == other_password.expose_secret()
            }
            (Kind::Token(one), Kind::Token(other)) => {
                one.access.expose_secret() == other.access.expose_secret()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Credentials");
        match &self.0 {
            Kind::Password { username, .. } => shown
                .field("username", username)
                .field("password", &REDACTED),
            Kind::Token(_) => shown.field("token", &REDACTED),
        };
        shown.finish()
    }
}

/// A password. It is wiped from memory when it is dropped, and never shown.
#[derive(Clone)]
pub struct Password(SecretString);

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(password.into())
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password.into())
    }
}

impl From<&String> for Password {
    fn from(password: &String) -> Self {
        Self(password.as_str().into())
    }
}

impl From<SecretString> for Password {
    fn from(password: SecretString) -> Self {
        Self(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(REDACTED)
    }
}

/// Where credentials come from: a vault, a keyring, the environment. It is asked before each login with a password, so that a password that
/// was changed is noticed, and when a token that it gave is no longer good. [`Credentials`] are a source of themselves,
/// [`EnvironmentCredentials`] are another one.
///
/// ```
/// use folio_sdk::{CredentialSource, Credentials};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl CredentialSource for Vault {
///     async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Credentials::password("importer", std::fs::read_to_string("/run/secrets/folio")?))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no source of credentials",
    note = "for a name and a password, or a token, that do not change, use `credentials(name, password)` or `token(…)` of the builder; else implement `CredentialSource`: one asynchronous method, `credentials`"
)]
pub trait CredentialSource: fmt::Debug + Send + Sync + 'static {
    /// The credentials to log in with now.
    fn credentials(
        &self,
    ) -> impl Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send;
}

impl CredentialSource for Credentials {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

/// A source that several clients share.
impl<S: CredentialSource> CredentialSource for Arc<S> {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        S::credentials(self).await
    }
}

/// Credentials in variables of the environment, `FOLIO_USERNAME` and `FOLIO_PASSWORD` unless others are named. They are read anew for each
/// login.
///
/// ```
/// use folio_sdk::{EnvironmentCredentials, FolioClient};
///
/// let builder = FolioClient::builder("https://folio.example.edu")
///     .tenant("diku")
///     .credential_source(EnvironmentCredentials::new("LIBRARY_USER", "LIBRARY_PASSWORD"));
/// ```
#[derive(Debug, Clone)]
pub struct EnvironmentCredentials {
    username: String,
    password: String,
}

impl EnvironmentCredentials {
    /// The names of the variables with the username and with the password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Default for EnvironmentCredentials {
    fn default() -> Self {
        Self::new("FOLIO_USERNAME", "FOLIO_PASSWORD")
    }
}

impl CredentialSource for EnvironmentCredentials {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let read = |name: &str| match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value),
            Ok(_) | Err(std::env::VarError::NotPresent) => {
                Err(format!("the environment variable {name} is not set"))
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(format!("the environment variable {name} is not UTF-8 text"))
            }
        };
        Ok(Credentials::password(
            read(&self.username)?,
            read(&self.password)?,
        ))
    }
}

type Asked<'a> = Pin<
    Box<
        dyn Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'a,
    >,
>;

/// A [`CredentialSource`] of whatever type.
pub(crate) trait AnySource: fmt::Debug + Send + Sync + 'static {
    fn ask(&self) -> Asked<'_>;
}

impl<S: CredentialSource> AnySource for S {
    fn ask(&self) -> Asked<'_> {
        Box::pin(self.credentials())
    }
}

/// An access token. The generation counts the logins and renewals of this client: whoever is refused with an older one need not renew.
pub(crate) struct Token {
    pub(crate) generation: u64,
    /// Marked as sensitive, so that nothing prints it.
    pub(crate) header: HeaderValue,
    /// The tenant that it was given for, where it says so.
    pub(crate) tenant: Option<Arc<str>>,
    /// When it came.
    pub(crate) obtained: Instant,
    lifetime: Option<Lifetime>,
}

impl Token {
    /// Whether it should be good by what the server said of it.
    pub(crate) fn is_good(&self) -> bool {
        self.is_good_at(Instant::now())
    }

    fn is_good_at(&self, now: Instant) -> bool {
        self.lifetime.is_none_or(|lifetime| now < lifetime.end)
    }
}

impl Confidential for Token {
    fn secret(&self) -> &HeaderValue {
        &self.header
    }
}

#[derive(Clone, Copy)]
struct Lifetime {
    /// From here on it is renewed while it is still used.
    renew: Instant,
    /// From here on it is not used any more.
    end: Instant,
}

impl Lifetime {
    fn new(now: Instant, length: Duration) -> Option<Self> {
        // A length of nothing is a wrong clock rather than a token that was never good. Then the server's 401 tells.
        (length > Duration::ZERO).then_some(())?;
        let end = now.checked_add(length - (length / 20).min(Duration::from_secs(2)))?;
        let renew = now.checked_add(length - (length / 4).min(Duration::from_secs(60)))?;
        Some(Self { renew, end })
    }
}

struct RefreshToken {
    value: SecretString,
    /// The tenant where it is known.
    tenant: HeaderValue,
    end: Option<Instant>,
    /// Whether the session is this client's own, and not somebody's who handed in its token.
    is_own: bool,
}

/// What waits for a renewal is told by it. None while it runs.
type Outcome = Option<Result<Arc<Token>, Arc<NoToken>>>;

#[derive(Default)]
struct State {
    /// The client is closed, and nobody waits to log out of what a login that is still on its way may bring.
    ended: bool,
    generation: u64,
    token: Option<Arc<Token>>,
    refresh: Option<RefreshToken>,
    username: Option<String>,
    /// The credentials that the server refused, and how.
    refused: Option<(Credentials, Error)>,
    /// The token that was handed in last.
    handed: Option<Credentials>,
    renewal: Option<watch::Receiver<Outcome>>,
    no_early_renewal_before: Option<Instant>,
    /// How many attempts to get a token have failed since the last that did not.
    failures: u32,
    /// Before it no other is made.
    pause_until: Option<Instant>,
    /// The credentials of the last login that the server accepted.
    proven: Option<Credentials>,
    /// When responses to logins with credentials that are not proven were lost.
    lost: Vec<Instant>,
}

/// Why one attempt to get a token brought none.
pub(crate) struct NoToken {
    pub(crate) error: Error,
    /// Whether another attempt may bring one.
    pub(crate) is_transient: bool,
    /// Whether the attempt was made for this caller, rather than for another one who waits for it as well.
    pub(crate) is_own: bool,
}

impl From<Error> for NoToken {
    /// What another attempt does not change.
    fn from(error: Error) -> Self {
        Self {
            error,
            is_transient: false,
            is_own: false,
        }
    }
}

/// The session with the server that all clones and tenant handles of a client share.
pub(crate) struct Auth {
    gateway: Arc<Gateway>,
    tenant: HeaderValue,
    source: Box<dyn AnySource>,
    retry: RetryPolicy,
    /// Never held across an await.
    state: Mutex<State>,
    life: Arc<Lifecycle>,
}

impl Auth {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        tenant: HeaderValue,
        source: Box<dyn AnySource>,
        retry: RetryPolicy,
        life: Arc<Lifecycle>,
    ) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self {
            gateway,
            tenant,
            source,
            retry,
            state,
            life,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; and were it so, what is in it is still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant of the login.
    pub(crate) fn tenant(&self) -> &str {
        self.tenant.to_str().unwrap_or_default()
    }

    /// The user of the last login with a password.
    pub(crate) fn username(&self) -> Option<String> {
        self.state().username.clone()
    }

    /// A token to send, by one attempt to get one. `refused` is the generation of one that the server has just refused. A login that is
    /// needed is waited for no longer than `longest`, and no longer than the client is open; it goes on for those who come later.
    ///
    /// Whether and when there is another attempt is up to the policy of whoever needs the token.
    pub(crate) async fn token(
        self: &Arc<Self>,
        refused: Option<u64>,
        longest: Duration,
    ) -> Result<Arc<Token>, NoToken> {
        let started = Instant::now();
        // A renewal ends without a word only when its runtime was shut down. Then another is begun; but not for ever.
        for _ in 0..3 {
            let (mut renewal, is_own) = {
                let mut state = self.state();
                match self.at_hand(&mut state, refused)? {
                    Some(token) => return Ok(token),
                    None => self.renewal(&mut state)?,
                }
            };
            let left = longest.saturating_sub(started.elapsed());
            let renewed = renewal.wait_for(Option::is_some);
            let outcome = match self.life.within(left, renewed).await? {
                Some(Ok(outcome)) => outcome.clone(),
                Some(Err(_stopped)) => None,
                None => return Err(Error::no_login_in_time(longest).into()),
            };
            match outcome {
                Some(Ok(token)) if refused.is_none_or(|refused| token.generation > refused) => {
                    return Ok(token);
                }
                Some(Ok(_)) | None => {}
                Some(Err(failure)) => {
                    return Err(NoToken {
                        error: failure.error.duplicate(),
                        is_transient: failure.is_transient,
                        is_own,
                    });
                }
            }
        }
        Err(Error::configuration(
            "the login was interrupted three times: the tokio runtime that it ran in was shut down",
        )
        .into())
    }

    /// The token that is there and good, if there is one: nothing is waited for.
    pub(crate) fn token_at_hand(
        self: &Arc<Self>,
        refused: Option<u64>,
    ) -> Result<Option<Arc<Token>>> {
        self.at_hand(&mut self.state(), refused)
    }

    fn at_hand(
        self: &Arc<Self>,
        state: &mut State,
        refused: Option<u64>,
    ) -> Result<Option<Arc<Token>>> {
        self.life.check()?;
        if let (Some(token), Some(refused)) = (&state.token, refused)
            && token.generation <= refused
        {
            state.token = None;
        }
        let now = Instant::now();
        let Some(token) = state.token.as_ref().filter(|token| token.is_good_at(now)) else {
            return Ok(None);
        };
        let token = Arc::clone(token);
        if token.lifetime.is_some_and(|lifetime| now >= lifetime.renew)
            && state
                .no_early_renewal_before
                .is_none_or(|pause| now >= pause)
        {
            // Others go on with the old token meanwhile.
            self.renewal(state)?;
        }
        Ok(Some(token))
    }

    /// Waits for the renewal of a token that is about to expire, for somebody who cannot renew it. Where it fails, the token is still good.
    pub(crate) async fn freshen(self: &Arc<Self>, token: &Token, longest: Duration) -> Result<()> {
        let is_fresh = token
            .lifetime
            .is_none_or(|lifetime| Instant::now() < lifetime.renew);
        let renewal = self.state().renewal.clone();
        if let Some(mut renewal) = renewal.filter(|_| !is_fresh) {
            let renewed = renewal.wait_for(Option::is_some);
            let _ = self.life.within(longest, renewed).await?;
        }
        Ok(())
    }

    /// The renewal that runs, or a new one, and whether it is new. It runs in a task of its own, so that it goes on when whoever noticed the
    /// need gives up.
    fn renewal(self: &Arc<Self>, state: &mut State) -> Result<(watch::Receiver<Outcome>, bool)> {
        if let Some(running) = &state.renewal
            && running.has_changed().is_ok()
        {
            return Ok((running.clone(), false));
        }
        let runtime = Handle::try_current().map_err(|_| {
            Error::configuration(
                "folio-sdk runs in a tokio runtime: call it from one (`#[tokio::main]`)",
            )
        })?;
        let (sender, receiver) = watch::channel(None);
        state.renewal = Some(receiver.clone());
        let auth = Arc::clone(self);
        let pause = state
            .pause_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        runtime.spawn(async move {
            let paused = match pause {
                Some(pause) => auth.life.pause(pause).await,
                None => Ok(()),
            };
            let outcome = match paused {
                Ok(()) => auth.renew().await.map_err(Arc::new),
                Err(closed) => Err(Arc::new(closed.into())),
            };
            {
                let mut state = auth.state();
                state.renewal = None;
                state.no_early_renewal_before = outcome
                    .is_err()
                    .then(|| Instant::now().checked_add(EARLY_RENEWAL_PAUSE))
                    .flatten();
                state.failures = match &outcome {
                    Err(failure) if failure.is_transient => state.failures.saturating_add(1),
                    _ => 0,
                };
                state.pause_until = (state.failures > 0)
                    .then(|| {
                        let pause = auth.retry.wait(state.failures, None).min(LONGEST_PAUSE);
                        let told = outcome.as_ref().err();
                        let told = told.and_then(|failure| failure.error.retry_after());
                        let told = told
                            .unwrap_or_default()
                            .min(auth.retry.longest_retry_after());
                        Instant::now().checked_add(pause.max(told))
                    })
                    .flatten();
            }
            if let Err(failure) = &outcome
                && failure.error.kind() != ErrorKind::ClientClosed
            {
                warn!(error = %failure.error, "no token");
            }
            sender.send_replace(Some(outcome));
        });
        Ok((receiver, true))
    }

    /// One attempt to get a token: by the refresh token where there is one, and else, or where it is not accepted, by a login.
    async fn renew(self: &Arc<Self>) -> Result<Arc<Token>, NoToken> {
        let refresh = {
            let mut state = self.state();
            self.life.check()?;
            // Taken out before it is sent: it counts as used whatever becomes of this.
            state
                .refresh
                .take()
                .filter(|refresh| refresh.end.is_none_or(|end| Instant::now() < end))
        };
        let Some(refresh) = refresh else {
            return self.login().await;
        };
        match self.refresh(&refresh).await {
            Ok(token) => Ok(token),
            Err(error) if was_not_carried_out(&error) => Err(self.keep_unused(refresh, error)),
            Err(error) if error.kind() == ErrorKind::ClientClosed => Err(error.into()),
            Err(error) => {
                debug!(error = %error, "the refresh token was not taken; logging in anew");
                self.login().await
            }
        }
    }

    /// A renewal was certainly not carried out: its refresh token is still good.
    fn keep_unused(&self, refresh: RefreshToken, error: Error) -> NoToken {
        self.state().refresh = Some(refresh);
        NoToken {
            is_transient: error.is_retryable(),
            error,
            is_own: true,
        }
    }

    /// Renews by the refresh token: sent once.
    async fn refresh(self: &Arc<Self>, refresh: &RefreshToken) -> Result<Arc<Token>> {
        let started = Instant::now();
        let headers = refresh_headers(refresh)?;
        let sent = self.send(&REFRESH, headers, None, LOGIN_TIMEOUT, started);
        let token = self.keep(&REFRESH, sent.await?, started)?;
        info!(generation = token.generation, "token renewed");
        Ok(token)
    }

    /// Logs in with what the source gives: sent once, and where only the old login is known, that.
    async fn login(self: &Arc<Self>) -> Result<Arc<Token>, NoToken> {
        // A source may never answer: a vault that is away, a prompt that nobody sees.
        // It is given up before the calls that wait for it are, so that they can say why.
        let longest = self.gateway.timeout() * 9 / 10;
        let credentials = self.life.within(longest, self.source.ask()).await?;
        let credentials = credentials.ok_or_else(|| Error::no_credentials_in_time(longest))?;
        let credentials = credentials.map_err(|error| {
            let error = Secrets::default().shown(&error.to_string());
            Error::configuration(format!(
                "the credential source gave no credentials: {error}"
            ))
        })?;
        if let Some((refused, error)) = &self.state().refused
            && refused.is_same(&credentials)
        {
            return Err(error.duplicate().into());
        }
        let (username, password) = match &credentials.0 {
            Kind::Password { username, password } => (username.as_str(), password),
            Kind::Token(handed) => return self.adopt(&credentials, handed).await,
        };
        self.check_lost(&credentials)?;
        let body: Bytes = serde_json::to_vec(&LoginBody {
            username,
            password: password.expose_secret(),
        })
        .map_err(|error| {
            Error::configuration(format!(
                "the credentials cannot be written as JSON: {error}"
            ))
        })?
        .into();
        let started = Instant::now();
        let mut headers = headers(&self.tenant);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let send = |operation| {
            let (headers, body) = (headers.clone(), Some(body.clone()));
            self.send(operation, headers, body, LOGIN_TIMEOUT, started)
        };
        let mut operation = &LOGIN;
        let mut answer = send(operation).await;
        if let Err(unknown) = &answer
            && unknown.is_not_found()
        {
            debug!(error = %unknown, "there is no login with expiry; trying the old one");
            operation = &LEGACY_LOGIN;
            answer = match send(operation).await {
                // The old login is known nowhere any more but in old systems: what is said to the new one tells more.
                Err(error) if error.is_not_found() => {
                    return Err(unknown
                        .duplicate()
                        .with_help("there is no /authn/login either: is the URL of the gateway right, and is the tenant?")
                        .into());
                }
                answer => answer,
            };
        }
        let error = match answer {
            Ok(answer) => {
                let token = self.keep(operation, answer, started)?;
                {
                    let mut state = self.state();
                    state.username = Some(username.to_owned());
                    state.proven = Some(credentials.clone());
                    state.lost.clear();
                }
                info!(
                    username,
                    tenant = ?self.tenant,
                    token_tenant = token.tenant.as_deref(),
                    generation = token.generation,
                    without_expiry = operation == &LEGACY_LOGIN,
                    "logged in"
                );
                return Ok(token);
            }
            Err(error) => error,
        };
        self.count_lost(&error, &credentials);
        // A failure that lasts is one of the connection: its certificate, its proxy.
        if error.status().is_none() || error.status().is_some_and(|status| status.is_redirection())
        {
            return Err(NoToken {
                is_transient: error.is_retryable(),
                error,
                is_own: true,
            });
        }
        match login_failure::of(&error) {
            LoginFailure::Rejected => {
                let message = format!(
                    "the login of `{username}` in tenant `{}` was refused",
                    self.tenant.to_str().unwrap_or_default()
                );
                let error = error.into_login(message).with_help(
                    "check username, password and tenant. This client will not try them again: five wrong passwords block an account",
                );
                self.state().refused = Some((credentials, error.duplicate()));
                Err(error.into())
            }
            LoginFailure::Configuration(help) => {
                let error = match self.gateway.via() {
                    Some(proxy)
                        if error.status() == Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) =>
                    {
                        error.with_help(format!(
                            "the proxy {proxy} says this, and not FOLIO: {help}"
                        ))
                    }
                    _ => error.with_help(help),
                };
                Err(error.into())
            }
            LoginFailure::Transient(help) => {
                let error = match help {
                    Some(help) => error.with_help(help),
                    None => error,
                };
                Err(NoToken {
                    error: error.transient(),
                    is_transient: true,
                    is_own: true,
                })
            }
        }
    }

    /// An error if so many responses to logins with credentials that were never right were lost, that another one could block the account.
    fn check_lost(&self, credentials: &Credentials) -> Result<()> {
        let mut state = self.state();
        let now = Instant::now();
        state
            .lost
            .retain(|at| now.saturating_duration_since(*at) < LOST_FOR);
        let is_proven = state
            .proven
            .as_ref()
            .is_some_and(|proven| proven.is_same(credentials));
        match state.lost.first() {
            Some(first) if !is_proven && state.lost.len() >= MOST_LOST => {
                let left = LOST_FOR.saturating_sub(now.saturating_duration_since(*first));
                Err(Error::login_lost(MOST_LOST, left))
            }
            _ => Ok(()),
        }
    }

    fn count_lost(&self, error: &Error, credentials: &Credentials) {
        if !may_have_been_counted(error) {
            return;
        }
        let mut state = self.state();
        let is_proven = state
            .proven
            .as_ref()
            .is_some_and(|proven| proven.is_same(credentials));
        if !is_proven {
            state.lost.push(Instant::now());
        }
    }

    /// Takes a token that was handed in.
    async fn adopt(
        self: &Arc<Self>,
        credentials: &Credentials,
        handed: &Handed,
    ) -> Result<Arc<Token>, NoToken> {
        let now = Instant::now();
        let claims = Claims::of(handed.access.expose_secret());
        let is_over = handed.end.is_some_and(|end| end <= now);
        let refresh = handed.refresh.as_ref().map(|value| RefreshToken {
            value: value.clone(),
            tenant: self.tenant_of(&claims),
            end: None,
            is_own: false,
        });
        {
            let mut state = self.state();
            self.life.check()?;
            let is_known = state
                .handed
                .replace(credentials.clone())
                .is_some_and(|before| before.is_same(credentials));
            if is_known || is_over && refresh.is_none() {
                return Err(Error::no_token(if is_known {
                    "the token that was handed in is no longer accepted, and could not be renewed"
                } else {
                    "the token that was handed in has expired"
                })
                .into());
            }
            if !is_over {
                let header = secret_header(handed.access.expose_secret())?;
                state.generation += 1;
                let token = Arc::new(Token {
                    generation: state.generation,
                    header,
                    tenant: claims.tenant().map(Into::into),
                    obtained: now,
                    lifetime: handed
                        .end
                        .and_then(|end| Lifetime::new(now, end.saturating_duration_since(now))),
                });
                state.refresh = refresh;
                state.token = Some(Arc::clone(&token));
                info!(
                    generation = token.generation,
                    "took the token that was handed in"
                );
                return Ok(token);
            }
        }
        match refresh {
            Some(refresh) => match self.refresh(&refresh).await {
                Err(error) if was_not_carried_out(&error) => Err(self.keep_unused(refresh, error)),
                outcome => Ok(outcome?),
            },
            None => Err(Error::no_token("the token that was handed in has expired").into()),
        }
    }

    /// The tenant to which a token belongs; that of the login, if the token does not say.
    fn tenant_of(&self, claims: &Claims) -> HeaderValue {
        claims
            .tenant()
            .and_then(|tenant| HeaderValue::from_str(tenant).ok())
            .unwrap_or_else(|| self.tenant.clone())
    }

    /// Sends to an authn endpoint, once.
    async fn send(
        &self,
        operation: &'static Operation,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
        started: Instant,
    ) -> Result<Answer> {
        let url = self.gateway.url(operation.path);
        let parsed =
            Url::parse(&url).map_err(|error| Error::configuration(format!("{url}: {error}")))?;
        let sent_at = Instant::now();
        let timeout = timeout.min(self.gateway.timeout());
        let secrets = Secrets::of(&headers, body.as_ref(), true);
        let sent = self
            .gateway
            .send(
                operation.method.clone(),
                parsed,
                headers,
                body,
                self.gateway.timeouts(Some(timeout), None),
                self.gateway.memory.of_login(),
            )
            .await;
        let exchange = || self.exchange(operation, started);
        match sent {
            Ok(answer) if answer.status.is_success() => Ok(answer),
            Ok(answer) => {
                let content_type = answer
                    .headers
                    .get(CONTENT_TYPE)
                    .and_then(|value| value.to_str().ok());
                let error = Error::answered(
                    exchange(),
                    answer.status,
                    content_type,
                    &answer.body,
                    &secrets,
                );
                let error = match answer.status.is_redirection() {
                    true => error.with_help(redirected(&answer.headers, operation.path, &secrets)),
                    false => error,
                };
                Err(error.with_retry_after(retry_after(&answer.headers)))
            }
            Err(failure) => {
                if failure.kind == ErrorKind::Timeout {
                    self.gateway.leave_connection(sent_at);
                }
                Err(failure.into_error(exchange()))
            }
        }
    }

    fn exchange(&self, operation: &'static Operation, started: Instant) -> Exchange {
        Exchange {
            operation,
            method: operation.method.clone(),
            url: self.gateway.url(operation.path),
            attempts: 1,
            elapsed: started.elapsed(),
            sensitive: true,
            in_doubt: false,
            sent: Sent::default(),
        }
    }

    /// Keeps the tokens of an answer.
    fn keep(
        self: &Arc<Self>,
        operation: &'static Operation,
        answer: Answer,
        started: Instant,
    ) -> Result<Arc<Token>> {
        let (token, refresh) = self.tokens(operation, answer, started)?;
        let mut state = self.state();
        state.refresh = refresh;
        state.token = Some(Arc::clone(&token));
        state.refused = None;
        if self.life.is_closed() {
            // Closed while this was on its way: whoever closes waits to log out of it, or gave up waiting.
            let left = state
                .ended
                .then(|| (state.token.take(), state.refresh.take()));
            drop(state);
            if let (Some((token, refresh)), Ok(runtime)) = (left, Handle::try_current()) {
                let auth = Arc::clone(self);
                runtime.spawn(async move { auth.log_out(token, refresh).await });
            }
            return Err(Error::closed());
        }
        Ok(token)
    }

    /// Reads the tokens of an answer.
    fn tokens(
        &self,
        operation: &'static Operation,
        answer: Answer,
        started: Instant,
    ) -> Result<(Arc<Token>, Option<RefreshToken>)> {
        let now = Instant::now();
        let exchange = || self.exchange(operation, started);
        let expiration: Expiration = serde_json::from_slice(&answer.body).unwrap_or_default();
        let date = date(&answer.headers);
        let access = cookie(&answer.headers, ACCESS_COOKIE);
        let refresh = cookie(&answer.headers, REFRESH_COOKIE);
        // The old login gives its token as a header and in the body; and some gateways take cookies away and leave the header.
        let access = access.or_else(|| {
            let header = answer
                .headers
                .get(TOKEN)
                .and_then(|value| value.to_str().ok());
            let value = header.map(str::to_owned).or(expiration.okapi_token)?;
            Some(Cookie {
                value,
                max_age: None,
            })
        });
        let Some(access) = access.filter(|access| !access.value.is_empty()) else {
            return Err(Error::login(
                exchange(),
                format!("the server logged in, but sent no cookie {ACCESS_COOKIE}"),
            )
            .with_help("does a proxy in front of FOLIO remove Set-Cookie?"));
        };
        let header = secret_header(&access.value).map_err(|_| {
            Error::login(
                exchange(),
                "the server sent a token that cannot stand in a header",
            )
        })?;
        let length = length(
            expiration.access_token_expiration.as_deref(),
            access.max_age,
            date,
        );
        let claims = Claims::of(&access.value);
        let tenant = self.tenant_of(&claims);
        let generation = {
            let mut state = self.state();
            state.generation += 1;
            state.generation
        };
        let token = Arc::new(Token {
            generation,
            header,
            tenant: claims.tenant().map(Into::into),
            obtained: now,
            lifetime: length.and_then(|length| Lifetime::new(now, length)),
        });
        let refresh = refresh.map(|refresh| {
            let length = self::length(
                expiration.refresh_token_expiration.as_deref(),
                refresh.max_age,
                date,
            );
            RefreshToken {
                value: refresh.value.into(),
                tenant,
                is_own: true,
                end: length.and_then(|length| now.checked_add(length)),
            }
        });
        Ok((token, refresh))
    }

    /// Closes the client and ends the session. What was closed before stays closed, without a word.
    pub(crate) async fn close(self: &Arc<Self>) -> Result<()> {
        if !self.begin_to_close() {
            return Ok(());
        }
        self.end_session().await
    }

    /// As [`close`](Self::close), for those who cannot wait: the logout is sent in the background, as long as there is a runtime.
    pub(crate) fn close_in_the_background(self: &Arc<Self>) {
        if !self.begin_to_close() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            debug!(
                "there is no runtime to log out in: the session at the server ends when its tokens expire"
            );
            return;
        };
        let auth = Arc::clone(self);
        runtime.spawn(async move {
            if let Err(error) = auth.end_session().await {
                debug!(error = %error, "not logged out");
            }
        });
    }

    /// Ends all waits. False if the client was closed before.
    fn begin_to_close(&self) -> bool {
        let mut state = self.state();
        // With the lock held, so that tokens that come are either seen by who closes or log out themselves.
        let begins = self.life.close();
        state.refused = None;
        state.handed = None;
        begins
    }

    /// Logs out of the session, also of one that a login on its way is about to begin.
    async fn end_session(self: &Arc<Self>) -> Result<()> {
        let renewal = self.state().renewal.clone();
        if let Some(mut renewal) = renewal {
            let renewed = renewal.wait_for(Option::is_some);
            let _ = tokio::time::timeout(LOGOUT_TIMEOUT, renewed).await;
        }
        let (token, refresh) = {
            let mut state = self.state();
            state.ended = true;
            (state.token.take(), state.refresh.take())
        };
        self.log_out(token, refresh).await
    }

    /// Ends this client's session and no other. Without a refresh token of its own nothing is sent: FOLIO takes a logout without one as one of
    /// all sessions of the user.
    async fn log_out(
        &self,
        token: Option<Arc<Token>>,
        refresh: Option<RefreshToken>,
    ) -> Result<()> {
        let now = Instant::now();
        let is_over = |refresh: &RefreshToken| refresh.end.is_some_and(|end| end <= now);
        let Some(mut refresh) = refresh.filter(|refresh| refresh.is_own && !is_over(refresh))
        else {
            debug!("closed without a session of its own");
            return Ok(());
        };
        let mut token = token.filter(|token| token.is_good());
        let mut is_renewed = false;
        loop {
            if token.is_none() && !is_renewed {
                is_renewed = true;
                match self.renew_to_log_out(&refresh).await {
                    Ok((fresh, next)) => {
                        token = Some(fresh);
                        match next.filter(|next| next.is_own) {
                            Some(next) => refresh = next,
                            None => return Ok(()),
                        }
                    }
                    Err(error)
                        if error
                            .status()
                            .is_some_and(|status| status.is_client_error()) =>
                    {
                        debug!(error = %error, "the session had ended");
                        return Ok(());
                    }
                    Err(error) if error.kind() == ErrorKind::Connect => {
                        return Err(error.with_help(STILL_CLOSED));
                    }
                    // Okapi may know the session by the refresh token alone.
                    Err(error) => debug!(error = %error, "not renewed; logging out without"),
                }
            }
            let headers = logout_headers(token.as_deref(), &refresh)?;
            let sent = self.send(&LOGOUT, headers, None, LOGOUT_TIMEOUT, Instant::now());
            match sent.await {
                Ok(_) => {
                    info!("logged out");
                    return Ok(());
                }
                // The token expired earlier than it was said to.
                Err(error) if error.is_unauthenticated() && !is_renewed => token = None,
                Err(error) if error.is_not_found() || error.is_unauthenticated() => {
                    debug!(error = %error, "there was nothing to log out of");
                    return Ok(());
                }
                Err(error) => return Err(error.with_help(STILL_CLOSED)),
            }
        }
    }

    async fn renew_to_log_out(
        &self,
        refresh: &RefreshToken,
    ) -> Result<(Arc<Token>, Option<RefreshToken>)> {
        let started = Instant::now();
        let headers = refresh_headers(refresh)?;
        let sent = self.send(&REFRESH, headers, None, LOGOUT_TIMEOUT, started);
        self.tokens(&REFRESH, sent.await?, started)
    }
}

const STILL_CLOSED: &str =
    "the client is closed all the same; the session at the server ends when its tokens expire";

/// Whether a request was certainly not carried out: nothing was sent, or a limiter rejected it.
fn was_not_carried_out(error: &Error) -> bool {
    error.kind() == ErrorKind::Connect || error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
}

/// Whether a login without a response may have reached the login module, which counts wrong passwords.
fn may_have_been_counted(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Transport => true,
        _ => matches!(
            error.status(),
            Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
        ),
    }
}

/// The help of a redirect: what to configure, if that is where the same path is elsewhere.
pub(crate) fn redirected(headers: &HeaderMap, path: &str, secrets: &Secrets) -> String {
    let location = headers
        .get("location")
        .and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return "the server redirects, and does not say where to: is the URL of the gateway right?"
            .to_owned();
    };
    let target = secrets.shown(&redact::url(location));
    let base = location
        .split(['?', '#'])
        .next()
        .filter(|location| location.starts_with("http") && !location.contains('@'))
        .and_then(|location| location.strip_suffix(path));
    let remedy = match base {
        Some(base) => format!(
            "configure the URL of the gateway as `{}`",
            secrets.shown(base)
        ),
        None => "is the URL of the gateway right?".to_owned(),
    };
    format!(
        "the server redirects to {target}; redirects are not followed: they would leak the token. {remedy}"
    )
}

fn headers(tenant: &HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(TENANT, tenant.clone());
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/plain"),
    );
    headers
}

/// The headers of a renewal: the refresh token, and nothing that may have expired.
fn refresh_headers(refresh: &RefreshToken) -> Result<HeaderMap> {
    let cookie = format!("{REFRESH_COOKIE}={}", refresh.value.expose_secret());
    let mut headers = headers(&refresh.tenant);
    headers.insert(COOKIE, secret_header(&cookie)?);
    Ok(headers)
}

/// The headers that end a session and no other.
fn logout_headers(token: Option<&Token>, refresh: &RefreshToken) -> Result<HeaderMap> {
    let mut cookie = format!("{REFRESH_COOKIE}={}", refresh.value.expose_secret());
    if let Some(token) = token.and_then(|token| token.header.to_str().ok()) {
        cookie = format!("{ACCESS_COOKIE}={token}; {cookie}");
    }
    let mut headers = headers(&refresh.tenant);
    headers.insert(COOKIE, secret_header(&cookie)?);
    Ok(headers)
}

impl Drop for Auth {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !self.life.is_closed() && state.refresh.is_some() {
            debug!(
                "the client was dropped without `close`: its session at the server ends when its tokens expire"
            );
        }
    }
}

#[derive(Serialize)]
struct LoginBody<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Expiration {
    access_token_expiration: Option<String>,
    refresh_token_expiration: Option<String>,
    okapi_token: Option<String>,
}

struct Cookie {
    value: String,
    max_age: Option<Duration>,
}

/// A cookie of an answer. An expired one is none.
fn cookie(headers: &HeaderMap, name: &str) -> Option<Cookie> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .find_map(|header| {
            let mut parts = header.split(';');
            let (found, value) = parts.next()?.split_once('=')?;
            // RFC 6265, 4.1.1: the value may stand in quotes, which are not part of a token.
            let value = value.trim().trim_matches('"');
            if found.trim() != name || value.is_empty() {
                return None;
            }
            let attribute = |name: &str| {
                parts.clone().find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    key.trim()
                        .eq_ignore_ascii_case(name)
                        .then(|| value.trim().trim_matches('"'))
                })
            };
            // RFC 6265, 5.3: `Max-Age` counts, and without it `Expires`. What is in the past takes the cookie back.
            let max_age = attribute("max-age")
                .and_then(|age| age.parse::<i64>().ok())
                .map(|age| Duration::from_secs(u64::try_from(age).unwrap_or_default()));
            let max_age = max_age.or_else(|| {
                let end = httpdate::parse_http_date(attribute("expires")?).ok()?;
                let now = date(headers).unwrap_or_else(SystemTime::now);
                Some(end.duration_since(now).unwrap_or_default())
            });
            // A server that takes a cookie back.
            if max_age == Some(Duration::ZERO) {
                return None;
            }
            Some(Cookie {
                value: value.to_owned(),
                max_age,
            })
        })
}

/// How long a token lives: until the instant in the body, by the server's own clock where it tells it, or for the cookie's age; the shorter.
fn length(
    expiration: Option<&str>,
    max_age: Option<Duration>,
    date: Option<SystemTime>,
) -> Option<Duration> {
    let until = expiration.and_then(|text| humantime::parse_rfc3339(text).ok());
    let by_body = until.and_then(|until| {
        until
            .duration_since(date.unwrap_or_else(SystemTime::now))
            .ok()
    });
    match (by_body, max_age) {
        (Some(body), Some(cookie)) => Some(body.min(cookie)),
        (one, other) => one.or(other),
    }
}

/// The server's own clock.
fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

fn secret_header(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::configuration(
            "a token or cookie of the server has characters that a header cannot have",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    retry::retry_after(
        headers.get("retry-after")?.to_str().ok()?,
        SystemTime::now(),
    )
}
