//! `folio whoami`: shows the user, the tenant and the system of the selected profile.

use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::profile::environment;

/// Shows the user, the tenant and the system of the selected profile
///
/// It logs in, and reads the record of the user (GET /users/{id}), if the user may read it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio whoami
  folio whoami --profile test --format json")]
pub(crate) struct Args {}

/// What is known about the user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    profile: Option<String>,
    url: String,
    tenant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_tenant: Option<String>,
    username: String,
    user_id: Option<String>,
    name: Option<String>,
    active: Option<bool>,
    /// Where the password comes from.
    password: String,
}

const COLUMNS: &[&str] = &[
    "profile", "url", "tenant", "username", "userId", "name", "active", "password",
];

pub(crate) async fn run(context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    let connection = context.connection()?;
    let folio = context.folio().await?;
    // The login proves that the password is valid.
    folio.connect().await?;
    let user = match folio.current_user::<Value>().await {
        Ok(user) => Some(user),
        Err(error) => {
            context.console.note(format_args!(
                "The record of the user cannot be read: {error}"
            ));
            None
        }
    };
    let user_id = match &user {
        Some(user) => user.get("id").and_then(Value::as_str).map(str::to_owned),
        None => folio.current_user_id().await.ok().map(|id| id.to_string()),
    };
    let keyring = connection
        .profile
        .as_ref()
        .and_then(|profile| profile.keyring);
    let password = match keyring {
        Some(keyring) => keyring.name(),
        None if environment::password_of(&connection.username)?.is_some() => environment::PASSWORD,
        None => "not stored",
    }
    .to_owned();
    let identity = Identity {
        profile: connection.profile.map(|profile| profile.name),
        url: connection.url,
        tenant: connection.tenant,
        login_tenant: connection.login_tenant,
        username: connection.username,
        user_id,
        name: user.as_ref().and_then(name),
        active: user
            .as_ref()
            .and_then(|user| user.get("active"))
            .and_then(Value::as_bool),
        password,
    };
    context.results.row(COLUMNS, &identity)?;
    Ok(Exit::Success)
}

fn name(user: &Value) -> Option<String> {
    let personal = user.get("personal")?;
    let part = |key| personal.get(key).and_then(Value::as_str);
    let parts: Vec<&str> = [part("firstName"), part("lastName")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
