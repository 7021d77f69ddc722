//! Facts as expressions: the server's behaviour, and the pagination of a list.

use std::fmt::Write as _;

use crate::job_facts::JobFacts;
use crate::paging::{self, Paging};
use crate::server_facts::{Deletes, ServerFacts};

/// The expression of what a server does. `prefix` leads to the types.
pub(crate) fn expression(facts: &ServerFacts, prefix: &str) -> String {
    let mut text = format!("{prefix}Facts::unknown()");
    match &facts.deletes {
        None => {}
        Some(Deletes::Selected(ways)) => {
            let _ = write!(text, ".deletes({prefix}Deletes::SelectedBy(&{ways:?}))");
        }
        Some(other) => {
            let kind = match other {
                Deletes::Query => "Matching",
                Deletes::Body => "SelectedByBody",
                Deletes::All => "All",
                _ => "Record",
            };
            let _ = write!(text, ".deletes({prefix}Deletes::{kind})");
        }
    }
    match facts.creates.as_deref() {
        Some("record") => _ = write!(text, ".creates({prefix}Creates::Record)"),
        Some("new-id") => _ = write!(text, ".creates({prefix}Creates::RecordWithNewId)"),
        _ => {}
    }
    match facts.absent.as_deref().filter(|_| facts.is_verified) {
        Some("ignored") => _ = write!(text, ".absent({prefix}Absent::Ignored)"),
        Some("created") => _ = write!(text, ".absent({prefix}Absent::Created)"),
        _ => {}
    }
    if !facts.omits.is_empty() {
        let _ = write!(text, ".omits(&{:?})", facts.omits);
    }
    for (flag, function) in [
        (facts.effect, "has_effect"),
        (facts.sensitive, "is_sensitive"),
        (facts.versioned, "is_versioned"),
        (facts.multiple, "is_multiple"),
    ] {
        if flag {
            let _ = write!(text, ".{function}()");
        }
    }
    if let Some(job) = &facts.job {
        let _ = write!(text, ".job(&{})", job_expression(job, prefix));
    }
    text
}

/// The expression of what a response shows of a job.
fn job_expression(job: &JobFacts, prefix: &str) -> String {
    let mut text = format!("{prefix}JobFacts {{ ");
    for (name, list) in job.lists() {
        let _ = write!(text, "{name}: &{list:?}, ");
    }
    let _ = write!(text, "is_optional: {} }}", job.optional);
    text
}

/// The expression of how a list is paged.
pub(crate) fn paging(paging: &Paging, prefix: &str) -> String {
    let style = paging::style(&paging.style).unwrap_or("Offset");
    let mut text = format!(
        "{prefix}Paging::new({prefix}PagingStyle::{style}, {:?}, {:?}, {:?})",
        paging.items, paging.key, paging.max
    );
    for (is_rejected, call) in [
        (paging.limits.sort, ".without_sort()"),
        (paging.limits.all, ".without_all_records()"),
        (paging.limits.query, ".without_query()"),
    ] {
        if is_rejected {
            text.push_str(call);
        }
    }
    if let Some(kind) = &paging.job {
        let _ = write!(text, ".with_job({kind:?})");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::{Value, json};

    use super::*;
    use crate::document::Document;
    use crate::error::Error;

    fn read(facts: Value) -> Result<ServerFacts, Error> {
        let thing = json!({"/things": {"post": {}}, "/things/{id}": {"get": {}, "put": {}}});
        ServerFacts::read(
            &Document::new("mod-things", json!({"paths": thing})),
            "/things/{id}",
            "/paths/things/delete",
            &json!({"x-folio": {"facts": facts}}),
        )
    }

    #[test]
    fn facts_are_written_as_rust() {
        for (facts, expected) in [
            (json!({}), "Facts::unknown()"),
            (
                json!({"deletes": "all"}),
                "Facts::unknown().deletes(Deletes::All)",
            ),
            (
                json!({"deletes": ["userId&tenantId", "tenantId"]}),
                "Facts::unknown().deletes(Deletes::SelectedBy(&[\"userId&tenantId\", \"tenantId\"]))",
            ),
            (
                json!({"creates": "new-id", "effect": true, "sensitive": true, "versioned": true, "absent": "ignored"}),
                "Facts::unknown().creates(Creates::RecordWithNewId).absent(Absent::Ignored).has_effect().is_sensitive().is_versioned()",
            ),
            (
                json!({"omits": ["childOf", "items[].added"]}),
                "Facts::unknown().omits(&[\"childOf\", \"items[].added\"])",
            ),
            (
                json!({"longRunning": {"status": ["/status"], "running": ["A", "B"], "done": ["C"]}}),
                "Facts::unknown().job(&JobFacts { status: &[\"/status\"], running: &[\"A\", \"B\"], waiting: &[], between: &[], done: &[\"C\"], failed: &[], current: &[], total: &[], message: &[], is_optional: false })",
            ),
        ] {
            assert_eq!(expression(&read(facts).unwrap(), ""), expected);
        }
        for broken in [
            json!({"deletes": "some"}),
            json!({"deletes": []}),
            json!({"effect": 1}),
            json!({"creates": 5}),
            json!({"omits": "childOf"}),
            json!({"omits": [1]}),
            json!({"longRunning": {"status": "/status"}}),
        ] {
            let error = read(broken).unwrap_err().to_string();
            assert!(error.contains("/x-folio/facts/"), "{error}");
        }
    }

    #[test]
    fn a_record_is_looked_for_only_where_it_can_be_read_and_is_made_otherwise() {
        let paths = json!({
            "/things": {"post": {}}, "/things/{id}": {"get": {}, "put": {}},
            "/config/{key}": {"get": {}, "put": {}}, "/upload": {"put": {}}, "/links/{id}": {"put": {}},
        });
        let document = Document::new("mod-things", json!({"paths": paths}));
        for (path, absent, expected) in [
            (
                "/things/{id}",
                "created",
                "Facts::unknown().absent(Absent::Created)",
            ),
            (
                "/things/{id}",
                "ignored",
                "Facts::unknown().absent(Absent::Ignored)",
            ),
            // There is no other way to make the setting.
            ("/config/{key}", "created", "Facts::unknown()"),
            (
                "/config/{key}",
                "ignored",
                "Facts::unknown().absent(Absent::Ignored)",
            ),
            // Nothing can be read there: the answer would be that there is no such route.
            ("/upload", "created", "Facts::unknown()"),
            ("/links/{id}", "ignored", "Facts::unknown()"),
        ] {
            let operation = json!({"x-folio": {"facts": {"absent": absent}}});
            let facts = ServerFacts::read(&document, path, "", &operation).unwrap();
            assert_eq!(expression(&facts, ""), expected, "{path} {absent}");
            assert_eq!(facts.absent.as_deref(), Some(absent));
        }
    }

    #[test]
    fn of_two_modules_the_more_careful_facts_count() {
        let mut facts = read(json!({"creates": "record", "deletes": "query"})).unwrap();
        facts.narrow(&read(json!({"deletes": "all", "sensitive": true})).unwrap());
        assert_eq!(
            expression(&facts, ""),
            "Facts::unknown().deletes(Deletes::All).is_sensitive()"
        );
    }
}
