//! A program that extends the command line.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::session::Session;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::Global;
use crate::help::{completion, man};
use crate::jobs::export;
use crate::run::execute;
use crate::table_format::TableFormat;

/// A program that extends the command line by one command.
pub trait Program {
    /// The arguments of the command. None may be required: `folio-NAME export` has none of them.
    type Args: clap::Args + Send;

    /// The name of the program: `folio-sql`.
    const NAME: &'static str;

    /// What it does, in one line.
    const ABOUT: &'static str;

    /// What `--help` says after the options.
    const HELP: &'static str;

    /// What writes the Parquet files of `export`.
    fn tables() -> Arc<dyn TableFormat>;

    /// Runs the command.
    fn run(
        session: &mut Session<'_>,
        args: Self::Args,
    ) -> impl Future<Output = Result<Exit, CliError>>;
}

/// The command line of a program.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct ProgramCli<A: clap::Args> {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    args: A,
    #[command(subcommand)]
    command: Option<OtherCommand>,
}

/// The commands that the program has besides its own.
#[derive(Debug, Subcommand)]
enum OtherCommand {
    #[command(hide = true)]
    Export(export::Args),
    #[command(hide = true)]
    Completion(completion::Args),
    #[command(hide = true)]
    Man(man::Args),
}

/// Runs a program with the arguments of the process.
pub fn main<P: Program>() -> ExitCode {
    let matches = command::<P>().get_matches();
    let ProgramCli {
        global,
        args,
        command: other,
    } = match ProgramCli::<P::Args>::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let mut context = Context::new(global);
    context.tables = Some(P::tables());
    execute(context, async |context| match other {
        None => P::run(&mut Session::new(context), args).await,
        Some(OtherCommand::Export(args)) => export::run(context, args).await,
        Some(OtherCommand::Completion(args)) => completion::run(context, &args, command::<P>()),
        Some(OtherCommand::Man(args)) => man::run(context, &args, command::<P>()),
    })
}

/// The command line of a program, as clap describes it.
fn command<P: Program>() -> clap::Command {
    let command = ProgramCli::<P::Args>::command()
        .name(P::NAME)
        .bin_name(P::NAME)
        .about(P::ABOUT)
        .after_help(P::HELP)
        .after_long_help(format!("{}\n\n{}", P::HELP, crate::exit::HELP))
        .disable_help_subcommand(true);
    // `folio` passes the options before the name of the command, and those after it count.
    let global = <Global as clap::Args>::augment_args(clap::Command::new(P::NAME));
    let names: Vec<clap::Id> = global
        .get_arguments()
        .map(|it| it.get_id().clone())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_arg(name.clone(), |argument| argument.overrides_with(name))
    })
}
