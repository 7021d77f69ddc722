//! What is sent to the scheduler.

use std::sync::Arc;

use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _, displayable};
use datafusion::prelude::SessionContext;
use datafusion_proto::physical_plan::{
    AsExecutionPlan as _, DefaultPhysicalProtoConverter, PhysicalExtensionCodec as _,
};
use datafusion_proto::protobuf::PhysicalPlanNode;
use folio_ballista::{FolioCodec, RemoteExec};
use folio_datafusion::FolioExec;

use crate::support::{client, error, library, remote, rows};

/// A scheduler that does not exist: what is sent to it fails.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn a_plan_without_a_name_of_credentials_is_not_sent() {
    let sandbox = library(3, 3).await;
    let ctx = remote(&client(&sandbox).await, NOWHERE, None).await;
    let text = error(&ctx, "select username from users.users").await;
    assert!(
        text.contains("the scan of /users has no name of credentials")
            && text.contains("Options::credentials"),
        "{text}"
    );
    let text = error(&ctx, "explain analyze select username from users.users").await;
    assert!(text.contains("EXPLAIN ANALYZE is not available"), "{text}");
}

#[tokio::test]
async fn statements_that_read_nothing_from_folio_need_no_scheduler() {
    let sandbox = library(3, 3).await;
    let ctx = remote(&client(&sandbox).await, NOWHERE, Some("main")).await;
    assert_eq!(rows(&ctx, "select 1 + 1").await.unwrap(), ["2"]);
    let shown = rows(&ctx, "explain select username from users.users")
        .await
        .unwrap()
        .join("\n");
    assert!(shown.contains("FolioExec: list=/users"), "{shown}");
    let tables = "select count(*) > 0 from information_schema.tables where table_schema = 'users'";
    assert_eq!(rows(&ctx, tables).await.unwrap(), ["true"]);
    let text = error(&ctx, "select username from users.users").await;
    assert!(
        text.contains("127.0.0.1:1") || text.contains("onnect"),
        "{text}"
    );
}

#[tokio::test]
async fn a_plan_survives_encoding_with_its_description() {
    let (scan, ctx) = scan("select username from users.users where active").await;
    let codec = FolioCodec::without_clients();
    let node = PhysicalPlanNode::try_from_physical_plan(scan.clone(), &codec).unwrap();
    let mut bytes = Vec::new();
    node.try_encode(&mut bytes).unwrap();
    let decoded = PhysicalPlanNode::try_decode(&bytes).unwrap();
    let plan = decoded
        .try_into_physical_plan(&ctx.task_ctx(), &codec)
        .unwrap();
    assert_eq!(scan.schema(), plan.schema());
    let partitions = |plan: &Arc<dyn ExecutionPlan>| plan.output_partitioning().partition_count();
    assert_eq!(partitions(&scan), partitions(&plan));
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    assert!(
        shown.contains("FolioExec: list=/users, query=[active==\"true\"]"),
        "{shown}"
    );
    // It cannot be executed without clients.
    let stream = plan.execute(0, ctx.task_ctx()).unwrap();
    let error = datafusion::physical_plan::common::collect(stream)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("does not read from FOLIO"),
        "{error}"
    );
}

#[tokio::test]
async fn a_description_of_another_version_is_an_error() {
    let (scan, ctx) = scan("select username from users.users").await;
    let codec = FolioCodec::without_clients();
    let converter = DefaultPhysicalProtoConverter {};
    let mut bytes = Vec::new();
    let leaf: Arc<dyn ExecutionPlan> = Arc::new(folio_exec(&scan).clone());
    codec.try_encode(leaf, &mut bytes, &converter).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen('{', r#"{"invented":1,"#, 1);
    let error = codec
        .try_decode(newer.as_bytes(), &[], &ctx.task_ctx(), &converter)
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("unknown field `invented`") && error.contains("same version"),
        "{error}"
    );
}

/// The plan that a statement sends.
async fn scan(statement: &str) -> (Arc<dyn ExecutionPlan>, SessionContext) {
    let sandbox = library(3, 3).await;
    let ctx = remote(&client(&sandbox).await, NOWHERE, Some("main")).await;
    let frame = ctx.sql(statement).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let sent = plan.downcast_ref::<RemoteExec>().unwrap().plan();
    (Arc::clone(sent), ctx)
}

fn folio_exec(plan: &Arc<dyn ExecutionPlan>) -> &FolioExec {
    match plan.downcast_ref::<FolioExec>() {
        Some(scan) => scan,
        None => folio_exec(plan.children().first().unwrap()),
    }
}
