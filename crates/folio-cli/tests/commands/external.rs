//! Commands that are programs of their own: `folio NAME` runs `folio-NAME`.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crate::support::{Ended, World, signalled};

/// Adds a program to the folder, which is the only one in `PATH` besides those of the system.
fn program(world: &World, name: &str, script: &str) {
    world.write(name, &format!("#!/bin/sh\n{script}\n"));
    let path = world.path(name);
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, permissions).unwrap();
}

fn folio(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.folio(arguments);
    let path = format!("{}:/usr/bin:/bin", world.folder.path().display());
    command.env("PATH", path);
    command
}

#[test]
fn a_program_gets_the_options_before_and_after_the_name() {
    let world = World::new();
    program(
        &world,
        "folio-hello",
        "for a; do echo \"[$a]\"; done; exit 42",
    );
    let arguments = [
        "--profile",
        "two words",
        "-q",
        "hello",
        "--file=a b",
        "",
        "--",
        "-x",
    ];
    let ended = Ended::of(folio(&world, &arguments).output().unwrap()).with(42);
    assert_eq!(
        ended.out,
        "[--profile]\n[two words]\n[-q]\n[--file=a b]\n[]\n[--]\n[-x]\n"
    );
    assert_eq!(ended.err, "");
    // Also its `--help` is that of the program.
    let ended = Ended::of(folio(&world, &["hello", "--help"]).output().unwrap()).with(42);
    assert_eq!(ended.out, "[--help]\n");
}

#[test]
fn signals_reach_the_program() {
    let world = World::new();
    program(
        &world,
        "folio-wait",
        "trap 'echo interrupted; exit 130' INT\nwhile :; do sleep 0.01; done",
    );
    let ended = signalled(folio(&world, &["wait"]), "INT", Duration::from_millis(200));
    assert_eq!((ended.code, &*ended.out), (Some(130), "interrupted\n"));
}

#[test]
fn without_a_program_it_is_the_usual_error() {
    let world = World::new();
    program(&world, "folio-data", "echo no");
    std::fs::set_permissions(
        world.path("folio-data"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    for (arguments, said) in [
        (&["exprt"][..], "similar"),
        (&["--quiet", "exprt", "/users"], "'export'"),
        (&["data"], "unrecognized subcommand 'data'"),
        (&["../folio-data"], "unrecognized subcommand"),
        (&["sql", "select 1"], "`folio-sql`, which is not installed"),
    ] {
        let ended = Ended::of(folio(&world, arguments).output().unwrap()).with(2);
        assert!(ended.err.contains(said), "{arguments:?}: {ended:?}");
    }
    // The current folder is no place for programs.
    program(&world, "folio-here", "echo no");
    for path in ["", ".:/bin", ":/bin"] {
        let mut command = world.folio(&["here"]);
        command.env("PATH", path);
        Ended::of(command.output().unwrap()).with(2);
    }
    assert!(world.sandbox.exchanges().is_empty());
}
