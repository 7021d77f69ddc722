//! The program in a pseudo-terminal: questions, passwords without echo, colours.

use std::process::{Command, Stdio};

use rexpect::session::{PtySession, spawn_command};

use crate::support::{TENANT, World};

/// How long a text may take to appear.
const PATIENCE: Option<u64> = Some(60_000);

/// The program in a terminal of 100 columns that echoes what is typed.
pub(crate) fn in_terminal(world: &World, arguments: &[&str], plain: bool) -> PtySession {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("stty echo cols 100 rows 40; exec \"$@\"")
        .args(["sh", env!("CARGO_BIN_EXE_folio")])
        .args(arguments);
    world.in_folder(&mut command);
    inherit(&mut command);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    if plain {
        command.env("NO_COLOR", "1");
    }
    spawn_command(command, PATIENCE).unwrap()
}

/// The terminal in place of pipes.
fn inherit(command: &mut Command) {
    command
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
}

/// Output as UTF-8; it is read byte by byte.
fn text(bytes: &str) -> String {
    let bytes = bytes
        .chars()
        .map(|byte| u8::try_from(u32::from(byte)).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

/// What is left of the output, and the exit code.
pub(crate) fn end(mut session: PtySession) -> (String, i32) {
    let rest = text(&session.exp_eof().unwrap());
    let status = session.process().wait().unwrap();
    let rexpect::process::WaitStatus::Exited(_, code) = status else {
        panic!("{status:?}: {rest}");
    };
    (rest, code)
}

const QUERY: &str = "group==\"group 1?\"";

#[test]
fn a_deletion_is_confirmed() {
    for (answer, code, left) in [("y", 0, 20), ("n", 1, 30), ("", 1, 30)] {
        let world = World::of_groups(30, |builder| builder);
        let delete = ["delete", "/groups", "--query", QUERY];
        let mut session = in_terminal(&world, &delete, false);
        session
            .exp_string("Delete 10 records of /groups? [y/N] ")
            .unwrap();
        session.send_line(answer).unwrap();
        let (rest, ended) = end(session);
        assert_eq!(ended, code, "{rest}");
        assert_eq!(world.stored("/groups").len(), left, "{rest}");
    }
}

#[test]
fn an_interruption_answers_no() {
    let world = World::of_groups(30, |builder| builder);
    let mut session = in_terminal(&world, &["delete", "/groups", "--query", QUERY], false);
    session.exp_string("[y/N] ").unwrap();
    session.send_control('c').unwrap();
    let (rest, code) = end(session);
    assert_eq!(code, 130, "{rest}");
    assert_eq!(world.stored("/groups").len(), 30);
}

/// An invalid text is edited again; then the differences are shown and confirmed.
#[test]
fn a_record_is_edited_again() {
    let world = World::of_groups(1, |builder| builder);
    world.write(
        "editor.sh",
        "if [ -e \"$0.second\" ]; then sed -i 's/oops/\"edited\"/' \"$1\"\n\
         else sed -i 's/\"group 0\"/oops/' \"$1\"; : > \"$0.second\"; fi\n",
    );
    let id = crate::support::group(0)["id"].as_str().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_folio"));
    command.args(["edit", &format!("/groups/{id}")]);
    world.in_folder(&mut command);
    inherit(&mut command);
    let editor = format!("sh {}", world.path("editor.sh").display());
    command.env("EDITOR", editor).env_remove("VISUAL");
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    let mut session = spawn_command(command, PATIENCE).unwrap();
    session.exp_string("is not JSON").unwrap();
    session.exp_string("Edit it again? [y/N] ").unwrap();
    session.send_line("y").unwrap();
    let shown = session.exp_string("[y]es, [e]dit again, [N]o: ").unwrap();
    assert!(
        shown.contains("\u{1b}[31m-   \"group\": \"group 0\""),
        "{shown}"
    );
    assert!(
        shown.contains("\u{1b}[32m+   \"group\": \"edited\""),
        "{shown}"
    );
    session.send_line("y").unwrap();
    let (rest, code) = end(session);
    assert_eq!(code, 0, "{rest}");
    assert_eq!(world.stored("/groups")[&id]["group"], "edited");
}

#[test]
fn the_password_is_typed_without_echo() {
    let world = World::with(|builder| builder.user("ada", "typed-SECRET-1"));
    let login = ["login", "--url", world.sandbox.url(), "--no-keyring"];
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("stty echo cols 100 rows 40; \"$@\"; code=$?; stty -a; exit $code")
        .args(["sh", env!("CARGO_BIN_EXE_folio")])
        .args(login);
    world.in_folder(&mut command);
    inherit(&mut command);
    for name in ["URL", "TENANT", "USERNAME", "PASSWORD"] {
        command.env_remove(format!("FOLIO_{name}"));
    }
    let mut session = spawn_command(command, PATIENCE).unwrap();
    let mut seen = String::new();
    for (question, answer) in [
        ("Tenant: ", TENANT),
        ("User name: ", "ada"),
        ("Password of ada", "typed-SECRET-1"),
    ] {
        seen.push_str(&session.exp_string(question).unwrap());
        if question.starts_with("Password") {
            seen.push_str(&session.exp_string(": ").unwrap());
        }
        session.send_line(answer).unwrap();
    }
    let (rest, code) = end(session);
    seen.push_str(&rest);
    assert_eq!(code, 0, "{seen}");
    // Other answers are echoed, so this one would be.
    assert!(seen.contains("ada"), "{seen}");
    assert!(!seen.contains("SECRET"), "{seen}");
    assert!(seen.contains("Logged in to"), "{seen}");
    // The terminal echoes again.
    assert!(
        rest.contains(" echo ") && !rest.contains("-echo "),
        "{rest}"
    );
}

/// Also that of commands that write, which await their requests after an interruption.
#[test]
fn an_interrupted_password_leaves_the_terminal_as_it_was() {
    for arguments in [
        &["get", "/users"][..],
        &["put", "/users/1", "--set", "active=false"],
        &["delete", "/users", "--query", "active==false"],
        &["export", "/users", "--to", "a.jsonl"],
    ] {
        let world = World::new();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("stty echo cols 100 rows 40; \"$@\"; echo code $?; stty -a")
            .args(["sh", env!("CARGO_BIN_EXE_folio")])
            .args(arguments);
        world.in_folder(&mut command);
        inherit(&mut command);
        command.env_remove("FOLIO_PASSWORD");
        let mut session = spawn_command(command, Some(20_000)).unwrap();
        session.exp_string("Password of diku_admin").unwrap();
        session.exp_string(": ").unwrap();
        session.send_control('c').unwrap();
        let (rest, _) = end(session);
        assert!(rest.contains("code 130"), "{rest}");
        assert!(
            rest.contains(" echo ") && !rest.contains("-echo "),
            "{rest}"
        );
        assert_eq!(world.sandbox.exchanges().len(), 0);
        assert_eq!(world.files(), [""; 0]);
    }
}

#[test]
fn a_list_is_a_table_as_wide_as_the_terminal() {
    let world = World::with(folio_sandbox::Builder::demo_data);
    let list = ["get", "/users", "--limit", "3"];
    let (coloured, code) = end(in_terminal(&world, &list, false));
    assert_eq!(code, 0, "{coloured}");
    assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
    let (plain, _) = end(in_terminal(&world, &list, true));
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let lines: Vec<&str> = plain.lines().collect();
    assert!(
        lines[0].starts_with("username") || lines[0].starts_with("id"),
        "{plain}"
    );
    assert!(
        lines.iter().all(|line| line.chars().count() <= 100),
        "{plain}"
    );
    assert!(lines.len() >= 4, "{plain}");
    let never = [&list[..], &["--color", "never"]].concat();
    let (never, _) = end(in_terminal(&world, &never, false));
    assert!(!never.contains("\u{1b}[1m"), "{never}");
}
