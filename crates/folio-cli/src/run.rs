//! Runs a command and turns its outcome into an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use crate::account::{login, logout, whoami};
use crate::args::{Cli, Command};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::external;
use crate::global::Global;
use crate::help::{completion, man};
use crate::info::{cql, diff_release, doctor, routes};
use crate::jobs::{export, load, sandbox};
use crate::records::{delete, edit, get, patch, post, put};

/// Runs the program with the arguments of the process.
pub(crate) fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    execute(Context::new(global), async |context| {
        dispatch(context, command).await
    })
}

/// Runs a command, reports its error, and logs out.
pub(crate) fn execute(
    mut context: Context,
    command: impl AsyncFnOnce(&mut Context) -> Result<Exit, CliError>,
) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the program: {error}");
            return Exit::Error.into();
        }
    };
    let exit = runtime.block_on(async {
        context.interrupt.listen();
        #[cfg(unix)]
        let _limit = crate::interrupt::report_size_limit();
        let outcome = command(&mut context).await;
        context.close().await;
        match outcome {
            Ok(exit) => exit,
            Err(error) => {
                context.console.error(&error);
                error.exit()
            }
        }
    });
    // Threads that wait for input would hold up the end of the process.
    runtime.shutdown_background();
    exit.into()
}

async fn dispatch(context: &mut Context, command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Login(args) => {
            until_interrupted(context, async |context| login::run(context, args).await).await
        }
        Command::Logout(args) => logout::run(context, args).await,
        Command::Whoami(args) => {
            until_interrupted(context, async |context| whoami::run(context, args).await).await
        }
        Command::Get(args) => {
            until_interrupted(context, async |context| get::run(context, args).await).await
        }
        Command::Post(args) => post::run(context, args).await,
        Command::Put(args) => put::run(context, args).await,
        Command::Patch(args) => patch::run(context, args).await,
        Command::Delete(args) => delete::run(context, args).await,
        Command::Edit(args) => edit::run(context, args).await,
        // They end by themselves at an interruption.
        Command::Export(args) => export::run(context, args).await,
        Command::Load(args) => load::run(context, args).await,
        Command::Sandbox(args) => sandbox::run(context, args).await,
        Command::Routes(args) => {
            until_interrupted(context, async |context| routes::run(context, args).await).await
        }
        Command::Cql(args) => {
            until_interrupted(context, async |context| cql::run(context, args).await).await
        }
        Command::DiffRelease(args) => {
            until_interrupted(context, async |context| {
                diff_release::run(context, args).await
            })
            .await
        }
        Command::Doctor(args) => {
            until_interrupted(context, async |context| doctor::run(context, args).await).await
        }
        Command::Completion(args) => completion::run(context, &args, Cli::command()),
        Command::Man(args) => man::run(context, &args, Cli::command()),
        Command::External(command) => external_command(context, &command).await,
    }
}

/// Runs the program of a command that this one does not have.
async fn external_command(context: &Context, command: &[OsString]) -> Result<Exit, CliError> {
    let name = command.first().map(|name| name.to_string_lossy());
    let name = name.as_deref().unwrap_or_default();
    match external::find(name) {
        Some(program) => {
            let arguments = external::arguments(command);
            Err(external::run(&program, &arguments, &context.interrupt).await)
        }
        None if name == external::SQL => Err(external::missing("`folio sql`")),
        // The usual error, with similar commands.
        None => match own_commands().try_get_matches_from(std::env::args_os()) {
            Err(error) => error.exit(),
            Ok(_) => Err(CliError::usage(format!("unrecognized subcommand '{name}'"))),
        },
    }
}

/// The command line without commands of other programs.
fn own_commands() -> clap::Command {
    let all = Cli::command();
    let own = <Global as clap::Args>::augment_args(clap::Command::new("folio"));
    own.subcommand_required(true)
        .subcommands(all.get_subcommands().cloned())
}

/// Runs a command that only reads, and drops it at an interruption.
async fn until_interrupted(
    context: &mut Context,
    command: impl AsyncFnOnce(&mut Context) -> Result<Exit, CliError>,
) -> Result<Exit, CliError> {
    let interrupt = context.interrupt.clone();
    let outcome = interrupt.or(command(context)).await;
    outcome.ok_or_else(CliError::interrupted)?
}
