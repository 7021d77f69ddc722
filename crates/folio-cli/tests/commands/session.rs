//! The recorded session of the guide: `docs/cli-session.md`.
//!
//! `UPDATE_DOCS=1 cargo test -p folio-cli --test commands session` writes it.

use std::path::Path;

use crate::support::World;
use crate::terminal::{end, in_terminal};

/// What is typed: the words of a command, and their display where they need quotes.
const STEPS: &[(&str, &[&str])] = &[
    ("Who am I?", &["whoami"]),
    (
        "The first users, as a table.",
        &[
            "get",
            "/users",
            "--query",
            "active==true sortby username",
            "--limit",
            "3",
            "--fields",
            "username,personal.lastName,active",
        ],
    ),
    (
        "The same as JSON Lines, for another program.",
        &[
            "get",
            "/users",
            "--query",
            "active==true sortby username",
            "--limit",
            "3",
            "--fields",
            "username,active",
            "--format",
            "jsonl",
        ],
    ),
    (
        "A new group.",
        &[
            "post",
            "/groups",
            "--set",
            "id=3684a786-6671-4268-8ed0-9db82ebca60b",
            "--set",
            "group=alumni",
            "--format",
            "table",
        ],
    ),
    (
        "One field of it; the others stay.",
        &[
            "put",
            "/groups/3684a786-6671-4268-8ed0-9db82ebca60b",
            "--set",
            "desc=Former students",
        ],
    ),
    (
        "The same name again: the error states what the server says.",
        &["post", "/groups", "--set", "group=alumni"],
    ),
    (
        "How many users would be deleted?",
        &[
            "delete",
            "/users",
            "--query",
            "active==false",
            "--dry-run",
            "--quiet",
        ],
    ),
    (
        "How does FOLIO read a query?",
        &["cql", "personal.lastName=mil* not active==false"],
    ),
    (
        "A record that does not exist.",
        &["get", "/groups/00000000-0000-4000-8000-000000000000"],
    ),
    (
        "The group is deleted.",
        &["delete", "/groups/3684a786-6671-4268-8ed0-9db82ebca60b"],
    ),
];

const HEAD: &str = "\
# A session with `folio`

This session is recorded by a test (`crates/folio-cli/tests/commands/session.rs`) against the sandbox with its demo data:
`folio sandbox --demo --port 9130`. The connection is in `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD`. `$?` is the exit
code ([all of them](cli.md#exit-codes)).
";

/// A word as it is typed in a shell.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.,=:".contains(&byte);
    if word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

/// `attempts: 1 in 0.1 s` without the time, which differs.
fn without_time(line: &str) -> &str {
    if !line.trim_start().starts_with("attempts:") {
        return line;
    }
    line.split_once(" in ")
        .map_or(line, |(attempts, _)| attempts)
}

fn recorded() -> String {
    let world = World::with(|builder| builder.demo_data().user_records());
    let mut text = HEAD.to_owned();
    for (title, arguments) in STEPS {
        let (output, code) = end(in_terminal(&world, arguments, true));
        let output = output
            .replace('\r', "")
            .replace(world.sandbox.url(), "http://localhost:9130");
        let typed: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        let typed = typed.join(" ");
        let lines: Vec<&str> = output.trim_end().lines().map(without_time).collect();
        let output = lines.join("\n");
        text.push_str(&format!("\n{title}\n\n```console\n$ folio {typed}\n"));
        if !output.is_empty() {
            text.push_str(&format!("{output}\n"));
        }
        if code != 0 {
            text.push_str(&format!("$ echo $?\n{code}\n"));
        }
        text.push_str("```\n");
    }
    text
}

#[test]
fn the_session_of_the_guide_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli-session.md");
    let recorded = recorded();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, recorded).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written, recorded,
        "UPDATE_DOCS=1 writes docs/cli-session.md"
    );
}
