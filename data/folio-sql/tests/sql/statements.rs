//! Statements: their results in all formats, and what is requested for them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Ended, World, id, user};

/// `folio` passes the options before and after the name of the command, and the exit code back.
#[test]
fn folio_runs_the_program_with_all_options() {
    let world = World::of_users(3, |builder| builder);
    let query = "select username from users.users order by 1";
    let expected = "username\nuser 00000\nuser 00001\nuser 00002\n";
    for arguments in [
        &["--format", "csv", "--quiet", "sql", query][..],
        &["sql", query, "--format", "csv", "--quiet"],
        &["-q", "--format", "json", "sql", "--format", "csv", query],
    ] {
        let ended = world.run(arguments).with(0);
        assert_eq!(ended.out, expected, "{arguments:?}");
        assert_eq!(ended.err, "", "quiet is quiet");
    }
    let ended = world.run(&["sql", query]).with(0);
    assert!(ended.err.contains("3 rows, 3 records read"), "{ended:?}");
    let help = world.run(&["sql", "--help"]).with(0);
    assert!(help.out.contains("--no-pushdown") && help.out.contains("--profile"));
    let help = world.run(&["--help"]).with(0);
    assert!(help.out.contains("folio-sql"), "{}", help.out);
}

#[test]
fn the_values_of_all_formats() {
    let world = World::with(|builder| builder);
    let mut first = user(0);
    first["personal"]["addresses"] = json!([{"city": "Köln"}]);
    let second = json!({"id": id(1), "username": ""});
    world.load("/users", vec![first, second]);
    let query = "select username as name, active, personal, created_date,
                 cast(1.10 as decimal(10, 4)) as price, 9007199254740993 as large
                 from users.users order by active nulls last";
    let rows = world.rows(query);
    let personal =
        json!({"lastName": "Ä \"0\", b", "email": "a@b", "addresses": [{"city": "Köln"}]});
    assert_eq!(rows[0]["personal"], personal);
    assert_eq!(rows[0]["created_date"], "2025-03-03T09:00:00Z");
    assert_eq!(rows[1]["active"], Value::Null);
    assert_eq!(rows[1]["name"], "");

    let text = world.run(&["sql", query, "--format", "jsonl"]).with(0).out;
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains("\"price\":1.1000,\"large\":9007199254740993"),
        "{text}"
    );

    let csv = world.run(&["sql", query, "--format", "csv"]).with(0).out;
    let header = csv.lines().next().unwrap();
    assert!(header.starts_with("name,active,personal."), "{header}");
    let column = header.split(',').position(|name| name == "personal.email");
    let line = csv.lines().nth(1).unwrap();
    assert!(column.is_some() && line.contains("a@b"), "{csv}");
    assert!(line.contains("\"[{\"\"city\"\":\"\"Köln\"\"}]\""), "{csv}");
    assert!(
        line.ends_with("2025-03-03T09:00:00Z,1.1000,9007199254740993"),
        "{csv}"
    );

    // Elsewhere than on a terminal a table is complete.
    let table = world.run(&["sql", query, "--format", "table"]).with(0).out;
    assert!(
        table.contains("{\"addresses\":[{\"city\":\"Köln\"}]"),
        "{table}"
    );
}

#[test]
fn a_join_an_aggregate_and_columns_of_one_name() {
    let world = World::with(|builder| builder);
    let group = json!({"id": id(7), "group": "staff"});
    world.load("/groups", vec![group]);
    let mut one = user(0);
    one["patronGroup"] = json!(id(7));
    world.load("/users", vec![one, user(1)]);
    let rows = world.rows(
        "select g.\"group\", count(*) as users from users.users u
         join users.groups g on g.id = u.patron_group group by 1",
    );
    assert_eq!(rows, [json!({"group": "staff", "users": 1})]);
    let query = "select u.id, g.id from users.users u join users.groups g on g.id = u.patron_group";
    let ended = world.run(&["sql", query, "--format", "json"]).with(0);
    let rows: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(rows, json!([{"id": id(0), "id_2": id(7)}]));
    assert!(ended.err.contains("one is `id_2`"), "{ended:?}");
    let rows = world.rows("select 1 as one where false");
    assert!(rows.is_empty());
}

#[test]
fn the_field_of_an_object_is_named_by_its_path() {
    let world = World::of_users(1, |builder| builder);
    let query = "select personal['email'], u.personal['lastName'] as name from users.users u";
    let rows = world.rows(query);
    assert_eq!(
        rows,
        [json!({"personal.email": "a@b", "name": "Ä \"0\", b"})]
    );
    let both = "select personal, personal['email'] from users.users";
    let ended = world.run(&["sql", both, "--format", "csv"]).with(2);
    assert!(
        ended
            .err
            .contains("two columns have the name `personal.email`"),
        "{ended:?}"
    );
    world.run(&["sql", both, "--to", "a.parquet"]).with(0);
}

