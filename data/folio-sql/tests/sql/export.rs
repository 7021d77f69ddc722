//! `folio export --to FILE.parquet`: typed columns, fields, unknown lists, resumption.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use folio_arrow::restore;
use folio_sandbox::Module;
use serde_json::{Value, json};

use crate::support::{
    Ended, TENANT, World, id, parquet_columns, parquet_rows, signal, user, wait_until,
};

/// The texts of a column.
fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(name).unwrap();
    let column = arrow_cast::cast(column, &arrow_schema::DataType::Utf8).unwrap();
    let column = column.as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn every_record_is_restored_from_typed_columns() {
    let world = World::with(|builder| builder);
    let mut records: Vec<Value> = (0..3_000).map(user).collect();
    records[5]["active"] = json!("perhaps");
    records[6]["shoeSize"] = json!(38);
    records[7]["tags"] = json!({"tagList": ["a", "b"]});
    world.load("/users", records);
    let arguments = [
        "export",
        "/users",
        "--to",
        "a.parquet",
        "--ordered",
        "--page-size",
        "200",
    ];
    let ended = world.run(&arguments).with(0);
    assert!(
        ended.err.contains("3000 records of /users in `a.parquet`"),
        "{ended:?}"
    );
    assert!(
        ended.err.contains("`active`: 1 values do not fit"),
        "{ended:?}"
    );
    assert!(
        ended.err.contains("`shoeSize`: FOLIO does not describe"),
        "{ended:?}"
    );
    assert_eq!(world.files(), ["a.parquet"]);
    let batch = parquet_rows(&world.path("a.parquet"));
    let mut restored: Vec<Value> = (0..batch.num_rows())
        .map(|row| serde_json::from_str(restore(&batch, row).unwrap().get()).unwrap())
        .collect();
    assert!(restored.is_sorted_by_key(|record| record["id"].as_str().unwrap().to_owned()));
    let mut stored = world.sandbox.records(TENANT, "/users").unwrap();
    let key = |record: &Value| record["id"].as_str().unwrap().to_owned();
    restored.sort_by_key(key);
    stored.sort_by_key(key);
    assert_eq!(restored, stored);
    assert_eq!(
        *batch
            .schema()
            .field_with_name("active")
            .unwrap()
            .data_type(),
        arrow_schema::DataType::Boolean
    );
    let json = ["--format", "json", "export", "/users", "--to", "b.parquet"];
    let report: Value = serde_json::from_str(&world.run(&json).with(0).out).unwrap();
    assert_eq!(
        (&report["records"], &report["in_extra"]),
        (&json!(3_000), &json!(2))
    );
}

#[test]
fn chosen_fields_are_columns_by_their_path() {
    let world = World::with(|builder| builder);
    let mut record = user(0);
    record["personal"]["addresses"] = json!([{"city": "Köln"}, {"region": "r"}]);
    record["active"] = json!("perhaps");
    record["shoeSize"] = json!({"eu": 38});
    world.load("/users", vec![record, json!({"id": id(1)})]);
    let fields = "personal.lastName,id,personal.addresses.city,active,shoeSize.eu,nothing";
    let arguments = [
        "export",
        "/users",
        "--fields",
        fields,
        "--to",
        "a.parquet",
        "--ordered",
    ];
    let ended = world.run(&arguments).with(0);
    assert!(
        ended.err.contains("no record has the field `nothing`"),
        "{ended:?}"
    );
    assert!(
        !ended.err.contains("no record has the field `shoeSize"),
        "{ended:?}"
    );
    assert!(
        ended
            .err
            .contains("does not describe `shoeSize.eu`, `nothing`"),
        "{ended:?}"
    );
    let names = [
        "personal.lastName",
        "id",
        "personal.addresses.city",
        "active",
        "shoeSize.eu",
        "nothing",
        "_extra",
    ];
    assert_eq!(parquet_columns(&world.path("a.parquet")), names);
    let batch = parquet_rows(&world.path("a.parquet"));
    let none = None::<String>;
    assert_eq!(
        texts(&batch, "personal.lastName"),
        [Some("Ä \"0\", b".to_owned()), none.clone()]
    );
    assert_eq!(
        texts(&batch, "shoeSize.eu"),
        [Some("38".to_owned()), none.clone()]
    );
    assert_eq!(texts(&batch, "nothing"), [none.clone(), none.clone()]);
    assert_eq!(
        texts(&batch, "_extra"),
        [Some("{\"/active\":\"perhaps\"}".to_owned()), none]
    );
    let cities = batch.column_by_name("personal.addresses.city").unwrap();
    let cities = cities.as_list::<i32>();
    assert_eq!(
        cities
            .value(0)
            .as_string::<i32>()
            .iter()
            .collect::<Vec<_>>(),
        [Some("Köln")]
    );
    assert!(cities.is_null(1));
    for fields in ["id,id", "id,,active", "id,_extra"] {
        let arguments = ["export", "/users", "--fields", fields, "--to", "b.parquet"];
        world.run(&arguments).with(2);
    }
    assert_eq!(world.files(), ["a.parquet"]);
}

