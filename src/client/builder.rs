//! The settings of a client, and its construction from them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::client::environment::Environment;
use crate::client::handle::{Directory, FolioClient, Shared};
use crate::client::marker::Async;
use crate::engine::auth::{
    AnySource, Auth, Credentials, CredentialsProvider, EnvironmentCredentials, Password,
};
use crate::engine::cache::Cache;
use crate::engine::http::{HttpService, Layer};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::limit::{Limit, Rate};
use crate::engine::memory::MemoryLimits;
use crate::engine::pace::Pace;
use crate::engine::proxy::Proxy;
use crate::engine::request_line::{self, RequestLine};
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::engine::tls::TlsOptions;
use crate::engine::transport::{Gateway, Options};
use crate::value::redact;
use crate::wire::error::{Error, Result};
use crate::wire::retry::RetryPolicy;
use crate::wire::retry_budget::RetryBudget;

impl FolioClient {
    /// Creates a builder for a client of the FOLIO system at `url`: the URL of Okapi, of Kong, or
    /// of a proxy in front of them, including its path, if it has one
    /// (`https://folio.example.edu/okapi`).
    pub fn builder(url: impl Into<String>) -> FolioClientBuilder {
        FolioClientBuilder::new(url)
    }

    /// Creates a builder from environment variables: `FOLIO_URL`, `FOLIO_TENANT`, and
    /// `FOLIO_USERNAME` and `FOLIO_PASSWORD`, which are read again for each login
    /// ([`EnvironmentCredentials`]). Timeouts and retries come from the variables of
    /// [`Environment`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), folio_sdk::Error> {
    /// let folio = folio_sdk::FolioClient::from_env()?.connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) names the variable that is not
    /// set or is not UTF-8 text.
    pub fn from_env() -> Result<FolioClientBuilder> {
        FolioClientBuilder::from_env()
    }
}

/// Builds a [`FolioClient`].
#[must_use = "a builder builds nothing before `connect` or `build`"]
pub struct FolioClientBuilder<M = Async> {
    url: String,
    tenant: String,
    login_tenant: Option<String>,
    source: Option<Box<dyn AnySource>>,
    environment: Environment,
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    memory: MemoryLimits,
    queue_timeout: Option<Duration>,
    deadline: Option<Duration>,
    max_in_flight: usize,
    rate: Option<(f64, u32)>,
    tls: TlsOptions,
    proxy: Proxy,
    retry: Option<RetryPolicy>,
    user_agent: String,
    max_request_line: usize,
    service: Option<Arc<dyn HttpService>>,
    layers: Vec<Layer>,
    mode: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for FolioClientBuilder<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioClientBuilder")
            .field("url", &redact::url(&self.url))
            .field("tenant", &self.tenant)
            .field("login_tenant", &self.login_tenant)
            .field("source", &self.source)
            .field("environment", &self.environment)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("queue_timeout", &self.queue_timeout)
            .field("deadline", &self.deadline)
            .field("max_in_flight", &self.max_in_flight)
            .field("rate", &self.rate)
            .field("service", &self.service)
            .field("layers", &self.layers.len())
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("retry", &self.retry)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

impl<M> FolioClientBuilder<M> {
    pub(crate) fn from_env() -> Result<Self> {
        let environment = Environment::from_env();
        let url = environment.required(
            "FOLIO_URL",
            "the URL of the gateway, such as https://folio.example.edu",
        )?;
        let tenant = environment.required("FOLIO_TENANT", "the tenant id, such as diku")?;
        Ok(Self::new(url)
            .tenant(tenant)
            .credentials_provider(EnvironmentCredentials::default()))
    }

    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tenant: String::new(),
            login_tenant: None,
            source: None,
            environment: Environment::from_env(),
            connect_timeout: None,
            timeout: None,
            read_timeout: None,
            memory: MemoryLimits::default(),
            queue_timeout: None,
            deadline: None,
            max_in_flight: 16,
            rate: None,
            tls: TlsOptions::default(),
            proxy: Proxy::default(),
            retry: None,
            user_agent: concat!("folio-sdk/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_request_line: request_line::MOST_BYTES,
            service: None,
            layers: Vec::new(),
            mode: PhantomData,
        }
    }

