//! `folio routes`: finds operations by words, with their permissions, and whether the tenant and the
//! user have them.

use serde::Serialize;

use crate::context::Context;
use crate::data::{self, Operation, Release};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::Format;
use crate::info::answer::Answer;
use crate::info::names::{is_method, is_module, plain};
use crate::info::path_template::matches;
use crate::info::permissions::{self, Permissions};
use crate::info::tenant;

/// Finds operations by words
///
/// All words must occur in the path, the name, the module, the interface, a permission or the record
/// of the operation, in any case. A method in capital letters (GET) selects operations with this
/// method, and a path with ids (/users/0a1b…) those to which it belongs.
///
/// With a profile or FOLIO_URL, the tenant is asked for its modules and interfaces, and for the
/// permissions of the user. `unknown` means that they could not be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio routes loan renew
  folio routes GET /users/{userId} --offline
  folio routes users.item.put --release sunflower
  folio routes hold --module mod-circulation --format json")]
pub(crate) struct Args {
    /// The words
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// The release; by default that of the tenant, or the newest one
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
    /// Only operations of this module
    #[arg(long, value_name = "MODULE")]
    module: Option<String>,
    /// Sends nothing
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let releases = data::releases()?;
    let named = data::release_named(&releases, args.release.as_deref())?;
    let tenant = match args.offline {
        true => None,
        false => tenant::of_login(context, &releases).await,
    };
    let of_tenant = tenant.as_ref().and_then(|tenant| tenant.release);
    let release = match &args.release {
        None => of_tenant.unwrap_or(named),
        Some(_) => named,
    };
    let operations = data::operations()?;
    let in_release: Vec<&Operation> = operations
        .iter()
        .filter(|operation| operation.releases.contains(&release.name))
        .filter(|operation| {
            let module = args.module.as_deref();
            module.is_none_or(|module| is_module(&operation.module, module))
        })
        .collect();
    let calls = |operation: &Operation| call(release, operation);
    let found: Vec<&&Operation> = in_release
        .iter()
        .filter(|operation| {
            let text = searched(operation, &calls(operation));
            args.words.iter().all(|word| has(operation, &text, word))
        })
        .collect();
    if found.is_empty() {
        return Err(nothing(&args, release, &operations, in_release.is_empty()));
    }
    let permissions = match &tenant {
        Some(tenant) => permissions::of_user(&tenant.folio, tenant.platform).await,
        None => Permissions::Unknown("no tenant was asked".to_owned()),
    };
    if let (Some(_), Permissions::Unknown(reason)) = (&tenant, &permissions) {
        context.console.note(format_args!(
            "the permissions of the user are unknown: {reason}"
        ));
    }
    let rows = found.iter().map(|operation| Row {
        method: &operation.method,
        path: &operation.path,
        call: calls(operation),
        module: &operation.module,
        version: release
            .modules
            .get(&operation.module)
            .map(|module| &*module.version),
        interface: operation.interface.as_deref(),
        permissions: operation.permissions.as_deref(),
        desired: &operation.desired,
        of_module: &operation.of_module,
        parameters: &operation.parameters,
        list: operation.style.as_deref(),
        items: operation.items.as_deref(),
        key: operation.key.as_deref(),
        max: operation.max,
        record: operation.record.as_deref().map(plain),
        body: operation
            .body
            .as_ref()
            .and_then(|body| body.as_str())
            .map(plain),
        deletes: operation.deletes.as_ref(),
        effect: operation.effect,
        untyped: operation.untyped,
        release: &release.name,
        tenant: tenant.as_ref().map(|tenant| tenant.has(operation, release)),
        user: tenant.as_ref().map(|_| may(operation, &permissions)),
    });
    write(context, rows, tenant.is_some())?;
    context.console.note(format_args!(
        "{} of {} operations of {}",
        found.len(),
        in_release.len(),
        release.name
    ));
    Ok(Exit::Success)
}

/// An operation, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    method: &'a str,
    path: &'a str,
    /// The call of the SDK.
    call: String,
    module: &'a str,
    version: Option<&'a str>,
    interface: Option<&'a str>,
    permissions: Option<&'a [String]>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    desired: &'a [String],
    #[serde(
        rename = "modulePermissions",
        skip_serializing_if = "<[String]>::is_empty"
    )]
    of_module: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    parameters: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<&'a str>,
    /// The unique key by which the list is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The largest page.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletes: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "is_false")]
    effect: bool,
    #[serde(skip_serializing_if = "is_false")]
    untyped: bool,
    release: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Answer>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Whether the user may call an operation.
