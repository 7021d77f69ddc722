//! Files, pipes and devices that the program reads and writes, and responses of unusual form.

use std::fs;
use std::process::Command;
use std::time::Duration;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Ended, TENANT, World, limited, signalled, with_input};

/// A response of this type and text in place of the groups.
fn responds_with(world: &World, kind: &str, text: &str) {
    let effect = Effect::Answer {
        status: 200,
        headers: vec![("content-type".into(), kind.into())],
        body: text.into(),
    };
    world.sandbox.clear_faults();
    world.sandbox.fault(Fault::new(effect).path("/groups"));
}

fn responds(world: &World, text: &str) {
    responds_with(world, "application/json", text);
}

/// A pipe or device gets the content; a file in its place would be none. (As root, `--to /dev/null`
/// would replace the device.)
#[cfg(unix)]
#[test]
fn pipes_are_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let world = World::of_groups(3, |builder| builder);
    let pipe = world.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = Command::new("timeout")
        .args(["20", "cat"])
        .arg(&pipe)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let arguments = ["get", "/groups", "--format", "jsonl", "--to", "pipe"];
    world.run(&arguments).with(0);
    let read = Ended::of(reader.wait_with_output().unwrap()).with(0);
    assert_eq!(read.out.lines().count(), 3, "{read:#?}");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::of_groups(1, |builder| builder);
    let mode = |name: &str| fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    world.write("private.json", "old");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(world.path("private.json"), private).unwrap();
    world
        .run(&["get", "/groups", "--to", "private.json"])
        .with(0);
    assert_eq!(mode("private.json"), 0o600);
    assert!(world.read("private.json").contains("group 0"));
    // A link stays one, also if its target does not exist yet.
    fs::create_dir(world.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere/new.json", world.path("link.json")).unwrap();
    for _ in 0..2 {
        world.run(&["get", "/groups", "--to", "link.json"]).with(0);
        assert!(world.path("link.json").is_symlink());
        assert!(world.read("elsewhere/new.json").contains("group 0"));
    }
    let ended = world.run(&["get", "/groups", "--to", "elsewhere"]).with(1);
    assert!(ended.err.contains("directory"), "{ended:#?}");
}

/// The write has succeeded: a script must not repeat it.
#[cfg(target_os = "linux")]
#[test]
fn a_write_whose_response_cannot_be_shown_is_stated() {
    let world = World::new();
    let mut command = world.folio(&["post", "/groups", "--set", "group=one"]);
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let ended = Ended::of(command.output().unwrap()).with(1);
    assert!(
        ended.err.contains("POST /groups succeeded (201"),
        "{ended:#?}"
    );
    assert_eq!(world.stored("/groups").len(), 1);
}

