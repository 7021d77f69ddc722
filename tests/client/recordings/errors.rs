//! Every recorded error: its message, its fields and its codes.

use folio_sdk::Error;
use serde_json::Value;

use folio_test_support::recordings::{rows, text};
use folio_test_support::server::{Folio, Reply};

#[derive(Default)]
struct Count {
    rows: usize,
    with_field: usize,
    with_code: usize,
    duplicates: usize,
    bare: std::collections::BTreeMap<String, usize>,
}

async fn error(folio: &folio_sdk::FolioClient, number: usize) -> Error {
    let path = format!("/row/{number}");
    let call = folio
        .folio_get::<Value>(&path, None)
        .retry(folio_sdk::RetryPolicy::none());
    call.await.unwrap_err()
}

#[tokio::test]
async fn every_recorded_error_says_what_it_is_about() {
    let files = [
        "acq",
        "auth",
        "circulation",
        "crud",
        "deletes",
        "exchanges",
        "gateway",
        "lists",
        "spring",
        "eureka-login",
    ];
    let failures: Vec<Value> = files
        .into_iter()
        .flat_map(rows)
        .filter(|row| {
            row["status"]
                .as_u64()
                .is_some_and(|status| (400..600).contains(&status))
        })
        .filter(|row| !matches!(row["status"].as_u64(), Some(401 | 414 | 429 | 431 | 503)))
        .collect();
    let played = failures.clone();
    let server = Folio::start(move |asked, _| {
        let number: usize = asked.path().strip_prefix("/row/")?.parse().ok()?;
        let row = &played[number];
        let status = u16::try_from(row["status"].as_u64()?).ok()?;
        Some(Reply::new(status, text(row, "type"), text(row, "text")))
    })
    .await;
    let folio = server.connect().await;
    let mut count = Count::default();
    let mut seen = std::collections::BTreeSet::new();
    for (number, row) in failures.iter().enumerate() {
        let (name, body) = (text(row, "name"), text(row, "text"));
        // A text that was cut off is no JSON.
        let is_cut = body.starts_with('{') && serde_json::from_str::<Value>(body).is_err();
        if is_cut || body.is_empty() || !seen.insert((row["status"].as_u64(), body)) {
            continue;
        }
        let error = error(&folio, number).await;
        count.rows += 1;
        let errors = error.validation_errors();
        assert!(
            error
                .server_message()
                .is_some_and(|message| !message.is_empty()),
            "{name}: {body}"
        );
        let says = |key: &str| body.contains(key);
        let has_field = errors
            .iter()
            .any(|error| error.field().is_some_and(|field| !field.is_empty()));
        count.with_field += usize::from(has_field);
        count.with_code += usize::from(errors.iter().any(|error| error.code.is_some()));
        count.duplicates += usize::from(error.is_duplicate());
        // What says that something exists is a duplicate, whatever its status.
        let exists =
            says("already exist") || says("duplicate key value") || says("already been taken");
        assert_eq!(
            error.is_duplicate(),
            exists || says("violates unique constraint:") || says(".duplicate"),
            "{name}: {body}"
        );
        // These name a field, in whatever form.
        let names_field = says("Field error in object")
            || says("ConstraintViolationImpl{")
            || says("Unrecognized field \"")
            || says("Key (")
            || says("' parameter is incorrect")
            || says("required query parameter missing: ")
            || says("Method parameter '")
            || says("through reference chain: ") && !is_shortened(body)
            || says("value already exists in table")
            || says("\"_parameters\":{\"");
        assert!(!names_field || has_field, "{name}: {body}: {errors:?}");
        for error in errors {
            assert!(
                !error.message.contains("Field error in object"),
                "{name}: {error}"
            );
            assert!(
                error.field().is_none_or(|field| !field.contains("->>")),
                "{name}: {error}"
            );
        }
        if errors.is_empty() {
            let form: String = body
                .chars()
                .take(60)
                .map(|c| if c.is_ascii_digit() { '9' } else { c })
                .collect();
            *count.bare.entry(form.replace('\n', " ")).or_default() += 1;
        }
    }
    println!(
        "{} errors: {} name a field, {} have a code, {} are duplicates; {} have a message only, in {} forms:",
        count.rows,
        count.with_field,
        count.with_code,
        count.duplicates,
        count.bare.values().sum::<usize>(),
        count.bare.len()
    );
    for (form, rows) in &count.bare {
        println!("{rows:5} {form}");
    }
    assert!(
        count.rows > 1_000 && count.with_field > 500,
        "{} {}",
        count.rows,
        count.with_field
    );
}

/// Whether the recorded text ends before its reference chain does.
fn is_shortened(body: &str) -> bool {
    body.rsplit("through reference chain: ")
        .next()
        .is_some_and(|chain| !chain.contains(')'))
}
