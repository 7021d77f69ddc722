//! The two programs: how one finds the other, and what `folio-sql` has of its own.

use std::process::Command;

use crate::support::{Ended, SQL, World, folio};

/// A program beside `folio` comes before one of `PATH`.
#[cfg(unix)]
#[test]
fn a_program_beside_folio_is_found() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::with(|builder| builder);
    let own = world.path("folio");
    std::fs::copy(folio(), &own).unwrap();
    std::fs::write(world.path("folio-sql"), "#!/bin/sh\necho \"beside: $*\"\n").unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path("folio-sql"), executable).unwrap();
    for (arguments, expected) in [
        (&["-q", "sql", "select 1"][..], "beside: -q select 1\n"),
        (
            &["--format", "json", "export", "/users", "--to", "a.parquet"],
            "beside: --format json export /users --to a.parquet\n",
        ),
    ] {
        let mut command = Command::new(&own);
        command.args(arguments);
        world.in_folder(&mut command);
        let ended = Ended::of(command.output().unwrap()).with(0);
        assert_eq!(ended.out, expected);
    }
}

#[test]
fn the_program_has_a_man_page_and_a_completion_script() {
    let world = World::with(|builder| builder);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(SQL);
        command.args(arguments);
        world.in_folder(&mut command);
        Ended::of(command.output().unwrap()).with(0)
    };
    let script = run(&["completion", "bash"]).out;
    assert!(script.contains("folio-sql") && script.contains("--no-pushdown"));
    run(&["man", "--to", "man"]);
    let page = world.read("man/folio-sql.1");
    assert!(
        page.contains(".TH folio-sql 1") && page.contains("\\-\\-explain"),
        "{page}"
    );
    let version = run(&["--version"]).out;
    assert!(version.starts_with("folio-sql "), "{version}");
    assert!(world.sandbox.exchanges().is_empty());
}

/// Also where `folio` is not: the statement is its argument.
#[test]
fn the_program_runs_alone() {
    let world = World::of_users(2, |builder| builder);
    let mut command = Command::new(SQL);
    command.args(["select count(*) as n from users.users", "--format", "csv"]);
    world.in_folder(&mut command);
    assert_eq!(Ended::of(command.output().unwrap()).with(0).out, "n\n2\n");
}
