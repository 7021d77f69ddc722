//! Each typed operation of the release is called: the request matches its document, and the
//! server's response is preserved.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use folio_calls::document::Release;
use folio_calls::{Plan, SPECS, run};

#[test]
fn what_arrives_is_what_the_documents_say_and_responses_come_back_unchanged() {
    let release = Release::read(Path::new(SPECS)).unwrap();
    let plan = Plan::from_env();
    let begun = std::time::Instant::now();
    let report = run(&plan, Arc::new(release));
    let mut out = std::io::stderr();
    writeln!(out, "\n{plan:?}\n{}{:?}", report.shown(), begun.elapsed()).unwrap();
    if let Some(file) = std::env::var_os("FOLIO_CALLS_REPORT") {
        std::fs::write(file, report.failures.join("\n")).unwrap();
    }
    let shown: Vec<&str> = report
        .failures
        .iter()
        .take(60)
        .map(String::as_str)
        .collect();
    assert!(
        shown.is_empty(),
        "{} failures:\n{}",
        report.failures.len(),
        shown.join("\n")
    );
    assert!(report.untested.is_empty(), "not tested, see above");
    assert!(report.called > 0 && report.requests.iter().all(|count| *count > 0));
}
