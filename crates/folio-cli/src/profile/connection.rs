//! The system, tenant and user of a command: from options, a profile, or the environment.
//!
//! All parts come from one source, so that a password of one system is not sent to another:
//!
//! 1. the profile that `--profile` or `FOLIO_PROFILE` names;
//! 2. otherwise the environment, if `FOLIO_URL` is set, or `--url` and `FOLIO_USERNAME` are;
//! 3. otherwise the default profile.
//!
//! `--tenant` and `--url` replace a part. With another URL than that of the profile the stored
//! password is not used.

use folio_sdk::{FolioClient, FolioClientBuilder};
use url::Url;

use crate::error::CliError;
use crate::exit::Exit;
use crate::global::Global;
use crate::output::console::Console;
use crate::profile::config::{Config, Profile};
use crate::profile::{environment, keyring, password};

/// The name of the program in the requests.
pub(crate) const USER_AGENT: &str = concat!("folio-cli/", env!("CARGO_PKG_VERSION"));

/// The system, tenant and user of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) url: String,
    /// The tenant on which the command acts.
    pub(crate) tenant: String,
    /// The tenant of the user, if it is another one.
    pub(crate) login_tenant: Option<String>,
    pub(crate) username: String,
    pub(crate) profile: Option<Profile>,
}

impl Connection {
    /// Determines it; nothing is sent.
    pub(crate) fn of(global: &Global) -> Result<Self, CliError> {
        match selected(global)? {
            Some(profile) => Ok(Self::of_profile(profile, global)),
            None => Self::of_environment(global),
        }
    }

    fn of_profile(profile: Profile, global: &Global) -> Self {
        let url = global.url.clone().unwrap_or_else(|| profile.url.clone());
        let tenant = global
            .tenant
            .clone()
            .unwrap_or_else(|| profile.tenant.clone());
        Self {
            url,
            login_tenant: (tenant != profile.tenant).then(|| profile.tenant.clone()),
            tenant,
            username: profile.username.clone(),
            profile: Some(profile),
        }
    }

    fn of_environment(global: &Global) -> Result<Self, CliError> {
        let url = global.url.clone();
        let url = url.map_or_else(
            || environment::variable(environment::URL),
            |url| Ok(Some(url)),
        );
        let Some(url) = url? else {
            return Err(CliError::usage("no FOLIO system is selected")
                .with_help("run `folio login` once to store a profile, or set FOLIO_URL, FOLIO_TENANT, FOLIO_USERNAME and FOLIO_PASSWORD"));
        };
        let own = environment::variable(environment::TENANT)?;
        let Some(tenant) = global.tenant.clone().or_else(|| own.clone()) else {
            return Err(CliError::usage(format!("no tenant is selected for {url}"))
                .with_help("pass --tenant, or set FOLIO_TENANT"));
        };
        let Some(username) = environment::variable(environment::USERNAME)? else {
            return Err(
                CliError::new(Exit::Authentication, format!("no user is selected for {url}"))
                    .with_help("run `folio login` once to store a profile, or set FOLIO_USERNAME and FOLIO_PASSWORD"),
            );
        };
        Ok(Self {
            url,
            login_tenant: own.filter(|own| *own != tenant),
            tenant,
            username,
            profile: None,
        })
    }

    /// Builds the client with these settings, and the password from the keyring, the environment or
    /// a prompt. Nothing is sent.
    pub(crate) async fn client(
        &self,
        set: impl FnOnce(FolioClientBuilder) -> FolioClientBuilder,
        console: &Console,
    ) -> Result<FolioClient, CliError> {
        without_credentials(&self.url)?;
        let builder = set(self.builder());
        let in_environment = environment::password_of(&self.username)?;
        let is_elsewhere = in_environment.is_some() || console.has_terminal();
        match self.stored_password().await {
            Ok(Some(password)) => {
                return Ok(builder.credentials(&self.username, password).build()?);
            }
            Ok(None) => {}
            // A locked keyring, or a login without a desktop.
            Err(error) if is_elsewhere => console.warning(error.message()),
            Err(error) => return Err(error),
        }
        if let Some(password) = in_environment {
            let builder = match self.profile {
                Some(_) => builder.credentials(&self.username, password),
                None => builder.credentials_provider(environment::credentials()),
            };
            return Ok(builder.build()?);
        }
        if console.has_terminal() {
            let question = format!("Password of {} at {}: ", self.username, self.url);
            let password = password::prompt(console, question).await?;
            return Ok(builder.credentials(&self.username, password).build()?);
        }
        Err(self.without_password())
    }

