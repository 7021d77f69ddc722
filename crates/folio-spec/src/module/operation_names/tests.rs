//! The rule on examples and on all committed operations.

use std::path::Path as File;

use serde_json::{Value, json};

use super::collisions::RESERVED;
use super::rule::LONGEST;
use super::verbs::{STATES, VERBS, is_in};
use super::*;
use crate::canonical::facts::DeletesKind;
use crate::canonical::identifier::is_identifier;
use crate::canonical::operation::operations;
use crate::canonical::release::Release;
use crate::corrections::overrides::Overrides;
use crate::read::operation::{Content, Parameter, Written};

fn routed(operations: &[&str]) -> Vec<Routed> {
    operations
        .iter()
        .map(|operation| {
            let (method, path) = operation.split_once(' ').unwrap();
            let described = Operation {
                root: "api.raml".to_owned(),
                ..Operation::untyped(&method.to_lowercase(), path)
            };
            (described, None)
        })
        .collect()
}

fn names(operations: &[&str], pinned: &Pinned) -> Vec<String> {
    let routed = routed(operations);
    let deletes = deletes(&routed, |_| Facts::default());
    of(&routed, &deletes, |_| Facts::default(), |_| None, pinned)
}

#[test]
fn names_follow_from_method_and_path() {
    let operations = [
        ("GET /users", "list_users"),
        ("POST /users", "create_user"),
        ("GET /users/{id}", "get_user"),
        ("PUT /users/{id}", "update_user"),
        ("DELETE /users/{id}", "delete_user"),
        ("DELETE /users", "delete_all_users"),
        ("GET /users/{id}/permissions", "get_user_permissions"),
        ("POST /reindex/upload", "upload_reindex"),
        ("GET /a/settings", "get_a_settings"),
        ("GET /b/settings", "get_b_settings"),
        ("GET /files/{+rest}", "get_files"),
        ("PATCH /users/{id}", "patch_user"),
    ];
    let (paths, expected): (Vec<&str>, Vec<&str>) = operations.into_iter().unzip();
    assert_eq!(names(&paths, &Pinned::new()), expected);
}

#[test]
fn a_pinned_name_stays_unless_it_misstates_what_is_deleted() {
    let pin = |method: &str, key: &str, name: &str| {
        ((method.to_owned(), key.to_owned()), name.to_owned())
    };
    let pinned = Pinned::from([
        pin("get", "/a", "list_things"),
        pin("delete", "/a", "delete_all_a"),
        pin("get", "/c", "twice"),
        pin("get", "/d", "twice"),
    ]);
    let operations = [
        "GET /a",
        "GET /things",
        "GET /things/{id}",
        "DELETE /a",
        "GET /c",
        "GET /d",
    ];
    let expected = [
        "list_things",
        "list_things_2",
        "get_thing",
        "delete_a",
        "get_c",
        "get_d",
    ];
    assert_eq!(names(&operations, &pinned), expected);
}

#[test]
fn a_stated_deletion_counts_more_than_the_description() {
    let routed = routed(&["DELETE /a/{id}", "GET /a/{id}", "DELETE /a"]);
    let stated = |operation: &Operation| Facts {
        deletes: (operation.path == "/a").then_some(Deletes::Kind(DeletesKind::Query)),
        ..Facts::default()
    };
    let kinds = [DeletesKind::Record, DeletesKind::Query].map(|kind| Some(Deletes::Kind(kind)));
    assert_eq!(
        deletes(&routed, stated),
        [kinds[0].clone(), None, kinds[1].clone()]
    );
}

/// The name of one operation of a module that has nothing else.
fn alone(operation: &str) -> String {
    names(&[operation], &Pinned::new()).remove(0)
}

