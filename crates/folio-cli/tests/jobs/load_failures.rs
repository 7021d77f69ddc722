//! Records that are not written, interruptions, and files that cannot be loaded.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use folio_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use super::support::{Ended, World, group, signalled};

fn line(record: &Value) -> String {
    format!("{record}\n")
}

#[test]
fn failed_records_can_be_corrected_and_loaded() {
    let world = World::new();
    let mut text = String::new();
    for number in 0..200 {
        let mut record = group(number);
        match number % 50 {
            10 => {
                // The server requires the name.
                record.as_object_mut().unwrap().remove("group");
                text.push_str(&line(&record));
            }
            20 => text.push_str("{\"group\": \"cut\n"),
            30 => text.push_str("17\n\n"),
            _ => text.push_str(&line(&record)),
        }
    }
    world.write("a.jsonl", &text);
    let load = ["load", "a.jsonl", "--into", "/groups"];
    let ended = world.run(&load).with(9);
    assert!(ended.out.contains("188 created"), "{ended:#?}");
    assert!(
        ended.out.contains("12 failed, 8 of them malformed"),
        "{ended:#?}"
    );
    assert!(ended.out.contains("4 × "), "{ended:#?}");
    assert!(
        ended
            .out
            .contains("failed records, to be corrected and loaded: a.jsonl.failed.jsonl"),
        "{ended:#?}"
    );
    assert!(ended.err.contains("line 21: malformed"), "{ended:#?}");
    assert_eq!(world.files(), ["a.jsonl", "a.jsonl.failed.jsonl"]);

    let failed = world.read("a.jsonl.failed.jsonl");
    let failures: Vec<Value> = failed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(failures.len(), 12);
    let rejected: Vec<&Value> = failures
        .iter()
        .filter(|line| line["record"].is_object())
        .collect();
    assert_eq!(rejected.len(), 4);
    assert!(
        rejected.iter().all(|line| line["failed"]["status"] == 422),
        "{failed}"
    );
    assert!(
        rejected[0]["failed"]["message"]
            .as_str()
            .unwrap()
            .contains("group"),
        "{failed}"
    );
    assert!(
        failures
            .iter()
            .any(|line| line["text"] == "{\"group\": \"cut" && line["failed"]["line"] == 21)
    );

    // The same load again: the failures of the first run are not overwritten.
    world.run(&load).with(9);
    assert_eq!(
        world.files(),
        ["a.jsonl", "a.jsonl.failed.jsonl", "a.jsonl.failed.jsonl.1"]
    );
    assert_eq!(world.read("a.jsonl.failed.jsonl.1"), failed);

    // Corrected in place.
    let mut corrected = String::new();
    for (number, mut failure) in failures.into_iter().enumerate() {
        if failure["record"].is_object() {
            failure["record"]["group"] = json!(format!("corrected {number}"));
        } else if failure["failed"]["line"] == 21 {
            failure["text"] = json!("{\"group\": \"was cut\"}");
        } else {
            continue;
        }
        corrected.push_str(&line(&failure));
    }
    world.write("a.jsonl.failed.jsonl", &corrected);
    let ended = world
        .run(&["load", "a.jsonl.failed.jsonl", "--into", "/groups"])
        .with(0);
    assert!(ended.out.contains("5 created"), "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 193);
}

#[test]
fn a_failed_record_keeps_the_id_and_the_digits_that_were_sent() {
    let world = World::new();
    world.write(
        "a.jsonl",
        "{\"bad\":1.10,\"big\":12345678901234567890123}\n{}\n",
    );
    world.run(&["load", "a.jsonl", "--into", "/groups"]).with(9);
    let failed = world.read("a.jsonl.failed.jsonl");
    let mut lines: Vec<&str> = failed.lines().collect();
    lines.sort_by_key(|line| line.len());
    let id = "00000000-0000-4000-8000-000000000000".len();
    let (_, empty) = lines[0].split_once("\"record\":{\"id\":\"").unwrap();
    assert_eq!(&empty[id..], "\"}}");
    let (_, record) = lines[1].split_once("\"record\":{\"id\":\"").unwrap();
    assert_eq!(
        &record[id..],
        "\",\"bad\":1.10,\"big\":12345678901234567890123}}"
    );
}

#[test]
fn a_broken_line_costs_no_other_line() {
    let world = World::new();
    let good = |number: u64| line(&group(number));
    let text = [
        good(0),
        "{\"id\": \"1\", \"group\": \"a\"".to_owned() + "\n",
        good(1),
        "{\"group\": [1, 2\n".to_owned(),
        good(2),
        "{\"group\": {\"a\": {\"b\": 1}\n".to_owned(),
        good(3),
        "not json\n\"text\"\n17\n".to_owned(),
        good(4),
        "{\"group\": tru}\n".to_owned(),
        good(5),
        "}\n]\n".to_owned(),
        good(6),
        "{\"group\": \"raw \u{1} control\"}\n".to_owned(),
        good(7),
        "{\"group\": \"no end".to_owned(),
    ]
    .concat();
    world.write("a.jsonl", &text);
    let ended = world
        .run(&["load", "a.jsonl", "--into", "/groups", "--format", "json"])
        .with(9);
    let report = ended.json();
    assert_eq!(report["created"], 8, "{ended:#?}");
    assert_eq!(report["malformed"], 11, "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 8);
}

#[test]
fn flaws_of_arrays_are_reported() {
    for (text, created, problem) in [
        (
            "[{\"group\":\"a\"},{\"group\":tru},{\"group\":\"b\"}]",
            2,
            "malformed",
        ),
        (
            "[{\"group\":\"a\"},\n{\"group\":\"b\"}",
            2,
            "has no end: the file is not complete",
        ),
        ("[{\"group\":\"a\"},\n{\"group\":", 1, "it is not complete"),
        ("[{\"group\":\"a\"}] x", 1, "it is not a JSON object"),
        (
            "{\"usergroups\":[{\"group\":\"a\"}]",
            1,
            "the file is not complete",
        ),
    ] {
        let world = World::new();
        world.write("a.json", text);
        let ended = world.run(&["load", "a.json", "--into", "/groups"]).with(9);
        assert!(
            ended.out.contains(&format!("{created} created")),
            "{text}: {ended:#?}"
        );
        assert!(ended.err.contains(problem), "{text}: {ended:#?}");
    }
    let world = World::new();
    world.write(
        "a.json",
        "{\"usergroups\":[{\"group\":\"a\"}],\"totalRecords\":500}",
    );
    let ended = world.run(&["load", "a.json", "--into", "/groups"]).with(0);
    assert!(
        ended
            .err
            .contains("has 1 of 500 records: it is one page of a list"),
        "{ended:#?}"
    );
}

#[test]
fn ctrl_c_ends_it_after_the_requests_in_flight() {
    let world = World::with(|builder| builder.latency(Duration::from_millis(20)));
    let text: String = (0..3_000).map(|number| line(&group(number))).collect();
    world.write("a.jsonl", &text);
    let load = ["load", "a.jsonl", "--into", "/groups", "--format", "json"];
    let mut stored = 0;
    for _ in 0..2 {
        let ended = signalled(world.folio(&load), "INT", Duration::from_millis(1_500)).with(130);
        assert!(
            ended.err.contains("run the same command again"),
            "{ended:#?}"
        );
        let report = ended.json();
        let count = |name: &str| report[name].as_u64().unwrap();
        assert_eq!(count("failed"), 0, "{ended:#?}");
        assert_eq!(report["complete"], false);
        // Every record that the server has is in the report.
        let now = world.stored("/groups").len() as u64;
        assert_eq!(now, stored + count("created"), "{ended:#?}");
        assert!(now < 3_000);
        stored = now;
    }
    assert!(stored > 0);
    assert_eq!(world.files(), ["a.jsonl"]);
}

#[test]
fn ctrl_c_ends_it_while_the_input_is_silent() {
    let world = World::new();
    let mut command = world.folio(&["load", "-", "--into", "/groups"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(line(&group(1)).as_bytes()).unwrap();
    input.flush().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap()).with(130);
    drop(input);
    assert!(ended.out.contains("1 created"), "{ended:#?}");
}

#[test]
fn a_missing_permission_stops_it() {
    let world = World::with(|builder| {
        builder.user_with_permissions("reader", "x", ["usergroups.collection.get"])
    });
    let text: String = (0..2_000).map(|number| line(&group(number))).collect();
    world.write("a.jsonl", &text);
    let mut command = world.folio(&["load", "a.jsonl", "--into", "/groups"]);
    command
        .env("FOLIO_USERNAME", "reader")
        .env("FOLIO_PASSWORD", "x");
    let ended = Ended::of(command.output().unwrap()).with(4);
    assert!(
        ended
            .err
            .contains("stopped before all records were written"),
        "{ended:#?}"
    );
    assert!(world.writes() < 20, "{} requests", world.writes());
    assert!(world.stored("/groups").is_empty());
}

#[test]
fn what_cannot_work_is_an_error_before_anything_is_written() {
    let world = World::new();
    world.write("a.jsonl", &line(&group(1)));
    for (arguments, code, problem) in [
        (
            vec!["load", "missing.jsonl", "--into", "/groups"],
            1,
            "cannot read `missing.jsonl`",
        ),
        (vec!["load", ".", "--into", "/groups"], 2, "is a directory"),
        (
            vec!["load", "a.jsonl", "--into", "/no-such-list"],
            5,
            "/no-such-list",
        ),
        (
            vec![
                "load", "a.jsonl", "--into", "/groups", "--failed", "a.jsonl",
            ],
            2,
            "is the one that is loaded",
        ),
        (
            vec![
                "load", "a.jsonl", "--into", "/groups", "--failed", "no/where",
            ],
            1,
            "--failed",
        ),
    ] {
        let ended = world.run(&arguments).with(code);
        assert!(ended.err.contains(problem), "{ended:#?}");
    }
    assert_eq!(world.writes(), 0);
    assert_eq!(world.files(), ["a.jsonl"]);
}

#[test]
fn a_conflict_is_reported_unless_it_is_overwritten() {
    let world = World::with(|builder| builder.demo_data());
    let path = "/instance-storage/instances";
    world.run(&["export", path, "--to", "a.jsonl"]).with(0);
    let changed = |text: &str, title: &str| -> String {
        let records = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        records
            .map(|mut record| {
                record["title"] = json!(title);
                line(&record)
            })
            .collect()
    };
    let text = world.read("a.jsonl");
    world.write("b.jsonl", &changed(&text, "b"));
    world.write("c.jsonl", &changed(&text, "c"));
    world.run(&["load", "b.jsonl", "--into", path]).with(0);
    let ended = world.run(&["load", "c.jsonl", "--into", path]).with(9);
    assert!(ended.out.contains("24 failed"), "{ended:#?}");
    assert!(ended.err.contains("_version"), "{ended:#?}");
    assert!(
        world
            .stored(path)
            .values()
            .all(|record| record["title"] == "b")
    );
    world
        .run(&["load", "c.jsonl", "--into", path, "--overwrite"])
        .with(0);
    assert!(
        world
            .stored(path)
            .values()
            .all(|record| record["title"] == "c")
    );
}

#[test]
fn a_server_error_fails_the_record_that_causes_it() {
    let world = World::new();
    let text: String = (0..20).map(|number| line(&group(number))).collect();
    world.write("a.jsonl", &text);
    world.sandbox.fault(
        Fault::new(Effect::status(500, "ERROR: relation is broken"))
            .method("POST")
            .path("/groups")
            .times(6),
    );
    let ended = world.run(&["load", "a.jsonl", "--into", "/groups"]);
    let created = world.stored("/groups").len();
    assert!(
        ended.out.contains(&format!("{created} created")),
        "{ended:#?}"
    );
}
