//! Complete exports, in all formats.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use folio_sdk::FolioClient;
use serde_json::{Value, json};

use super::support::{Ended, TENANT, World, decompressed, group, unique};

#[test]
fn an_export_has_every_record_once_in_any_compression() {
    let world = World::of_groups(2_345, |builder| builder);
    let stored = world.stored("/groups");
    let ended = world
        .run(&["export", "/groups", "--to", "a.jsonl", "--page-size", "100"])
        .with(0);
    assert!(
        ended.err.contains("2345 records of /groups in `a.jsonl`"),
        "{ended:?}"
    );
    assert_eq!(ended.out, "");
    assert_eq!(world.lines("a.jsonl"), stored);
    for (name, program) in [("b.jsonl.gz", "gzip"), ("c.jsonl.zst", "zstd")] {
        let checkpoints = ["--checkpoint-every", "0.01"];
        let arguments = [
            "export",
            "groups",
            "--to",
            name,
            "--page-size",
            "50",
            "--quiet",
        ];
        let ended = world.run(&[&arguments[..], &checkpoints].concat()).with(0);
        assert_eq!(ended.err, "", "quiet is quiet");
        assert_eq!(unique(&decompressed(program, &world.path(name))), stored);
    }
    assert_eq!(
        world.files(),
        ["a.jsonl", "b.jsonl.gz", "c.jsonl.zst"],
        "no other file stays"
    );
}

#[test]
fn lines_keep_numbers_and_unknown_fields_digit_by_digit() {
    let world = World::new();
    let record = r#"{"id":"3684a786-6671-4268-8ed0-9db82ebca60b","group":"a","new":{"price":10.10,"list":[1,null]}}"#;
    let value: Value = serde_json::from_str(record).unwrap();
    world.sandbox.load(TENANT, "/groups", vec![value]).unwrap();
    world.run(&["export", "/groups", "--to", "a.jsonl"]).with(0);
    assert_eq!(world.lines("a.jsonl"), world.stored("/groups"));
    assert_eq!(world.read("a.jsonl").lines().count(), 1);
}

#[test]
fn empty_lists_are_valid_files() {
    let world = World::new();
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv"] {
        world.run(&["export", "/groups", "--to", name]).with(0);
    }
    assert_eq!(world.read("a.jsonl"), "");
    assert_eq!(decompressed("gzip", &world.path("a.jsonl.gz")), "");
    assert_eq!(decompressed("zstd", &world.path("a.jsonl.zst")), "");
    assert_eq!(world.read("a.csv"), "id\n");
}

#[test]
fn concurrent_changes_neither_hide_nor_repeat_other_records() {
    let world = World::of_groups(3_000, |builder| builder.latency(Duration::from_millis(4)));
    let stored = world.stored("/groups");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let folio = FolioClient::builder(world.sandbox.url())
                    .tenant(TENANT)
                    .credentials("diku_admin", "admin")
                    .connect()
                    .await
                    .unwrap();
                let mut number = 100_000;
                while !done.load(Ordering::Relaxed) {
                    number += 1;
                    let other = group(number);
                    folio.folio_post("/groups", &other).await.unwrap();
                    if number % 2 == 0 {
                        let path = format!("/groups/{}", other["id"].as_str().unwrap());
                        folio.folio_delete(&path).await.unwrap();
                    }
                }
            });
        });
        world
            .run(&["export", "/groups", "--to", "a.jsonl", "--page-size", "40"])
            .with(0);
        done.store(true, Ordering::Relaxed);
    });
    let mut exported = world.lines("a.jsonl");
    exported.retain(|id, _| stored.contains_key(id));
    assert_eq!(exported, stored);
}

