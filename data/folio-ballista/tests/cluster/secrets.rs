//! Passwords and tokens are in no plan, message or file.

use std::sync::Arc;

use datafusion_proto::physical_plan::AsExecutionPlan as _;
use datafusion_proto::protobuf::PhysicalPlanNode;
use folio_ballista::{FolioCodec, RemoteExec};
use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;
use folio_test_support::files::walk;
use folio_test_support::sandbox::{ADMIN, TENANT};

use crate::gauge::{Gateway, Gauge};
use crate::processes::{Cluster, Setup};
use crate::support::{STATEMENT, fill, remote, sorted};

const PASSWORD: &str = "correct-horse-battery";

#[tokio::test(flavor = "multi_thread")]
async fn no_plan_message_or_file_contains_a_secret() {
    let builder = Sandbox::builder().tenant(TENANT).user(ADMIN, PASSWORD);
    let sandbox = builder.start().await.unwrap();
    fill(&sandbox, 3_000, 3_000);
    let gateway = Gateway::start(sandbox.url(), &Arc::new(Gauge::default())).await;
    let mut setup = Setup::new([gateway.url.as_str(), gateway.url.as_str()]);
    setup.password = PASSWORD;
    setup.log = "trace";
    let cluster = Cluster::start(&setup);
    let builder = FolioClient::builder(&gateway.url).tenant(TENANT);
    let folio = builder
        .credentials(ADMIN, PASSWORD)
        .connect()
        .await
        .unwrap();
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    assert!(!sorted(&many, STATEMENT).await.unwrap().is_empty());

    let mut secrets = gateway.tokens();
    // The session's, and those of the executors.
    assert_eq!(secrets.len(), 3);
    secrets.push(PASSWORD.to_owned());
    let check = |what: &str, bytes: &[u8]| {
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "a secret is in {what}");
        }
    };

    let frame = many.sql(STATEMENT).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let sent = plan.downcast_ref::<RemoteExec>().unwrap().plan();
    let codec = FolioCodec::without_clients();
    let node = PhysicalPlanNode::try_from_physical_plan(Arc::clone(sent), &codec).unwrap();
    let mut bytes = Vec::new();
    node.try_encode(&mut bytes).unwrap();
    assert!(bytes.windows(6).any(|part| part == b"\"main\""));
    check("the plan", &bytes);
    check("the plan's text", format!("{plan:?} {codec:?}").as_bytes());

    for process in cluster.executors.iter().chain([&cluster.scheduler]) {
        let log = process.log();
        assert!(log.contains("DEBUG"), "{log}");
        check("the messages", log.as_bytes());
    }
    let files = walk(cluster.folder.path());
    let data = files
        .iter()
        .filter(|file| file.extension().is_some_and(|it| it == "arrow"));
    assert!(data.count() > 0, "{files:?}");
    for file in &files {
        check(&file.display().to_string(), &std::fs::read(file).unwrap());
    }
    // Results are records of patrons: only the user can read them.
    #[cfg(unix)]
    for entry in std::fs::read_dir(cluster.folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = entry.unwrap().metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        assert!(metadata.is_file() || mode == 0o700, "{mode:o}");
    }
}