fn may(operation: &Operation, permissions: &Permissions) -> Answer {
    let Some(needed) = operation.permissions.as_deref() else {
        return Answer::Unknown("the permissions of the operation are not described".to_owned());
    };
    match permissions.missing(needed) {
        None => Answer::Unknown(String::new()),
        Some(missing) if missing.is_empty() => Answer::Yes,
        Some(missing) => Answer::No(format!("lacks {}", missing.join(", "))),
    }
}

/// The call of the SDK, `folio.users().list_users()`.
fn call(release: &Release, operation: &Operation) -> String {
    let module = release.modules.get(&operation.module);
    match module {
        Some(module) if !operation.untyped => {
            format!("folio.{}().{}()", module.handle, operation.name)
        }
        _ => format!(
            "folio.request(Method::{}, \"{}\")",
            operation.method, operation.path
        ),
    }
}

/// What words are looked for in.
fn searched(operation: &Operation, call: &str) -> String {
    let mut text = format!(
        "{} {call} {} {}",
        operation.path,
        operation.module,
        operation.interface.as_deref().unwrap_or_default()
    );
    let permissions = operation.permissions.iter().flatten();
    let types = [&operation.body, &operation.response];
    let types = types
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str())
        .chain(operation.record.as_deref())
        .map(plain);
    for word in permissions
        .chain(&operation.desired)
        .map(String::as_str)
        .chain(types)
    {
        text.push(' ');
        text.push_str(word);
    }
    text.to_lowercase()
}

fn has(operation: &Operation, text: &str, word: &str) -> bool {
    if is_method(word) {
        return operation.method == word;
    }
    text.contains(&word.to_lowercase()) || word.starts_with('/') && matches(&operation.path, word)
}

/// The error of a search without a result.
fn nothing(args: &Args, release: &Release, all: &[Operation], no_module: bool) -> CliError {
    let message = format!(
        "{} has no operation with {}",
        release.name,
        args.words.join(" and ")
    );
    let error = CliError::new(Exit::NotFound, message);
    if let Some(module) = args.module.as_ref().filter(|_| no_module) {
        let mut near: Vec<&str> = release
            .modules
            .keys()
            .map(String::as_str)
            .filter(|known| known.contains(module.as_str()) || module.contains(*known))
            .collect();
        near.truncate(5);
        let help = match near.is_empty() {
            true => format!("{} has no module `{module}`", release.name),
            false => format!(
                "{} has no module `{module}`; similar: {}",
                release.name,
                near.join(", ")
            ),
        };
        return error.with_help(help);
    }
    let mut others: Vec<&str> = all
        .iter()
        .filter(|operation| {
            let text = searched(operation, &operation.name);
            args.words.iter().all(|word| has(operation, &text, word))
        })
        .flat_map(|operation| operation.releases.iter().map(String::as_str))
        .collect();
    others.sort_unstable();
    others.dedup();
    match others.is_empty() {
        true => error.with_help("use fewer or shorter words; all of them must occur"),
        false => error.with_help(format!(
            "other releases have some: --release {}",
            others.join(", --release ")
        )),
    }
}

fn write<'a>(
    context: &Context,
    rows: impl Iterator<Item = Row<'a>>,
    asked: bool,
) -> Result<(), CliError> {
    if matches!(context.results.list_format(), Format::Json | Format::Jsonl) {
        let mut writer = context.results.records(None);
        for row in rows {
            writer.write(&row)?;
        }
        return writer.finish().map(drop);
    }
    let mut columns = vec!["method", "path", "call", "list", "module", "permissions"];
    if asked {
        columns.extend(["tenant", "user"]);
    }
    context.results.rows(
        &columns,
        rows.map(|row| Flat {
            permissions: match row.permissions {
                None => "unknown".to_owned(),
                Some(names) => names.join(" "),
            },
            method: row.method,
            path: row.path,
            call: row.call,
            list: row.list,
            module: row.module,
            tenant: row.tenant,
            user: row.user,
        }),
    )
}

/// A row of a table.
#[derive(Serialize)]
struct Flat<'a> {
    method: &'a str,
    path: &'a str,
    call: String,
    list: Option<&'a str>,
    module: &'a str,
    permissions: String,
    tenant: Option<Answer>,
    user: Option<Answer>,
}
