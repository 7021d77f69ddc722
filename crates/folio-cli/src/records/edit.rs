//! `folio edit`: edits a record in an editor and writes it back.

use std::io::Write as _;

use folio_sdk::{FolioClient, Json, Method};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::diff;
use crate::output::json;
use crate::records::{body, list, numbers};

/// Edits a record in $VISUAL or $EDITOR and writes it back
///
/// The record is read and opened in the editor. The command then shows the differences, asks, and
/// writes the record back under the `_version` that was read: if another client has changed it
/// meanwhile, nothing is written, and the edited text stays in a file. Records without `_version`
/// are read again and compared before they are written. If the text is empty or unchanged, nothing
/// is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio edit /users/8c1a2a5e-0000-4000-8000-000000000000
  EDITOR='code --wait' folio edit /instance-storage/instances/69640328-788e-43fc-9c3c-af39e243f3b7")]
pub(crate) struct Args {
    /// The path of the record below the URL of the gateway
    #[arg(value_name = "PATH")]
    path: String,
    /// Writes the changes without a question
    #[arg(long, short = 'y')]
    yes: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path_of_record(&args.path)?;
    let folio = context.folio().await?;
    let original = context
        .interruptible(Original::read(&folio, &path))
        .await??;
    let mut draft = Draft::new(&original.text)?;
    let outcome = edit(context, &args, &folio, &path, &original, &mut draft).await;
    match outcome {
        Ok(exit) => Ok(exit),
        Err(error) => Err(draft.preserved(error)),
    }
}

/// The record as it was read.
struct Original {
    raw: Box<RawValue>,
    json: Json,
    /// As the editor shows it.
    text: String,
}

impl Original {
    /// Reads the record, which has to be a JSON object.
    async fn read(folio: &FolioClient, path: &str) -> Result<Self, CliError> {
        let response = folio.request(Method::GET, path).send().await?;
        let raw: Box<RawValue> = response.json()?;
        let json = parsed(&raw)?;
        if !json.is_object() {
            return Err(CliError::usage(format!("`{path}` is not a record")));
        }
        Ok(Self {
            text: json::pretty(&raw, false),
            json,
            raw,
        })
    }
}

fn parsed(raw: &RawValue) -> Result<Json, CliError> {
    let parsed = raw.get().parse();
    parsed.map_err(|error| CliError::usage(format!("the record is not JSON: {error}")))
}

