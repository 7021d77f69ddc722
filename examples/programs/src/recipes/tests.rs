//! The recipes as the page shows them, and what each of them does: over the FOLIO in the process
//! where it emulates the modules, else over a server that plays them.

use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::Id;
use folio_test_support::clock::Clock;
use folio_test_support::sandbox::{admin, demo};
use folio_test_support::server::{Folio, Reply};
use serde_json::{Value, json};

use super::*;
use crate::tests::played;

const PAGE: &str = include_str!("../../../../docs/recipes.md");

/// The sections of the page that have programs, and the file of each.
const RECIPES: [(&str, &str); 12] = [
    ("Import a MARC file", include_str!("data_import.rs")),
    (
        "Override a block of a check-out",
        include_str!("check_out.rs"),
    ),
    ("Order, open, receive", include_str!("order.rs")),
    ("Permissions and roles", include_str!("permissions.rs")),
    ("Harvest by OAI-PMH", include_str!("oai_pmh.rs")),
    ("Agreements", include_str!("agreements.rs")),
    ("Load patrons", include_str!("patrons.rs")),
    ("Move holdings", include_str!("move_holdings.rs")),
    ("Correct records by HRID", include_str!("correct.rs")),
    ("Statistics to CSV", include_str!("statistics.rs")),
    (
        "Share an instance in a consortium",
        include_str!("sharing.rs"),
    ),
    ("Update authorities", include_str!("authorities.rs")),
];

/// What the page shows of a file: all but its first comment.
fn shown(source: &str) -> &str {
    source.split_once("\n\n").unwrap().1
}

/// `UPDATE_DOCS=1 cargo test -p folio-example-programs --lib recipes` writes the programs into the
/// page.
#[test]
fn the_page_shows_the_programs_as_they_are() {
    let mut page = String::new();
    let mut seen = Vec::new();
    for (number, section) in PAGE.split("\n## ").enumerate() {
        let heading = section.lines().next().unwrap();
        let recipe = RECIPES.iter().find(|(known, _)| *known == heading);
        let marks = section.matches("```rust\n").count();
        assert_eq!(marks, usize::from(recipe.is_some()), "{heading}");
        if number > 0 {
            page.push_str("\n## ");
        }
        let Some((_, source)) = recipe else {
            page.push_str(section);
            continue;
        };
        seen.push(heading);
        let (text, rest) = section.split_once("```rust\n").unwrap();
        let (_, rest) = rest.split_once("```").unwrap();
        page.push_str(&format!("{text}```rust\n{}```{rest}", shown(source)));
    }
    assert_eq!(seen, RECIPES.map(|(heading, _)| heading));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recipes.md");
        std::fs::write(path, &page).unwrap();
        return;
    }
    assert!(
        page == PAGE,
        "docs/recipes.md differs: run this test with UPDATE_DOCS=1"
    );
}

fn bodies(server: &Folio, method: &str, path: &str) -> Vec<Value> {
    let asked = server.log().into_iter();
    asked
        .filter(|asked| asked.method == method && asked.path() == path)
        .map(|asked| serde_json::from_str(&asked.body).unwrap_or_default())
        .collect()
}

async fn import(content: &[u8]) -> data_import::Import {
    let (_sandbox, folio) = demo().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.mrc");
    std::fs::write(&file, content).unwrap();
    let profile = json!({"id": Id::new_v4(), "name": "Default", "dataType": "MARC"});
    let profile = serde_json::from_value(profile).unwrap();
    let job = data_import::start(&folio, &file, profile).await.unwrap();
    data_import::follow(&folio, &job).await.unwrap()
}

#[tokio::test]
async fn a_file_is_imported_and_what_failed_is_found() {
    let whole = import(b"00007x\x1d00007y\x1d00007z\x1d").await;
    assert!(whole.is_complete(), "{whole:?}");
    assert_eq!(whole.job.status.to_string(), "COMMITTED");
    let broken = import(b"00007x\x1d00009y\x1d").await;
    assert_eq!((broken.errors, broken.is_complete()), (1, false));
    assert_eq!(broken.job.status.to_string(), "ERROR");
}

