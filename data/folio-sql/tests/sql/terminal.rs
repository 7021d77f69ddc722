//! Results on a terminal: a table that fits it.

use std::process::{Command, Stdio};

use rexpect::session::{PtySession, spawn_command};

use crate::support::{World, folio};

fn in_terminal(world: &World, arguments: &[&str]) -> PtySession {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("stty echo cols 80 rows 40; exec \"$@\"")
        .arg("sh")
        .arg(folio())
        .args(arguments);
    world.in_folder(&mut command);
    command
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", "1");
    spawn_command(command, Some(60_000)).unwrap()
}

/// What is left of the output, and the exit code.
fn end(mut session: PtySession) -> (String, i32) {
    let bytes = session.exp_eof().unwrap();
    let bytes = bytes
        .chars()
        .map(|byte| u8::try_from(u32::from(byte)).unwrap());
    let text = String::from_utf8(bytes.collect()).unwrap();
    let status = session.process().wait().unwrap();
    let rexpect::process::WaitStatus::Exited(_, code) = status else {
        panic!("{status:?}: {text}");
    };
    (text, code)
}

#[test]
fn a_result_is_a_table_as_wide_as_the_terminal() {
    let world = World::of_users(3, |builder| builder);
    let query = "select username, personal, active, created_date from users.users order by 1";
    let (text, code) = end(in_terminal(&world, &["sql", query]));
    assert_eq!(code, 0, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("username    personal"), "{text}");
    assert!(lines[1].starts_with("user 00000  {\"email"), "{text}");
    assert!(lines[1].contains('…'), "{text}");
    assert!(
        lines[..4].iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(text.contains("are shortened"), "{text}");
    assert!(text.contains("3 rows"), "{text}");
}

#[test]
fn columns_without_room_are_named() {
    let world = World::of_users(600, |builder| builder);
    let (text, code) = end(in_terminal(
        &world,
        &["sql", "select * from users.users order by username"],
    ));
    assert_eq!(code, 0, "{text}");
    let rows: Vec<&str> = text.lines().take(601).collect();
    assert!(rows.iter().all(|line| line.chars().count() <= 80), "{text}");
    assert!(
        text.contains("columns are not shown, for want of room: "),
        "{text}"
    );
    assert!(text.contains("_extra"), "{text}");
    // All rows are shown.
    assert!(text.contains("600 rows"), "{text}");
}

#[test]
fn an_interruption_ends_a_statement() {
    let world = World::of_users(3_000, |builder| {
        builder.latency(std::time::Duration::from_millis(20))
    });
    let query = "select id from users.users order by username";
    let arguments = [
        "sql",
        query,
        "--page-size",
        "5",
        "--parallel",
        "2",
        "--format",
        "json",
    ];
    let mut session = in_terminal(&world, &arguments);
    for _ in 0..6_000 {
        if world.requests("/users").len() > 5 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    session.send_control('c').unwrap();
    let (text, code) = end(session);
    assert_eq!(code, 130, "{text}");
}
