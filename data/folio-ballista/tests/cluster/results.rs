//! Results of a cluster are those of one process.

use crate::processes::{Cluster, Setup};
use crate::support::{STATEMENT, assert_same, client, library, remote, rows, single, sorted};

#[tokio::test(flavor = "multi_thread")]
async fn statements_return_the_rows_of_one_process() {
    let sandbox = library(3_000, 9_000).await;
    let cluster = Cluster::start(&Setup::new([sandbox.url(), sandbox.url()]));
    let folio = client(&sandbox).await;
    let one = single(&folio).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    for statement in [
        STATEMENT,
        "select * from users.users",
        "select username from users.users where active and username like 'user 1%'",
        "select count(*) from circulation_storage.loans",
        "select username from users.users u where not exists (select 1 from circulation_storage.loans l where l.user_id = u.id)",
        "select uuid_text(uuid(id)) from users.users where uuid(id) < uuid('40000000-0000-4000-8000-000000000000')",
        "select username, (select count(*) from circulation_storage.loans) from users.users where username in ('user 1', 'user 2')",
        "select username from users.users where username = 'nobody'",
        "select 1 + 1",
        "select l.action, count(*) over (partition by l.item_id) from circulation_storage.loans l where l.user_id in (select id from users.users where username < 'user 2')",
    ] {
        let expected = sorted(&one, statement).await.unwrap();
        let found = sorted(&many, statement).await.unwrap();
        assert_same(&found, &expected, statement);
    }
    for statement in [
        "select username from users.users order by username desc limit 20",
        "select id, username from users.users order by id limit 5",
        "select username, count(*) from users.users group by 1 order by 2, 1 limit 100 offset 10",
    ] {
        let expected = rows(&one, statement).await.unwrap();
        assert_eq!(
            rows(&many, statement).await.unwrap(),
            expected,
            "{statement}"
        );
    }
    // A list of values that is divided among several queries.
    let names: Vec<String> = (0..1_500).map(|name| format!("'user {name}'")).collect();
    let statement = format!(
        "select id from users.users where username in ({})",
        names.join(", ")
    );
    let shown = rows(&many, &format!("explain {statement}"))
        .await
        .unwrap()
        .join("\n");
    assert!(shown.contains("queries such as"), "{shown}");
    let found = sorted(&many, &statement).await.unwrap();
    assert_same(
        &found,
        &sorted(&one, &statement).await.unwrap(),
        "a long list",
    );
    // A file is written here.
    let file = cluster.folder.path().join("users.csv");
    let statement = format!(
        "copy (select username from users.users) to '{}'",
        file.display()
    );
    assert_eq!(rows(&many, &statement).await.unwrap(), ["3000"]);
    let lines = std::fs::read_to_string(file).unwrap().lines().count();
    assert_eq!(lines, 3_001);
    // One login per executor, and none by the scheduler.
    assert_eq!(sandbox.logins(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executors_return_the_same_as_one_process_for_500_000_records() {
    let sandbox = library(200_000, 300_000).await;
    let cluster = Cluster::start(&Setup::new([sandbox.url(), sandbox.url()]));
    let folio = client(&sandbox).await;
    let one = single(&folio).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    let found = sorted(&many, STATEMENT).await.unwrap();
    let expected = sorted(&one, STATEMENT).await.unwrap();
    assert!(expected.len() > 100_000, "{} rows", expected.len());
    assert_same(&found, &expected, STATEMENT);
}