#[test]
fn a_verb_comes_first() {
    for (operation, expected) in [
        (
            "POST /finance/budgets/{id}/recalculate",
            "recalculate_budget",
        ),
        (
            "POST /mediated-requests/{id}/decline",
            "decline_mediated_request",
        ),
        (
            "POST /inventory/items/{itemId}/mark-missing",
            "mark_item_missing",
        ),
        (
            "POST /inventory/items/{id}/mark-intellectual-item",
            "mark_intellectual_item",
        ),
        (
            "POST /circulation/loans/{id}/change-due-date",
            "change_loan_due_date",
        ),
        (
            "POST /circulation/check-out-by-barcode",
            "check_out_by_barcode",
        ),
        ("POST /orders/check-in", "check_in"),
        ("POST /search/index/reindex/upload", "upload_reindex"),
        ("POST /data-export/export", "export_data"),
        ("POST /authn/login", "login"),
        ("POST /bl-users/password-reset/reset", "reset_password"),
        (
            "POST /finance/release-encumbrance/{id}",
            "release_encumbrance",
        ),
        (
            "POST /loan-storage/loans/anonymize/{userId}",
            "anonymize_loans",
        ),
        (
            "POST /links/authorities/bulk/count",
            "count_authorities_bulk",
        ),
        (
            "PUT /records/{id}/suppress-from-discovery",
            "suppress_record_from_discovery",
        ),
        (
            "PUT /orders/order-lines/fund-distributions/validate",
            "validate_fund_distributions",
        ),
        ("DELETE /jobExecutions/{id}/cancel", "cancel_job_execution"),
        (
            "DELETE /instances/{id}/mark-deleted",
            "mark_instance_deleted",
        ),
        ("DELETE /lists/{id}/refresh", "delete_list_refresh"),
        (
            "GET /bulk-operations/{id}/download",
            "download_bulk_operation",
        ),
        ("GET /erm/sas/{id}/canDelete", "can_delete_sa"),
        ("GET /numberGenerators/getNextNumber", "get_next_number"),
        (
            "GET /voucher/voucher-number/start",
            "get_voucher_number_start",
        ),
        ("GET /data-import/uploadUrl", "get_upload_url"),
    ] {
        assert_eq!(alone(operation), expected, "{operation}");
    }
}

#[test]
fn a_verb_may_be_the_segment_before_the_last_and_a_state_is_marked() {
    for (operation, expected) in [
        ("POST /event-types/declare/publisher", "declare_publisher"),
        ("POST /erm/validate/remoteKB", "validate_remote_kb"),
        (
            "POST /circulation/handlers/loan-closed",
            "handle_loan_closed",
        ),
        ("POST /rulesets/{uuid}/draft", "mark_ruleset_draft"),
        (
            "POST /authn/password/repeatable",
            "check_password_repeatable",
        ),
    ] {
        assert_eq!(alone(operation), expected, "{operation}");
    }
}

#[test]
fn selectors_and_adjectives_stand_where_they_are_said() {
    for (operation, expected) in [
        ("PUT /accessions/id/{accessionId}", "update_accession_by_id"),
        (
            "PUT /accessions/barcode/{barcode}",
            "update_accession_by_barcode",
        ),
        (
            "GET /bl-users/by-username/{username}",
            "get_bl_user_by_username",
        ),
        (
            "POST /items/barcode/{barcode}/markAsMissing",
            "mark_item_as_missing_by_barcode",
        ),
        ("GET /erm/titles/electronic", "get_electronic_titles"),
        ("GET /entity-types/custom/{id}", "get_custom_entity_type"),
        ("GET /queue/item/{itemId}", "get_item"),
        (
            "GET /circulation/requests/queue/item/{itemId}",
            "get_queue_item",
        ),
        ("GET /search/reindex/status", "get_reindex_status"),
    ] {
        assert_eq!(alone(operation), expected, "{operation}");
    }
}

#[test]
fn a_post_to_a_noun_has_a_verb_by_its_facts() {
    let answer = |status: &str, body: Option<Value>| {
        let content = Content::from([("application/json".to_owned(), body)]);
        let mut operation = Operation::untyped("post", "/links/tenant-items");
        operation.responses = [(status.to_owned(), content)].into();
        let routed = [(operation, None)];
        of(
            &routed,
            &[None],
            |_| Facts::default(),
            |_| None,
            &Pinned::new(),
        )
        .remove(0)
    };
    assert_eq!(answer("201", None), "create_tenant_item");
    assert_eq!(answer("200", Some(json!({}))), "fetch_tenant_items");
    assert_eq!(answer("200", None), "run_tenant_items");
    assert_eq!(answer("204", Some(json!({}))), "run_tenant_items");
    let stated = |creates| Facts {
        creates: Some(creates),
        ..Facts::default()
    };
    let routed = routed(&["POST /links/tenant-items"]);
    let name = |creates| {
        of(
            &routed,
            &[None],
            |_| stated(creates),
            |_| None,
            &Pinned::new(),
        )
        .remove(0)
    };
    assert_eq!(name(Creates::NewId), "create_tenant_item");
    assert_eq!(name(Creates::Nothing), "run_tenant_items");
}

