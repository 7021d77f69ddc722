//! `folio get`: formats, fields, whole lists, errors.

use std::process::{Command, Stdio};
use std::time::Duration;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Ended, TENANT, World, signalled, unique};

/// Three users with nested fields, lists, and texts that need care.
fn users() -> World {
    let world = World::new();
    let user = |number: u32, name: &str| {
        json!({
            "id": format!("8c1a2a5e-0000-4000-8000-{number:012}"),
            "username": format!("user{number}"),
            "active": number != 2,
            "personal": { "lastName": name, "addresses": [
                { "city": "Bern", "addressTypeId": "93d3d88d-499b-45d0-9bc7-ac73c3a19880" },
                { "city": "Köln", "addressTypeId": "1c4b225f-f669-4e9b-afcd-ebc0e273a34e" },
            ] },
            "tags": { "tagList": ["a,b", "c\"d"] },
        })
    };
    let names = ["Åkesson, Dagny", "O'Neill \"Tip\"", "zwei\nZeilen"];
    let users = names
        .iter()
        .zip(1..)
        .map(|(name, number)| user(number, name));
    world
        .sandbox
        .load(TENANT, "/users", users.collect())
        .unwrap();
    world
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn one_record_is_json() {
    let world = users();
    let path = "/users/8c1a2a5e-0000-4000-8000-000000000001";
    let ended = world.run(&["get", path]).with(0);
    assert_eq!(
        json_of(&ended.out)["personal"]["lastName"],
        "Åkesson, Dagny"
    );
    assert_eq!(ended.err, "");
    let ended = world
        .run(&["get", path, "--fields", "username,personal.lastName"])
        .with(0);
    let expected = json!({ "username": "user1", "personal": { "lastName": "Åkesson, Dagny" } });
    assert_eq!(json_of(&ended.out), expected);
}

#[test]
fn a_page_is_what_the_server_sent() {
    let world = users();
    let ended = world.run(&["get", "/users", "--limit", "2"]).with(0);
    let page = json_of(&ended.out);
    assert_eq!(page["users"].as_array().unwrap().len(), 2);
    assert_eq!(page["totalRecords"], 3);
    let query = "username==user2";
    let ended = world.run(&["get", "/users", "--query", query]).with(0);
    assert_eq!(json_of(&ended.out)["totalRecords"], 1);
}

#[test]
fn records_as_lines_csv_and_table() {
    let world = users();
    let sorted = [
        "get",
        "/users",
        "--query",
        "cql.allRecords=1 sortby username",
    ];
    let run = |more: &[&str]| world.run(&[&sorted, more].concat()).with(0);

    let lines = run(&["--format", "jsonl"]).out;
    assert_eq!(lines.lines().count(), 3);
    assert_eq!(unique(&lines).len(), 3);

    let fields = "username,personal.lastName,personal.addresses.city,tags.tagList,nothing";
    let csv = run(&["--format", "csv", "--fields", fields]).out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<_> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(header.join(","), fields);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(&rows[1][1], "O'Neill \"Tip\"");
    assert_eq!(&rows[2][1], "zwei\nZeilen");
    assert_eq!(json_of(&rows[0][2]), json!(["Bern", "Köln"]));
    assert_eq!(json_of(&rows[0][3]), json!(["a,b", "c\"d"]));
    assert_eq!(&rows[0][4], "");

    let table = run(&["--format", "table", "--fields", fields]).out;
    let table: Vec<&str> = table.lines().collect();
    assert_eq!(table.len(), 4, "{table:#?}");
    assert!(table[1].contains("Bern; Köln"), "{table:#?}");
    assert!(table[3].contains("zwei Zeilen"), "{table:#?}");
    // All columns begin below their names.
    let at = table[0].find("personal.lastName").unwrap();
    assert_eq!(&table[2][at..at + 7], "O'Neill", "{table:#?}");
}

/// Without chosen columns no field is lost, wherever it first occurs.
#[test]
fn csv_loses_no_field() {
    let world = World::of_groups(1500, |builder| builder);
    let last = json!({
        "id": "ffffffff-0000-4000-8000-000000000000", "group": "zzz", "expirationOffsetInDays": 7,
    });
    world.sandbox.load(TENANT, "/groups", vec![last]).unwrap();
    let csv = world
        .run(&["get", "/groups", "--all", "--format", "csv"])
        .with(0)
        .out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<_> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(header.last().unwrap(), "_more", "{header:?}");
    assert!(!header.iter().any(|name| name == "expirationOffsetInDays"));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1501);
    let more: Vec<&str> = rows
        .iter()
        .map(|row| &row[header.len() - 1])
        .filter(|more| !more.is_empty())
        .collect();
    assert_eq!(more.len(), 1);
    assert_eq!(json_of(more[0])["expirationOffsetInDays"], 7);
}

#[test]
fn all_records_of_a_list() {
    let world = World::of_groups(2500, |builder| builder);
    let ended = world
        .run(&["get", "/groups", "--all", "--format", "jsonl"])
        .with(0);
    assert_eq!(unique(&ended.out), world.stored("/groups"));
    let json = world.run(&["get", "/groups", "--all"]).with(0).out;
    assert_eq!(json_of(&json).as_array().unwrap().len(), 2500);
    let some = world
        .run(&["get", "/groups", "--limit", "1200", "--format", "jsonl"])
        .with(0);
    assert_eq!(unique(&some.out).len(), 1200);
    let none = ["get", "/groups", "--all", "--query", "group==nothing"];
    assert_eq!(world.run(&none).with(0).out, "[]\n");
}