#[tokio::test]
async fn a_part_of_a_divided_file_that_failed_is_found() {
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    let (_server, folio) = played(move |asked, before| {
        let job = |id: &str, kind: &str, status: &str| {
            json!({"id": id, "parentJobId": id, "subordinationType": kind, "userId": id, "status": status, "uiStatus": "RUNNING"})
        };
        let path = asked.path();
        Some(Reply::json(if path.ends_with("/children") {
            let parts = ["COMMITTED", "ERROR"].map(|status| job(id, "COMPOSITE_CHILD", status));
            json!({"jobExecutions": parts, "totalRecords": 2})
        } else if path.starts_with("/metadata-provider") {
            json!({"jobExecutionId": id, "totalErrors": 0})
        } else {
            let status = if before < 2 { "COMMIT_IN_PROGRESS" } else { "COMMITTED" };
            job(id, "COMPOSITE_PARENT", status)
        }))
    })
    .await;
    let clock = Clock::stop();
    let job = Id::from(id);
    let import = data_import::follow(&folio, &job);
    let import = clock.run(Duration::from_millis(100), import).await.unwrap();
    assert_eq!(import.parts, ["COMMITTED", "ERROR"]);
    assert!(!import.is_complete());
}

#[tokio::test]
async fn a_block_is_overridden_only_if_the_server_lets_the_user() {
    // The response as it was recorded (circulation.jsonl, `check out: blocked user`).
    let blocked = |missing: &[&str]| {
        Reply::new(
            422,
            "application/json",
            json!({"errors": [{
                "message": "Patron blocked from borrowing",
                "parameters": [{"key": "reason", "value": "recB block"}],
                "overridableBlock": {"name": "patronBlock", "missingPermissions": missing},
            }]})
            .to_string(),
        )
    };
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    for (missing, comment, sent, is_lent) in [
        (&[][..], Some("paid"), 2, true),
        (&[][..], None, 1, false),
        (
            &["circulation.override-patron-block"][..],
            Some("paid"),
            1,
            false,
        ),
    ] {
        let (server, folio) = played(move |asked, _| {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            Some(match body.get("overrideBlocks") {
                None => blocked(missing),
                Some(_) => Reply::new(201, "application/json", json!({"id": id, "userId": id, "itemId": id, "loanDate": "2026-01-01T00:00:00.000Z", "action": "checkedOutThroughOverride"}).to_string()),
            })
        })
        .await;
        let loan = check_out::check_out(&folio, "item", "patron", &id.into(), comment).await;
        assert_eq!(loan.is_ok(), is_lent, "{loan:?}");
        let bodies = bodies(&server, "POST", "/circulation/check-out-by-barcode");
        assert_eq!(bodies.len(), sent);
        if is_lent {
            assert_eq!(
                bodies[1]["overrideBlocks"],
                json!({"patronBlock": {}, "comment": "paid"})
            );
        }
    }
}

#[tokio::test]
async fn an_order_is_opened_and_its_pieces_are_received() {
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    for failed in [0, 1] {
        let (server, folio) = played(move |asked, _| {
            let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            Some(match (&*asked.method, asked.path()) {
                ("POST", "/orders/receive") => Reply::json(json!({"receivingResults": [{
                    "poLineId": id, "processedSuccessfully": 1 - failed, "processedWithError": failed,
                    "receivingItemResults": [{"pieceId": id, "processingStatus": {"type": if failed == 0 { "success" } else { "failure" }}}],
                }], "totalRecords": 1})),
                ("POST", _) => Reply::new(201, "application/json", body.to_string()),
                ("PUT", _) => Reply::empty(204),
                ("GET", "/orders/pieces") => {
                    let pieces = match asked.target.contains("id%3E") {
                        true => json!([]),
                        false => json!([{"id": id, "format": "Physical", "poLineId": id, "titleId": id, "locationId": id, "receivingStatus": "Expected"}]),
                    };
                    Reply::json(json!({"pieces": pieces, "totalRecords": pieces.as_array().unwrap().len()}))
                }
                _ => Reply::json(json!({"id": id, "vendor": id, "orderType": "One-Time", "poNumber": "10001", "workflowStatus": "Pending", "note": "stays"})),
            })
        })
        .await;
        let some = Id::new_v4();
        let order = order::create_and_open(&folio, &some, &some, "A book", 10.into())
            .await
            .unwrap();
        let sent = bodies(&server, "POST", "/orders/composite-orders");
        assert_eq!(sent[0]["id"], json!(order));
        let line = bodies(&server, "POST", "/orders/order-lines");
        assert_eq!(line[0]["purchaseOrderId"], json!(order));
        let put = bodies(&server, "PUT", &format!("/orders/composite-orders/{order}"));
        assert_eq!(
            (&put[0]["workflowStatus"], &put[0]["note"]),
            (&json!("Open"), &json!("stays"))
        );
        let received = order::receive(&folio, &order).await;
        match failed {
            0 => assert_eq!(received.unwrap(), 1),
            _ => assert!(received.unwrap_err().to_string().contains("failure")),
        }
        let sent = bodies(&server, "POST", "/orders/receive");
        assert_eq!(
            sent[0]["toBeReceived"][0]["receivedItems"][0]["pieceId"],
            id
        );
    }
}