/// Two fields with one path, and a path of which two fields may be meant.
#[test]
fn names_with_dots_lose_no_value() {
    let world = World::new();
    responds(
        &world,
        r#"{"usergroups": [{"id": "1", "a.b": 1, "a": {"b": 2}}, {"id": "2", "a": 3, "a.b": 4}], "totalRecords": 2}"#,
    );
    let csv = world
        .run(&["get", "/groups", "--format", "csv"])
        .with(0)
        .out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(header, ["id", "a.b", "a", "_more"]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let more: Value = serde_json::from_str(&rows[0][3]).unwrap();
    assert_eq!((&rows[0][1], more), ("1", json!({"a.b": 2})));
    assert_eq!(rows[1].iter().collect::<Vec<_>>(), ["2", "4", "3", ""]);
    let fields = ["get", "/groups", "--format", "csv", "--fields", "id,a.b"];
    let csv = world.run(&fields).with(0).out;
    assert_eq!(csv, "id,a.b\n1,1\n2,4\n");
}

#[test]
fn records_without_simple_fields_are_shown_in_a_table() {
    let world = World::new();
    let table = ["get", "/groups", "--format", "table"];
    responds(&world, r#"["one", "two"]"#);
    assert_eq!(world.run(&table).with(0).out, "value\none\ntwo\n");
    responds(
        &world,
        r#"{"usergroups": [{"a": {"b": 1}}], "totalRecords": 1}"#,
    );
    assert_eq!(world.run(&table).with(0).out, "value\n{\"a\":{\"b\":1}}\n");
}

#[test]
fn what_is_not_shown_is_stated() {
    let world = World::new();
    // A module with a largest page.
    responds(
        &world,
        r#"{"usergroups": [{"id": "1"}], "totalRecords": 9}"#,
    );
    let ended = world.run(&["get", "/groups", "--limit", "5"]).with(0);
    assert!(ended.err.contains("1 of 9 records"), "{ended:#?}");
    let ended = world.run(&["get", "/groups", "--limit", "1"]).with(0);
    assert_eq!(ended.err, "");
    // No JSON, though it says so.
    responds(&world, "{\"usergroups\": [\t\"a\tb\"]}");
    let ended = world.run(&["get", "/groups", "--format", "csv"]).with(0);
    assert!(ended.err.contains("labelled as JSON"), "{ended:#?}");
    assert!(ended.out.starts_with("{\"usergroups\""), "{ended:#?}");
    responds_with(&world, "text/html", "<html>");
    let ended = world.run(&["get", "/groups", "--fields", "id"]).with(0);
    assert!(ended.err.contains("is not JSON (text/html)"), "{ended:#?}");
    let ended = world.run(&["get", "/groups"]).with(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("<html>", ""));
}

#[test]
fn text_in_other_encodings_is_an_error_that_names_it() {
    let world = World::new();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain("{\"group\": \"a\"}\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(world.path("utf16.json"), utf16).unwrap();
    fs::write(world.path("latin1.json"), b"{\"group\": \"caf\xe9\"}\n").unwrap();
    let ended = world.run(&["post", "/groups", "utf16.json"]).with(2);
    assert!(ended.err.contains("it is UTF-16 text"), "{ended:#?}");
    let ended = world.run(&["post", "/groups", "latin1.json"]).with(2);
    assert!(
        ended.err.contains("not UTF-8 text: see byte 15"),
        "{ended:#?}"
    );
    let ended = world
        .run(&["load", "utf16.json", "--into", "/groups"])
        .with(1);
    assert!(ended.err.contains("it is UTF-16 text"), "{ended:#?}");
    let ended = world
        .run(&["load", "latin1.json", "--into", "/groups"])
        .with(9);
    assert!(
        ended.err.contains("not UTF-8 text: see byte 15"),
        "{ended:#?}"
    );
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_value_that_cannot_be_read_is_not_sent_as_text() {
    let world = World::new();
    let deep = format!("a={}{}", "[".repeat(200), "]".repeat(200));
    let ended = world
        .run(&["post", "/groups", "--set", "group=a", "--set", &deep])
        .with(2);
    assert!(ended.err.contains("cannot be set"), "{ended:#?}");
    assert_eq!(world.writes(), 0);
}

/// A path that is not the one of a list names those that may be meant.
#[test]
fn an_unknown_list_names_similar_ones() {
    let world = World::new();
    for (command, option) in [("export", "--to"), ("load", "--into")] {
        world.write("a.jsonl", "{}\n");
        let arguments = match command {
            "export" => ["export", "loantypes", option, "b.jsonl"],
            _ => ["load", "a.jsonl", option, "loantypes"],
        };
        let ended = world.run(&arguments).with(5);
        assert!(
            ended.err.contains("similar ones: /loan-types"),
            "{ended:#?}"
        );
    }
}

/// A gateway that does not respond to the logout holds up no one.
#[cfg(unix)]
#[test]
fn an_interruption_does_not_wait_for_the_logout() {
    let world = World::of_groups(1, |builder| builder);
    let slow = || Effect::Delay(Duration::from_secs(8));
    world.sandbox.fault(Fault::new(slow()).path("/groups"));
    world
        .sandbox
        .fault(Fault::new(slow()).path("/authn/logout"));
    let started = std::time::Instant::now();
    let command = world.folio(&["get", "/groups"]);
    signalled(command, "INT", Duration::from_millis(1500)).with(130);
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_config_file_without_a_table_of_profiles_is_an_error() {
    let world = World::new();
    fs::create_dir_all(world.path("config/folio")).unwrap();
    let login = |world: &World| {
        let mut command = world.folio(&["login", "--no-keyring", "--password-stdin"]);
        command.env("FOLIO_KEYRING", "none");
        with_input(command, "admin\n")
    };
    for config in ["profiles = 5\n", "[[profiles]]\na = 1\n"] {
        world.write("config/folio/config.toml", config);
        let ended = login(&world).with(1);
        assert!(ended.err.contains("is not a table"), "{ended:#?}");
        assert_eq!(world.read("config/folio/config.toml"), config);
    }
    // Another value in place of the profile is replaced.
    world.write("config/folio/config.toml", "[profiles]\ndefault = 3\n");
    login(&world).with(0);
    let config = world.read("config/folio/config.toml");
    assert!(
        config.contains(&format!("tenant = \"{TENANT}\"")),
        "{config}"
    );
}

/// A limit of the size of files ends no process without a message.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_file() {
    let world = World::of_groups(500, |builder| builder);
    world.write("groups.json", "old");
    let get = ["get", "/groups", "--all", "--to", "groups.json"];
    let ended = limited(&world, 8, &get);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended
            .err
            .contains("cannot write the results: `groups.json`"),
        "{ended:#?}"
    );
    assert_eq!(world.read("groups.json"), "old");
    assert_eq!(world.files(), ["groups.json"]);
}

/// Editors of Windows begin a file with it.
#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    let world = World::with(|builder| builder.user("marked", "secret-of-marked"));
    let ended = with_input(world.folio(&["cql", "-"]), "\u{feff}a==b\r\n").with(0);
    assert!(ended.out.starts_with("query: a==\"b\"\n"), "{ended:#?}");
    let login = [
        "login",
        "--username",
        "marked",
        "--password-stdin",
        "--no-keyring",
    ];
    with_input(world.folio(&login), "\u{feff}secret-of-marked\r\n").with(0);
}
