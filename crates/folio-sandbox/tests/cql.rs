//! CQL of the sandbox, for records without known indexes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use folio_sandbox::cql::{Query, compare, folded};
use proptest::prelude::*;
use serde_json::{Value, json};

fn books() -> Vec<Value> {
    vec![
        json!({"id": "a0000000-0000-4000-8000-000000000000", "n": "a", "title": "The Sea, the Sea", "year": 1978, "tags": ["novel", "prize"], "author": {"name": "Iris Murdoch"}, "shelf": "10"}),
        json!({"id": "b0000000-0000-4000-8000-000000000000", "n": "b", "title": "Söhne und Liebhaber", "year": 1913, "author": {"name": "D. H. Lawrence"}, "shelf": "9"}),
        json!({"id": "c0000000-0000-4000-8000-000000000000", "n": "c", "title": "100 % \"sea*\" (a \\ b)", "year": 2001, "author": {}, "price": 1.5}),
        json!({"id": "d0000000-0000-4000-8000-000000000000", "n": "d", "title": "", "year": 2001, "active": true}),
        json!({"id": "e0000000-0000-4000-8000-000000000000", "n": "e", "title": "SEASIDE", "year": 1800, "active": false, "price": null}),
    ]
}

fn found(query: &str) -> String {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    books()
        .iter()
        .filter(|book| query.matches(book))
        .map(|book| book["n"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn queries_find_what_rmb_finds() {
    for (query, expected) in [
        // Words, patterns, case and accents, which conditions never respect.
        ("title=sea", "ac"),
        ("title==sea", ""),
        ("title=\"sea the\"", "a"),
        ("title=\"the the\"", ""),
        ("title=sea*", "ace"),
        ("title==\"*sea*\"", "ace"),
        ("title==/respectAccents \"sohne und liebhaber\"", "b"),
        ("title==\"seas?de\"", "e"),
        ("title all \"sea the\"", "a"),
        ("title any \"liebhaber seaside\"", "be"),
        ("title adj \"und liebhaber\"", "b"),
        // Escapes.
        (r#"title=="100 % \"sea\*\" (a \\ b)""#, "c"),
        (r#"title=="*\**""#, "c"),
        (r#"title=="*\?*""#, ""),
        // Presence, and what RMB takes for all records.
        ("title=\"\"", "abcde"),
        ("title==\"\"", "d"),
        ("price=\"\"", "c"),
        ("price=*", "abcde"),
        ("id=*", "abcde"),
        ("id==\"\"", ""),
        ("id=\"\"", "abcde"),
        ("cql.allRecords=1", "abcde"),
        ("cql.allrecords = \"1\"", "abcde"),
        ("cql.allRecords=1 NOT price=\"\"", "abde"),
        // Text is compared by the collation, numbers where it is asked for.
        ("year>/number 1913", "acd"),
        ("year<=/number 1913", "be"),
        ("shelf>10", "b"),
        ("shelf</number 10", "b"),
        ("title<>seaside", "abcd"),
        ("active==true", "d"),
        ("active==\"false\"", "e"),
        // Lists are JSON.
        ("tags==\"*prize*\"", "a"),
        ("tags==prize", ""),
        ("tags=prize", "a"),
        ("author.name=murdoch", "a"),
        ("author.name<>\"Iris Murdoch\"", "b"),
        ("nothing<>x", ""),
        // Booleans bind equally, to the left; what is not there is neither true nor false.
        ("n==a or n==b and n==c", ""),
        ("n==a or (n==b and n==c)", "a"),
        ("n==(a or c or d)", "acd"),
        ("title=(sea not the)", "c"),
        ("n==a or title=*", "a"),
        ("(((n==a)))", "a"),
        ("n==a sortBy title", "a"),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
}

#[test]
fn what_rmb_rejects_is_rejected_in_its_words() {
    for (query, message) in [
        ("", "expected index or term, got EOF"),
        ("title=", "expected index or term, got EOF"),
        ("(title=a", "expected ')', got EOF"),
        ("title=a)", "junk after end: ')'"),
        ("title=\"a", "expected index or term, got EOF"),
        ("title=a sortBy", "no sort keys"),
        ("not n==a", "unexpected relation '=='"),
        (
            "title=\"a?b\"",
            "? wildcard not allowed in full text query string",
        ),
        (
            "title",
            "cql.serverChoice requested, but no serverChoiceIndexes defined.",
        ),
        ("id>abc", "CQL: Invalid UUID after 'id>': abc"),
        ("title=/foo a", "CQL: Unsupported modifier foo"),
    ] {
        let error = Query::parse(query).unwrap_err().to_string();
        assert!(error.ends_with(message), "{query}: {error}");
    }
    let deep = format!("{}n==a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Query::parse(&deep).is_err());
}

/// Text as a term that stands for itself.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = matches!(c, '\\' | '"' | '*' | '?' | '^');
            escape.then_some('\\').into_iter().chain([c])
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_query_or_an_error(text in ".{0,60}") {
        if let Ok(query) = Query::parse(&text) {
            let _ = query.matches(&json!({"a": "b"}));
        }
    }

    #[test]
    fn an_escaped_value_finds_itself_and_no_other(value in "[a-z*?\\\\\"^ ()%_=<>/é]{1,12}", other in "[a-z*?\\\\\"^ ()%_=<>/é]{1,12}") {
        let query = Query::parse(&format!("name==\"{}\"", escaped(&value))).unwrap();
        let own = json!({"name": value});
        prop_assert!(query.matches(&own));
        prop_assert_eq!(query.matches(&json!({"name": other})), folded(&value) == folded(&other));
    }

    #[test]
    fn the_order_of_texts_is_total(a in ".{0,6}", b in ".{0,6}", c in ".{0,6}") {
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        prop_assert_eq!(compare(&a, &b).is_eq(), a == b);
        if compare(&a, &b).is_lt() && compare(&b, &c).is_lt() {
            prop_assert!(compare(&a, &c).is_lt());
        }
    }
}