    /// A builder of clients without credentials.
    fn builder(&self) -> FolioClientBuilder {
        let builder = FolioClient::builder(&self.url)
            .tenant(&self.tenant)
            .user_agent(USER_AGENT);
        match &self.login_tenant {
            Some(tenant) => builder.login_tenant(tenant),
            None => builder,
        }
    }

    /// The password in the keyring. It is bound to the URL of the profile.
    async fn stored_password(&self) -> Result<Option<secrecy::SecretString>, CliError> {
        let Some(profile) = &self.profile else {
            return Ok(None);
        };
        match profile.keyring {
            Some(keyring) if same_url(&profile.url, &self.url) => {
                keyring::load(keyring, profile.secret()).await
            }
            _ => Ok(None),
        }
    }

    fn without_password(&self) -> CliError {
        let error = CliError::new(
            Exit::Authentication,
            format!("there is no password of {} at {}", self.username, self.url),
        );
        match &self.profile {
            Some(profile) if !same_url(&profile.url, &self.url) => error.with_help(format!(
                "the stored password of profile `{}` is only for {}: set FOLIO_PASSWORD for another URL",
                profile.name, profile.url
            )),
            Some(profile) => error.with_help(format!(
                "run `folio login --profile {}`, or set FOLIO_PASSWORD",
                profile.name
            )),
            None => error.with_help("set FOLIO_PASSWORD, or run `folio login` once"),
        }
    }
}

/// Checks that a URL contains no password: it would be stored, and shown.
///
/// # Errors
/// It has a user name or a password. Text that is not a URL has one if there is an `@` before its
/// path.
pub(crate) fn without_credentials(url: &str) -> Result<(), CliError> {
    let has_credentials = match Url::parse(url) {
        Ok(url) => !url.username().is_empty() || url.password().is_some(),
        Err(_) => {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            authority.contains('@')
        }
    };
    if has_credentials {
        return Err(CliError::usage(
            "the URL contains a user name or a password; nothing was sent",
        )
        .with_help(
            "remove them from the URL: the user name and the password of the login are separate",
        ));
    }
    Ok(())
}

/// Whether two URLs name the same gateway.
fn same_url(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// The selected profile; none if the environment is.
fn selected(global: &Global) -> Result<Option<Profile>, CliError> {
    let named = environment::named_profile(global)?;
    // The environment needs no config file, nor a folder for it.
    if named.is_none() && is_environment(global)? {
        return Ok(None);
    }
    let config = Config::load()?;
    let name = match named {
        Some(name) => name,
        None => match config.default_name() {
            Some(name) => name.to_owned(),
            None => return Ok(None),
        },
    };
    match config.profile(&name)? {
        Some(profile) => Ok(Some(profile)),
        None => Err(unknown(&config, &name)),
    }
}

/// Whether the environment names a system, or the user of the system that `--url` names.
fn is_environment(global: &Global) -> Result<bool, CliError> {
    if environment::variable(environment::URL)?.is_some() {
        return Ok(true);
    }
    Ok(global.url.is_some() && environment::variable(environment::USERNAME)?.is_some())
}

/// The error for a profile that the config file lacks.
pub(crate) fn unknown(config: &Config, name: &str) -> CliError {
    let names = config.names();
    let error = CliError::usage(format!(
        "there is no profile `{name}` in `{}`",
        config.path().display()
    ));
    if names.is_empty() {
        error.with_help(format!("store one: `folio login --profile {name}`"))
    } else {
        error.with_help(format!("there are: {}", names.join(", ")))
    }
}
