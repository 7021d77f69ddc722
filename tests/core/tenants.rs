//! Requests of many tenants at once: each goes to its own.

use std::collections::BTreeMap;

use folio_sdk::{FolioClient, Method};
use proptest::prelude::*;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

/// The server's response to a request: its tenant.
async fn echo() -> Folio {
    Folio::start(|asked, n| {
        if asked.path().contains("authn") {
            return None;
        }
        // Much is repeated, and the token is renewed: neither may change the tenant.
        if n % 7 == 3 {
            return Some(Reply::text(503, "busy"));
        }
        Some(Reply::json(
            json!({"tenant": asked.header("x-okapi-tenant"), "path": asked.path()}),
        ))
    })
    .await
}

/// How a task names its tenant.
#[derive(Clone, Copy, Debug)]
enum Way {
    Handle,
    Handles,
    Call,
    Header,
}

async fn ask(folio: FolioClient, way: Way, tenant: String, path: String) -> Value {
    let call = match way {
        Way::Handle => folio.for_tenant(&tenant).folio_get::<Value>(&path, None),
        // A handle of a handle is for the last one.
        Way::Handles => folio
            .for_tenant("other")
            .for_tenant(&tenant)
            .folio_get(&path, None),
        Way::Call => folio
            .for_tenant("other")
            .folio_get(&path, None)
            .tenant(&tenant),
        Way::Header => {
            let request = folio
                .request(Method::GET, &path)
                .header("x-okapi-tenant", &tenant);
            return request.send().await.unwrap().json().unwrap();
        }
    };
    call.await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn tasks_of_different_tenants_never_mix(
        tasks in prop::collection::vec((0..6_usize, prop::sample::select(vec![Way::Handle, Way::Handles, Way::Call, Way::Header])), 20..120),
        expire_after in 0..100_usize,
        in_flight in 1..20_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = echo().await;
            let folio = server.builder().max_in_flight(in_flight).retry(folio_test_support::server::quick().max_attempts(50).without_budget()).build().unwrap();
            let mut expected = BTreeMap::new();
            let running: Vec<_> = tasks
                .iter()
                .enumerate()
                .map(|(number, (tenant, way))| {
                    let (tenant, path) = (format!("tenant{tenant}"), format!("/x/{number}"));
                    expected.insert(path.clone(), tenant.clone());
                    tokio::spawn(ask(folio.clone(), *way, tenant, path))
                })
                .collect();
            for (number, task) in running.into_iter().enumerate() {
                if number == expire_after {
                    server.expire();
                }
                let answer = task.await.unwrap();
                let path = answer["path"].as_str().unwrap();
                assert_eq!(answer["tenant"], expected[path]);
            }
            // Also failed requests: rejected, or with status 503.
            for asked in server.log() {
                let tenant = expected.get(asked.path()).map_or("diku", String::as_str);
                assert_eq!(asked.header("x-okapi-tenant"), tenant, "{}", asked.path());
            }
            assert_eq!(folio.tenant(), "diku");
        });
    }
}
