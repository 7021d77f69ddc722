//! Lists, read to their end from servers that answer as recorded ones do: with the records that
//! were recorded, in their form, and with the recorded rejections of `sortBy`, `cql.allRecords`, of
//! large pages and of `limit=0`.

use std::collections::BTreeMap;
use std::sync::Arc;

use folio_sdk::FolioClient;
use serde_json::{Map, Value, json};

use folio_test_support::recordings::{elements, rows, text};
use folio_test_support::server::{Asked, Folio, Reply};

/// A list, as it was recorded.
#[derive(Debug, Default)]
struct List {
    /// The property that has the records; none if the response is one record after the other.
    items: Option<String>,
    records: Vec<Value>,
    has_total: bool,
    has_info: bool,
    /// The responses to a query with `sortBy`, to one of all records, and to `limit=0`, where they
    /// are no success.
    sort: Option<(u16, String)>,
    all: Option<(u16, String)>,
    zero: Option<(u16, String)>,
    /// A record that is absent from an empty list with the list itself: mod-tags.
    leaves_out_empty: bool,
    /// The first response that is no success.
    refusal: Option<(u16, String)>,
}

fn path_of(row: &Value) -> &str {
    text(row, "path").split('?').next().unwrap_or_default()
}

fn recorded() -> BTreeMap<String, List> {
    let mut lists: BTreeMap<String, List> = BTreeMap::new();
    let files = ["lists", "spring", "acq"].into_iter().flat_map(rows);
    for row in files.filter(|row| text(row, "method") == "GET") {
        let name = text(&row, "name");
        // The rows of spring and acquisitions have other calls, too.
        if !name.contains("list") || name.contains("list after") || !row["sent"].is_null() {
            continue;
        }
        let path = path_of(&row).to_owned();
        let list = lists.entry(path).or_default();
        let status = u16::try_from(row["status"].as_u64().unwrap_or_default()).unwrap();
        let (target, body) = (text(&row, "path"), text(&row, "text"));
        let failure = || Some((status, body.to_owned()));
        if status != 200 {
            let is_plain = !target.contains('?');
            if is_plain || list.refusal.is_none() {
                list.refusal = failure();
            }
            // mod-users-bl answers 404 where one of the users has no permissions: that is not about
            // the order.
            let is_rejection = matches!(status, 400 | 422 | 500);
            if target.contains("query=cql.allRecords%3D1%20sortBy%20id") && is_rejection {
                list.sort = failure();
            }
            if is_rejection && body.contains("allRecords") {
                list.all = failure();
            }
            if target.ends_with("?limit=0") {
                list.zero = failure();
            }
            continue;
        }
        if body.starts_with('{') {
            let head: String = body.split('[').next().unwrap_or_default().into();
            let key = head.split('"').nth(1).unwrap_or_default();
            if body.contains('[') && head.matches('"').count() == 2 {
                list.items = Some(key.to_owned());
            }
        }
        list.has_total |= body.contains("\"totalRecords\"");
        list.has_info |= body.contains("\"resultInfo\"");
        list.leaves_out_empty |= body.starts_with("{\"totalRecords\"");
        // Of all rows, each record once: as it was recorded first.
        for record in elements(body) {
            let is_known = |known: &Value| match record.get("id") {
                Some(id) => known.get("id") == Some(id),
                None => *known == record,
            };
            if !list.records.iter().any(is_known) {
                list.records.push(record);
            }
        }
    }
    lists.retain(|_, list| list.items.is_some() || list.refusal.is_some());
    lists
}

