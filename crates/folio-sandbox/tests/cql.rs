//! CQL as the sandbox understands it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use folio_sandbox::cql::{Clause, Query, Relation, SortKey, Term};
use proptest::prelude::*;
use serde_json::{Value, json};

fn books() -> Vec<Value> {
    vec![
        json!({"id": "a", "title": "The Sea, the Sea", "year": 1978, "tags": ["novel", "prize"], "author": {"name": "Iris Murdoch"}, "shelf": "10"}),
        json!({"id": "b", "title": "Söhne und Liebhaber", "year": 1913, "author": {"name": "D. H. Lawrence"}, "shelf": "9"}),
        json!({"id": "c", "title": "100 % \"sea*\" (a \\ b)", "year": 2001, "author": {}, "price": 1.5}),
        json!({"id": "d", "title": "", "year": 2001, "active": true, "notes": [{"note": "Sea water", "staff": false}, {"note": "dry"}]}),
        json!({"id": "e", "title": "SEASIDE", "year": 1800, "active": false, "price": null}),
    ]
}

fn found(query: &str) -> String {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    books()
        .iter()
        .filter(|book| query.matches(book))
        .map(|book| book["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn queries_find_what_rmb_finds() {
    for (query, expected) in [
        // Words, the whole value, case and accents.
        ("title=sea", "acd".trim_end_matches('d')),
        ("title==sea", ""),
        ("title=\"sea the\"", "a"),
        ("title=\"the the\"", ""),
        ("title=sea*", "ace"),
        ("title==\"*sea*\"", "ace"),
        ("title==\"sohne und liebhaber\"", "b"),
        ("title==/respectAccents \"sohne und liebhaber\"", ""),
        ("title==/respectCase \"Sohne und Liebhaber\"", "b"),
        ("title==/respectCase \"sohne und liebhaber\"", ""),
        (
            "title==/respectCase/respectAccents \"Söhne und Liebhaber\"",
            "b",
        ),
        ("title==\"seas?de\"", "e"),
        ("title==\"seas??de\"", ""),
        ("title all \"sea the\"", "a"),
        ("title any \"liebhaber seaside\"", "be"),
        ("title adj \"und liebhaber\"", "b"),
        // Escapes.
        (r#"title=="100 % \"sea\*\" (a \\ b)""#, "c"),
        (r#"title=="100 % \"sea*\" (a \\ b)""#, "c"),
        (r#"title=="*\**""#, "c"),
        (r#"title=="*\?*""#, ""),
        // Presence.
        ("title=\"\"", "abcde"),
        ("title==\"\"", "d"),
        ("price=\"\"", "c"),
        ("cql.allRecords=1", "abcde"),
        ("cql.allrecords = \"1\"", "abcde"),
        ("id=*", "abcde"),
        ("cql.allRecords=1 NOT price=\"\"", "abde"),
        // Numbers and text.
        ("year>1913", "acd"),
        ("year>=1913", "abcd"),
        ("year<1913", "e"),
        ("year<=1913", "be"),
        ("year==2001", "cd"),
        ("year=2001", "cd"),
        ("year<>2001", "abe"),
        ("shelf>10", "b"),
        ("shelf</number 10", "b"),
        ("title<>seaside", "abcd"),
        ("active==true", "d"),
        ("active==\"false\"", "e"),
        // What is nested.
        ("author.name=murdoch", "a"),
        ("author.name<>\"Iris Murdoch\"", "b"),
        ("author.name=\"\"", "ab"),
        ("tags==\"*prize*\"", "a"),
        ("tags=prize", "a"),
        ("notes.note==dry", "d"),
        ("nothing==x", ""),
        ("nothing<>x", ""),
        // Booleans bind equally, to the left.
        ("id==a or id==b and id==c", ""),
        ("id==a or (id==b and id==c)", "a"),
        ("id==a or id==b not id==a", "b"),
        ("(id==a or id==b) and (year==1978 or year==1)", "a"),
        ("id==a OR id==B", "ab"),
        ("id==(a or c or d)", "acd"),
        ("title=(sea not the)", "c"),
        ("(((id==a)))", "a"),
        ("id==a sortBy title", "a"),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
}

#[test]
fn the_order_is_read() {
    let query = Query::parse(
        "cql.allRecords=1 sortby personal.lastName/sort.descending year/number id/sort.ascending",
    )
    .unwrap();
    let key = |index: &str, descending, number| SortKey {
        index: index.to_owned(),
        descending,
        number,
    };
    assert_eq!(
        query.sort,
        [
            key("personal.lastName", true, false),
            key("year", false, true),
            key("id", false, false)
        ]
    );
}

#[test]
fn what_is_no_cql_is_refused_with_the_place() {
    for (query, position, message) in [
        ("", 1, "expected a field or a parenthesis"),
        ("title", 6, "expected a relation such as == after the field"),
        ("title=", 7, "expected a term to compare with"),
        ("title=a b", 9, "expected and, or, not, sortBy or the end"),
        ("(title=a", 9, "expected a closing parenthesis"),
        ("title=a)", 8, "expected and, or, not, sortBy or the end"),
        ("title=\"a", 7, "a quotation mark that is never closed"),
        ("title=a and", 12, "expected a field or a parenthesis"),
        ("title=a sortBy", 15, "expected a field to sort by"),
        (
            "title=a prox b=c",
            9,
            "expected and, or or not; prox is not supported",
        ),
        ("title=/ a", 10, "expected a term to compare with"),
        ("title==\"a\\", 10, "a backslash before nothing"),
    ] {
        let error = Query::parse(query).unwrap_err();
        assert_eq!(
            (error.position, error.message.as_str()),
            (position, message),
            "{query}"
        );
    }
    let deep = format!("{}id==a{}", "(".repeat(100_000), ")".repeat(100_000));
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

fn clause() -> impl Strategy<Value = Clause> {
    let relation = prop::sample::select(vec![
        Relation::Words,
        Relation::Exact,
        Relation::Differs,
        Relation::Less,
        Relation::LessOrEqual,
        Relation::Greater,
        Relation::GreaterOrEqual,
        Relation::All,
        Relation::Any,
        Relation::Adjacent,
    ]);
    let modifiers =
        prop::collection::vec(prop::sample::select(vec!["number", "respectCase"]), 0..2);
    let term = (
        "[a-z]{1,4}(\\.[a-zA-Z]{1,4})?",
        relation,
        modifiers,
        ".{0,6}",
    )
        .prop_filter("and, or, not are no fields", |(index, ..)| {
            !matches!(
                index.as_str(),
                "and" | "or" | "not" | "prox" | "all" | "any" | "adj"
            )
        })
        .prop_map(|(index, relation, modifiers, text)| {
            Clause::Term(Term {
                index,
                relation,
                modifiers: modifiers.into_iter().map(str::to_owned).collect(),
                text: escaped(&text),
            })
        });
    term.prop_recursive(4, 24, 2, |inner| {
        (inner.clone(), inner, 0..3).prop_map(|(a, b, join)| {
            let (a, b) = (Box::new(a), Box::new(b));
            match join {
                0 => Clause::And(a, b),
                1 => Clause::Or(a, b),
                _ => Clause::Not(a, b),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_again(clause in clause()) {
        let query = Query { clause, sort: vec![SortKey { index: "a.b".to_owned(), descending: true, number: false }] };
        prop_assert_eq!(Query::parse(&query.to_string()).unwrap(), query);
    }

    #[test]
    fn any_text_is_a_query_or_an_error(text in ".{0,60}") {
        if let Ok(query) = Query::parse(&text) {
            let _ = query.matches(&json!({"a": "b"}));
        }
    }

    #[test]
    fn an_escaped_value_finds_itself_and_no_other(value in "[a-z*?\\\\\"^ ()%_=<>/é]{1,12}", other in "[a-z*?\\\\\"^ ()%_=<>/é]{1,12}") {
        let query = Query::parse(&format!("name==/respectCase/respectAccents \"{}\"", escaped(&value))).unwrap();
        let own = json!({"name": value});
        prop_assert!(query.matches(&own));
        prop_assert_eq!(query.matches(&json!({"name": other})), value == other);
    }
}