#[test]
fn conditions_are_sent_as_cql_unless_that_is_switched_off() {
    let world = World::of_users(50, |builder| builder);
    let query = "select username from users.users where active and username = 'user 00004'";
    let ended = world.run(&["sql", query, "--explain"]).with(0);
    assert!(
        ended.out.contains("FolioExec: list=/users, query=["),
        "{ended:?}"
    );
    assert!(ended.out.contains("active==\"true\""), "{ended:?}");
    let same = world.run(&["sql", &format!("explain {query}")]).with(0);
    assert!(same.out.contains("query=["), "{same:?}");
    assert_eq!(world.rows(query).len(), 1);
    let sent = world.requests("/users").join("\n");
    assert!(sent.contains("active=="), "{sent}");

    let before = world.sandbox.exchanges().len();
    let ended = world
        .run(&["sql", query, "--no-pushdown", "--format", "json"])
        .with(0);
    assert!(ended.out.contains("user 00004"));
    assert!(ended.err.contains("50 records read"), "{ended:?}");
    let sent = world.requests_after(before, "/users").join("\n");
    assert!(!sent.contains("active=="), "{sent}");
}

#[test]
fn the_statement_comes_from_a_file_or_the_standard_input() {
    let world = World::of_users(2, |builder| builder);
    let query = "\u{feff}-- The users.\nselect count(*) as n from users.users;\n";
    std::fs::write(world.path("q.sql"), query).unwrap();
    let ended = world
        .run(&["sql", "--file", "q.sql", "--format", "csv"])
        .with(0);
    assert_eq!(ended.out, "n\n2\n");
    let mut command = world.command(&["sql", "-", "--format", "csv"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"select count(*) as n from users.users")
        .unwrap();
    drop(input);
    let ended = Ended::of(child.wait_with_output().unwrap()).with(0);
    assert_eq!(ended.out, "n\n2\n");
}

/// Tables and columns are facts of the program: only the modules of the tenant are requested.
#[test]
fn tables_and_columns_are_listed_without_requests_for_lists() {
    let world = World::of_users(2, |builder| builder);
    let json = |arguments: &[&str]| -> Vec<Value> {
        let arguments = [arguments, &["--format", "json"]].concat();
        serde_json::from_str(&world.run(&arguments).with(0).out).unwrap()
    };
    let all = json(&["sql", "--tables"]);
    assert!(all.len() > 50, "{} tables", all.len());
    let some = json(&["sql", "--tables", "instance-storage/instances"]);
    assert!(some.iter().any(|row| {
        row["table"] == "inventory_storage.instances" && row["module"] == "mod-inventory-storage"
    }));
    assert!(some.len() < 10, "{some:?}");
    let columns = json(&["sql", "--describe", "users.users"]);
    assert_eq!(columns[0], json!({"column": "id", "type": "text"}));
    let type_of = |name: &str| {
        let mut found = columns.iter().filter(|row| row["column"] == name);
        found.next().unwrap()["type"].as_str().unwrap().to_owned()
    };
    assert_eq!(type_of("active"), "boolean");
    assert_eq!(type_of("created_date"), "timestamp with time zone");
    assert!(type_of("personal").contains("lastName text"));
    let shown = json(&["sql", "show tables"]);
    assert!(shown.iter().any(|row| row["table_name"] == "instances"));
    let shown = json(&["sql", "describe users.users"]);
    assert!(shown.iter().any(|row| row["column_name"] == "created_date"));
    let requests = world.sandbox.exchanges();
    assert!(world.requests("/users").is_empty());
    assert!(requests.len() <= 5 * 6, "{} requests", requests.len());
}

#[test]
fn small_pages_and_a_limit_read_little() {
    let world = World::of_users(3_000, |builder| builder);
    let arguments = [
        "sql",
        "select id from users.users limit 5",
        "--format",
        "json",
    ];
    let ended = world.run(&arguments).with(0);
    assert!(ended.err.contains("5 rows, 5 records read"), "{ended:?}");
    let all = "select count(*) as n, count(distinct id) as ids from users.users";
    for options in [
        &["--parallel", "1"][..],
        &["--page-size", "70", "--parallel", "16"],
    ] {
        let arguments = [&["sql", all, "--format", "csv"], options].concat();
        assert_eq!(world.run(&arguments).with(0).out, "n,ids\n3000,3000\n");
    }
}