/// A list that FOLIO's descriptions do not have: `id`, and the whole record.
#[test]
fn a_list_that_is_not_described_keeps_its_records() {
    let world = World::of_users(20, |builder| builder);
    let release = [
        "export",
        "/users",
        "--to",
        "a.parquet",
        "--release",
        "ramsons",
    ];
    world.run(&release).with(0);
    let unknown = [
        "export",
        "/users",
        "--to",
        "b.parquet",
        "--release",
        "tulip",
    ];
    let ended = world.run(&unknown).with(2);
    assert!(ended.err.contains("trillium"), "{ended:?}");
    let other = ["export", "/users", "--to", "b.csv", "--release", "ramsons"];
    world.run(&other).with(2);
    assert_eq!(world.files(), ["a.parquet"]);

    let records = [
        r#"{"id": "1", "size": 1.10, "parts": [{"a": null}]}"#,
        r#"{"id": 2, "name": "two"}"#,
    ];
    let body = format!(
        r#"{{"things": [{}], "totalRecords": 2}}"#,
        records.join(",")
    );
    let url = serve(body);
    let module = Module::new("mod-own-1.0.0", ["GET"], "/own/things").at(url);
    let world = World::with(|builder| builder.module(module));
    let ended = world
        .run(&["export", "/own/things", "--to", "c.parquet"])
        .with(0);
    assert!(
        ended.err.contains("the columns are `id` and `_json`"),
        "{ended:?}"
    );
    let batch = parquet_rows(&world.path("c.parquet"));
    let two = [Some("1".to_owned()), None];
    assert_eq!(texts(&batch, "id"), two);
    let whole = [
        Some(r#"{"id":"1","size":1.10,"parts":[{"a":null}]}"#.to_owned()),
        Some(r#"{"id":2,"name":"two"}"#.to_owned()),
    ];
    assert_eq!(texts(&batch, "_json"), whole);
    let fields = [
        "export",
        "/own/things",
        "--to",
        "d.parquet",
        "--fields",
        "name,parts.a,size",
    ];
    world.run(&fields).with(0);
    let batch = parquet_rows(&world.path("d.parquet"));
    assert_eq!(texts(&batch, "name"), [None, Some("\"two\"".to_owned())]);
    assert_eq!(texts(&batch, "size"), [Some("1.10".to_owned()), None]);
    assert_eq!(texts(&batch, "parts.a"), [Some("[null]".to_owned()), None]);
}

/// A server that has one response.
fn serve(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).unwrap_or_default() > 2 {
                line.clear();
            }
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

#[test]
fn an_empty_list_is_a_valid_file() {
    let world = World::with(|builder| builder);
    world
        .run(&["export", "/users", "--to", "a.parquet"])
        .with(0);
    assert!(parquet_columns(&world.path("a.parquet")).contains(&"username".to_owned()));
    let gz = world
        .run(&["export", "/users", "--to", "a.parquet.gz"])
        .with(2);
    assert!(gz.err.contains("compressed twice"), "{gz:?}");
    let exists = world
        .run(&["export", "/users", "--to", "a.parquet"])
        .with(2);
    assert!(exists.err.contains("--overwrite"), "{exists:?}");
    world.load("/users", vec![user(1)]);
    world
        .run(&["export", "/users", "--to", "a.parquet", "--overwrite"])
        .with(0);
    assert_eq!(parquet_rows(&world.path("a.parquet")).num_rows(), 1);
    world
        .run(&["export", "/users", "--to", "b.parquet", "--resume"])
        .with(2);
    assert_eq!(world.files(), ["a.parquet"]);
}

#[test]
fn killed_and_interrupted_it_continues_without_loss_and_repetition() {
    let world = World::of_users(3_000, |builder| builder.latency(Duration::from_millis(15)));
    let arguments = [
        "export",
        "/users",
        "--to",
        "a.parquet",
        "--page-size",
        "20",
        "--parallel",
        "2",
        "--checkpoint-every",
        "0.02",
    ];
    let mut runs = 0;
    for (name, code) in [
        ("KILL", None),
        ("INT", Some(130)),
        ("KILL", None),
        ("TERM", Some(130)),
    ] {
        let before = world.sandbox.exchanges().len();
        let mut child = world.command(&arguments).spawn().unwrap();
        wait_until(&mut child, || {
            world.requests_after(before, "/users").len() > 20
        });
        signal(&child, name);
        let ended = Ended::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, code, "{ended:#?}");
        assert!(!world.path("a.parquet").exists());
        runs += 1;
    }
    assert_eq!(runs, 4);
    // Left by a conversion that was killed.
    std::fs::create_dir_all(world.path("a.parquet.part.out")).unwrap();
    std::fs::write(world.path("a.parquet.part.out/.folio-x.part"), "PAR1").unwrap();
    let other = [&arguments[..], &["--query", "active==true"]].concat();
    let ended = world.run(&other).with(2);
    assert!(ended.err.contains("other settings"), "{ended:?}");
    let ended = world.run(&[&arguments[..], &["--resume"]].concat()).with(0);
    assert!(
        ended.err.contains("continues an interrupted export"),
        "{ended:?}"
    );
    let batch = parquet_rows(&world.path("a.parquet"));
    let mut ids: Vec<String> = (0..batch.num_rows())
        .map(|row| restore(&batch, row).unwrap().get().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((batch.num_rows(), ids.len()), (3_000, 3_000));
    assert_eq!(world.files(), ["a.parquet"]);
}

/// The records are saved, and the next run makes the table of them.
#[cfg(unix)]
#[test]
fn a_full_disk_during_the_conversion_loses_nothing() {
    let world = World::with(|builder| builder);
    let mut records: Vec<Value> = (0..3_000).map(user).collect();
    for (number, record) in records.iter_mut().enumerate() {
        // Compresses less in a column than in a line.
        let text = format!(
            "{:x}",
            (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        );
        record["personal"]["firstName"] = json!(text);
    }
    world.load("/users", records);
    let arguments = ["export", "/users", "--to", "a.parquet"];
    world.run(&arguments).with(0);
    let size = std::fs::metadata(world.path("a.parquet")).unwrap().len();
    std::fs::remove_file(world.path("a.parquet")).unwrap();
    // `FILE.part` is written first: a limit below its size ends the run earlier.
    let limit = (size / 1_024).saturating_sub(1);
    let script = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
    let mut command = std::process::Command::new("bash");
    command
        .args(["-c", &script])
        .arg(crate::support::folio())
        .args(arguments);
    world.in_folder(&mut command);
    let ended = Ended::of(command.output().unwrap()).with(1);
    assert!(
        ended.err.contains("run the same command again"),
        "{ended:?}"
    );
    assert!(!world.path("a.parquet").exists() && !world.path("a.parquet.part.out").exists());
    world.run(&arguments).with(0);
    assert_eq!(parquet_rows(&world.path("a.parquet")).num_rows(), 3_000);
    assert_eq!(world.files(), ["a.parquet"]);
}