impl List {
    /// The response to a request.
    fn answer(&self, asked: &Asked) -> Reply {
        let failed = |(status, text): &(u16, String)| {
            let is_json = text.starts_with('{');
            Reply::new(
                *status,
                if is_json {
                    "application/json"
                } else {
                    "text/plain"
                },
                text,
            )
        };
        let Some(items) = &self.items else {
            return failed(self.refusal.as_ref().unwrap());
        };
        let query = asked.param("query").unwrap_or_default();
        let limit = asked.param("limit").and_then(|limit| limit.parse().ok());
        let limit: usize = limit.unwrap_or(10);
        let is_sorted = query.contains("sortBy");
        match self {
            Self {
                sort: Some(failure),
                ..
            } if is_sorted => return failed(failure),
            Self {
                all: Some(failure), ..
            } if query.contains("cql.allRecords") => return failed(failure),
            Self {
                zero: Some(failure),
                ..
            } if limit == 0 => return failed(failure),
            _ => {}
        }
        // Recorded (real-facts, section 17).
        if asked.path() == "/bl-users" && limit >= 100 {
            return Reply::text(500, "URI is too long");
        }
        let id = |record: &Value| record["id"].as_str().unwrap_or_default().to_lowercase();
        let mut records: Vec<&Value> = self.records.iter().collect();
        if is_sorted {
            records.sort_by_key(|record| id(record));
        }
        if let Some((_, after)) = query.split_once("id>\"") {
            let after = after.split('"').next().unwrap_or_default().to_lowercase();
            records.retain(|record| id(record) > after);
        }
        let total = records.len();
        let page: Vec<&Value> = records
            .into_iter()
            .skip(asked.number("offset"))
            .take(limit)
            .collect();
        let mut body = Map::new();
        if !page.is_empty() || !self.leaves_out_empty {
            body.insert(items.clone(), json!(page));
        }
        if self.has_total {
            body.insert("totalRecords".into(), total.into());
        }
        if self.has_info {
            body.insert(
                "resultInfo".into(),
                json!({"totalRecords": total, "diagnostics": []}),
            );
        }
        Reply::json(body.into())
    }
}

async fn server(lists: Arc<BTreeMap<String, List>>) -> Folio {
    Folio::start(move |asked, _| Some(lists.get(asked.path())?.answer(asked))).await
}