    /// The client, for both call modes.
    pub(crate) fn assemble(self, directory: &'static dyn Directory) -> Result<FolioClient> {
        let tenant = Tenant::new(&self.tenant);
        let header = tenant.header()?.clone();
        let header = match &self.login_tenant {
            None => header,
            Some(tenant) => Tenant::new(tenant).header()?.clone(),
        };
        let source = self.source.ok_or_else(|| {
            Error::configuration("no credentials are configured: call `credentials(username, password)`, `token` or `credentials_provider`")
        })?;
        let settings = self.environment.settings()?;
        let retry = self.retry.unwrap_or(settings.retry);
        let options = Options {
            connect_timeout: self
                .connect_timeout
                .or(settings.connect_timeout)
                .unwrap_or(Duration::from_secs(10)),
            timeout: self.timeout.or(settings.timeout),
            read_timeout: self.read_timeout.or(settings.read_timeout),
            write_timeout: settings.write_timeout,
            memory: self.memory,
            max_in_flight: self.max_in_flight,
            user_agent: self.user_agent,
            tls: self.tls,
            proxy: self.proxy,
            service: self.service,
            layers: self.layers,
        };
        let gateway = Arc::new(Gateway::new(&self.url, options)?);
        let life = Arc::new(Lifecycle::default());
        let auth = Auth::new(
            Arc::clone(&gateway),
            header,
            source,
            retry.clone(),
            Arc::clone(&life),
        );
        let session = Session {
            life,
            gateway,
            auth,
            cache: Cache::default(),
            limit: Limit::new(
                self.max_in_flight,
                self.queue_timeout.or(settings.queue_timeout),
            ),
            rate: self
                .rate
                .and_then(|(per_second, burst)| Rate::new(per_second, burst)),
            budget: RetryBudget::of(&retry),
            request_line: RequestLine::new(self.max_request_line),
            pace: Pace::new(),
            deadline: self.deadline,
            retry,
        };
        Ok(FolioClient::of(Shared {
            session: Arc::new(session),
            tenant,
            directory,
        }))
    }

