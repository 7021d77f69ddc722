//! `folio completion`: writes a script that completes commands in a shell.

use clap_complete::{Shell, generate};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes a script that completes commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio completion bash > ~/.local/share/bash-completion/completions/folio
  folio completion zsh > \"${fpath[1]}/_folio\"
  folio completion fish > ~/.config/fish/completions/folio.fish
  folio completion powershell >> $PROFILE")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(
    context: &Context,
    args: &Args,
    mut command: clap::Command,
) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    generate(args.shell, &mut command, name, &mut script);
    context.results.bytes(&script)?;
    Ok(Exit::Success)
}