/// The lists that the recorded server itself does not give, with what it answers, for any
/// parameters that were tried.
fn refused(lists: &BTreeMap<String, List>) -> BTreeMap<&str, String> {
    let refused = lists.iter().filter(|(_, list)| list.items.is_none());
    refused
        .map(|(path, list)| {
            let (status, text) = list.refusal.as_ref().unwrap();
            let text: String = text.chars().take(80).collect();
            (
                path.as_str(),
                format!("{status} {}", text.replace('\n', " ")),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_recorded_list_is_read_by_its_path() {
    let lists = Arc::new(recorded());
    let server = server(lists.clone()).await;
    let folio = server.connect().await;
    let (mut read, mut failed) = (0, Vec::new());
    for (path, list) in lists.iter() {
        let Some(items) = &list.items else { continue };
        let mut stream = folio.folio_get_all::<Value>(path, items.as_str()).stream();
        let (mut came, mut error) = (Vec::new(), None);
        while let Some(record) = stream.next().await {
            match record {
                Ok(record) => came.push(record),
                Err(problem) => error = Some(problem),
            }
        }
        let complete = came.len() == list.records.len()
            && list.records.iter().all(|record| came.contains(record));
        if let Some(error) = error {
            failed.push(format!("{path}: {error}"));
        } else if !complete {
            failed.push(format!("{path}: {} of {}", came.len(), list.records.len()));
        } else if let Some(note) = stream.note() {
            // The documents state how these lists are read: nothing is found out by trying.
            failed.push(format!("{path}: {note}"));
        } else {
            read += 1;
        }
    }
    for (path, why) in refused(&lists) {
        println!("the server does not give {path}: {why}");
    }
    println!("{read} lists read");
    assert_eq!(failed, Vec::<String>::new());
    assert!(read >= 108, "{read}");
}

/// What became of the stream of a typed list.
#[derive(Default)]
struct Outcome {
    read: usize,
    /// Records that lack a required field, or have one of another type.
    records: BTreeMap<String, String>,
    failed: Vec<String>,
}

macro_rules! lists {
    ($outcome:ident, $lists:ident, $api:expr, { $($call:ident($($argument:expr)?) => $path:literal,)* }) => {
        $(if let Some(list) = $lists.get($path).filter(|list| list.items.is_some()) {
            let wanted = list.records.len();
            let mut stream = $api.$call($($argument)?).stream();
            let (mut came, mut bad, mut failure) = (0, None, None);
            while let Some(record) = stream.next().await {
                match record {
                    Ok(_) => came += 1,
                    Err(error) if error.record_json().is_some() => {
                        came += 1;
                        bad = Some(error.to_string());
                    }
                    Err(error) => failure = Some(error.to_string()),
                }
            }
            if let Some(note) = stream.note() {
                failure = Some(note.to_owned());
            }
            if let Some(failure) = failure {
                $outcome.failed.push(format!("{}: {failure}", $path));
            } else if came != wanted {
                $outcome.failed.push(format!("{}: {came} of {wanted}", $path));
            } else {
                $outcome.read += 1;
            }
            if let Some(bad) = bad {
                $outcome.records.insert($path.to_owned(), bad);
            }
        } else {
            println!("{} was not recorded, or its server does not give it", $path);
        })*
    };
}

#[allow(
    unused_mut,
    unused_variables,
    reason = "which modules there are depends on the features"
)]
async fn typed(folio: &FolioClient, lists: &BTreeMap<String, List>) -> Outcome {
    let mut all = Outcome::default();
    #[cfg(feature = "calendar")]
    lists!(all, lists, folio.calendar(), {
        list_calendars() => "/calendar/calendars",
    });
    #[cfg(feature = "mod-circulation")]
    lists!(all, lists, folio.circulation(), {
        list_loans() => "/circulation/loans",
        list_requests() => "/circulation/requests",
    });
    #[cfg(feature = "circulation-storage")]
    lists!(all, lists, folio.circulation_storage(), {
        list_loans() => "/loan-storage/loans",
        list_loan_history() => "/loan-storage/loan-history",
        list_loan_policies() => "/loan-policy-storage/loan-policies",
        list_requests() => "/request-storage/requests",
        list_fixed_due_date_schedules() => "/fixed-due-date-schedule-storage/fixed-due-date-schedules",
        list_staff_slips() => "/staff-slips-storage/staff-slips",
        list_cancellation_reasons() => "/cancellation-reason-storage/cancellation-reasons",
        list_patron_notice_policies() => "/patron-notice-policy-storage/patron-notice-policies",
        list_request_policies() => "/request-policy-storage/request-policies",
        list_actual_cost_records() => "/actual-cost-record-storage/actual-cost-records",
        list_request_preferences() => "/request-preference-storage/request-preference",
        list_scheduled_notices() => "/scheduled-notice-storage/scheduled-notices",
        list_tlr_feature_toggle_jobs() => "/tlr-feature-toggle-job-storage/tlr-feature-toggle-jobs",
        list_patron_action_sessions() => "/patron-action-session-storage/patron-action-sessions",
        list_check_ins() => "/check-in-storage/check-ins",
        list_check_out_locks() => "/check-out-lock-storage",
    });
    #[cfg(feature = "configuration")]
    lists!(all, lists, folio.configuration(), {
        list_entries() => "/configurations/entries",
        list_audit() => "/configurations/audit",
    });
    #[cfg(feature = "feesfines")]
    lists!(all, lists, folio.feesfines(), {
        list_fee_fines() => "/feefines",
        list_owners() => "/owners",
        list_accounts() => "/accounts",
        list_fee_fine_actions() => "/feefineactions",
        list_payments() => "/payments",
        list_waives() => "/waives",
        list_refunds() => "/refunds",
        list_transfers() => "/transfers",
        list_comments() => "/comments",
        list_transfer_criteria() => "/transfer-criterias",
        list_manual_blocks() => "/manualblocks",
        list_overdue_fines_policies() => "/overdue-fines-policies",
        list_lost_item_fees_policies() => "/lost-item-fees-policies",
        list_manual_block_templates() => "/manual-block-templates",
    });
    #[cfg(feature = "finance-storage")]
    lists!(all, lists, folio.finance_storage(), {
        list_fiscal_years() => "/finance-storage/fiscal-years",
        list_ledgers() => "/finance-storage/ledgers",
        list_funds() => "/finance-storage/funds",
        list_budgets() => "/finance-storage/budgets",
        list_transactions() => "/finance-storage/transactions",
    });
    #[cfg(feature = "inventory-storage")]
    lists!(all, lists, folio.inventory_storage(), {
        list_item_storage_dereferenced_items() => "/item-storage-dereferenced/items",
        list_items() => "/item-storage/items",
        list_holdings() => "/holdings-storage/holdings",
        list_instances() => "/instance-storage/instances",
        list_instance_relationships() => "/instance-storage/instance-relationships",
        list_preceding_succeeding_titles() => "/preceding-succeeding-titles",
        list_loan_types() => "/loan-types",
        list_material_types() => "/material-types",
        list_institutions() => "/location-units/institutions",
        list_campuses() => "/location-units/campuses",
        list_libraries() => "/location-units/libraries",
        list_locations() => "/locations",
        list_instance_relationship_types() => "/instance-relationship-types",
        list_identifier_types() => "/identifier-types",
        list_contributor_types() => "/contributor-types",
        list_contributor_name_types() => "/contributor-name-types",
        list_record_bulk_ids() => "/record-bulk/ids",
        list_instance_formats() => "/instance-formats",
        list_instance_types() => "/instance-types",
        list_nature_of_content_terms() => "/nature-of-content-terms",
        list_classification_types() => "/classification-types",
        list_alternative_title_types() => "/alternative-title-types",
        list_modes_of_issuance() => "/modes-of-issuance",
        list_instance_statuses() => "/instance-statuses",
        list_electronic_access_relationships() => "/electronic-access-relationships",
        list_statistical_code_types() => "/statistical-code-types",
        list_statistical_codes() => "/statistical-codes",
        list_ill_policies() => "/ill-policies",
        list_holdings_types() => "/holdings-types",
        list_call_number_types() => "/call-number-types",
        list_instance_note_types() => "/instance-note-types",
        list_holdings_note_types() => "/holdings-note-types",
        list_item_note_types() => "/item-note-types",
        list_item_damaged_statuses() => "/item-damaged-statuses",
        list_service_points() => "/service-points",
        list_service_points_users() => "/service-points-users",
        list_holdings_sources() => "/holdings-sources",
        list_bound_with_parts() => "/inventory-storage/bound-with-parts",
        list_inventory_view_instances() => "/inventory-view/instances",
        list_instance_set(10) => "/inventory-view/instance-set",
        list_reindex_jobs() => "/instance-storage/reindex",
    });
    #[cfg(feature = "invoice-storage")]
    lists!(all, lists, folio.invoice_storage(), {
        list_batch_groups() => "/batch-group-storage/batch-groups",
        list_invoices() => "/invoice-storage/invoices",
        list_invoice_lines() => "/invoice-storage/invoice-lines",
        list_vouchers() => "/voucher-storage/vouchers",
    });
    #[cfg(feature = "notes")]
    lists!(all, lists, folio.notes(), {
        list_note_types() => "/note-types",
        list_notes() => "/notes",
    });
    #[cfg(feature = "orders-storage")]
    lists!(all, lists, folio.orders_storage(), {
        list_purchase_orders() => "/orders-storage/purchase-orders",
        list_acquisition_methods() => "/orders-storage/acquisition-methods",
        list_po_lines() => "/orders-storage/po-lines",
        list_titles() => "/orders-storage/titles",
        list_pieces() => "/orders-storage/pieces",
    });
    #[cfg(feature = "organizations-storage")]
    lists!(all, lists, folio.organizations_storage(), {
        list_organizations() => "/organizations-storage/organizations",
        list_contacts() => "/organizations-storage/contacts",
        list_interfaces() => "/organizations-storage/interfaces",
    });
    #[cfg(feature = "permissions")]
    lists!(all, lists, folio.permissions(), {
        list_users() => "/perms/users",
        list_permissions() => "/perms/permissions",
    });
    #[cfg(feature = "settings")]
    lists!(all, lists, folio.settings(), {
        list_entries() => "/settings/entries",
    });
    #[cfg(feature = "tags")]
    lists!(all, lists, folio.tags(), {
        list_tags() => "/tags",
    });
    #[cfg(feature = "users")]
    lists!(all, lists, folio.users(), {
        list_users() => "/users",
        list_groups() => "/groups",
        list_address_types() => "/addresstypes",
        list_proxies_for() => "/proxiesfor",
        list_departments() => "/departments",
        list_user_tenants() => "/user-tenants",
    });
    #[cfg(feature = "users-bl")]
    lists!(all, lists, folio.users_bl(), {
        list_bl_users() => "/bl-users",
    });
    all
}

/// Lists with records that lack what their description requires. Elsewhere every record is read.
const LACKING: [&str; 2] = ["/holdings-storage/holdings", "/tags"];

#[tokio::test]
async fn every_recorded_list_streams_typed() {
    let lists = Arc::new(recorded());
    let server = server(lists.clone()).await;
    let folio = server.connect().await;
    let all = typed(&folio, &lists).await;
    for (path, problem) in &all.records {
        println!("{path}: {problem}");
    }
    println!("{} typed lists read", all.read);
    assert_eq!(all.failed, Vec::<String>::new());
    let others = all
        .records
        .keys()
        .filter(|path| !LACKING.contains(&path.as_str()));
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
}
