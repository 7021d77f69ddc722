//! Results compared with those of DuckDB over the same records.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{World, id};

/// The Python that has DuckDB, if there is one.
fn python() -> Option<String> {
    let python = std::env::var("FOLIO_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import duckdb"]).output();
    match found {
        Ok(output) if output.status.success() => Some(python),
        _ => {
            println!("skipped: `{python}` has no DuckDB (FOLIO_PEER_PYTHON names another Python)");
            None
        }
    }
}

/// Runs a statement in DuckDB; the rows are sorted, as lists of texts.
fn duckdb(python: &str, world: &World, query: &str) -> Value {
    let script = "import duckdb, json, sys
rows = duckdb.sql(sys.argv[1]).fetchall()
print(json.dumps(sorted([[None if v is None else str(v) for v in row] for row in rows], key=str)))";
    let output = Command::new(python)
        .current_dir(world.folder.path())
        .args(["-c", script, query])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// As [`duckdb`], of a CSV result of `folio sql`.
fn folio_sql(python: &str, world: &World, query: &str) -> Value {
    world
        .run(&["sql", query, "--to", "r.csv", "--overwrite"])
        .with(0);
    let read = "select * from read_csv('r.csv', all_varchar = true, header = true)";
    duckdb(python, world, read)
}

#[test]
fn duckdb_finds_the_same_rows() {
    let Some(python) = python() else { return };
    let world = World::with(|builder| builder);
    let groups: Vec<Value> = (0..5)
        .map(|n| json!({"id": id(1_000 + n), "group": format!("group {n}"), "expirationOffsetInDays": n * 10}))
        .collect();
    let users: Vec<Value> = (0..3_000_u32)
        .map(|n| {
            json!({
                "id": id(n),
                "username": format!("u{n:05}"),
                "active": n % 3 == 0,
                "patronGroup": id(1_000 + n % 7),
                "personal": {"lastName": format!("Name {}", n % 50)},
            })
        })
        .collect();
    let lines = |records: &[Value]| -> String {
        records.iter().map(|record| format!("{record}\n")).collect()
    };
    std::fs::write(world.path("users.jsonl"), lines(&users)).unwrap();
    std::fs::write(world.path("groups.jsonl"), lines(&groups)).unwrap();
    world.load("/groups", groups);
    world.load("/users", users);
    world
        .run(&["export", "/users", "--to", "users.parquet"])
        .with(0);
    for (ours, theirs) in [
        (
            "select g.\"group\", count(*) as n from users.users u join users.groups g on g.id = u.patron_group where u.active group by 1",
            "select g.group, count(*) from 'users.jsonl' u join 'groups.jsonl' g on g.id = u.patronGroup where u.active group by 1",
        ),
        (
            "select personal['lastName'] as name, min(username) as first from users.users where username between 'u00100' and 'u02000' group by 1 having count(*) > 3",
            "select personal.lastName, min(username) from 'users.parquet' where username between 'u00100' and 'u02000' group by 1 having count(*) > 3",
        ),
        (
            "select username, g.id from users.users u left join users.groups g on g.id = u.patron_group where username like 'u000%'",
            "select username, g.id from 'users.parquet' u left join 'groups.jsonl' g on g.id = u.patronGroup where username like 'u000%'",
        ),
    ] {
        let found = folio_sql(&python, &world, ours);
        assert_eq!(found, duckdb(&python, &world, theirs), "{ours}");
        assert!(
            found.as_array().is_some_and(|rows| rows.len() > 4),
            "{found}"
        );
    }
}
