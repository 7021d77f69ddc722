//! Exports that are killed or interrupted at any time, and continued.

use std::time::Duration;

use super::support::{World, decompressed, signalled, unique};

/// The number of records.
const RECORDS: u64 = 4_000;

/// The arguments of an export that takes a second or more.
fn slow<'a>(name: &'a str, every: &'a str) -> Vec<&'a str> {
    vec![
        "export",
        "/groups",
        "--to",
        name,
        "--page-size",
        "25",
        "--parallel",
        "2",
        "--checkpoint-every",
        every,
    ]
}

fn slow_world() -> World {
    World::of_groups(RECORDS, |builder| {
        builder.latency(Duration::from_millis(40))
    })
}

/// The next time of a sequence, in milliseconds.
fn next(seed: &mut u64, most: u64) -> Duration {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((*seed >> 33) % most)
}

/// Stops an export again and again, until it is complete. Returns the number of runs.
fn stop_until_complete(
    world: &World,
    name: &str,
    signal: &str,
    code: Option<i32>,
    seed: u64,
) -> u32 {
    let mut seed = seed;
    for run in 1..200 {
        let after = Duration::from_millis(50) + next(&mut seed, 400);
        let ended = signalled(world.folio(&slow(name, "0.02")), signal, after);
        if ended.code == Some(0) {
            return run;
        }
        assert_eq!(ended.code, code, "{ended:#?}");
        if world.path(name).exists() {
            // The signal came after the file got its name.
            let _ = std::fs::remove_file(world.path(&format!("{name}.part.json")));
            return run;
        }
    }
    panic!("the export makes no progress");
}

#[test]
fn killed_at_any_time_it_continues_without_loss_and_repetition() {
    let world = slow_world();
    let stored = world.stored("/groups");
    for (seed, name, program) in [
        (1, "a.jsonl", "cat"),
        (2, "a.jsonl.gz", "gzip"),
        (3, "a.jsonl.zst", "zstd"),
    ] {
        let runs = stop_until_complete(&world, name, "KILL", None, seed);
        assert!(runs > 2, "{runs} runs");
        let text = match program {
            "cat" => world.read(name),
            _ => decompressed(program, &world.path(name)),
        };
        assert_eq!(unique(&text), stored, "{name}");
    }
    assert_eq!(world.files(), ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"]);
}

#[test]
fn interrupted_by_ctrl_c_it_saves_what_it_has() {
    let world = slow_world();
    let stored = world.stored("/groups");
    // Checkpoints are only those of the interruptions.
    let ended = signalled(
        world.folio(&slow("a.jsonl.gz", "1000")),
        "INT",
        Duration::from_millis(700),
    )
    .with(130);
    assert!(
        ended.err.contains("run the same command again to continue"),
        "{ended:#?}"
    );
    let saved = |text: &str| -> u64 {
        let before = text.split(" records are saved").next().unwrap();
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let first = saved(&ended.err);
    assert!(first > 0 && first < RECORDS, "{ended:#?}");
    let ended = signalled(
        world.folio(&slow("a.jsonl.gz", "1000")),
        "TERM",
        Duration::from_millis(700),
    )
    .with(130);
    assert!(
        ended.err.contains(&format!(
            "continues an interrupted export with {first} records"
        )),
        "{ended:#?}"
    );
    assert!(saved(&ended.err) > first);
    world
        .run(&["export", "/groups", "--to", "a.jsonl.gz", "--resume"])
        .with(0);
    assert_eq!(
        unique(&decompressed("gzip", &world.path("a.jsonl.gz"))),
        stored
    );
}

#[test]
fn tables_continue_too() {
    let world = slow_world();
    let runs = stop_until_complete(&world, "a.csv", "KILL", None, 4);
    assert!(runs > 2, "{runs} runs");
    assert_eq!(world.read("a.csv").lines().count() as u64, RECORDS + 1);
    assert_eq!(world.files(), ["a.csv"]);
    stop_until_complete(&world, "b.csv.zst", "INT", Some(130), 5);
    let lines = decompressed("zstd", &world.path("b.csv.zst"));
    assert_eq!(lines.lines().count() as u64, RECORDS + 1);
}

#[test]
fn lists_that_are_read_by_offset_continue_too() {
    let world = slow_world();
    let query = ["--query", "cql.allRecords=1 sortBy group"];
    let mut arguments = slow("a.jsonl", "0.02");
    arguments.extend(query);
    let mut runs = 0;
    loop {
        let ended = signalled(world.folio(&arguments), "KILL", Duration::from_millis(900));
        runs += 1;
        if ended.code == Some(0) {
            break;
        }
        assert!(runs < 100, "{ended:#?}");
    }
    assert!(runs > 1);
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
}

#[test]
fn another_export_is_not_mixed_with_an_interrupted_one() {
    let world = slow_world();
    let stop = Duration::from_millis(700);
    signalled(world.folio(&slow("a.jsonl", "0.02")), "KILL", stop);
    let part = world.read("a.jsonl.part");
    assert!(!part.is_empty());
    let to = ["--to", "a.jsonl"];
    for (arguments, problem) in [
        (vec!["export", "/users"], "list: then /groups, now /users"),
        (
            vec!["export", "/groups", "--query", "group==a"],
            "query: then none, now group==a",
        ),
        (
            vec!["export", "/groups", "--fields", "id"],
            "fields: then all, now id",
        ),
        (
            vec!["export", "/groups", "--ordered"],
            "ordered: then false, now true",
        ),
    ] {
        let ended = world.run(&[&arguments[..], &to].concat()).with(2);
        assert!(ended.err.contains(problem), "{ended:#?}");
        assert!(ended.err.contains("--restart"), "{ended:#?}");
    }
    assert_eq!(world.read("a.jsonl.part"), part);
    let ended = world
        .run(&[
            "export",
            "/groups",
            "--fields",
            "id",
            "--restart",
            "--to",
            "a.jsonl",
        ])
        .with(0);
    assert!(!ended.err.contains("continues"), "{ended:#?}");
    assert_eq!(world.lines("a.jsonl").len() as u64, RECORDS);
    assert!(
        world
            .read("a.jsonl")
            .lines()
            .all(|line| !line.contains("group"))
    );
}

#[test]
fn only_one_process_writes_a_file() {
    let world = slow_world();
    let mut first = world.folio(&slow("a.jsonl", "0.02")).spawn().unwrap();
    while !world.path("a.jsonl.part.json").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ended = world.run(&["export", "/groups", "--to", "a.jsonl"]).with(1);
    assert!(
        ended.err.contains("another process writes `a.jsonl.part`"),
        "{ended:#?}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    world.run(&["export", "/groups", "--to", "a.jsonl"]).with(0);
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
}
