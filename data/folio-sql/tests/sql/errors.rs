//! Errors: of statements, of names, of FOLIO, of files.

use folio_sandbox::{Effect, Fault};
use serde_json::json;

use crate::support::{World, id};

#[test]
fn a_statement_that_is_not_sql_is_an_error_with_its_position() {
    let world = World::of_users(1, |builder| builder);
    for (query, said) in [
        ("select id frm users.users where", "Column: "),
        ("selec 1", "Column: 1"),
        ("", "no statement"),
        ("select 1; select 2", "2 statements"),
    ] {
        let ended = world.run(&["sql", query]).with(2);
        assert!(ended.err.contains(said), "{query}: {ended:?}");
        assert_eq!(ended.out, "");
    }
    world.run(&["sql"]).with(2);
    assert!(
        world.sandbox.exchanges().is_empty(),
        "nothing was requested"
    );
}

#[test]
fn unknown_names_are_errors_with_similar_ones() {
    let world = World::of_users(1, |builder| builder);
    for (query, said) in [
        ("select * from users.usrs", "users"),
        ("select * from inventory_store.items", "inventory_storage"),
        ("select usrname from users.users", "username"),
        ("select usernam(1)", "usernam"),
    ] {
        let ended = world.run(&["sql", query]).with(2);
        assert!(ended.err.contains(said), "{query}: {ended:?}");
    }
    let ended = world.run(&["sql", "--describe", "users.usrs"]).with(2);
    assert!(ended.err.contains("`users`"), "{ended:?}");
    let ended = world
        .run(&["sql", "select 1", "--release", "tulip"])
        .with(2);
    assert!(ended.err.contains("trillium"), "{ended:?}");
    assert!(world.requests("/users").is_empty());
}

/// Nothing is written, and no file is read.
#[test]
fn statements_that_write_or_read_files_are_rejected() {
    let world = World::of_users(1, |builder| builder);
    std::fs::write(world.path("a.csv"), "a\n1\n").unwrap();
    let csv = world.path("a.csv").display().to_string();
    for query in [
        format!("create external table t stored as csv location '{csv}'"),
        "create table t as select 1".to_owned(),
        "create view v as select 1".to_owned(),
        "create schema s".to_owned(),
        "copy (select 1) to 'b.csv'".to_owned(),
        "copy users.users to 'b.parquet'".to_owned(),
        format!("insert into users.users (id) values ('{}')", id(9)),
        "update users.users set active = false".to_owned(),
        "delete from users.users".to_owned(),
        "drop table users.users".to_owned(),
        "truncate table users.users".to_owned(),
        "set datafusion.execution.batch_size = 1".to_owned(),
        "explain insert into users.users (id) values ('a')".to_owned(),
        "prepare p as select 1".to_owned(),
        format!("select * from '{csv}'"),
        format!("select * from \"{csv}\""),
        format!("select * from read_csv('{csv}')"),
    ] {
        let ended = world.run(&["sql", &query]).with(2);
        assert_eq!(ended.out, "", "{query}");
    }
    let ended = world.run(&["sql", "copy (select 1) to 'b.csv'"]).with(2);
    assert!(
        ended.err.contains("only reads, and rejects COPY"),
        "{ended:?}"
    );
    assert_eq!(world.files(), ["a.csv"]);
    let writes = world.sandbox.exchanges();
    let writes = writes
        .iter()
        .filter(|it| it.method != "GET" && !it.path.starts_with("/authn"));
    assert_eq!(writes.count(), 0);
}

#[test]
fn errors_of_folio_have_its_text_and_the_usual_exit_codes() {
    let query = "select username from users.users";
    let world = World::with(|builder| {
        builder.user_with_permissions("ada", "pw", ["groups.collection.get"])
    });
    world.load("/users", vec![json!({"id": id(1), "username": "a"})]);
    let run = |name: &str, password: &str| {
        let mut command = world.command(&["sql", query]);
        command
            .env("FOLIO_USERNAME", name)
            .env("FOLIO_PASSWORD", password);
        crate::support::Ended::of(command.output().unwrap())
    };
    let ended = run("diku_admin", "wrong-SECRET").with(3);
    assert!(!ended.err.contains("SECRET"), "{ended:?}");
    let ended = run("ada", "pw").with(4);
    assert!(ended.err.contains("users.collection.get"), "{ended:?}");
    world
        .sandbox
        .fault(Fault::new(Effect::status(400, "the moon is full")).path("/users"));
    let ended = run("diku_admin", "admin").with(7);
    assert!(
        ended.err.contains("the moon is full") && ended.err.contains("/users"),
        "{ended:?}"
    );
    assert_eq!(ended.out, "");
    let mut command = world.command(&["sql", query]);
    command.env("FOLIO_URL", "http://127.0.0.1:1");
    crate::support::Ended::of(command.output().unwrap()).with(8);
}

#[test]
fn values_that_do_not_fit_are_reported() {
    let world = World::with(|builder| builder);
    world.load("/users", vec![json!({"id": id(1), "active": "perhaps"})]);
    let query = "select active, _extra from users.users";
    let ended = world
        .run(&["--quiet", "sql", query, "--format", "json"])
        .with(0);
    assert!(
        ended.err.contains("1 values do not fit their columns"),
        "{ended:?}"
    );
    assert!(ended.out.contains("perhaps"), "{ended:?}");
}

#[test]
fn a_statement_that_needs_too_much_memory_is_an_error() {
    let world = World::of_users(10, |builder| builder);
    let query = "select count(distinct cast(value as text)) from generate_series(1, 2000000)";
    let ended = world.run(&["sql", query, "--memory", "16"]).with(1);
    assert!(ended.err.contains("--memory"), "{ended:?}");
}
