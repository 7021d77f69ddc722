//! `folio delete`: one record, and those of a query. A list is never deleted by a request.

use std::time::Duration;

use folio_sandbox::{Effect, Fault};

use crate::support::{World, group, signalled};

/// The paths of all DELETE requests.
fn deletes(world: &World) -> Vec<String> {
    let exchanges = world.sandbox.exchanges();
    let deletes = exchanges
        .iter()
        .filter(|exchange| exchange.method == "DELETE");
    deletes.map(|exchange| exchange.path.clone()).collect()
}

/// A query for the groups 10 to 19.
const TEN: &str = "group==\"group 1?\"";

#[test]
fn one_record() {
    let world = World::of_groups(2, |builder| builder);
    let path = format!("/groups/{}", group(0)["id"].as_str().unwrap());
    let ended = world.run(&["delete", &path]).with(0);
    assert!(ended.err.contains("Deleted"), "{ended:#?}");
    assert_eq!(world.stored("/groups").len(), 1);
    world.run(&["delete", &path]).with(5);
}

#[test]
fn a_list_is_never_deleted() {
    let world = World::of_groups(3, |builder| builder);
    for path in [
        "/groups",
        "/groups/",
        "/request-storage/requests",
        "/groups?query=group==x",
        "/new/things",
        "/groups/x/..",
        "/groups/%2e",
        "/groups//",
    ] {
        world.run(&["delete", path]).with(2);
    }
    for query in ["", "  "] {
        world.run(&["delete", "/groups", "--query", query]).with(2);
    }
    // --yes needs a bound.
    world
        .run(&["delete", "/groups", "--query", TEN, "--yes"])
        .with(2);
    assert_eq!(deletes(&world), [""; 0]);
    assert_eq!(world.stored("/groups").len(), 3);
}

#[test]
fn without_a_terminal_nothing_is_deleted_unconfirmed() {
    let world = World::of_groups(30, |builder| builder);
    let ended = world.run(&["delete", "/groups", "--query", TEN]).with(2);
    assert!(ended.err.contains("10 records of /groups"), "{ended:#?}");
    assert!(ended.err.contains("--yes --at-most 10"), "{ended:#?}");
    let many = [
        "delete",
        "/groups",
        "--query",
        TEN,
        "--yes",
        "--at-most",
        "9",
    ];
    let ended = world.run(&many).with(1);
    assert!(ended.err.contains("10 records"), "{ended:#?}");
    let ended = world
        .run(&[
            "delete",
            "/groups",
            "--query",
            TEN,
            "--dry-run",
            "--format",
            "csv",
        ])
        .with(0);
    assert_eq!(ended.out.lines().count(), 11);
    assert_eq!(deletes(&world), [""; 0]);
    assert_eq!(world.stored("/groups").len(), 30);
}

#[test]
fn exactly_the_matching_records_are_deleted() {
    let world = World::of_groups(30, |builder| builder);
    let ended = world
        .run(&[
            "delete",
            "/groups",
            "--query",
            TEN,
            "--yes",
            "--at-most",
            "10",
        ])
        .with(0);
    assert!(ended.err.contains("Deleted 10 of 10"), "{ended:#?}");
    let left = world.stored("/groups");
    assert_eq!(left.len(), 20);
    let is_matching = |name: &str| name.starts_with("group 1") && name.len() == 8;
    assert!(
        left.values()
            .all(|group| !is_matching(group["group"].as_str().unwrap()))
    );
    let sent = deletes(&world);
    assert!(
        sent.len() == 10 && sent.iter().all(|path| path.starts_with("/groups/")),
        "{sent:?}"
    );
    let none = [
        "delete",
        "/groups",
        "--query",
        TEN,
        "--yes",
        "--at-most",
        "10",
    ];
    assert!(world.run(&none).with(0).err.contains("No record"));
}

#[test]
fn a_failed_record_does_not_stop_the_others() {
    let world = World::of_groups(30, |builder| builder);
    let fault = Fault::new(Effect::status(422, "is in use"))
        .method("DELETE")
        .after(3)
        .times(2);
    world.sandbox.fault(fault);
    let delete = [
        "delete",
        "/groups",
        "--query",
        TEN,
        "--yes",
        "--at-most",
        "10",
    ];
    let ended = world.run(&delete).with(9);
    assert!(ended.err.contains("Deleted 8 of 10"), "{ended:#?}");
    assert!(
        ended.err.contains("2 failed") && ended.err.contains("is in use"),
        "{ended:#?}"
    );
    assert_eq!(world.stored("/groups").len(), 22);
    // A missing permission concerns all of them.
    world.sandbox.clear_faults();
    world
        .sandbox
        .fault(Fault::new(Effect::status(403, "no")).method("DELETE"));
    let ended = world.run(&delete).with(4);
    assert!(ended.err.contains("1 were not tried"), "{ended:#?}");
}

/// Ctrl-C ends it behind the deletion in flight, and the report is true.
#[cfg(unix)]
#[test]
fn an_interruption_reports_what_was_deleted() {
    let world = World::of_groups(30, |builder| builder);
    let slow = Fault::new(Effect::Delay(Duration::from_millis(400))).method("DELETE");
    world.sandbox.fault(slow);
    let command = world.folio(&[
        "delete",
        "/groups",
        "--query",
        TEN,
        "--yes",
        "--at-most",
        "10",
    ]);
    let ended = signalled(command, "INT", Duration::from_millis(2500)).with(130);
    let deleted = 30 - world.stored("/groups").len();
    assert!((1..10).contains(&deleted), "{deleted}: {ended:#?}");
    assert!(
        ended.err.contains(&format!("Deleted {deleted} of 10")),
        "{ended:#?}"
    );
    assert_eq!(deletes(&world).len(), deleted);
}
