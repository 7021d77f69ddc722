//! Exports from servers that fail, and to disks that are full.

use std::time::Duration;

use folio_sandbox::{Effect, Fault};
use serde_json::json;

use super::support::{TENANT, World, decompressed, limited, unique};

#[test]
fn failures_of_all_kinds_lose_and_repeat_nothing() {
    let world = World::of_groups(2_000, |builder| builder);
    for fault in [
        Fault::new(Effect::status(500, "busy"))
            .path("/groups")
            .every(11)
            .times(5),
        Fault::new(Effect::status(503, "busy"))
            .path("/groups")
            .every(7)
            .times(9),
        Fault::new(Effect::retry_after(429, 0))
            .path("/groups")
            .every(9)
            .times(6),
        Fault::new(Effect::Drop).path("/groups").every(13).times(4),
        Fault::new(Effect::BreakBody)
            .path("/groups")
            .every(17)
            .times(4),
        Fault::new(Effect::ExpireToken)
            .path("/groups")
            .every(19)
            .times(3),
        Fault::new(Effect::Truncate)
            .path("/groups")
            .every(23)
            .times(2),
    ] {
        world.sandbox.fault(fault);
    }
    let arguments = [
        "export",
        "/groups",
        "--to",
        "a.jsonl",
        "--page-size",
        "20",
        "--parallel",
        "2",
    ];
    // What is not transient ends a run, and the next one continues.
    let runs = (1..20).find(|_| {
        let ended = world.run(&arguments);
        assert!(matches!(ended.code, Some(0 | 1 | 8)), "{ended:#?}");
        ended.code == Some(0)
    });
    assert!(runs.is_some());
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
}

#[test]
fn a_server_that_fails_for_long_leaves_an_export_to_continue() {
    let world = World::of_groups(3_000, |builder| builder);
    let stored = world.stored("/groups");
    let arguments = [
        "export",
        "/groups",
        "--to",
        "a.jsonl.zst",
        "--page-size",
        "50",
    ];
    world.sandbox.fault(
        Fault::new(Effect::status(403, "no"))
            .path("/groups")
            .after(20),
    );
    let ended = world.run(&arguments).with(4);
    assert!(
        ended
            .err
            .contains("records are saved; run the same command again"),
        "{ended:#?}"
    );
    assert!(!world.path("a.jsonl.zst").exists());
    let ended = world.run(&arguments).with(4);
    assert!(
        ended.err.contains("continues an interrupted export"),
        "{ended:#?}"
    );
    world.sandbox.clear_faults();
    world.run(&arguments).with(0);
    assert_eq!(
        unique(&decompressed("zstd", &world.path("a.jsonl.zst"))),
        stored
    );
}

#[test]
fn records_that_the_server_withholds_are_noticed_and_nothing_is_repeated() {
    let world = World::of_groups(900, |builder| builder);
    let arguments = [
        "export",
        "/groups",
        "--to",
        "a.jsonl",
        "--page-size",
        "30",
        "--checkpoint-every",
        "0.01",
    ];
    let mut codes = Vec::new();
    for after in [3, 9, 17, 26] {
        for effect in [Effect::EmptyPage, Effect::ShrinkPage, Effect::NullElement] {
            world
                .sandbox
                .fault(Fault::new(effect).path("/groups").after(after).times(1));
        }
        let ended = world.run(&arguments);
        codes.push(ended.code);
        if ended.code == Some(0) {
            break;
        }
    }
    world.sandbox.clear_faults();
    if codes.last() != Some(&Some(0)) {
        world.run(&arguments).with(0);
    }
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"), "{codes:?}");
}

#[test]
fn a_full_disk_is_an_error_after_which_it_continues() {
    let world = World::of_groups(3_000, |builder| builder);
    for name in ["a.jsonl", "a.csv"] {
        let fast = ["--checkpoint-every", "0.01", "--page-size", "50"];
        let arguments = [&["export", "/groups", "--to", name][..], &fast].concat();
        let mut failures = 0;
        for limit in [8, 32, 96] {
            let ended = limited(&world, limit, &arguments);
            if ended.code == Some(0) {
                break;
            }
            assert_eq!(ended.code, Some(1), "{ended:#?}");
            assert!(ended.err.contains("make room"), "{ended:#?}");
            assert!(!world.path(name).exists());
            failures += 1;
        }
        assert!(failures > 0);
        world.run(&arguments).with(0);
    }
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
    assert_eq!(world.read("a.csv").lines().count(), 3_001);
    assert_eq!(world.files(), ["a.csv", "a.jsonl"]);
}