#[tokio::test]
async fn a_permission_is_granted_once() {
    let sandbox = Sandbox::builder()
        .demo_data()
        .user_records()
        .user("eve", "eve")
        .start()
        .await
        .unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    let users = sandbox.records("diku", "/users").unwrap();
    let eve = users.iter().find(|user| user["username"] == "eve").unwrap();
    let eve = Id::from(eve["id"].as_str().unwrap());
    let record = json!({"id": Id::new_v4(), "userId": eve, "permissions": []});
    sandbox.load("diku", "/perms/users", vec![record]).unwrap();
    for _ in 0..2 {
        permissions::grant(&folio, &eve, "users.item.get")
            .await
            .unwrap();
    }
    let sent = sandbox.exchanges().into_iter();
    let sent = sent
        .filter(|exchange| exchange.method == "POST" && exchange.path.ends_with("/permissions"));
    assert_eq!(sent.count(), 1);
}

#[tokio::test]
async fn a_role_is_created_only_if_all_its_permissions_have_capabilities() {
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    let (server, folio) = played(move |asked, _| {
        Some(match (&*asked.method, asked.path()) {
            ("GET", "/capabilities") => Reply::json(json!({"capabilities": [{"id": id, "permission": "users.item.get"}], "totalRecords": 1})),
            ("POST", "/roles") => Reply::new(201, "application/json", json!({"id": id, "name": "readers"}).to_string()),
            _ => Reply::new(201, "application/json", "{}"),
        })
    })
    .await;
    let user = Id::new_v4();
    let error =
        permissions::assign_role(&folio, &user, "readers", &["users.item.get", "nothing.get"])
            .await;
    assert!(error.unwrap_err().to_string().contains("nothing.get"));
    assert!(bodies(&server, "POST", "/roles").is_empty());
    let role = permissions::assign_role(&folio, &user, "readers", &["users.item.get"])
        .await
        .unwrap();
    assert_eq!(role.as_str(), id);
    assert_eq!(
        bodies(&server, "POST", "/roles/capabilities")[0],
        json!({"roleId": id, "capabilityIds": [id]})
    );
    assert_eq!(
        bodies(&server, "POST", "/roles/users")[0],
        json!({"userId": user, "roleIds": [id]})
    );
}

#[tokio::test]
async fn all_pages_of_a_repository_are_read() {
    let page = |records: &str, token: &str| {
        Reply::new(
            200,
            "text/xml",
            format!(
                "<OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\"><ListRecords>{records}{token}</ListRecords></OAI-PMH>"
            ),
        )
    };
    let (server, folio) = played(move |asked, _| {
        Some(match asked.param("resumptionToken").as_deref() {
            None => page("<record><header><identifier>oai:1</identifier></header></record>", "<resumptionToken cursor=\"0\">a b&amp;c</resumptionToken>"),
            Some("a b&c") => page("<record><header status=\"deleted\"><identifier>oai:2</identifier></header></record>", "<resumptionToken cursor=\"1\"/>"),
            Some(_) => Reply::text(400, "bad token"),
        })
    })
    .await;
    let records = oai_pmh::changed_since(&folio, "2026-01-01").await.unwrap();
    assert_eq!(
        records,
        [("oai:1".to_owned(), false), ("oai:2".to_owned(), true)]
    );
    assert_eq!(server.asked("/oai/records").len(), 2);
    for (code, is_empty) in [("noRecordsMatch", true), ("badArgument", false)] {
        let (_server, folio) = played(move |_, _| {
            Some(Reply::new(
                200,
                "text/xml",
                format!("<OAI-PMH><error code=\"{code}\">no</error></OAI-PMH>"),
            ))
        })
        .await;
        let records = oai_pmh::changed_since(&folio, "2026-01-01").await;
        assert_eq!(records.is_ok(), is_empty, "{records:?}");
    }
}

