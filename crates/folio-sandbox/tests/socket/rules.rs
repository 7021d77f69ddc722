//! Faults by rule, and faults that only a careful client survives.

use super::*;

async fn with_groups() -> (Sandbox, Caller) {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(6)).unwrap();
    let caller = Caller::of(&sandbox).await;
    (sandbox, caller)
}

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

async fn statuses(caller: &Caller, method: &str, path: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(caller.told(method, path, None).await.0);
    }
    statuses
}

#[tokio::test]
async fn rules_strike_by_module_method_path_and_number() {
    let (sandbox, caller) = with_groups().await;
    sandbox.fault(fault("status=500 module=mod-users every=3"));
    assert_eq!(
        statuses(&caller, "GET", "/groups", 6).await,
        [200, 200, 500, 200, 200, 500]
    );
    assert_eq!(statuses(&caller, "GET", "/locations", 3).await, [200; 3]);
    sandbox.clear_faults();
    sandbox.fault(fault("forbidden path=/groups"));
    assert_eq!(
        statuses(&caller, "GET", "/groups", 3).await,
        [403, 200, 200]
    );
    sandbox.fault(fault("status=429 retry-after=7 after=1 times=1"));
    let answers = [
        caller.send("GET", "/groups", None).await.unwrap(),
        caller.send("GET", "/groups", None).await.unwrap(),
    ];
    assert_eq!(answers[0].status(), 200);
    assert_eq!(answers[1].status(), 429);
    assert_eq!(answers[1].headers()["retry-after"], "7");
    // A rule with a seed of its own strikes the same requests, whatever other rules there are.
    let mut runs = Vec::new();
    for others in [false, true] {
        sandbox.clear_faults();
        if others {
            sandbox.fault(fault("status=502 probability=0.5 path=/locations"));
        }
        sandbox.fault(fault("status=503 probability=0.4 seed=5 path=/groups"));
        let mut run = Vec::new();
        for _ in 0..30 {
            caller.told("GET", "/locations", None).await;
            run.push(caller.told("GET", "/groups", None).await.0);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&503) && runs[0].contains(&200));
}

#[tokio::test]
async fn a_write_can_happen_after_its_connection_is_gone() {
    let (sandbox, caller) = with_groups().await;
    let late = Effect::DropThenDo(Duration::from_millis(80));
    sandbox.fault(Fault::new(late).method("POST").times(1));
    let body = json!({"group": "late"});
    assert!(caller.send("POST", "/groups", Some(body)).await.is_err());
    assert_eq!(sandbox.records("diku", "/groups").unwrap().len(), 6);
    let written = async {
        // Real time: the sandbox has a thread of its own, and reports nothing of a write whose
        // connection is gone.
        while sandbox.records("diku", "/groups").unwrap().len() < 7 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    folio_test_support::patience::within("the write", written).await;
}

#[tokio::test]
async fn pages_shrink_and_are_empty_and_tokens_end() {
    let (sandbox, caller) = with_groups().await;
    for (rule, records) in [("shrink times=1", 2), ("empty times=1", 0)] {
        sandbox.fault(fault(rule));
        let page = caller.get("/groups?limit=4").await;
        let whole = caller.get("/groups?limit=4").await;
        assert_eq!(page["usergroups"].as_array().unwrap().len(), records);
        assert_eq!(page["totalRecords"], whole["totalRecords"]);
        assert_eq!(whole["usergroups"].as_array().unwrap().len(), 4);
    }
    sandbox.fault(fault("expire-token path=/groups times=1"));
    assert_eq!(
        statuses(&caller, "GET", "/groups", 2).await,
        [401, 401],
        "the token stays invalid"
    );
    let again = Caller::of(&sandbox).await;
    assert_eq!(statuses(&again, "GET", "/groups", 1).await, [200]);
}

#[tokio::test]
async fn bodies_come_slowly_and_gateways_have_pages_of_their_own() {
    let (sandbox, caller) = with_groups().await;
    let whole = caller.told("GET", "/groups", None).await.1;
    let get = async || {
        let request = client(false)
            .get(format!("{}/groups", sandbox.url()))
            .header("x-okapi-token", caller.token.as_deref().unwrap());
        request.send().await.unwrap()
    };
    sandbox.fault(fault("slow=50/2ms times=1"));
    assert_eq!(get().await.text().await.unwrap(), whole);
    // The first piece comes after its pause, and the next one not while others are answered.
    sandbox.fault(fault("slow=50/1s times=1"));
    let mut slow = get().await;
    assert_eq!(slow.chunk().await.unwrap().unwrap().len(), 50);
    tokio::select! {
        biased;
        piece = slow.chunk() => panic!("{piece:?} came without a pause"),
        other = get() => assert_eq!(other.text().await.unwrap(), whole),
    }
    for (rule, status, said) in [
        ("gateway=nginx status=502", 502, "<center>nginx</center>"),
        ("gateway=nginx", 503, "503 Service Temporarily Unavailable"),
        (
            "gateway=haproxy status=504",
            504,
            "The server didn't respond in time.",
        ),
        (
            "gateway=squid",
            503,
            "The requested URL could not be retrieved",
        ),
    ] {
        sandbox.clear_faults();
        sandbox.fault(fault(rule));
        let answer = caller
            .send("POST", "/groups", Some(json!({"group": "x"})))
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        assert!(
            answer.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        let page = answer.text().await.unwrap();
        assert!(page.contains(said), "{page}");
    }
    assert_eq!(sandbox.records("diku", "/groups").unwrap().len(), 6);
}
