//! `folio logout`: forgets the password of a profile.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::profile::config::{Config, Profile};
use crate::profile::connection::unknown;
use crate::profile::{environment, keyring};

/// Forgets the password of a profile
///
/// The password is removed from the keyring, and with `--remove` the profile from the config file.
/// Sessions of the server need no logout: each command logs out of its own session when it ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio logout                          # the default profile
  folio logout --profile test --remove
  folio logout --all")]
pub(crate) struct Args {
    /// Removes the profile itself, too
    #[arg(long)]
    remove: bool,
    /// All profiles
    #[arg(long, conflicts_with = "profile")]
    all: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let config = Config::load()?;
    let names = names(context, &args, &config)?;
    for name in names {
        let Some(profile) = config.profile(&name)? else {
            return Err(unknown(&config, &name));
        };
        forget(context, &profile, args.remove).await?;
    }
    Ok(Exit::Success)
}

fn names(context: &Context, args: &Args, config: &Config) -> Result<Vec<String>, CliError> {
    if args.all {
        return Ok(config.names().into_iter().map(str::to_owned).collect());
    }
    let named = environment::named_profile(&context.global)?;
    let name = named.or_else(|| config.default_name().map(str::to_owned));
    match name {
        Some(name) => Ok(vec![name]),
        None => Err(CliError::usage("there is no default profile")
            .with_help("name one with --profile, or pass --all")),
    }
}

async fn forget(context: &Context, profile: &Profile, remove: bool) -> Result<(), CliError> {
    let name = &profile.name;
    let had_password = match profile.keyring {
        Some(keyring) => keyring::forget(keyring, profile.secret()).await?,
        None => false,
    };
    if remove {
        Config::change(|config| config.remove(name))?;
        context
            .console
            .note(format_args!("The profile {name} is removed."));
    } else if profile.keyring.is_some() {
        let without = Profile {
            keyring: None,
            ..profile.clone()
        };
        Config::change(|config| config.set(&without, false))?;
    }
    context.console.note(if had_password {
        format!("The password of {name} is forgotten.")
    } else {
        format!("There was no stored password of {name}.")
    });
    Ok(())
}
