//! Loads of files in all forms.

use std::process::Command;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use super::support::{TENANT, World, group, with_input};

fn lines(records: impl IntoIterator<Item = Value>) -> String {
    records
        .into_iter()
        .map(|record| format!("{record}\n"))
        .collect()
}

const LOAD: [&str; 4] = ["load", "--format", "json", "--into"];

#[test]
fn a_second_load_writes_nothing() {
    let world = World::new();
    let records: Vec<Value> = (0..600).map(group).collect();
    world.write("a.jsonl", &lines(records.clone()));
    let load = ["load", "a.jsonl", "--into", "/groups"];
    let ended = world.run(&load).with(0);
    assert!(ended.out.contains("600 created"), "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 600);
    let writes = world.writes();
    let ended = world.run(&load).with(0);
    assert!(ended.out.contains("600 unchanged"), "{ended:#?}");
    assert_eq!(world.writes(), writes);
    let changed = lines(records.into_iter().map(|mut record| {
        if record["group"] == "group 7" {
            record["desc"] = json!("changed");
        }
        record
    }));
    world.write("a.jsonl", &changed);
    let ended = world
        .run(&[&LOAD[..], &["/groups", "a.jsonl"]].concat())
        .with(0);
    let report = ended.json();
    assert_eq!(report["updated"], 1);
    assert_eq!(report["unchanged"], 599);
    assert_eq!(report["complete"], true);
    assert_eq!(world.files(), ["a.jsonl"], "no file of failures");
}

#[test]
fn files_have_many_forms() {
    let records: Vec<Value> = (0..50).map(group).collect();
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let response = json!({"usergroups": records, "totalRecords": 50});
    let forms = [
        ("lines", lines(records.clone())),
        ("windows", lines(records.clone()).replace('\n', "\r\n")),
        ("mark", format!("\u{feff}{}", lines(records.clone()))),
        ("no-end", lines(records.clone()).trim_end().to_owned()),
        ("array", json!(records).to_string()),
        ("pretty-array", pretty(&json!(records))),
        ("response", response.to_string()),
        ("pretty-response", pretty(&response)),
        (
            "total-first",
            format!(
                "{{\"totalRecords\": 50, \"resultInfo\": {{}}, \"usergroups\": {}}}",
                json!(records)
            ),
        ),
        (
            "pretty-records",
            records.iter().map(pretty).collect::<Vec<_>>().join("\n"),
        ),
        (
            "pages",
            format!(
                "{}\n{}",
                json!({"usergroups": records[..20]}),
                json!({"usergroups": records[20..]})
            ),
        ),
    ];
    for (name, text) in forms {
        let world = World::new();
        world.write(name, &text);
        let ended = world.run(&[&LOAD[..], &["/groups", name]].concat()).with(0);
        assert_eq!(ended.json()["created"], 50, "{name}: {ended:#?}");
        assert_eq!(ended.err, "", "{name}");
        assert_eq!(world.stored("/groups").len(), 50);
    }
}

#[test]
fn compressed_files_and_the_standard_input() {
    let world = World::new();
    world.write("a", &lines((0..300).map(group)));
    for (program, suffix) in [("gzip", "gz"), ("zstd", "zst")] {
        let status = Command::new(program)
            .args(["-q", "-k"])
            .arg(world.path("a"))
            .status()
            .unwrap();
        assert!(status.success());
        let name = format!("a.{suffix}");
        let ended = world
            .run(&[&LOAD[..], &["/groups", &name]].concat())
            .with(0);
        assert_eq!(ended.json()["failed"], 0);
    }
    assert_eq!(world.stored("/groups").len(), 300);
    let command = world.folio(&[&LOAD[..], &["/groups", "-"]].concat());
    let input = std::fs::read(world.path("a.zst")).unwrap();
    let ended = with_input(command, &input).with(0);
    assert_eq!(ended.json()["unchanged"], 300);
}

#[test]
fn a_dry_run_sends_no_write() {
    let world = World::of_groups(100, |builder| builder);
    let mut records: Vec<Value> = (0..150).map(group).collect();
    for record in &mut records[..30] {
        record["desc"] = json!("new");
    }
    records[40].as_object_mut().unwrap().remove("desc");
    let text = format!("{}{{broken\n", lines(records));
    world.write("a.jsonl", &text);
    let before = world.stored("/groups");
    let ended = world
        .run(&["load", "a.jsonl", "--into", "/groups", "--dry-run"])
        .with(9);
    for line in [
        "50 would be created",
        "31 would be updated",
        "69 unchanged",
        "1 failed, 1 of them malformed",
    ] {
        assert!(ended.out.contains(line), "{ended:#?}");
    }
    assert!(
        ended
            .out
            .contains("would be removed, because the records of the file lack them: desc of 1"),
        "{ended:#?}"
    );
    assert_eq!(world.writes(), 0);
    assert_eq!(world.stored("/groups"), before);
    assert_eq!(world.files(), ["a.jsonl"]);
    // The load does what the dry run said.
    let ended = world
        .run(&[&LOAD[..], &["/groups", "a.jsonl"]].concat())
        .with(9);
    let report = ended.json();
    assert_eq!(
        (&report["created"], &report["updated"]),
        (&json!(50), &json!(31))
    );
}

#[test]
fn records_are_matched_by_a_field() {
    let world = World::of_groups(20, |builder| builder);
    let before = world.stored("/groups");
    let records =
        (0..30).map(|number| json!({"group": format!("group {number}"), "desc": "loaded"}));
    world.write("a.jsonl", &lines(records));
    let load = [&LOAD[..], &["/groups", "a.jsonl", "--match-on", "group"]].concat();
    let summary = world.run(&load).with(0).json();
    assert_eq!(
        (&summary["created"], &summary["updated"]),
        (&json!(10), &json!(20))
    );
    let after = world.stored("/groups");
    assert_eq!(after.len(), 30);
    assert!(before.keys().all(|id| after[id]["desc"] == "loaded"));
    let summary = world.run(&load).with(0).json();
    assert_eq!(summary["unchanged"], 30);
}

#[test]
fn fields_that_the_file_lacks_are_removed_or_preserved() {
    let world = World::of_groups(1, |builder| builder);
    let mut record = group(0);
    record["expirationOffsetInDays"] = json!(5);
    record.as_object_mut().unwrap().remove("desc");
    world.write("a.jsonl", &lines([record.clone()]));
    let load = ["load", "a.jsonl", "--into", "/groups"];
    world
        .run(&[&load[..], &["--keep-missing-fields"]].concat())
        .with(0);
    let stored = world.stored("/groups").into_values().next().unwrap();
    assert_eq!(stored["desc"], group(0)["desc"]);
    assert_eq!(stored["expirationOffsetInDays"], 5);
    let ended = world.run(&load).with(0);
    assert!(
        ended
            .out
            .contains("were removed, because the records of the file lack them: desc of 1"),
        "{ended:#?}"
    );
}

#[test]
fn an_export_can_be_loaded_elsewhere() {
    let world = World::with(|builder| builder.generated(24));
    world
        .run(&[
            "export",
            "/instance-storage/instances",
            "--to",
            "a.jsonl.zst",
        ])
        .with(0);
    let other = World::with(|builder| builder.reference_data());
    std::fs::copy(world.path("a.jsonl.zst"), other.path("a.jsonl.zst")).unwrap();
    let load = [&LOAD[..], &["/instance-storage/instances", "a.jsonl.zst"]].concat();
    let summary = other.run(&load).with(0).json();
    assert_eq!(summary["created"], 24);
    // They were sent together.
    let batches = other.sandbox.exchanges();
    let batches = batches
        .iter()
        .filter(|exchange| exchange.path == "/instance-storage/batch/synchronous");
    assert_eq!(batches.count(), 1);
    assert_eq!(other.run(&load).with(0).json()["unchanged"], 24);
}

#[test]
fn failures_of_the_server_are_survived() {
    let world = World::new();
    world.write("a.jsonl", &lines((0..400).map(group)));
    for fault in [
        Fault::new(Effect::status(503, "busy"))
            .path("/groups")
            .every(9)
            .times(8),
        Fault::new(Effect::DropAnswer)
            .method("POST")
            .path("/groups")
            .every(31)
            .times(5),
        Fault::new(Effect::ExpireToken)
            .path("/groups")
            .every(97)
            .times(3),
    ] {
        world.sandbox.fault(fault);
    }
    let load = [&LOAD[..], &["/groups", "a.jsonl"]].concat();
    let summary = world.run(&load).with(0).json();
    assert_eq!(summary["created"], 400);
    assert_eq!(world.stored("/groups").len(), 400);
    assert_eq!(world.sandbox.records(TENANT, "/groups").unwrap().len(), 400);
}