#[tokio::test]
async fn agreements_are_found_and_created() {
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    let (server, folio) = played(move |asked, _| {
        Some(match (&*asked.method, asked.path()) {
            ("GET", "/erm/sas") if asked.number("offset") > 0 => Reply::json(json!([])),
            ("GET", "/erm/sas") => Reply::json(json!([{"id": id, "name": "Big deal"}])),
            ("POST", "/erm/sas") => Reply::new(
                201,
                "application/json",
                json!({"id": id, "name": "New"}).to_string(),
            ),
            _ => Reply::new(201, "application/json", json!({"id": id}).to_string()),
        })
    })
    .await;
    let names = agreements::ending_before(&folio, "2027-01-01")
        .await
        .unwrap();
    assert_eq!(names, ["Big deal"]);
    let query = server.asked("/erm/sas")[0].target.clone();
    assert!(
        query.contains("filters=agreementStatus.value==active"),
        "{query}"
    );
    let created = agreements::create(&folio, "New", "2026-01-01", "A line")
        .await
        .unwrap();
    assert_eq!(created.as_str(), id);
    assert_eq!(
        bodies(&server, "POST", "/erm/entitlements")[0]["owner"]["id"],
        id
    );
}

#[tokio::test]
async fn patrons_are_matched_by_their_external_ids() {
    let (sandbox, folio) = demo().await;
    let stored = || sandbox.records("diku", "/users").unwrap();
    let groups = sandbox.records("diku", "/groups").unwrap();
    let group = groups[0]["group"].as_str().unwrap();
    // A user of another UUID, with a field that the export lacks.
    let known = json!({"id": "00000000-0000-4000-8000-00000000abcd", "username": "old-name", "externalSystemId": "ext-1",
        "active": true, "barcode": "4711", "personal": {"lastName": "Old", "firstName": "Ada"}});
    let taken = json!({"id": Id::new_v4(), "username": "taken", "active": true, "personal": {"lastName": "Other"}});
    sandbox
        .load("diku", "/users", vec![known.clone(), taken])
        .unwrap();
    let before = stored().len();
    let patrons = |group: &str| -> Vec<patrons::Patron> {
        let patron = |number: usize| {
            let username = if number == 9 {
                "taken".to_owned()
            } else {
                format!("patron-{number}")
            };
            json!({"externalId": format!("ext-{number}"), "username": username, "lastName": "New", "email": "p@example.org", "group": group})
        };
        serde_json::from_value((0..10).map(patron).collect()).unwrap()
    };
    let unknown = patrons::load(&folio, patrons("no group"))
        .await
        .unwrap_err();
    assert!(unknown.to_string().contains("no group"), "{unknown}");
    assert_eq!(stored().len(), before);

    let first = patrons::load(&folio, patrons(&group.to_uppercase()))
        .await
        .unwrap();
    assert_eq!(
        (first.created, first.updated, first.failed),
        (8, 1, 1),
        "{first}"
    );
    assert_eq!(first.failures[0].record["username"], "taken");
    let users = stored();
    let mut same = users
        .iter()
        .filter(|user| user["externalSystemId"] == "ext-1");
    let user = same.next().unwrap();
    assert!(same.next().is_none());
    assert_eq!(
        [
            &user["id"],
            &user["barcode"],
            &user["personal"]["firstName"],
            &user["personal"]["lastName"],
            &user["patronGroup"]
        ],
        [
            &known["id"],
            &json!("4711"),
            &json!("Ada"),
            &json!("New"),
            &groups[0]["id"]
        ]
    );
    let again = patrons::load(&folio, patrons(group)).await.unwrap();
    assert_eq!(
        (again.unchanged, again.failed, again.total()),
        (9, 1, 10),
        "{again}"
    );
    assert_eq!(stored(), users);
}

