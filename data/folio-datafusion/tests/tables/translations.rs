//! The translation of single filters: the query, and whether it is exact.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use folio_arrow::{LayoutOptions, Table, Uuids};
use folio_datafusion::{FolioTable, Options};
use folio_sdk::FolioClient;

const UUID: &str = "7212ba6a-8dcf-45a1-be9a-ffaa847c4423";

/// The query of a filter: `exact …`, `inexact …`, or nothing.
async fn translated(path: &str, uuids: Uuids, filter: &str) -> String {
    let options = Options {
        layout: LayoutOptions {
            uuids,
            ..LayoutOptions::default()
        },
        ..Options::default()
    };
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .credentials("nobody", "")
        .build()
        .unwrap();
    let table = Table::at(options.release, path).unwrap();
    let table = Arc::new(FolioTable::new(&folio, table, &options));
    let ctx = SessionContext::new();
    datafusion_functions(&ctx, &folio).await;
    ctx.register_table("list", Arc::clone(&table) as Arc<dyn TableProvider>)
        .unwrap();
    let frame = ctx
        .sql(&format!("select id from list where {filter}"))
        .await
        .unwrap();
    let plan = frame.into_optimized_plan().unwrap();
    let mut found = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            found.extend(scan.filters.iter().filter_map(|it| table.translate(it)));
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .unwrap();
    let found = found.iter().map(|pushed| {
        let exactness = if pushed.is_exact { "exact" } else { "inexact" };
        format!("{exactness} {}", pushed.query)
    });
    found.collect::<Vec<_>>().join(" & ")
}

/// `uuid` and `uuid_text`.
async fn datafusion_functions(ctx: &SessionContext, folio: &FolioClient) {
    let options = Options {
        all_modules: true,
        ..Options::default()
    };
    folio_datafusion::register(ctx, folio, options)
        .await
        .unwrap();
}

async fn check(path: &str, uuids: Uuids, cases: &[(&str, &str)]) {
    for (filter, expected) in cases {
        let filter = filter.replace("UUID", UUID);
        let expected = expected.replace("UUID", UUID);
        let found = translated(path, uuids, &filter).await;
        assert_eq!(found, expected, "{path}: {filter}");
    }
}

