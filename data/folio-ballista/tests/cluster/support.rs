//! Sandboxes with records, and sessions of one process and of a cluster.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use folio_datafusion::{Options, register};
use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;
use folio_test_support::sandbox::{ADMIN, ADMIN_PASSWORD, TENANT, admin, id};
use serde_json::{Value, json};

/// A join and an aggregate with many rows.
pub(crate) const STATEMENT: &str = "
    select u.username, u.active, count(*) as loans, count(distinct l.item_id) as items, min(l.loan_date) as first
    from circulation_storage.loans l join users.users u on l.user_id = u.id
    where u.username <> 'user 7'
    group by u.username, u.active";

/// A sandbox with so many users, and so many loans of these.
pub(crate) async fn library(users: usize, loans: usize) -> Sandbox {
    let sandbox = empty().await;
    fill(&sandbox, users, loans);
    sandbox
}

/// Loads users and loans of these.
pub(crate) fn fill(sandbox: &Sandbox, users: usize, loans: usize) {
    load(sandbox, "/users", users, user);
    load(sandbox, "/loan-storage/loans", loans, |number| {
        loan(number, users)
    });
}

/// A sandbox without records.
pub(crate) async fn empty() -> Sandbox {
    let builder = Sandbox::builder().tenant(TENANT);
    let builder = builder.user(ADMIN, ADMIN_PASSWORD);
    builder.start().await.unwrap()
}

fn load(sandbox: &Sandbox, path: &str, count: usize, record: impl Fn(usize) -> Value) {
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(20_000) {
        let records = some.iter().map(|number| record(*number)).collect();
        sandbox.load(TENANT, path, records).unwrap();
    }
}

fn user(number: usize) -> Value {
    json!({"id": scattered(number), "username": format!("user {number}"), "active": !number.is_multiple_of(3)})
}

fn loan(number: usize, users: usize) -> Value {
    json!({
        "id": scattered(number),
        "userId": scattered(number * 7 % users),
        "itemId": id(number % 1_000),
        "action": "checkedout",
        "loanDate": format!("2024-01-{:02}T08:00:00.000+00:00", number % 28 + 1),
    })
}

/// An id: those of successive numbers are far from each other.
fn scattered(number: usize) -> String {
    let number = u32::try_from(number).unwrap().wrapping_mul(2_654_435_761);
    id(number as usize)
}

/// The tables in one process.
pub(crate) async fn single(folio: &FolioClient) -> SessionContext {
    let ctx = SessionContext::new();
    register(&ctx, folio, Options::default()).await.unwrap();
    ctx
}

/// The tables on a cluster, with these credentials.
pub(crate) async fn remote(
    folio: &FolioClient,
    scheduler: &str,
    credentials: Option<&str>,
) -> SessionContext {
    let ctx = folio_ballista::session(scheduler).unwrap();
    let options = Options {
        credentials: credentials.map(str::to_owned),
        ..Options::default()
    };
    register(&ctx, folio, options).await.unwrap();
    ctx
}

/// A client of the sandbox's administrator.
pub(crate) async fn client(sandbox: &Sandbox) -> FolioClient {
    admin(sandbox).connect().await.unwrap()
}

/// All rows of a statement.
pub(crate) async fn rows(ctx: &SessionContext, statement: &str) -> Result<Vec<String>> {
    let batches = ctx.sql(statement).await?.collect().await?;
    Ok(batches.iter().flat_map(texts).collect())
}

/// All rows of a statement, sorted.
pub(crate) async fn sorted(ctx: &SessionContext, statement: &str) -> Result<Vec<String>> {
    let mut rows = rows(ctx, statement).await?;
    rows.sort();
    Ok(rows)
}

fn texts(batch: &RecordBatch) -> Vec<String> {
    let format = FormatOptions::new().with_null("null");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &format).unwrap())
        .collect();
    let row = |row| {
        let values: Vec<String> = columns
            .iter()
            .map(|column| column.value(row).to_string())
            .collect();
        values.join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The text of an error, which must come within a minute.
pub(crate) async fn error(ctx: &SessionContext, statement: &str) -> String {
    let rows = folio_test_support::patience::within("an error", rows(ctx, statement)).await;
    match rows {
        Ok(rows) => panic!("{} rows instead of an error", rows.len()),
        Err(error) => error.to_string(),
    }
}

/// Compares sorted rows, of which there may be many.
pub(crate) fn assert_same(found: &[String], expected: &[String], what: &str) {
    let differences: Vec<_> = found
        .iter()
        .zip(expected)
        .filter(|(found, expected)| found != expected)
        .take(3)
        .collect();
    assert!(
        found.len() == expected.len() && differences.is_empty(),
        "{what}: {} rows, {} in one process, which differ in {differences:#?}",
        found.len(),
        expected.len()
    );
}