#[tokio::test]
async fn holdings_move_and_their_items_follow() {
    let (sandbox, folio) = demo().await;
    let holdings = || {
        sandbox
            .records("diku", "/holdings-storage/holdings")
            .unwrap()
    };
    let before = holdings();
    let field = |record: &Value, name: &str| Id::from(record[name].as_str().unwrap());
    let from = field(&before[0], "permanentLocationId");
    let locations = sandbox.records("diku", "/locations").unwrap();
    let to = locations.iter().map(|location| field(location, "id"));
    let to = to.into_iter().find(|id| *id != from).unwrap();
    let is_at = |record: &&Value, location: &Id| record["permanentLocationId"] == location.as_str();
    let count = before.iter().filter(|record| is_at(record, &from)).count();

    let none = move_holdings::to_location(&folio, &from, &Id::new_v4())
        .await
        .unwrap();
    assert_eq!((none.moved, none.failed.len()), (0, count), "{none:?}");
    assert_eq!(holdings(), before);
    let moved = move_holdings::to_location(&folio, &from, &to)
        .await
        .unwrap();
    assert_eq!((moved.moved, moved.failed.len()), (count, 0), "{moved:?}");
    let after = holdings();
    assert_eq!(
        after.iter().filter(|record| is_at(record, &from)).count(),
        0
    );
    let items = sandbox.records("diku", "/item-storage/items").unwrap();
    let mut followed = 0;
    for old in before.iter().filter(|record| is_at(record, &from)) {
        let mut new = after
            .iter()
            .find(|new| new["id"] == old["id"])
            .unwrap()
            .clone();
        assert_eq!(new["permanentLocationId"], to.as_str());
        for item in items
            .iter()
            .filter(|item| item["holdingsRecordId"] == old["id"])
        {
            assert_eq!(item["effectiveLocationId"], to.as_str());
            followed += 1;
        }
        for name in [
            "permanentLocationId",
            "effectiveLocationId",
            "_version",
            "metadata",
        ] {
            new[name] = old[name].clone();
        }
        // The server adds empty lists; nothing else differs.
        let fields = new.as_object_mut().unwrap();
        fields.retain(|name, value| *value != json!([]) || old.get(name).is_some());
        assert_eq!(new, *old);
    }
    assert!(followed > 0);
    let again = move_holdings::to_location(&folio, &from, &to)
        .await
        .unwrap();
    assert_eq!(
        (again.moved, again.unchanged, again.failed.len()),
        (0, 0, 0)
    );

    let instance = field(&before[1], "instanceId");
    let moving = vec![field(&before[0], "id"), Id::new_v4()];
    for (moved, unchanged) in [(1, 0), (0, 1)] {
        let result = move_holdings::to_instance(&folio, moving.clone(), &instance).await;
        assert_eq!(
            (result.moved, result.unchanged),
            (moved, unchanged),
            "{result:?}"
        );
        assert_eq!(result.failed[0].0, moving[1]);
    }
    let of_instance = holdings();
    let mut of_instance = of_instance
        .iter()
        .filter(|record| record["instanceId"] == instance.as_str());
    assert!(of_instance.any(|record| record["id"] == before[0]["id"]));
}

