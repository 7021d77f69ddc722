//! `folio login`: proves a user name and a password, and stores them as a profile.

use folio_sdk::FolioClient;
use secrecy::SecretString;
use url::{Host, Url};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::profile::config::{Config, Profile};
use crate::profile::connection::{USER_AGENT, without_credentials};
use crate::profile::{environment, keyring, password};

/// The name of the profile if none is given.
const DEFAULT: &str = "default";

/// Proves a user name and a password, and stores them as a profile
///
/// The URL, the tenant and the user name are stored in `folio/config.toml` below `$XDG_CONFIG_HOME`
/// (`~/.config`), and the password in the keyring of the operating system. Nothing is stored before
/// the server has accepted the password. A value that is not given is that of the stored profile,
/// or of FOLIO_URL, FOLIO_TENANT and FOLIO_USERNAME, or is asked for. There is no option for the
/// password, because other users of the machine can see options.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio login --url https://folio.example.edu --tenant diku --username diku_admin
  folio login --profile test            # asks for everything; later: folio get /users --profile test
  pass show folio | folio login --password-stdin --username diku_admin")]
pub(crate) struct Args {
    /// The user name
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Reads the password from the first line of the standard input
    #[arg(long)]
    password_stdin: bool,
    /// Stores the profile without the password; commands read it from FOLIO_PASSWORD or ask for it
    #[arg(long)]
    no_keyring: bool,
    /// Makes this profile the one that is used without `--profile`; the first one is it anyway
    #[arg(long)]
    make_default: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let mut profile = profile(context, &args).await?;
    without_credentials(&profile.url)?;
    let password = password_of(context, &args, &profile).await?;
    if is_unencrypted(&profile.url) {
        context.console.warning(format_args!(
            "{} has no TLS: the password is sent unencrypted",
            profile.url
        ));
    }
    prove(&profile, password.clone()).await?;
    let old = Config::load()?.profile(&profile.name).ok().flatten();
    if !args.no_keyring {
        profile.keyring = Some(keyring::store(profile.secret(), password).await?);
    }
    let written = Config::change(|config| config.set(&profile, args.make_default));
    if let Err(error) = written {
        // Without its profile the password would never be found.
        if let Some(keyring) = profile.keyring {
            let _ = keyring::forget(keyring, profile.secret()).await;
        }
        return Err(error);
    }
    forget_replaced(context, old, &profile).await;
    let Profile {
        name,
        url,
        tenant,
        username,
        keyring,
    } = &profile;
    context.console.note(format_args!(
        "Logged in to {url} as {username} of tenant {tenant}. Profile: {name}."
    ));
    context.console.note(match keyring {
        Some(keyring) => format!(
            "The password is in {}{}.",
            keyring.description(),
            keyring.lifetime()
        ),
        None => {
            "The password is not stored: set FOLIO_PASSWORD, or answer the prompt of each command."
                .to_owned()
        }
    });
    Ok(Exit::Success)
}

/// The profile, from options, a stored profile, the environment, or answers.
async fn profile(context: &Context, args: &Args) -> Result<Profile, CliError> {
    let global = &context.global;
    let config = Config::load()?;
    let named = environment::named_profile(global)?;
    let is_named = named.is_some();
    let name = named
        .or_else(|| config.default_name().map(str::to_owned))
        .unwrap_or_else(|| DEFAULT.to_owned());
    // A profile that is not complete is replaced: its error states to log in again.
    let stored = config.profile(&name).unwrap_or_else(|error| {
        context.console.warning(error.message());
        None
    });
    // A profile that was named counts more than the environment.
    let value = |given: &Option<String>, stored: Option<&String>, variable: &str| {
        if let Some(given) = given {
            return Ok(Some(given.clone()));
        }
        let other = environment::variable(variable)?;
        let stored = stored.cloned();
        Ok::<_, CliError>(if is_named {
            stored.or(other)
        } else {
            other.or(stored)
        })
    };
    let stored = stored.as_ref();
    let url = value(&global.url, stored.map(|it| &it.url), environment::URL)?;
    let tenant = value(
        &global.tenant,
        stored.map(|it| &it.tenant),
        environment::TENANT,
    )?;
    let username = value(
        &args.username,
        stored.map(|it| &it.username),
        environment::USERNAME,
    )?;
    Ok(Profile {
        url: or_ask(
            context,
            url,
            "URL of the gateway (Okapi or Kong): ",
            "--url",
        )
        .await?,
        tenant: or_ask(context, tenant, "Tenant: ", "--tenant").await?,
        username: or_ask(context, username, "User name: ", "--username").await?,
        name,
        keyring: None,
    })
}

async fn or_ask(
    context: &Context,
    value: Option<String>,
    question: &str,
    option: &str,
) -> Result<String, CliError> {
    if let Some(value) = value {
        return Ok(value);
    }
    if !context.console.is_interactive() {
        return Err(CliError::usage(format!(
            "{option} is missing, and there is no terminal to ask"
        )));
    }
    let answer = context.console.ask(question).await?;
    let answer = answer.trim();
    if answer.is_empty() {
        return Err(CliError::usage(format!(
            "{option} is empty; nothing was sent"
        )));
    }
    Ok(answer.to_owned())
}

async fn password_of(
    context: &Context,
    args: &Args,
    profile: &Profile,
) -> Result<SecretString, CliError> {
    if args.password_stdin {
        return password::from_stdin().await;
    }
    if let Some(password) = environment::password_of(&profile.username)? {
        context
            .console
            .note("The password comes from FOLIO_PASSWORD.");
        return Ok(password);
    }
    if !context.console.has_terminal() {
        return Err(
            CliError::usage("there is no terminal to ask for the password")
                .with_help("pass it with --password-stdin, or in FOLIO_PASSWORD"),
        );
    }
    let Profile { username, url, .. } = profile;
    password::prompt(
        &context.console,
        format!("Password of {username} at {url}: "),
    )
    .await
}

/// Whether others on the network can read what is sent.
fn is_unencrypted(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_local
}

/// Logs in and out.
async fn prove(profile: &Profile, password: SecretString) -> Result<(), CliError> {
    let folio = FolioClient::builder(&profile.url)
        .tenant(&profile.tenant)
        .credentials(&profile.username, password)
        .user_agent(USER_AGENT)
        .build()?;
    let login = folio.connect().await;
    // The session ends by itself if this fails.
    let _ = folio.close().await;
    Ok(login?)
}

/// Removes the password of the profile that was replaced, unless it is the same entry.
async fn forget_replaced(context: &Context, old: Option<Profile>, new: &Profile) {
    let Some(old) = old else { return };
    let Some(keyring) = old.keyring else { return };
    if Some(keyring) == new.keyring && old.secret() == new.secret() {
        return;
    }
    if let Err(error) = keyring::forget(keyring, old.secret()).await {
        context.console.warning(format_args!(
            "the password of the replaced profile is left: {error}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::is_unencrypted;

    #[test]
    fn passwords_to_other_machines_need_tls() {
        for url in [
            "http://folio.example.edu",
            "HTTP://folio.example.edu:9130/okapi",
            "http://localhost.example.edu",
            "http://192.168.1.5",
            "http://[2001:db8::1]:9130",
        ] {
            assert!(is_unencrypted(url), "{url}");
        }
        for url in [
            "https://folio.example.edu",
            "http://localhost:9130",
            "http://LOCALHOST",
            "http://127.0.0.1",
            "http://127.1.2.3:8000/path",
            "http://[::1]:9130",
        ] {
            assert!(!is_unencrypted(url), "{url}");
        }
    }
}