#[test]
fn a_query_fields_and_an_order() {
    let world = World::of_groups(500, |builder| builder);
    let arguments = [
        "export",
        "/groups",
        "--query",
        "group==\"group 1*\"",
        "--fields",
        "group,id",
    ];
    world
        .run(&[&arguments[..], &["--to", "a.jsonl"]].concat())
        .with(0);
    let exported = world.lines("a.jsonl");
    assert_eq!(exported.len(), 111);
    assert!(
        exported
            .values()
            .all(|record| record.as_object().unwrap().len() == 2)
    );

    world
        .run(&[
            "export",
            "/groups",
            "--ordered",
            "--to",
            "b.jsonl",
            "--page-size",
            "20",
        ])
        .with(0);
    let ids = |name: &str| -> Vec<String> {
        let text = world.read(name);
        let records = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        records
            .map(|record| record["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(ids("b.jsonl").is_sorted());

    let query = "cql.allRecords=1 sortBy group/sort.descending";
    let ended = world
        .run(&["export", "/groups", "--query", query, "--to", "c.jsonl"])
        .with(0);
    assert!(ended.err.contains("--parallel has no effect"), "{ended:?}");
    assert_eq!(world.lines("c.jsonl").len(), 500);
    let text = world.read("c.jsonl");
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["group"], "group 99");
}

/// What python's `csv` module reads.
fn csv_rows(path: &std::path::Path) -> Vec<Vec<String>> {
    let script = "import csv,json,sys; json.dump(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8'))), sys.stdout)";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_csv_file_has_a_column_for_every_field_of_every_record() {
    let world = World::new();
    let id = |number: u32| format!("{number:08x}-0000-4000-8000-000000000000");
    let mut records: Vec<Value> = (0..1_500_u32)
        .map(|number| json!({"id": id(number), "username": format!("u{number}")}))
        .collect();
    records[3]["personal"] =
        json!({"lastName": "O'Neil, \"Bo\"\nJr.", "addresses": [{"city": "Köln"}]});
    records[1_499]["late"] = json!(true);
    records[1_498]["personal"] = json!({"email": "a@b"});
    world.sandbox.load(TENANT, "/users", records).unwrap();
    world.run(&["export", "/users", "--to", "a.csv"]).with(0);
    let rows = csv_rows(&world.path("a.csv"));
    let header = [
        "id",
        "late",
        "personal.addresses",
        "personal.email",
        "personal.lastName",
        "username",
    ];
    assert_eq!(rows[0], header);
    assert_eq!(rows.len(), 1_501);
    let row = |number: u32| rows.iter().find(|row| row[0] == id(number)).unwrap();
    assert_eq!(
        row(3)[2..],
        ["[{\"city\":\"Köln\"}]", "", "O'Neil, \"Bo\"\nJr.", "u3"]
    );
    assert_eq!(row(1_499)[1], "true");
    assert_eq!(row(1_498)[3], "a@b");

    let fields = "username,personal.lastName,nothing";
    let ended = world
        .run(&["export", "/users", "--fields", fields, "--to", "b.csv.gz"])
        .with(0);
    assert!(
        ended.err.contains("no record has the field `nothing`"),
        "{ended:?}"
    );
    world.write("b.csv", &decompressed("gzip", &world.path("b.csv.gz")));
    let rows = csv_rows(&world.path("b.csv"));
    assert_eq!(rows[0], ["username", "personal.lastName", "nothing"]);
    assert!(rows.contains(&vec![
        "u3".into(),
        "O'Neil, \"Bo\"\nJr.".into(),
        String::new()
    ]));
}

/// Another program writes it, which is looked for before anything is requested.
#[test]
fn a_parquet_file_needs_the_program_that_writes_it() {
    let world = World::new();
    let mut command = world.folio(&["export", "/groups", "--to", "a.parquet"]);
    command.env("PATH", world.folder.path());
    let ended = Ended::of(command.output().unwrap()).with(2);
    assert!(
        ended.err.contains("needs the program `folio-sql`") && ended.err.contains("cargo install"),
        "{ended:?}"
    );
    assert!(world.sandbox.exchanges().is_empty());
    assert_eq!(world.files(), [""; 0]);
}