#[tokio::test]
async fn instances_are_corrected_by_their_hrids() {
    let (sandbox, folio) = demo().await;
    let stored = || {
        sandbox
            .records("diku", "/instance-storage/instances")
            .unwrap()
    };
    let mut of_marc = stored()[0].clone();
    let fields = of_marc.as_object_mut().unwrap();
    fields.retain(|name, _| ["title", "instanceTypeId"].contains(&&**name));
    fields.extend([
        ("id".to_owned(), json!(Id::new_v4())),
        ("hrid".to_owned(), json!("marc1")),
        ("source".to_owned(), json!("MARC")),
    ]);
    sandbox
        .load("diku", "/instance-storage/instances", vec![of_marc])
        .unwrap();
    let before = stored();
    let hrids = ["in00000001", "in00000002", "marc1", "in99999999"].map(str::to_owned);
    let run = async || {
        correct::instances(&folio, hrids.to_vec(), |instance| {
            instance.title = instance.title.replace("Teh ", "The ");
            instance.discovery_suppress = Some(instance.hrid.as_deref() == Some("in00000001"));
        })
        .await
        .unwrap()
    };
    let first = run().await;
    assert!(first.failed.is_empty(), "{first:?}");
    assert!(
        first.changed.contains(&"in00000001".to_owned()),
        "{first:?}"
    );
    assert_eq!(first.changed.len() + first.unchanged, 2);
    assert_eq!(
        (&*first.controlled, &*first.missing),
        (&hrids[2..3], &hrids[3..])
    );
    let after = stored();
    for (old, new) in before.iter().zip(&after) {
        if old["hrid"] == "in00000001" {
            assert_eq!(
                (&new["discoverySuppress"], &new["title"]),
                (&json!(true), &old["title"])
            );
        } else if old["hrid"] != "in00000002" {
            assert_eq!(old, new);
        }
    }
    let second = run().await;
    assert_eq!(
        (second.changed.len(), second.unchanged),
        (0, 2),
        "{second:?}"
    );
    assert_eq!(stored(), after);
}

#[tokio::test]
async fn users_and_loans_are_counted_by_group() {
    let (sandbox, folio) = demo().await;
    let groups = sandbox.records("diku", "/groups").unwrap();
    let mut expected: std::collections::BTreeMap<String, [u64; 3]> = groups
        .iter()
        .map(|group| (group["id"].to_string(), [0; 3]))
        .collect();
    for user in sandbox.records("diku", "/users").unwrap() {
        let counts = expected.entry(user["patronGroup"].to_string()).or_default();
        counts[0] += 1;
        counts[1] += u64::from(user["active"] == true);
    }
    sandbox
        .load(
            "diku",
            "/groups",
            vec![json!({"id": "00000000-0000-4000-8000-00000000abcd", "group": "a, \"b\""})],
        )
        .unwrap();
    // One loan before the period, one after it, and anonymized ones in it.
    let loans = [
        "2025-12-31T23:59:59.999+00:00",
        "2026-01-01T00:00:00.000+00:00",
        "2026-12-31T23:59:59.999+00:00",
        "2027-01-01T00:00:00.000+00:00",
    ];
    let group = &groups[0]["id"];
    let loans = loans.map(|date| {
        json!({"id": Id::new_v4(), "itemId": Id::new_v4(), "action": "checkedin", "loanDate": date,
        "status": {"name": "Closed"}, "patronGroupIdAtCheckout": group})
    });
    let others = sandbox.records("diku", "/loan-storage/loans").unwrap();
    let others = others.iter().filter(|loan| {
        loan["patronGroupIdAtCheckout"] == *group
            && loan["loanDate"].as_str().unwrap().starts_with("2026")
    });
    expected.get_mut(&group.to_string()).unwrap()[2] = 2 + others.count() as u64;
    sandbox
        .load("diku", "/loan-storage/loans", loans.to_vec())
        .unwrap();
    let mut out = Vec::new();
    let until = "2027-01-01T00:00:00.000+00:00";
    statistics::by_group(&folio, "2026-01-01", until, &mut out)
        .await
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("patron group,users,active users,loans"));
    assert!(text.contains("\n\"a, \"\"b\"\"\",0,0,0\n"), "{text}");
    for group in &groups {
        let [users, active, loans] = expected[&group["id"].to_string()];
        let line = format!(
            "\n{},{users},{active},{loans}\n",
            group["group"].as_str().unwrap()
        );
        assert!(text.contains(&line), "{line} {text}");
    }
    // An incomplete number is never written.
    sandbox.fault(Fault::new(Effect::status(403, "Access denied")).path("/loan-storage/loans"));
    let mut out = Vec::new();
    let error = statistics::by_group(&folio, "2026-01-01", "2027-01-01", &mut out).await;
    assert!(error.is_err() && out.is_empty());
}

