//! Statements of the kinds that people write, and their plans and errors.

use datafusion::prelude::SessionContext;
use folio_arrow::{LayoutOptions, Uuids};
use folio_datafusion::{FolioExec, Options, ScanDescription, register};
use folio_sandbox::{Effect, Fault, Sandbox};
use folio_test_support::sandbox::{TENANT, admin};
use serde_json::json;

use crate::support::{System, plan, rows, session};

async fn demo() -> (Sandbox, SessionContext) {
    let (sandbox, folio) = folio_test_support::sandbox::demo().await;
    let ctx = session();
    register(&ctx, &folio, Options::default()).await.unwrap();
    (sandbox, ctx)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_join_of_the_issue_runs() {
    let (sandbox, ctx) = demo().await;
    let sql = "select i.title, h.call_number from inventory_storage.instances i \
               join inventory_storage.holdings h on h.instance_id = i.id order by 1, 2";
    let found = rows(&ctx, sql).await.unwrap();
    let holdings = sandbox
        .records(TENANT, "/holdings-storage/holdings")
        .unwrap();
    assert!(
        !found.is_empty() && found.len() == holdings.len(),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_are_errors_with_similar_ones() {
    let (_sandbox, ctx) = demo().await;
    for (sql, expected) in [
        ("select 1 from inventory_storage.instance", "`instances`"),
        (
            "select 1 from inventory_storag.instances",
            "`inventory_storage`",
        ),
        (
            "select 1 from inventory_storage.zzz",
            "unknown table `inventory_storage.zzz`",
        ),
        ("select titel from inventory_storage.instances", "title"),
    ] {
        let error = rows(&ctx, sql).await.unwrap_err();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_tables_remain() {
    let (_sandbox, ctx) = demo().await;
    rows(&ctx, "create table wanted as select 'a' as username")
        .await
        .unwrap();
    let sql = "select count(*) from wanted w left join users.users u on u.username = w.username";
    assert_eq!(rows(&ctx, sql).await.unwrap(), ["\"1\""]);
    let error = rows(&ctx, "insert into users.users (username) values ('x')")
        .await
        .unwrap_err();
    assert!(!error.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_those_of_the_tenant() {
    let sandbox = Sandbox::builder()
        .tenant(TENANT)
        .user("diku_admin", "admin")
        .without_module("mod-feesfines")
        .start()
        .await
        .unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    let ctx = session();
    let catalog = register(&ctx, &folio, Options::default()).await.unwrap();
    let names = datafusion::catalog::CatalogProvider::schema_names(&*catalog);
    assert!(
        names.contains(&"users".to_owned()) && !names.contains(&"feesfines".to_owned()),
        "{names:?}"
    );
    let error = rows(&ctx, "select 1 from feesfines.accounts")
        .await
        .unwrap_err();
    assert!(
        error.contains("the tenant diku has no such module"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_folio_are_errors_of_the_query() {
    let (sandbox, ctx) = demo().await;
    sandbox.fault(Fault::new(Effect::status(400, "the server's own words")).path("/users"));
    let error = rows(&ctx, "select username from users.users")
        .await
        .unwrap_err();
    assert!(
        error.contains("the server's own words") && error.contains("/users"),
        "{error}"
    );
    let error = rows(&ctx, "select username from users.users limit 3")
        .await
        .unwrap_err();
    assert!(error.contains("the server's own words"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_an_error_and_not_left_out() {
    let system = System::new(
        &vec![(
            "/groups",
            vec![json!({"id": "3684a786-6671-4268-8ed0-9db82ebca60b", "group": "staff"})],
        )],
        Options::default(),
    )
    .await;
    system.sandbox.fault(
        Fault::new(Effect::status(200, r#"{"usergroups": [{"id": "3684a786-6671-4268-8ed0-9db82ebca60b"}, 5], "totalRecords": 2}"#)).path("/groups"),
    );
    for limit in ["", " limit 5"] {
        let error = rows(
            &system.remote,
            &format!("select * from users.groups{limit}"),
        )
        .await
        .unwrap_err();
        assert!(error.contains("/groups"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_show_list_query_columns_and_limit() {
    let (_sandbox, ctx) = demo().await;
    let shown = plan(
        &ctx,
        "select username from users.users where active and personal['lastName'] like 'A%' and username > 'b'",
    )
    .await;
    assert!(
        shown.contains(r#"FolioExec: list=/users, query=[active=="true" and personal.lastName=="A*"] (inexact), columns=[personal, username]"#)
            || shown.contains(r#"query=[active=="true" and personal.lastName=="A*"] (inexact)"#),
        "{shown}"
    );
    assert!(shown.contains("FilterExec"), "{shown}");
    let shown = plan(
        &ctx,
        "select username from users.users where active limit 3",
    )
    .await;
    assert!(
        shown.contains(r#"FolioExec: list=/users, query=[active=="true"] (exact), columns=[username], partitions=1, limit=3"#),
        "{shown}"
    );
    let tree = rows(
        &ctx,
        "explain format tree select username from users.users where active",
    )
    .await
    .unwrap();
    assert!(tree.join("\n").contains("/users"), "{tree:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_their_descriptions_have_no_secrets() {
    let (sandbox, folio) = folio_test_support::sandbox::demo().await;
    let ctx = session();
    let options = Options {
        credentials: Some("diku-reports".to_owned()),
        ..Options::default()
    };
    let catalog = register(&ctx, &folio, options).await.unwrap();
    let frame = ctx
        .sql("select username from users.users where active")
        .await
        .unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let exec = find(&plan).unwrap();
    let text = serde_json::to_string(exec.description()).unwrap();
    assert!(text.contains("diku-reports"), "{text}");
    let shown = format!("{plan:?} {exec:?} {catalog:?} {text}");
    let exchanges = sandbox.exchanges();
    let token = exchanges
        .iter()
        .find_map(|exchange| exchange.header("x-okapi-token"))
        .unwrap();
    assert!(
        !shown.contains(token) && !shown.contains("\"admin\""),
        "{shown}"
    );

    // The description is a plan again, elsewhere.
    let description: ScanDescription = serde_json::from_str(&text).unwrap();
    assert_eq!(&description, exec.description());
    let again = FolioExec::new(folio.clone(), description).unwrap();
    let read = |plan| datafusion::physical_plan::collect(plan, ctx.task_ctx());
    let count = |batches: Vec<datafusion::arrow::array::RecordBatch>| -> usize {
        batches.iter().map(|batch| batch.num_rows()).sum()
    };
    let expected = count(read(plan).await.unwrap());
    assert_eq!(
        count(read(std::sync::Arc::new(again)).await.unwrap()),
        expected
    );
    assert!(expected > 0);
}

fn find(plan: &std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>) -> Option<&FolioExec> {
    match plan.downcast_ref::<FolioExec>() {
        Some(exec) => Some(exec),
        None => plan.children().into_iter().find_map(find),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uuids_in_bytes_are_compared_with_a_function() {
    let (sandbox, folio) = folio_test_support::sandbox::demo().await;
    let ctx = session();
    let options = Options {
        layout: LayoutOptions {
            uuids: Uuids::Binary,
            ..LayoutOptions::default()
        },
        ..Options::default()
    };
    register(&ctx, &folio, options).await.unwrap();
    let users = sandbox.records(TENANT, "/users").unwrap();
    let id = users[0]["id"].as_str().unwrap();
    let sql = format!("select uuid_text(id) from users.users where id = uuid('{id}')");
    assert_eq!(rows(&ctx, &sql).await.unwrap(), [format!("{id:?}")]);
    let shown = plan(&ctx, &sql).await;
    assert!(
        shown.contains(&format!(r#"query=[id=="{id}"] (exact)"#)),
        "{shown}"
    );
    // Text is no UUID: an error, and no empty result.
    let sql = format!("select 1 from users.users where id = '{id}'");
    assert!(rows(&ctx, &sql).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_rows_pages_and_bytes() {
    let (_sandbox, ctx) = demo().await;
    let shown = rows(&ctx, "explain analyze select username from users.users")
        .await
        .unwrap()
        .join("\n");
    for metric in ["output_rows=", "pages=", "bytes_received="] {
        assert!(shown.contains(metric), "{shown}");
    }
}
