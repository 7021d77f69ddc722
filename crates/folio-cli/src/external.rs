//! Commands that are programs of their own: `folio NAME` runs `folio-NAME`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::interrupt::Interrupt;

/// The program with the commands that need Arrow and DataFusion.
pub(crate) const SQL: &str = "sql";

/// The program `folio-NAME`: beside this one, or in a folder of `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_plain) {
        return None;
    }
    let file = format!("folio-{name}{}", std::env::consts::EXE_SUFFIX);
    let own = std::env::current_exe().ok();
    let own = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(std::env::split_paths(&path));
    folders
        // A program of the current folder is not meant.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|program| is_program(program))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The arguments of this process without the name of the command: the options before it, and
/// those after it. `command` is the name and what follows it.
pub(crate) fn arguments(command: &[OsString]) -> Vec<OsString> {
    let all: Vec<OsString> = std::env::args_os().skip(1).collect();
    let before = all.len().saturating_sub(command.len());
    let before = all.into_iter().take(before);
    before.chain(command.iter().skip(1).cloned()).collect()
}

/// Runs a program in place of this one: it gets the terminal and the signals, and its exit code
/// is that of the process. This function returns only if the program cannot be started.
#[cfg(unix)]
pub(crate) async fn run(program: &Path, arguments: &[OsString], _: &Interrupt) -> CliError {
    use std::os::unix::process::CommandExt as _;
    let error = std::process::Command::new(program).args(arguments).exec();
    CliError::io(format_args!("cannot run `{}`", program.display()), &error)
}

/// As on Unix, as a child: Ctrl-C reaches both, and only the child ends.
#[cfg(not(unix))]
pub(crate) async fn run(program: &Path, arguments: &[OsString], interrupt: &Interrupt) -> CliError {
    let _ignored = interrupt.ignored();
    let mut command = tokio::process::Command::new(program);
    match command.args(arguments).status().await {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => CliError::io(format_args!("cannot run `{}`", program.display()), &error),
    }
}

/// The error of a command that needs a program that is not installed.
pub(crate) fn missing(what: &str) -> CliError {
    CliError::usage(format!(
        "{what} needs the program `folio-{SQL}`, which is not installed"
    ))
    .with_help(format!(
        "install it: `cargo install --path data/folio-{SQL}` in the source of folio-sdk (Rust 1.94), or put it beside `folio` or in a folder of PATH"
    ))
}