#[tokio::test]
async fn filters_on_keys() {
    let cases = [
        ("id = 'UUID'", r#"exact id=="UUID""#),
        ("id <> 'UUID'", r#"exact id<>"UUID""#),
        ("id > 'UUID'", r#"exact id>"UUID""#),
        ("not (id > 'UUID')", r#"exact id<="UUID""#),
        ("id in ('UUID', null)", r#"exact id=="UUID""#),
        ("id not in ('UUID', null)", ""),
        ("id = 'no uuid'", ""),
        ("id = upper('UUID')", ""),
        ("id like '7212%'", r#"inexact id=="7212*""#),
        ("id like '7212_%'", ""),
        ("id like 'x%'", ""),
        ("patron_group = 'UUID'", r#"inexact patronGroup=="UUID""#),
        ("patron_group <> 'UUID'", ""),
        ("patron_group < 'UUID'", ""),
        (
            "patron_group is null",
            r#"exact cql.allRecords=1 not patronGroup="""#,
        ),
        ("patron_group is not null", r#"exact patronGroup="""#),
    ];
    check("/users", Uuids::Text, &cases).await;
    let cases = [
        ("id = uuid('UUID')", r#"exact id=="UUID""#),
        (
            "patron_group = uuid(upper('UUID'))",
            r#"exact patronGroup=="UUID""#,
        ),
        (
            "patron_group <> uuid('UUID')",
            r#"inexact patronGroup<>"UUID""#,
        ),
        ("patron_group is null", ""),
        ("patron_group is not null", r#"inexact patronGroup="""#),
        (
            "patron_group is distinct from uuid('UUID')",
            r#"exact cql.allRecords=1 not patronGroup=="UUID""#,
        ),
        ("personal['addresses'] is null", ""),
    ];
    check("/users", Uuids::Binary, &cases).await;
}

#[tokio::test]
async fn filters_on_text() {
    let cases = [
        ("username = 'Ab*c'", r#"inexact username=="Ab\*c""#),
        ("username <> 'abc'", ""),
        ("not (username = 'abc')", ""),
        ("username < 'abc'", ""),
        ("username like 'a%b_'", r#"inexact username=="a*b*""#),
        ("username not like 'a%'", ""),
        ("username ilike 'a%'", r#"inexact username=="a*""#),
        ("username ilike 'ä%'", ""),
        ("lower(username) = 'abc'", r#"inexact username=="abc""#),
        ("upper(username) = 'ABC'", ""),
        ("starts_with(username, 'a%')", r#"inexact username=="a%*""#),
        (
            "username in ('a', 'b', 'c', 'd')",
            r#"inexact username=="a" or username=="b" or username=="c" or username=="d""#,
        ),
        ("username not in ('a', 'b', 'c', 'd')", ""),
        (
            "username is null",
            r#"inexact (cql.allRecords=1 not username="") or username=="0*" or username=="1*" or username=="2*" or username=="3*" or username=="4*" or username=="5*" or username=="6*" or username=="7*" or username=="8*" or username=="9*" or username=="-*" or username=="[*" or username=="{*" or username=="true" or username=="false""#,
        ),
        ("username = 'patronGroup.x'", ""),
        (
            "personal['lastName'] like 'M%r'",
            r#"inexact personal.lastName=="M*r""#,
        ),
        // Only the first 600 characters of it are compared.
        ("type like '%x'", r#"inexact type="""#),
        ("type like 'a%x'", r#"inexact type=="a*""#),
        ("username = barcode", ""),
        ("username || 'x' = 'ax'", ""),
        ("_extra = '{}'", ""),
        ("_extra is not null", ""),
    ];
    check("/users", Uuids::Text, &cases).await;
}

#[tokio::test]
async fn filters_on_other_types() {
    let cases = [
        ("active", r#"exact active=="true""#),
        ("not active", r#"exact active=="false""#),
        ("active is true", r#"exact active=="true""#),
        ("active is not true", ""),
        ("active is unknown", ""),
        ("active is not null", r#"inexact active="""#),
        (
            "metadata['updatedDate'] >= timestamp '2024-03-01T12:00:00Z'",
            r#"inexact metadata.updatedDate>="2024-02-29""#,
        ),
        (
            "expiration_date < timestamp '2024-03-01T12:00:00Z'",
            r#"inexact expirationDate<"2024-03-03" or expirationDate=="?????????????" or expirationDate=="+*" or expirationDate=="-*""#,
        ),
        ("expiration_date is null", ""),
        (
            "expiration_date is not null",
            r#"inexact expirationDate="""#,
        ),
        ("expiration_date <> timestamp '2024-03-01T12:00:00Z'", ""),
        ("personal is not null", r#"inexact personal="""#),
        ("personal is null", ""),
    ];
    check("/users", Uuids::Text, &cases).await;
    let cases = [
        ("_version = 5", r#"inexact _version==/number "5""#),
        ("_version <> 5", ""),
        (
            "_version between 2 and 3",
            r#"inexact _version>=/number "2" & inexact _version<=/number "3""#,
        ),
        (
            "array_has(languages, 'a\"b')",
            r#"inexact languages=="*\"a\\\"b\"*""#,
        ),
        // An index with the 600-character prefix.
        ("array_has(statistical_code_ids, 'UUID')", ""),
    ];
    check("/instance-storage/instances", Uuids::Text, &cases).await;
    let cases = [
        ("status_id = uuid('UUID')", r#"inexact statusId=="UUID""#),
        ("status_id is null", ""),
        (
            "instance_type_id = uuid('UUID')",
            r#"exact instanceTypeId=="UUID""#,
        ),
        (
            "array_has(instance_format_ids, uuid('UUID'))",
            r#"inexact instanceFormatIds=="*\"UUID\"*""#,
        ),
    ];
    check("/instance-storage/instances", Uuids::Binary, &cases).await;
}

#[tokio::test]
async fn combined_filters() {
    let cases = [
        (
            "active or username = 'a'",
            r#"inexact active=="true" or username=="a""#,
        ),
        ("active or username < 'a'", ""),
        (
            "(active and username < 'a') or not active",
            r#"inexact active=="true" or active=="false""#,
        ),
        ("not (active and username = 'a')", ""),
        (
            "not (active or patron_group is null)",
            r#"exact active=="false" & exact patronGroup="""#,
        ),
        (
            "(id = 'UUID' and patron_group is null) is not true",
            r#"exact cql.allRecords=1 not (id=="UUID" and (cql.allRecords=1 not patronGroup=""))"#,
        ),
        ("(active and patron_group is null) is not true", ""),
        ("(active and username = 'a') is not true", ""),
    ];
    check("/users", Uuids::Text, &cases).await;
}

#[tokio::test]
async fn lists_of_other_modules_are_selected_by_id_only() {
    let cases = [
        ("id = 'UUID'", r#"inexact id=="UUID""#),
        ("id <> 'UUID'", ""),
        ("title_or_package = 'x'", ""),
        ("title_or_package is null", ""),
    ];
    check("/orders-storage/po-lines", Uuids::Text, &cases).await;
    check(
        "/notes",
        Uuids::Text,
        &[("id = 'UUID'", ""), ("title = 'x'", "")],
    )
    .await;
}
