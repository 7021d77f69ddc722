//! `folio post`, `put` and `patch`.

use std::time::Duration;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{TENANT, World, group, signalled, with_input};

fn stored(world: &World, id: &str) -> Value {
    world.stored("/groups").get(id).unwrap().clone()
}

#[test]
fn bodies_come_from_fields_files_and_the_input() {
    let world = World::new();
    let ended = world
        .run(&[
            "post",
            "/groups",
            "--set",
            "group=one",
            "--set-string",
            "desc=12",
        ])
        .with(0);
    let created: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(created["desc"], "12");

    world.write(
        "two.json",
        "\u{feff}{\"group\": \"two\", \"desc\": \"file\"}",
    );
    let ended = world
        .run(&[
            "post",
            "/groups",
            "two.json",
            "--set",
            "desc=changed",
            "--format",
            "jsonl",
        ])
        .with(0);
    let created: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&created["group"], &created["desc"]),
        (&"two".into(), &"changed".into())
    );

    let command = world.folio(&["post", "/groups", "-"]);
    with_input(command, r#"{"group": "three"}"#).with(0);
    assert_eq!(world.stored("/groups").len(), 3);
}

#[test]
fn nothing_is_sent_if_the_body_is_invalid() {
    let world = World::new();
    world.write("bad.json", "{\"group\": \"x\",\n  oops}");
    world.write("empty.json", " \n");
    let ended = world.run(&["post", "/groups", "bad.json"]).with(2);
    assert!(ended.err.contains("line 2"), "{ended:#?}");
    world.run(&["post", "/groups", "empty.json"]).with(2);
    world.run(&["post", "/groups"]).with(2);
    world.run(&["post", "/groups", "missing.json"]).with(1);
    world.run(&["post", "/groups", "--set", "group"]).with(2);
    world.run(&["patch", "/groups/5"]).with(2);
    world.run(&["put", "/groups/5"]).with(2);
    let long = "n=0.12345678901234567890123";
    let ended = world.run(&["put", "/groups/5", "--set", long]).with(2);
    assert!(ended.err.contains("more digits"), "{ended:#?}");
    assert_eq!(world.writes(), 0);
}

#[test]
fn a_rejected_record_has_an_exit_code() {
    let world = World::of_groups(1, |builder| builder);
    let name = group(0)["group"].as_str().unwrap().to_owned();
    let ended = world
        .run(&["post", "/groups", "--set-string", &format!("group={name}")])
        .with(7);
    assert!(ended.err.contains("already exists"), "{ended:#?}");
}

#[test]
fn set_changes_these_fields_and_no_others() {
    let world = World::new();
    let id = "8c1a2a5e-0000-4000-8000-000000000001";
    let user = json!({
        "id": id, "username": "ada", "active": true, "barcode": "0012",
        "personal": { "lastName": "Ito", "email": "a@example.org", "addresses": [
            { "city": "Bern", "addressTypeId": "93d3d88d-499b-45d0-9bc7-ac73c3a19880" },
        ] },
        "customFields": { "a.b": "dotted" },
    });
    world.sandbox.load(TENANT, "/users", vec![user]).unwrap();
    let before = world.stored("/users")[id].clone();
    let path = format!("/users/{id}");
    let changes = [
        "--set",
        "active=false",
        "--set",
        "personal.addresses.0.city=Köln",
        "--set",
        "personal.phone=123 456",
        "--set",
        "customFields.a\\.b=changed",
        "--set-string",
        "externalSystemId=007",
        "--unset",
        "barcode",
    ];
    let ended = world.run(&[&["put", &path], &changes[..]].concat()).with(0);
    assert!(ended.err.contains("Changed"), "{ended:#?}");
    let mut expected = before;
    expected["active"] = false.into();
    expected["personal"]["addresses"][0]["city"] = "Köln".into();
    expected["personal"]["phone"] = "123 456".into();
    expected["customFields"]["a.b"] = "changed".into();
    expected["externalSystemId"] = "007".into();
    expected.as_object_mut().unwrap().remove("barcode");
    let exchanges = world.sandbox.exchanges();
    let put = exchanges
        .iter()
        .find(|exchange| exchange.method == "PUT")
        .unwrap();
    let sent: Value = serde_json::from_slice(&put.body).unwrap();
    assert_eq!(sent, expected);
    assert_eq!(world.stored("/users")[id]["personal"], expected["personal"]);

    // A second time there is nothing to write.
    let puts = world.writes();
    let ended = world.run(&[&["put", &path], &changes[..]].concat()).with(0);
    assert!(ended.err.contains("nothing was written"), "{ended:#?}");
    assert_eq!(world.writes(), puts);

    // A path through a text is an error, and nothing is sent.
    let ended = world
        .run(&["put", &path, "--set", "username.first=x"])
        .with(2);
    assert!(ended.err.contains("no fields"), "{ended:#?}");
    assert_eq!(world.writes(), puts);
}

#[test]
fn set_survives_a_conflict_and_a_lost_response() {
    for effect in [Effect::status(409, "changed"), Effect::DropAnswer] {
        let world = World::of_groups(1, |builder| builder);
        let id = group(0)["id"].as_str().unwrap().to_owned();
        let fault = Fault::new(effect).method("PUT").times(1);
        world.sandbox.fault(fault);
        let path = format!("/groups/{id}");
        world.run(&["put", &path, "--set", "desc=changed"]).with(0);
        assert_eq!(stored(&world, &id)["desc"], "changed");
    }
}

#[test]
fn a_file_replaces_the_record() {
    let world = World::of_groups(1, |builder| builder);
    let id = group(0)["id"].as_str().unwrap().to_owned();
    world.write(
        "group.json",
        &json!({ "id": id, "group": "new" }).to_string(),
    );
    world
        .run(&["put", &format!("/groups/{id}"), "group.json"])
        .with(0);
    assert_eq!(stored(&world, &id)["group"], "new");
    assert_eq!(stored(&world, &id).get("desc"), None);
}

/// The text of a file is sent as it is: a number keeps its digits.
#[test]
fn digits_of_a_file_are_sent_unchanged() {
    let world = World::new();
    let text = r#"{"group":"x","n":10.10,"long":0.1234567890123456789012}"#;
    world.write("group.json", text);
    world.run(&["post", "/groups", "group.json"]);
    let sent = world.sandbox.exchanges();
    let sent = sent
        .iter()
        .find(|exchange| exchange.path == "/groups")
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&sent.body), text);
}

/// The response to a write is awaited, so that its outcome is known.
#[cfg(unix)]
#[test]
fn an_interruption_waits_for_the_write_in_flight() {
    let world = World::new();
    let slow = Effect::Delay(Duration::from_millis(2000));
    world
        .sandbox
        .fault(Fault::new(slow).method("POST").path("/groups"));
    let command = world.folio(&["post", "/groups", "--set", "group=slow"]);
    let ended = signalled(command, "INT", Duration::from_millis(1200)).with(0);
    assert!(ended.err.contains("waiting for the response"), "{ended:#?}");
    assert!(ended.out.contains("\"group\": \"slow\""), "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 1);
}

#[test]
fn an_unknown_outcome_has_an_exit_code() {
    let world = World::new();
    let lost = Fault::new(Effect::DropAnswer)
        .method("POST")
        .path("/groups");
    world.sandbox.fault(lost);
    let ended = world
        .run(&["post", "/groups", "--set", "group=lost"])
        .with(10);
    assert!(ended.err.contains("outcome unknown"), "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 1);
}
