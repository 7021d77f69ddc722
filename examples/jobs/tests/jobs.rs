//! The jobs over a socket, with an in-process FOLIO.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::time::Duration;

use folio_example_jobs::report::{report, usernames};
use folio_example_jobs::worker::{Order, Outcome, work};
use folio_sandbox::{Effect, Fault};
use folio_sdk::Id;
use folio_test_support::sandbox::demo;
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[tokio::test]
async fn the_worker_carries_out_every_order_once_and_tells_which_failed() {
    let (sandbox, folio) = demo().await;
    let instances = || {
        sandbox
            .records("diku", "/instance-storage/instances")
            .unwrap()
    };
    let id = |instance: &Value| Id::from(instance["id"].as_str().unwrap());
    // Three notes for each instance, so that orders conflict at an instance; one order is a
    // duplicate; one has no instance.
    let mut orders: Vec<Order> = (0..3)
        .flat_map(|number| {
            instances().into_iter().map(move |instance| Order {
                instance: id(&instance),
                note: format!("note {number}"),
            })
        })
        .collect();
    orders.push(orders[0].clone());
    let nothing = Order {
        instance: Id::new_v4(),
        note: "nowhere".into(),
    };
    orders.push(nothing.clone());
    sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_millis(20)))
            .method("PUT")
            .path("/instance-storage"),
    );

    let (sender, queue) = mpsc::channel(4);
    let (told, mut outcomes) = mpsc::channel::<Outcome>(4);
    let all = orders.len();
    tokio::spawn(async move {
        for order in orders {
            sender.send(order).await.unwrap();
        }
    });
    let counted = tokio::spawn(async move {
        let mut failed = Vec::new();
        let mut count = 0;
        while let Some(outcome) = outcomes.recv().await {
            count += 1;
            if let Err(error) = outcome.result {
                assert!(error.is_not_found(), "{error}");
                failed.push(outcome.order);
            }
        }
        (count, failed)
    });
    work(&folio, queue, told, 6).await;
    assert_eq!(counted.await.unwrap(), (all, vec![nothing]));
    for instance in instances() {
        for number in 0..3 {
            let note = json!(format!("note {number}"));
            let notes = instance["administrativeNotes"].as_array().unwrap();
            assert_eq!(notes.iter().filter(|known| **known == note).count(), 1);
        }
    }
}

#[tokio::test]
async fn the_report_counts_what_is_stored_and_its_first_error_ends_it() {
    let (sandbox, folio) = demo().await;
    let stored = |path| sandbox.records("diku", path).unwrap();
    let made = report(&folio, 8).await.unwrap();
    let users: usize = made.groups.values().map(|(users, _)| users).sum();
    let loans: usize = made.groups.values().map(|(_, loans)| loans).sum();
    assert_eq!(users, stored("/users").len());
    let of_users = stored("/loan-storage/loans")
        .into_iter()
        .filter(|loan| loan["userId"].is_string());
    assert_eq!(loans, of_users.count());
    assert_eq!(
        made.places,
        (stored("/locations").len(), stored("/service-points").len())
    );
    sandbox.fault(Fault::new(Effect::status(403, "no")).path("/locations"));
    assert!(report(&folio, 8).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn a_call_that_fails_leaves_the_others_alone() {
    let (sandbox, folio) = demo().await;
    let mut ids: Vec<String> = sandbox
        .records("diku", "/users")
        .unwrap()
        .iter()
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    let absent = Id::new_v4().to_string();
    ids.push(absent.clone());
    let names = usernames(&folio, ids.clone(), 5).await;
    assert_eq!(names.len(), ids.len());
    for (id, name) in names {
        match name {
            Ok(name) => assert!(name.is_some() && id != absent),
            Err(error) => assert!(error.is_not_found() && id == absent),
        }
    }
}
