//! The arguments of the command.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use folio_sandbox::Fault;

use crate::command::record::RecordArguments;

/// Which platform the sandbox resembles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavor {
    Okapi,
    Eureka,
}

const FAULTS: &str = "\
Faults, each with --fault 'EFFECT [WHEN…]':
  status=503 [body=TEXT] [retry-after=SECONDS]   this answer instead of the real one
  gateway=nginx|haproxy|squid [status=502]       the page of a gateway
  delay=2s                                       the answer comes later
  reset=before|during|after                      no answer; the write is not done, done a second later, or done
  truncate  null  shrink  empty                  lists that end early, have a null, are half a page, or have nothing
  expire-token                                   the access tokens are invalid from this request on
  slow=100/50ms                                  so many bytes of the answer at a time
  forbidden                                      403, once
  When: method=GET path=/users module=mod-users after=N every=N times=N probability=0.1 seed=N

Example:
  folio-sandbox --demo --fault 'status=429 retry-after=1 method=GET every=5' --fault 'reset=after method=POST times=1'";

/// A FOLIO system on a local port, for tests: the SDK's sandbox as a command.
#[derive(Debug, Parser)]
#[command(name = "folio-sandbox", version, after_help = FAULTS, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The port to listen on; 0 for a free one
    #[arg(long, default_value_t = 9130)]
    pub(crate) port: u16,
    /// The address to listen on; everyone who can connect to it can use the sandbox
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// The platform to emulate
    #[arg(long, value_enum, default_value = "okapi")]
    pub(crate) flavor: Flavor,
    /// The release to emulate where releases are known to differ: quesnelia, or ramsons and
    /// later
    #[arg(long, default_value = "ramsons")]
    pub(crate) release: String,
    /// The tenant
    #[arg(long, default_value = "diku")]
    pub(crate) tenant: String,
    /// A user with all permissions
    #[arg(long, default_value = "diku_admin")]
    pub(crate) user: String,
    /// The password of the user
    #[arg(long, default_value = "admin")]
    pub(crate) password: String,
    /// A directory for the records, which outlive the process there; without it they are in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A small library: users, groups, locations, 24 instances with holdings and items
    #[arg(long)]
    pub(crate) demo: bool,
    /// The number of generated instances, with as many holdings and items
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) records: u32,
    /// The seed of generated records and faults: equal seeds give equal ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// No reference data: address types, identifier types, location units, statistical codes, …
    #[arg(long)]
    pub(crate) no_reference_data: bool,
    /// A fault to inject, see below; can be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) fault: Vec<Fault>,
    /// The minimum duration of every response, such as 20ms
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    pub(crate) latency: humantime::Duration,
    /// Reject requests that would change data
    #[arg(long)]
    pub(crate) read_only: bool,
    /// No log of requests
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Record the responses of a FOLIO system to the requests of a conformance file, without
    /// tokens, cookies and passwords
    Record(RecordArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_sound() {
        super::Arguments::command().debug_assert();
    }
}