#[test]
fn a_get_is_named_after_its_effect_and_beside_a_change() {
    let routed_ = routed(&["GET /erm/admin/triggerSync", "GET /erm/admin/start"]);
    let effect = |_: &Operation| Facts {
        effect: Some(true),
        ..Facts::default()
    };
    let named = of(&routed_, &[None, None], effect, |_| None, &Pinned::new());
    assert_eq!(named, ["trigger_sync", "start_admin"]);
    let both = names(
        &["POST /gobi/validate", "GET /gobi/validate"],
        &Pinned::new(),
    );
    assert_eq!(both, ["validate_gobi", "get_validate"]);
}

#[test]
fn of_paths_that_differ_in_parameters_the_shortest_has_the_short_name() {
    let paths = [
        "POST /account/{id}/hold/{holdId}/cancel",
        "POST /account/hold/{holdId}/cancel",
        "DELETE /servint/refdata/{id}",
        "DELETE /servint/refdata{+rest}",
    ];
    let expected = [
        "cancel_hold_by_account_id",
        "cancel_hold",
        "delete_refdata",
        "delete_refdata_by_rest",
    ];
    assert_eq!(names(&paths, &Pinned::new()), expected);
}

#[test]
fn a_long_name_leaves_words_out_in_front_of_its_noun() {
    for (operation, expected) in [
        (
            "GET /central-servers/{id}/visible-patron-field-configuration",
            "get_server_visible_patron_field_configuration",
        ),
        (
            "GET /reports/export/provider/{id}/report/{n}/version/{v}/from/{b}/to/{e}",
            "export_reports_by_provider_and_report_and_version",
        ),
        (
            "GET /a/{b}/one-two-three-four-five-six-seven-eight-nine-ten-eleven",
            "get_four_five_six_seven_eight_nine_ten_eleven",
        ),
    ] {
        let name = alone(operation);
        assert!(name.len() <= LONGEST, "{name}");
        assert_eq!(name, expected);
    }
}

#[test]
fn an_operation_does_not_hide_the_methods_of_its_handle() {
    assert_eq!(alone("POST /clone"), "post_clone");
    assert_eq!(alone("POST /move"), "post_move");
}

#[test]
fn a_stated_name_or_verb_counts_more_than_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        [[name]]
        operation = "POST /requests/instances"
        name = "create_instance_request"
        reason = "r"

        [[name]]
        operation = "POST /reports/refund"
        verb = "fetch"
        reason = "r"
    "#;
    std::fs::write(folder.path().join("mod-a.toml"), text).unwrap();
    let overrides = Overrides::read(folder.path()).unwrap();
    let routed = routed(&[
        "POST /requests/instances",
        "POST /reports/refund",
        "GET /requests",
    ]);
    let stated =
        |operation: &Operation| overrides.name("mod-a", &operation.method, &operation.path);
    let named = of(
        &routed,
        &[None, None, None],
        |_| Facts::default(),
        stated,
        &Pinned::new(),
    );
    let expected = [
        "create_instance_request",
        "fetch_reports_refund",
        "get_requests",
    ];
    assert_eq!(named, expected);
}

/// The committed operations of a release by module, with what the rule reads of them.
fn committed(release: &str) -> Vec<(String, Vec<Routed>)> {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let release = Release::read(&folder.join(release)).unwrap();
    let modules = release.modules.iter().map(|(module, document)| {
        let routed = operations(document).map(|operation| {
            let mut described =
                Operation::untyped(&operation.method.to_lowercase(), operation.path);
            "x".clone_into(&mut described.root);
            let value = operation.value;
            described.request = described
                .request
                .filter(|_| value.get("requestBody").is_some());
            described.parameters = value["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|parameter| Parameter {
                    name: parameter["name"].as_str().unwrap().to_owned(),
                    place: parameter["in"].as_str().unwrap().to_owned(),
                    required: parameter["required"] == true,
                    schema: json!({}),
                    written: Written::default(),
                })
                .collect();
            described.responses = value["responses"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(status, response)| {
                    let content = response["content"].as_object().into_iter().flatten();
                    let content = content
                        .map(|(media, content)| (media.clone(), content.get("schema").cloned()));
                    (status.clone(), content.collect())
                })
                .collect();
            (described, None)
        });
        (module.clone(), routed.collect())
    });
    modules.collect()
}

