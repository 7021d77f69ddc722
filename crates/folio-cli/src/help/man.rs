//! `folio man`: writes the man pages.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::file::{Access, WholeFile};

/// Writes the man pages into a folder: folio.1, and folio-COMMAND.1 for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio man --to ~/.local/share/man/man1
  man folio-get")]
pub(crate) struct Args {
    /// The folder, which is created if it does not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(crate) fn run(
    context: &Context,
    args: &Args,
    command: clap::Command,
) -> Result<Exit, CliError> {
    std::fs::create_dir_all(&args.to).map_err(|error| {
        CliError::io(
            format_args!("cannot create the folder `{}`", args.to.display()),
            &error,
        )
    })?;
    let mut pages = 0;
    // Its global options and its `help` become part of each command.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let program = command.get_name().to_owned();
    write(&args.to, &program, &command)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("{program}-{}", sub.get_name());
        write(&args.to, &name, sub)?;
        pages += 1;
    }
    context.console.note(format_args!(
        "{} man pages are in {}.",
        pages + 1,
        args.to.display()
    ));
    Ok(Exit::Success)
}

fn write(folder: &Path, name: &str, command: &clap::Command) -> Result<(), CliError> {
    let path = folder.join(format!("{name}.1"));
    let failed = |error| CliError::io(format_args!("cannot write `{}`", path.display()), &error);
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut page)
        .map_err(failed)?;
    let mut file = WholeFile::create(&path, Access::Shared).map_err(failed)?;
    file.write_all(&page).map_err(failed)?;
    file.commit().map_err(failed)
}