#[test]
fn a_file_is_complete_or_absent() {
    let world = World::of_groups(2500, |builder| builder);
    let into = [
        "get",
        "/groups",
        "--all",
        "--format",
        "jsonl",
        "--to",
        "groups.jsonl",
    ];
    world.run(&into).with(0);
    assert_eq!(world.lines("groups.jsonl"), world.stored("/groups"));
    std::fs::remove_file(world.path("groups.jsonl")).unwrap();
    let fault = Fault::new(Effect::status(400, "no more"))
        .path("/groups")
        .after(2);
    world.sandbox.fault(fault);
    world.run(&into).with(7);
    assert_eq!(world.files(), [""; 0]);
    let nowhere = [&into[..6], &["missing/groups.jsonl"]].concat();
    world.sandbox.clear_faults();
    let ended = world.run(&nowhere).with(1);
    assert!(ended.err.contains("missing/groups.jsonl"), "{ended:#?}");
}

/// Neither Ctrl-C nor the end of a session leaves a part of a file.
#[cfg(unix)]
#[test]
fn an_interruption_leaves_no_file() {
    let world = World::of_groups(3000, |builder| builder);
    let slow = Effect::Delay(Duration::from_millis(600));
    world.sandbox.fault(Fault::new(slow).path("/groups"));
    for signal in ["INT", "TERM"] {
        let command = world.folio(&["get", "/groups", "--all", "--to", "groups.json"]);
        let ended = signalled(command, signal, Duration::from_millis(1500)).with(130);
        assert!(ended.err.contains("interrupted"), "{ended:#?}");
        assert_eq!(world.files(), [""; 0]);
    }
}

/// The user logs in to the own tenant, and acts on the other one.
#[test]
fn another_tenant() {
    let world = World::of_groups(1, |builder| builder.tenant("other"));
    let mut command = world.folio(&["get", "/groups", "--tenant", "other"]);
    command.output().unwrap();
    let exchanges = world.sandbox.exchanges();
    let tenant_of = |path: &str| {
        let exchange = exchanges.iter().find(|it| it.path.contains(path)).unwrap();
        let header = exchange
            .headers
            .iter()
            .find(|(name, _)| name == "x-okapi-tenant");
        header.unwrap().1.clone()
    };
    assert_eq!(tenant_of("/authn/login"), TENANT);
    assert_eq!(tenant_of("/groups"), "other");
}

/// Text that is not JSON is not changed.
#[test]
fn other_content_is_written_unchanged() {
    let world = World::new();
    let text = "%MARC\r\n00714cam\u{1e}\u{1f}a ";
    world
        .sandbox
        .fault(Fault::new(Effect::status(200, text)).path("/users"));
    let ended = world.run(&["get", "/users"]).with(0);
    assert_eq!(ended.out, text);
}

#[test]
fn exit_codes_name_the_error() {
    let world = users();
    let absent = "/users/8c1a2a5e-0000-4000-8000-0000000000ff";
    let ended = world.run(&["get", absent]).with(5);
    assert!(
        ended.err.contains(absent) && ended.err.contains("404"),
        "{ended:#?}"
    );
    assert_eq!(ended.out, "");
    world.run(&["get", "/users", "--query", "(("]).with(7);
    world.run(&["get"]).with(2);
    world
        .run(&["get", "https://folio.example.edu/users"])
        .with(2);
    world.run(&["get", "/users", "--param", "x"]).with(2);
    let ended = world.run(&["get", "/users", "--key", "groups"]).with(2);
    assert!(
        ended.err.contains("it has: users, totalRecords"),
        "{ended:#?}"
    );
    let mut wrong = world.folio(&["get", "/users"]);
    wrong.env("FOLIO_PASSWORD", "wrong");
    Ended::of(wrong.output().unwrap()).with(3);
    let mut nowhere = world.folio(&["get", "/users", "--url", "http://127.0.0.1:9"]);
    nowhere.env("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "0");
    Ended::of(nowhere.output().unwrap()).with(8);
    let limited = World::with(|builder| {
        builder.user_with_permissions("reader", "secret", ["usergroups.collection.get"])
    });
    let mut forbidden = limited.folio(&["get", "/users"]);
    forbidden
        .env("FOLIO_USERNAME", "reader")
        .env("FOLIO_PASSWORD", "secret");
    Ended::of(forbidden.output().unwrap()).with(4);
}

/// `| head` ends it without an error message.
#[cfg(unix)]
#[test]
fn a_reader_that_ends_is_no_error() {
    let world = World::of_groups(2500, |builder| builder);
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_folio");
    command.arg("-c").arg(format!(
        "{program} get /groups --all --format jsonl --quiet | head -n 1"
    ));
    world.in_folder(&mut command);
    let ended = Ended::of(command.stdin(Stdio::null()).output().unwrap()).with(0);
    assert_eq!(ended.out.lines().count(), 1);
    assert_eq!(ended.err, "");
}

#[test]
fn neither_colours_nor_bars_without_a_terminal() {
    let world = World::of_groups(30, |builder| builder);
    for format in ["json", "jsonl", "csv", "table"] {
        let ended = world
            .run(&["get", "/groups", "--all", "--format", format])
            .with(0);
        assert!(
            !ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'),
            "{ended:#?}"
        );
    }
    let ended = world.run(&["get", "/groups", "--color", "always"]).with(0);
    assert!(ended.out.contains("\u{1b}["), "{ended:#?}");
}