/// The names of the operations of a module by method and path.
fn named(module: &str, routed: &[Routed], overrides: &Overrides) -> Vec<(String, String)> {
    let facts = |operation: &Operation| overrides.facts(module, &operation.method, &operation.path);
    let deletes = deletes(routed, facts);
    let stated = |operation: &Operation| overrides.name(module, &operation.method, &operation.path);
    let names = of(routed, &deletes, facts, stated, &Pinned::new());
    let keys = routed.iter().map(|(operation, _)| operation.subject());
    let mut named: Vec<_> = keys.zip(names).collect();
    named.sort();
    named
}

#[test]
fn names_of_all_committed_operations_are_sound_and_do_not_depend_on_the_order() {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/overrides");
    let overrides = Overrides::read(&folder).unwrap();
    let mut count = 0;
    for release in ["ramsons", "sunflower", "trillium"] {
        for (module, mut routed) in committed(release) {
            let names = named(&module, &routed, &overrides);
            let mut taken = BTreeSet::new();
            for (operation, name) in &names {
                assert!(is_identifier(name), "{module} {operation} {name}");
                assert!(!is_in(RESERVED, name), "{module} {operation} {name}");
                assert!(name.len() <= LONGEST, "{module} {operation} {name}");
                assert!(taken.insert(name), "{module} {operation} {name}");
                assert!(begins_with_a_verb(name), "{module} {operation} {name}");
                count += 1;
            }
            routed.reverse();
            assert_eq!(named(&module, &routed, &overrides), names, "{module}");
            let middle = routed.len() / 2;
            routed.rotate_left(middle);
            assert_eq!(named(&module, &routed, &overrides), names, "{module}");
        }
    }
    assert!(count > 7000);
}

/// Whether a name begins with a verb: that of a method, of a segment, or a stated one.
fn begins_with_a_verb(name: &str) -> bool {
    const OTHERS: &str = "browse can fetch handle index list patch run search set share";
    let words: Vec<&str> = name.split('_').collect();
    let two = words.iter().take(2).copied().collect::<Vec<_>>().join("_");
    is_in(VERBS, words[0]) || is_in(VERBS, &two) || is_in(OTHERS, words[0])
}

/// Modules of paths that nobody wrote: whatever is described, the names compile.
#[test]
fn names_of_any_paths_are_unique_identifiers_in_any_order() {
    const PARTS: [&str; 22] = [
        "items",
        "{id}",
        "{itemId}",
        "cancel",
        "mark-missing",
        "by-name",
        "type",
        "status",
        "all",
        "batch",
        "2fa",
        "a.b",
        "move",
        "handlers",
        "search",
        "sharing-of-many-long-words-that-say-nothing",
        "{+rest}",
        "consortia",
        "draft",
        "_self",
        "clone",
        "-",
    ];
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..300 {
        let mut paths = BTreeSet::new();
        for _ in 0..12 {
            let length = 1 + next(5);
            let parts: Vec<&str> = (0..length).map(|_| PARTS[next(PARTS.len())]).collect();
            let method = ["GET", "POST", "PUT", "PATCH", "DELETE"][next(5)];
            paths.insert(format!("{method} /{}", parts.join("/")));
        }
        let mut keys = BTreeSet::new();
        let mut paths: Vec<&str> = paths
            .iter()
            .filter(|path| keys.insert(route_key(path)))
            .map(String::as_str)
            .collect();
        let names_ = names(&paths, &Pinned::new());
        let unique: BTreeSet<&String> = names_.iter().collect();
        assert_eq!(unique.len(), paths.len(), "{paths:?} {names_:?}");
        for name in &names_ {
            assert!(
                is_identifier(name) && !is_in(RESERVED, name),
                "{paths:?} {name}"
            );
            assert!(name.len() <= LONGEST + 3, "{name}");
        }
        paths.reverse();
        let mut reversed = names(&paths, &Pinned::new());
        reversed.reverse();
        assert_eq!(reversed, names_, "{paths:?}");
    }
}

#[test]
fn states_and_verbs_are_different_words() {
    assert!(STATES.split_whitespace().all(|state| !is_in(VERBS, state)));
}
