//! Ctrl-C: requests end, and no file is left.

use std::time::Duration;

use crate::support::{Ended, World, signal, wait_until};

#[test]
fn an_interruption_ends_the_requests_and_leaves_no_file() {
    let world = World::of_users(3_000, |builder| builder.latency(Duration::from_millis(20)));
    let query = "select id, username from users.users";
    for (name, sent) in [("a.csv", "INT"), ("a.parquet", "INT"), ("a.jsonl", "TERM")] {
        let before = world.sandbox.exchanges().len();
        let requests = || world.requests_after(before, "/users").len();
        let arguments = [
            "sql",
            query,
            "--to",
            name,
            "--page-size",
            "5",
            "--parallel",
            "2",
        ];
        let mut child = world.command(&arguments).spawn().unwrap();
        wait_until(&mut child, || requests() > 5);
        signal(&child, sent);
        let ended = Ended::of(child.wait_with_output().unwrap()).with(130);
        assert!(ended.err.contains("interrupted"), "{ended:?}");
        assert_eq!(world.files(), [""; 0]);
        assert!(requests() < 300, "{} requests", requests());
    }
}

/// The reader of the output ends early, as `head` does.
#[test]
fn a_closed_pipe_ends_the_command() {
    let world = World::of_users(20_000, |builder| builder);
    let mut command = world.command(&["sql", "select * from users.users", "--format", "jsonl"]);
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    Ended::of(child.wait_with_output().unwrap()).with(141);
}