/// The next step after the editor.
enum Next {
    /// Nothing is to be sent.
    Nothing(&'static str),
    Write(Json),
    EditAgain,
}

async fn edit(
    context: &Context,
    args: &Args,
    folio: &FolioClient,
    path: &str,
    original: &Original,
    draft: &mut Draft,
) -> Result<Exit, CliError> {
    loop {
        let ignored = context.interrupt.ignored();
        draft.open().await?;
        drop(ignored);
        let next = match checked(original, &draft.text()?) {
            Ok(Some(edited)) => shown(context, args, original, edited, draft).await?,
            Ok(None) => Next::Nothing("The text is empty or unchanged; nothing was sent."),
            Err(error) if context.console.is_interactive() => {
                context.console.error(&error);
                let again = context.console.confirm("Edit it again?");
                if context.interruptible(again).await?? {
                    Next::EditAgain
                } else {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        };
        match next {
            Next::EditAgain => {}
            Next::Nothing(why) => {
                draft.changed = false;
                context.console.note(why);
                return Ok(Exit::Success);
            }
            Next::Write(edited) => {
                write(context, folio, path, original, edited).await?;
                draft.changed = false;
                context.console.note(format_args!("Changed {path}."));
                return Ok(Exit::Success);
            }
        }
    }
}

/// Shows the differences and asks.
async fn shown(
    context: &Context,
    args: &Args,
    original: &Original,
    edited: Json,
    draft: &mut Draft,
) -> Result<Next, CliError> {
    draft.changed = true;
    let after = json::to_raw(&edited)?;
    let difference = diff::unified(
        &original.text,
        &json::pretty(&after, false),
        |style, line| context.console.paint(style, line),
    );
    context.console.line(difference.trim_end());
    if args.yes {
        return Ok(Next::Write(edited));
    }
    if !context.console.is_interactive() {
        return Err(CliError::usage(
            "there is no terminal to confirm the changes; nothing was sent",
        )
        .with_help("to write them without a question: --yes"));
    }
    let answer = context
        .console
        .ask("Write these changes? [y]es, [e]dit again, [N]o: ");
    let answer = context.interruptible(answer).await??;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(Next::Write(edited)),
        "e" | "edit" => Ok(Next::EditAgain),
        _ => Err(CliError::other("not confirmed; nothing was sent")),
    }
}

/// The edited record; none if it is empty or the same.
///
/// # Errors
/// It is not JSON, or not the same record.
fn checked(original: &Original, text: &str) -> Result<Option<Json>, CliError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let raw = body::parse(text.as_bytes(), "the edited text")?;
    let edited = parsed(&raw)?;
    if !edited.is_object() {
        return Err(CliError::usage("the edited text is not a JSON object"));
    }
    for name in ["id", "_version"] {
        if edited.get(name) != original.json.get(name) {
            return Err(CliError::usage(format!(
                "`{name}` was changed: it identifies what is replaced, and has to stay as it was"
            )));
        }
    }
    if edited == original.json {
        return Ok(None);
    }
    match numbers::inexact(&raw, Some(&original.raw)) {
        None => Ok(Some(edited)),
        Some(number) => Err(CliError::usage(format!(
            "the number {number} has more digits than can be changed here"
        ))
        .with_help("send the whole record with `folio put PATH FILE`: a file is sent unchanged")),
    }
}

/// Writes the record, if it is still as it was read.
async fn write(
    context: &Context,
    folio: &FolioClient,
    path: &str,
    original: &Original,
    edited: Json,
) -> Result<(), CliError> {
    let mut is_changed = false;
    let update = folio.update_at(path, |record: &mut Json| {
        if *record == original.json {
            *record = edited.clone();
        } else {
            is_changed = true;
        }
    });
    let written = context
        .not_interrupted(async { Ok(update.await?) })
        .await?
        .written;
    if written {
        return Ok(());
    }
    Err(if is_changed {
        CliError::new(
            Exit::Conflict,
            format!("another client changed {path} while it was edited; nothing was written"),
        )
        .with_help("compare the edited text with the record, and edit the record again")
    } else {
        CliError::other(format!("{path} was not written"))
    })
}

/// The text in the editor, in a file that only the user can read.
#[derive(Debug)]
struct Draft {
    file: tempfile::NamedTempFile,
    /// The text before the editor.
    created: String,
    /// Whether it has changes that were not written.
    changed: bool,
}

impl Draft {
    fn new(text: &str) -> Result<Self, CliError> {
        let failed = |error| CliError::io("cannot write the text for the editor", &error);
        let mut file = tempfile::Builder::new()
            .prefix("folio-edit-")
            .suffix(".json")
            .tempfile()
            .map_err(failed)?;
        let created = format!("{text}\n");
        file.write_all(created.as_bytes()).map_err(failed)?;
        file.flush().map_err(failed)?;
        Ok(Self {
            file,
            created,
            changed: false,
        })
    }

    /// Waits for the editor.
    async fn open(&self) -> Result<(), CliError> {
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let default = if cfg!(windows) { "notepad" } else { "vi" };
        let editor = set("VISUAL")
            .or_else(|| set("EDITOR"))
            .unwrap_or_else(|| default.to_owned());
        let mut command = command(&editor);
        let status = command
            .arg(self.file.path())
            .status()
            .await
            .map_err(|error| {
                CliError::io(format_args!("cannot run the editor `{editor}`"), &error).with_help(
                    "set EDITOR to the command of an editor that waits until the file is closed",
                )
            })?;
        if status.success() {
            return Ok(());
        }
        Err(CliError::other(format!(
            "the editor `{editor}` ended with an error ({status}); nothing was sent"
        )))
    }

    /// Editors may replace the file: it is read by its name.
    fn text(&self) -> Result<String, CliError> {
        std::fs::read_to_string(self.file.path())
            .map_err(|error| CliError::io("cannot read the edited text", &error))
    }

    /// Keeps the text after an error, and states where it is.
    fn preserved(self, error: CliError) -> CliError {
        let is_edited = self.changed || self.differs();
        // The editor may have removed it.
        if !is_edited || !self.file.path().exists() {
            return error;
        }
        match self.file.into_temp_path().keep() {
            Ok(path) => error.with_help(format!("the edited text is in `{}`", path.display())),
            Err(_) => error,
        }
    }

    /// Whether the file has another text than before the editor: it may be invalid.
    fn differs(&self) -> bool {
        !matches!(self.text(), Ok(text) if text == self.created || text.trim().is_empty())
    }
}

/// The command of an editor, which may have arguments: `code --wait`.
#[cfg(unix)]
fn command(editor: &str) -> tokio::process::Command {
    let mut command = tokio::process::Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor);
    command
}

#[cfg(not(unix))]
fn command(editor: &str) -> tokio::process::Command {
    let mut parts = editor.split_whitespace();
    let mut command = tokio::process::Command::new(parts.next().unwrap_or_default());
    command.args(parts);
    command
}
