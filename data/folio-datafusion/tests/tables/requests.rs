//! Which requests a statement sends: limits, filters and columns reduce them.

use std::collections::BTreeSet;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use folio_datafusion::Options;
use folio_test_support::sandbox::quiet;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Lists, System, parameter, plan, rows};

const INSTANCES: &str = "/instance-storage/instances";

fn instances(count: usize) -> Lists {
    let records = (0..count).map(|number| {
        // Evenly over all UUIDs, as real ids are.
        let first = (number as u64 * 0xffff_ffff) / count as u64;
        json!({
            "id": format!("{first:08x}-0000-4000-8000-{number:012}"),
            "title": format!("Title {}", number % 10),
            "hrid": format!("in{number:08}"),
            "discoverySuppress": number % 100 == 0,
        })
    });
    vec![(INSTANCES, records.collect::<Vec<Value>>())]
}

fn options() -> Options {
    Options {
        page_size: 100,
        ..Options::default()
    }
}

/// The requests for pages, and those for numbers of records.
fn pages(system: &System) -> (Vec<Vec<(String, String)>>, usize) {
    let requests = system.requests(INSTANCES);
    let (counts, pages): (Vec<_>, Vec<_>) = requests
        .into_iter()
        .partition(|request| parameter(request, "limit") == Some("0"));
    (pages, counts.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_requests_no_more_pages_than_necessary() {
    for (limit, expected) in [
        (0, vec![]),
        (1, vec!["1"]),
        (10, vec!["10"]),
        (100, vec!["100"]),
        (101, vec!["100", "100"]),
        (250, vec!["100", "100", "100"]),
    ] {
        for order in ["", "order by id"] {
            let system = System::new(&instances(1_000), options()).await;
            let sql = format!("select id from inventory_storage.instances {order} limit {limit}");
            let rows = rows(&system.remote, &sql).await.unwrap();
            assert_eq!(rows.len(), limit, "{sql}");
            quiet(&system.sandbox).await;
            let (pages, _) = pages(&system);
            let limits: Vec<&str> = pages
                .iter()
                .filter_map(|page| parameter(page, "limit"))
                .collect();
            assert_eq!(
                limits,
                expected,
                "{sql}\n{pages:#?}\n{}",
                plan(&system.remote, &sql).await
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_with_an_exact_filter_is_one_page() {
    let system = System::new(&instances(1_000), options()).await;
    let sql = "select hrid from inventory_storage.instances where discovery_suppress limit 5";
    assert_eq!(rows(&system.remote, sql).await.unwrap().len(), 5);
    quiet(&system.sandbox).await;
    let (pages, counts) = pages(&system);
    assert_eq!((pages.len(), counts), (1, 0), "{pages:?}");
    assert_eq!(parameter(&pages[0], "limit"), Some("5"));
    assert!(
        parameter(&pages[0], "query")
            .unwrap()
            .contains(r#"discoverySuppress=="true""#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exact_id_reads_one_page() {
    let lists = instances(1_000);
    let system = System::new(&lists, options()).await;
    let wanted = lists[0].1[500]["id"].as_str().unwrap();
    let sql = format!("select hrid from inventory_storage.instances where id = '{wanted}'");
    assert_eq!(
        rows(&system.remote, &sql).await.unwrap(),
        ["\"in00000500\""]
    );
    quiet(&system.sandbox).await;
    let (pages, counts) = pages(&system);
    assert_eq!((pages.len(), counts), (1, 0), "{pages:?}");
    let query = parameter(&pages[0], "query").unwrap();
    assert!(query.starts_with(&format!(r#"id=="{wanted}""#)), "{query}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_reduces_pages_and_is_applied_again() {
    let system = System::new(&instances(2_000), options()).await;
    let sql = "select count(*) from inventory_storage.instances where title = 'Title 3'";
    assert_eq!(rows(&system.remote, sql).await.unwrap(), ["\"200\""]);
    quiet(&system.sandbox).await;
    let (filtered, _) = pages(&system);
    assert!(filtered.len() <= 5, "{} pages", filtered.len());

    let all = System::new(
        &instances(2_000),
        Options {
            pushes_filters: false,
            ..options()
        },
    )
    .await;
    assert_eq!(rows(&all.remote, sql).await.unwrap(), ["\"200\""]);
    quiet(&all.sandbox).await;
    assert!(pages(&all).0.len() >= 20);
    let plan = plan(&system.remote, sql).await;
    assert!(
        plan.contains(r#"query=[title=="Title 3"] (inexact)"#),
        "{plan}"
    );
    assert!(plan.contains("FilterExec"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_ranges_of_ids_that_are_read_at_once_and_only_once() {
    let system = System::new(&instances(3_000), options()).await;
    let sql = "select id from inventory_storage.instances";
    let plan = plan(&system.remote, sql).await;
    assert!(
        plan.contains("partitions=4") && plan.contains("expected=3000"),
        "{plan}"
    );
    let rows = rows(&system.remote, sql).await.unwrap();
    let different: BTreeSet<&String> = rows.iter().collect();
    assert_eq!((rows.len(), different.len()), (3_000, 3_000));
    quiet(&system.sandbox).await;
    let (pages, counts) = pages(&system);
    assert_eq!(counts, 1, "the number of records is remembered");
    assert!((30..=60).contains(&pages.len()), "{} pages", pages.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_list_is_one_partition() {
    let system = System::new(&instances(50), options()).await;
    let plan = plan(&system.remote, "select id from inventory_storage.instances").await;
    assert!(
        plan.contains("partitions=1") && plan.contains("expected=50"),
        "{plan}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_ids_is_that_of_the_list() {
    let system = System::new(&instances(1_500), options()).await;
    let sql = "select id from inventory_storage.instances order by id";
    let plan = plan(&system.remote, sql).await;
    assert!(
        plan.contains("ordered by id") && !plan.contains("SortExec"),
        "{plan}"
    );
    let found = rows(&system.remote, sql).await.unwrap();
    assert!(found.is_sorted() && found.len() == 1_500);
    let descending = "select id from inventory_storage.instances order by id desc";
    assert!(
        crate::support::plan(&system.remote, descending)
            .await
            .contains("SortExec")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_result_stops_the_requests() {
    let system = System::new(&instances(5_000), options()).await;
    let frame = system
        .remote
        .sql("select id, title from inventory_storage.instances")
        .await
        .unwrap();
    let mut stream = frame.execute_stream().await.unwrap();
    let first: RecordBatch = stream.next().await.unwrap().unwrap();
    assert!(first.num_rows() > 0);
    drop(stream);
    quiet(&system.sandbox).await;
    let stopped = pages(&system).0.len();
    assert!(stopped < 50, "{stopped} of 50 pages were requested");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(pages(&system).0.len(), stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_too_long_for_a_request_are_applied_here() {
    let lists = instances(300);
    let system = System::new(&lists, options()).await;
    let ids: Vec<String> = lists[0]
        .1
        .iter()
        .take(200)
        .map(|record| format!("'{}'", record["id"].as_str().unwrap()))
        .collect();
    let sql = format!(
        "select count(*) from inventory_storage.instances where id in ({})",
        ids.join(", ")
    );
    assert_eq!(rows(&system.remote, &sql).await.unwrap(), ["\"200\""]);
    // Three exact filters, of which two have room.
    let some = |from: usize| ids[from..from + 25].join(", ");
    let sql = format!(
        "select hrid from inventory_storage.instances where id not in ({}) and id not in ({}) and id not in ({})",
        some(0),
        some(50),
        some(100)
    );
    assert_eq!(rows(&system.remote, &sql).await.unwrap().len(), 225);
    for request in system.requests(INSTANCES) {
        let query = parameter(&request, "query").unwrap_or_default();
        assert!(query.len() < 3_000, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_values_are_divided_among_several_queries() {
    let lists = instances(2_000);
    let system = System::new(&lists, options()).await;
    for (column, field) in [("id", "id"), ("hrid", "hrid")] {
        let before = pages(&system).0.len();
        let values: Vec<String> = lists[0]
            .1
            .iter()
            .step_by(10)
            .map(|record| format!("'{}'", record[field].as_str().unwrap()))
            .collect();
        let sql = format!(
            "select count(*), count(distinct id) from inventory_storage.instances where {column} in ({})",
            values.join(", ")
        );
        assert_eq!(
            rows(&system.remote, &sql).await.unwrap(),
            ["\"200\" | \"200\""]
        );
        quiet(&system.sandbox).await;
        let requested = pages(&system).0.len() - before;
        assert!(
            (7..=14).contains(&requested),
            "{column}: {requested} requests"
        );
        let plan = plan(&system.remote, &sql).await;
        assert!(plan.contains("7 queries such as ["), "{plan}");
    }
}