    /// The tenant of requests, and of the login, unless [`login_tenant`](Self::login_tenant) is
    /// set. Required.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The tenant of the login, if it differs from that of the requests: in a consortium, the
    /// tenant in which the user has a password, while requests go to a tenant with which the user
    /// has an affiliation.
    pub fn login_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.login_tenant = Some(tenant.into());
        self
    }

    /// The user name and the password for the login.
    pub fn credentials(self, username: impl Into<String>, password: impl Into<Password>) -> Self {
        self.credentials_provider(Credentials::password(username, password))
    }

    /// An existing access token, in place of a login. To supply its refresh token as well, use
    /// [`Credentials::token`].
    pub fn token(self, access: impl Into<SecretString>) -> Self {
        self.credentials_provider(Credentials::token(access))
    }

    /// A provider of credentials, in place of fixed ones.
    pub fn credentials_provider(mut self, source: impl CredentialsProvider) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The environment variables that configure the client, except for settings made by the
    /// program: those of the process by default. See [`Environment`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// The timeout for establishing a connection. 10 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The timeout of one attempt of a request, until its complete response. 90 seconds by default;
    /// gateways usually give up after 60.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The idle timeout: the maximum time without data from the server, before its response starts
    /// and between two pieces of it. Then the attempt fails with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), and the outcome of a write is unknown. 60
    /// seconds by default; if a longer [`timeout`](Self::timeout) is set, the server has that time
    /// to start its response.
    ///
    /// Okapi keeps a connection open forever if a module stops in the middle of its response, and
    /// some requests never get a response.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// The memory limits for responses. See [`MemoryLimits`] for the defaults.
    pub fn memory_limits(mut self, limits: MemoryLimits) -> Self {
        self.memory = limits;
        self
    }

    /// The maximum wait of a request for a concurrency slot, while
    /// [`max_in_flight`](Self::max_in_flight) other requests are in flight; then it fails with a
    /// timeout, without being sent. Unlimited by default.
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.queue_timeout = Some(timeout);
        self
    }

    /// The maximum duration of a whole call: the wait for a concurrency slot, the login that it
    /// needs, all its attempts and the waits between them. Then it fails with the error of its last
    /// attempt, or with a timeout. Unlimited by default. Each page of a list is one call, and a
    /// batch is many calls; for a download the deadline applies until its response starts.
    ///
    /// `docs/gateways.md` has a table of all timeouts.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The concurrency limit: the maximum number of requests in flight; further requests wait in
    /// order of arrival. 16 by default, at least 1.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// The rate limit: the average number of requests per second; further requests wait in order of
    /// arrival. After a pause up to `burst` requests are sent at once (at least 1). Retries count,
    /// logins do not. Unlimited by default, and for values that are not positive.
    pub fn rate_limit(mut self, requests_per_second: f64, burst: u32) -> Self {
        self.rate = Some((requests_per_second, burst));
        self
    }

    /// The maximum length of a request line in bytes: method, path including that of the gateway,
    /// encoded query, and ` HTTP/1.1`. 4,096 by default, at least 256. Okapi and the modules accept
    /// 4,096 (Vert.x's default); set it lower for a proxy that accepts less, or higher if gateway
    /// and modules are known to accept more.
    ///
    /// Requests for many ids or values are split so that each is within this limit. If the server
    /// nevertheless rejects one with 414, the client splits further and remembers the limit for all
    /// its clones. Any other longer request becomes `POST …/retrieve` if the collection has that;
    /// otherwise it is an error, and nothing is sent.
    pub fn max_request_line(mut self, bytes: usize) -> Self {
        self.max_request_line = bytes;
        self
    }

    /// The retry policy. By default it comes from the [`Environment`], and otherwise is
    /// [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Additional trusted root certificates, as PEM: for a gateway whose certificate was issued by
    /// a private authority. Can be called several times. Invalid PEM is reported by
    /// [`build`](Self::build).
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = folio_sdk::FolioClient::builder("https://folio.example.edu")
    ///     .root_certificates(std::fs::read("/etc/ssl/library-ca.pem")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// As [`root_certificates`](Self::root_certificates), without trusting those of the system.
    pub fn only_root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.only_these_roots = true;
        self.root_certificates(pem)
    }

    /// The client certificate for a gateway that requires one (mTLS), as PEM: the client's
    /// certificate, its chain up to a root, and its private key.
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.identity = Some(pem.into().into());
        self
    }

    /// Accepts any certificate of the gateway: expired, issued for another host, self-signed. **An
    /// attacker on the network path to the gateway can then read and change everything, including
    /// the password.** For tests only; for a gateway with a private certificate use
    /// [`root_certificates`](Self::root_certificates).
    pub fn danger_accept_invalid_certificates(mut self, accept: bool) -> Self {
        self.tls.accept_invalid = accept;
        self
    }

    /// The forward proxy of all connections: `http://proxy.example.edu:3128`, with user name and
    /// password if it requires them (`http://user:password@…`; they are redacted from all output).
    /// Without this, the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` apply, by their usual rules.
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.proxy = Proxy::At(url.into());
        self
    }

    /// Connects directly to the gateway, ignoring the proxy variables of the environment.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// Sends requests with this service in place of the SDK's own connections:
    /// [`tls`](Self::root_certificates), proxies and the connection timeout are then the service's
    /// responsibility. See [`HttpService`].
    pub fn http_service(mut self, service: impl HttpService) -> Self {
        self.service = Some(Arc::new(service));
        self
    }

    /// Wraps the service that sends requests: see [`HttpService`]. A layer that is added later is
    /// outside of earlier ones: it sees a request first, and its response last.
    pub fn http_layer(
        mut self,
        layer: impl FnOnce(Arc<dyn HttpService>) -> Arc<dyn HttpService> + Send + Sync + 'static,
    ) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The header `User-Agent`: `folio-sdk/` and its version by default.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }
}