#[test]
fn what_cannot_work_is_an_error_before_anything_is_written() {
    let world = World::of_groups(10, |builder| builder);
    world.write("there.jsonl", "mine");
    let one = format!("/groups/{}", world.stored("/groups").keys().next().unwrap());
    for (list, file, code, problem) in [
        ("/groups", "there.jsonl", 2, "`there.jsonl` exists"),
        ("/groups", "a.txt", 2, "states no format"),
        (
            "/groups",
            "missing/a.jsonl",
            1,
            "cannot write `missing/a.jsonl.part`",
        ),
        (
            one.as_str(),
            "a.jsonl",
            2,
            "is not a list: the response is a single record",
        ),
        ("/groups?query=a", "a.jsonl", 2, "is more than a path"),
        ("/no-such-list", "a.jsonl", 5, "/no-such-list"),
        ("/groups?limit=1", "a.jsonl", 2, "is more than a path"),
    ] {
        let ended = world.run(&["export", list, "--to", file]).with(code);
        assert!(ended.err.contains(problem), "{ended:#?}");
    }
    world
        .run(&["export", "/groups", "--to", "a.jsonl", "--resume"])
        .with(2);
    let twice = [
        "export",
        "/groups",
        "--to",
        "a.csv",
        "--fields",
        "id,group,id",
    ];
    let ended = world.run(&twice).with(2);
    assert!(ended.err.contains("names `id` twice"), "{ended:#?}");
    world
        .run(&[
            "export", "/groups", "--to", "a.jsonl", "--query", "group==(",
        ])
        .with(2);
    assert_eq!(world.read("there.jsonl"), "mine");
    assert_eq!(world.files(), ["there.jsonl"]);
    world
        .run(&["export", "/groups", "--to", "there.jsonl", "--overwrite"])
        .with(0);
    assert_eq!(world.lines("there.jsonl"), world.stored("/groups"));
}

#[test]
fn files_that_are_not_a_part_of_an_export_stay() {
    let world = World::of_groups(10, |builder| builder);
    world.write("a.jsonl.part", "mine");
    let ended = world.run(&["export", "/groups", "--to", "a.jsonl"]).with(1);
    assert!(
        ended
            .err
            .contains("the state of its export, `a.jsonl.part.json`, does not"),
        "{ended:#?}"
    );
    assert_eq!(world.read("a.jsonl.part"), "mine");
    world.write("a.jsonl.part.json", "{}");
    let ended = world.run(&["export", "/groups", "--to", "a.jsonl"]).with(1);
    assert!(
        ended.err.contains("is not the state of an export"),
        "{ended:#?}"
    );
    world
        .run(&["export", "/groups", "--to", "a.jsonl", "--restart"])
        .with(0);
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
}

#[test]
fn a_crash_after_the_file_got_its_name_leaves_no_obstacle() {
    let world = World::of_groups(500, |builder| builder.latency(Duration::from_millis(20)));
    let arguments = [
        "export",
        "/groups",
        "--to",
        "a.jsonl",
        "--page-size",
        "10",
        "--checkpoint-every",
        "0.01",
    ];
    let mut child = world.folio(&arguments).spawn().unwrap();
    let saved = |state: String| !state.contains("\"position\":0");
    while !std::fs::read_to_string(world.path("a.jsonl.part.json")).is_ok_and(saved) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let state = std::fs::read(world.path("a.jsonl.part.json")).unwrap();
    world.run(&arguments).with(0);
    // As if it had crashed before it removed the state.
    std::fs::write(world.path("a.jsonl.part.json"), state).unwrap();
    world
        .run(&[&arguments[..], &["--overwrite"]].concat())
        .with(0);
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
    assert_eq!(world.files(), ["a.jsonl"]);
}

#[test]
fn a_list_without_ids_is_read_page_by_page() {
    let world = World::new();
    let entries: Vec<_> = (0..250_u32)
        .map(|number| json!({"id": format!("{number:08x}-0000-4000-8000-000000000000"), "name": format!("n{number}")}))
        .collect();
    world.sandbox.load(TENANT, "/tags", entries).unwrap();
    world
        .run(&["export", "/tags", "--to", "a.jsonl", "--page-size", "30"])
        .with(0);
    assert_eq!(world.lines("a.jsonl"), world.stored("/tags"));
}