#[tokio::test]
async fn an_instance_is_shared_once() {
    const CONSORTIUM: &str = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    let instance = Id::new_v4();
    let path = format!("/consortia/{CONSORTIUM}/sharing/instances");
    // The status before the call, at each later read, and what is sent: no response is recorded.
    // The statuses are those of mod-consortia's SharingInstanceServiceImpl.
    for (before, later, posts, is_shared) in [
        (None, "COMPLETE", 1, true),
        (Some("ERROR"), "COMPLETE", 1, true),
        (Some("IN_PROGRESS"), "COMPLETE", 0, true),
        (Some("COMPLETE"), "COMPLETE", 0, true),
        (None, "ERROR", 1, false),
        (None, "IN_PROGRESS", 1, false),
    ] {
        let known = instance.clone();
        let (server, folio) = played(move |asked, number| {
            let sharing = |status: &str| json!({"id": CONSORTIUM, "instanceIdentifier": known, "sourceTenantId": "diku",
                "targetTenantId": "central", "status": status, "error": "no source"});
            Some(match (&*asked.method, asked.path()) {
                ("GET", "/user-tenants") => Reply::json(json!({"userTenants": [{"id": CONSORTIUM, "userId": CONSORTIUM, "tenantId": "diku",
                    "centralTenantId": "central", "consortiumId": CONSORTIUM}], "totalRecords": 1})),
                _ if asked.header("x-okapi-tenant") != "central" => Reply::text(404, "not here"),
                ("POST", _) => Reply::new(201, "application/json", sharing("IN_PROGRESS").to_string()),
                _ => {
                    let status = match number {
                        0 => before,
                        1 => Some("IN_PROGRESS").filter(|_| before != Some("COMPLETE")).or(before),
                        _ => Some(later),
                    };
                    let list: Vec<Value> = status.map(sharing).into_iter().collect();
                    Reply::json(json!({"sharingInstances": list, "totalRecords": list.len()}))
                }
            })
        })
        .await;
        let clock = Clock::stop();
        let shared = sharing::share(&folio, &instance);
        let shared = clock.run(Duration::from_secs(1), shared).await;
        assert_eq!(shared.is_ok(), is_shared, "{before:?} {later} {shared:?}");
        let sent = bodies(&server, "POST", &path);
        assert_eq!(sent.len(), posts, "{before:?} {later}");
        for body in sent {
            assert_eq!(
                body,
                json!({"instanceIdentifier": instance, "sourceTenantId": "diku", "targetTenantId": "central"})
            );
        }
        let reads = server.asked(&path);
        let read = reads.iter().find(|asked| asked.method == "GET").unwrap();
        assert_eq!(
            ["instanceIdentifier", "sourceTenantId", "targetTenantId"]
                .map(|name| read.param(name).unwrap()),
            [instance.as_str(), "diku", "central"]
        );
    }
}

#[tokio::test]
async fn holdings_of_all_members_are_read() {
    let sandbox = Sandbox::builder()
        .demo_data()
        .demo_data_of("college")
        .consortium("diku", ["college", "university"])
        .start()
        .await
        .unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    let stored = sandbox
        .records("college", "/holdings-storage/holdings")
        .unwrap();
    let instance = Id::from(stored[0]["instanceId"].as_str().unwrap());
    let found = sharing::holdings(&folio, &instance).await.unwrap();
    assert_eq!(found.len(), 3);
    for holdings in found["college"].as_ref().unwrap() {
        assert_eq!(holdings.instance_id, instance);
    }
    let of_instance = stored
        .iter()
        .filter(|record| record["instanceId"] == instance.as_str());
    assert_eq!(
        found["college"].as_ref().unwrap().len(),
        of_instance.count()
    );
    assert!(found["university"].as_ref().is_ok_and(Vec::is_empty));
    // One that cannot be read does not prevent the others from being read.
    sandbox.fault(
        Fault::new(Effect::status(403, "Access denied"))
            .path("/holdings-storage/holdings")
            .times(1),
    );
    let found = sharing::holdings(&folio, &instance).await.unwrap();
    let failed = found.values().filter_map(|read| read.as_ref().err());
    assert_eq!((failed.count(), found.len()), (1, 3));
}

