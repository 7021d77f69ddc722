//! Results in files.

use arrow_array::cast::AsArray as _;
use folio_sandbox::{Effect, Fault};

use crate::support::{World, parquet_rows};

const QUERY: &str = "select id, username, personal, created_date from users.users order by id";

#[test]
fn the_name_of_the_file_states_the_format() {
    let world = World::of_users(2_500, |builder| builder);
    for name in ["a.csv", "a.json", "a.jsonl", "a.parquet", "a.arrow"] {
        let ended = world.run(&["sql", QUERY, "--to", name]).with(0);
        assert!(
            ended.err.contains(&format!("2500 rows in `{name}`")),
            "{ended:?}"
        );
        assert_eq!(ended.out, "");
    }
    assert_eq!(world.read("a.csv").lines().count(), 2_501);
    assert_eq!(world.read("a.jsonl").lines().count(), 2_500);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&world.read("a.json")).unwrap();
    let batch = parquet_rows(&world.path("a.parquet"));
    assert_eq!((rows.len(), batch.num_rows()), (2_500, 2_500));
    let ids = batch.column(0).as_string::<i32>();
    let last_names = batch
        .column(2)
        .as_struct()
        .column_by_name("lastName")
        .unwrap();
    for (row, of_json) in rows.iter().enumerate() {
        assert_eq!(of_json["id"], ids.value(row));
        assert_eq!(
            of_json["personal"]["lastName"],
            last_names.as_string::<i32>().value(row)
        );
    }
    assert_eq!(
        world.files(),
        ["a.arrow", "a.csv", "a.json", "a.jsonl", "a.parquet"]
    );
}

#[test]
fn an_existing_file_is_replaced_only_on_request_and_only_by_a_complete_one() {
    let world = World::of_users(30, |builder| builder);
    for name in ["a.csv", "a.parquet"] {
        std::fs::write(world.path(name), "before").unwrap();
        let ended = world.run(&["sql", QUERY, "--to", name]).with(2);
        assert!(ended.err.contains("--overwrite"), "{ended:?}");
        assert_eq!(world.read(name), "before");
    }
    assert!(
        world.sandbox.exchanges().is_empty(),
        "nothing was requested"
    );
    world
        .sandbox
        .fault(Fault::new(Effect::status(400, "no")).path("/users"));
    for name in ["a.csv", "a.parquet", "b.jsonl", "b.parquet"] {
        world
            .run(&["sql", QUERY, "--to", name, "--overwrite"])
            .with(7);
    }
    assert_eq!(world.read("a.csv"), "before");
    assert_eq!(world.files(), ["a.csv", "a.parquet"]);
    world.sandbox.clear_faults();
    for name in ["a.csv", "a.parquet"] {
        world
            .run(&["sql", QUERY, "--to", name, "--overwrite"])
            .with(0);
    }
    assert_eq!(parquet_rows(&world.path("a.parquet")).num_rows(), 30);
}

#[test]
fn formats_that_contradict_each_other_are_errors() {
    let world = World::of_users(1, |builder| builder);
    for arguments in [
        &["--to", "a.csv", "--format", "json"][..],
        &["--to", "a.parquet", "--format", "json"],
        &["--to", "a.xlsx"],
        &["--to", "a.csv.gz"],
        &["--overwrite"],
    ] {
        let arguments = [&["sql", QUERY], arguments].concat();
        world.run(&arguments).with(2);
    }
    world
        .run(&["sql", QUERY, "--to", "a.txt", "--format", "csv"])
        .with(0);
    assert_eq!(world.files(), ["a.txt"]);
}