#[tokio::test]
async fn authorities_get_their_source_file_once() {
    use std::sync::{Arc, Mutex};
    // No response of mod-entities-links is recorded: the shapes are those of its descriptions, the
    // check of `_version` that of its AuthorityService.
    let file = Id::new_v4();
    let authority = |natural_id: &str, version: i64| {
        json!({"id": Id::new_v4(), "_version": version, "source": "MARC",
        "naturalId": natural_id, "personalName": "Twain, Mark", "sftPersonalName": ["Clemens"], "later": {"a": 1.50}})
    };
    let mut rows = vec![
        authority("n1", 3),
        authority("n2", 0),
        authority("n3", 0),
        authority("n3", 0),
    ];
    rows[1]["sourceFileId"] = json!(file);
    let first = rows[0].clone();
    let stored = Arc::new(Mutex::new(rows));
    let (rows, known) = (stored.clone(), file.clone());
    let (server, folio) = played(move |asked, before| {
        let mut rows = rows.lock().unwrap();
        let id = asked.path().rsplit('/').next().unwrap_or_default().to_owned();
        Some(match (&*asked.method, asked.path()) {
            ("GET", "/authority-source-files") => {
                let query = asked.param("query").unwrap_or_default();
                let list = match query.contains("LC") && !query.contains("id>") {
                    true => json!([{"id": known, "name": "LC", "codes": ["n"], "source": "folio"}]),
                    false => json!([]),
                };
                Reply::json(json!({"authoritySourceFiles": list, "totalRecords": list.as_array().unwrap().len()}))
            }
            ("GET", "/authority-storage/authorities") => {
                let query = asked.param("query").unwrap();
                let is_in = |row: &&Value| query.contains(&row["naturalId"].to_string());
                let found: Vec<&Value> = rows.iter().filter(is_in).collect();
                Reply::json(json!({"authorities": found, "totalRecords": found.len()}))
            }
            ("GET", _) => rows.iter().find(|row| row["id"] == id).map_or(Reply::text(404, ""), |row| Reply::json(row.clone())),
            ("PUT", _) => {
                let sent: Value = serde_json::from_str(&asked.body).unwrap();
                let row = rows.iter_mut().find(|row| row["id"] == id).unwrap();
                if before == 0 {
                    // Another client was faster.
                    row["_version"] = json!(4);
                    row["notes"] = json!([{"note": "of another"}]);
                }
                if sent["_version"].as_i64() < row["_version"].as_i64() {
                    return Some(Reply::new(409, "application/json", json!({"errors": [{"message": "optimistic locking", "type": "OptimisticLockingException", "code": "optimistic-locking"}], "total_records": 1}).to_string()));
                }
                *row = sent;
                row["_version"] = json!(row["_version"].as_i64().unwrap() + 1);
                Reply::empty(204)
            }
            _ => return None,
        })
    })
    .await;
    let ids = || ["n1", "n2", "n3", "n4"].map(str::to_owned).to_vec();
    let none = authorities::assign_source_file(&folio, "nothing", ids()).await;
    assert!(none.unwrap_err().to_string().contains("nothing"));
    let run = async || {
        authorities::assign_source_file(&folio, "LC", ids())
            .await
            .unwrap()
    };
    let result = run().await;
    assert_eq!(
        (&*result.changed, result.unchanged),
        (&["n1".to_owned()][..], 1),
        "{result:?}"
    );
    assert_eq!(
        (&*result.ambiguous, &*result.missing),
        (&["n3".to_owned()][..], &["n4".to_owned()][..])
    );
    let mut expected = first;
    expected["sourceFileId"] = json!(file);
    expected["notes"] = json!([{"note": "of another"}]);
    expected["_version"] = json!(5);
    assert_eq!(stored.lock().unwrap()[0], expected);
    let again = run().await;
    assert_eq!((again.changed.len(), again.unchanged), (0, 2), "{again:?}");
    let puts = server
        .log()
        .into_iter()
        .filter(|asked| asked.method == "PUT");
    assert_eq!(puts.count(), 2);
}
