//! `folio cql`: errors with their position, readings, and traps.

use folio_test_support::recordings::{rows, text};
use serde_json::{Value, json};

use crate::support::program::{Program, demo};

async fn check(arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["cql", "--format", "json"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    Program::default().run(&arguments).await.json()
}

/// The names of the rules that warn.
fn rules(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["rule"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_error_has_a_mark_at_its_position_and_help() {
    for (query, marked, help) in [
        (
            "status.name == (Open or",
            "  status.name == (Open or\n                         ^\n",
            None,
        ),
        (
            "title=\"abc",
            "  title=\"abc\n        ^",
            Some("written \\\""),
        ),
        (
            "username != x",
            "  username != x\n           ^",
            Some("`<>` means not equal"),
        ),
        ("not a=b", "  not a=b\n  ^", Some("cql.allRecords=1 not b")),
        (
            "title=two words",
            "  title=two words\n            ^",
            Some("quotation marks: title=\"two words\""),
        ),
        (
            "title='two words'",
            "  title='two words'",
            Some("not in apostrophes"),
        ),
        (
            "a=1 && b=2",
            "  a=1 && b=2\n      ^",
            Some("`and`, `or` and `not`"),
        ),
        ("東京=“x” y=z", "^", Some("typographic")),
        ("name like x", "^", Some("field==\"*part*\"")),
        ("", "  \n  ^", Some("cql.allRecords=1")),
    ] {
        let found = Program::default().run(&["cql", query]).await;
        assert_eq!((found.code, found.out.as_str()), (Some(1), ""), "{found:?}");
        assert!(found.err.contains("invalid CQL at character"), "{found:?}");
        assert!(found.err.contains(marked), "{query}: {}", found.err);
        if let Some(help) = help {
            assert!(found.err.contains(help), "{query}: {}", found.err);
        }
    }
    // Wide characters take two columns.
    let wide = Program::default().run(&["cql", "title=\"東京\" x"]).await;
    assert!(
        wide.err.contains("  title=\"東京\" x\n               ^"),
        "{}",
        wide.err
    );
    // A long query is cut around the position.
    let long = format!("title=\"{}\" and and", "x".repeat(500));
    let found = Program::default().run(&["cql", &long]).await;
    let lines: Vec<&str> = found.err.lines().collect();
    assert!(
        lines[1].starts_with("  …") && lines[1].chars().count() < 130,
        "{found:?}"
    );
    assert_eq!(
        lines[1].chars().nth(lines[2].chars().count() - 1),
        Some('a'),
        "{found:?}"
    );
    let json = check(&["a=(b"]).await;
    assert_eq!(
        (&json["valid"], &json["error"]["position"]),
        (&json!(false), &json!(5))
    );
}

#[tokio::test]
async fn a_query_is_read_as_folio_reads_it() {
    for (query, normalized, reading) in [
        (
            "a==1 or b==2 and c==3",
            "(a==\"1\" or b==\"2\") and c==\"3\"",
            "all of:\n  at least one of:\n    the whole value of `a` is \"1\", case and accents ignored\n    the whole value of `b` is \"2\", case and accents ignored\n  the whole value of `c` is \"3\", case and accents ignored",
        ),
        (
            "a=x not b=\"\"",
            "a=\"x\" not b=\"\"",
            "the first of these, and not the others (records without their fields are included):\n  the word \"x\" occurs in `a`; case and accents are ignored\n  `b` is present",
        ),
        (
            "title=\"two wor*\"",
            "title=\"two wor*\"",
            "the words \"two wor*\" occur in `title`, next to each other and in this order; a word before `*` may be the beginning of one; case and accents are ignored",
        ),
        (
            "title all \"a b\"",
            "title all \"a b\"",
            "the words \"a b\" occur in `title`, in any place; case and accents are ignored",
        ),
        (
            "barcode<>1",
            "barcode<>\"1\"",
            "the whole value of `barcode` is another than \"1\", case and accents ignored; records without it are not found",
        ),
        (
            "x<5",
            "x<\"5\"",
            "`x` comes before \"5\" (as stored text, in alphabetical order)",
        ),
        (
            "x>/number 5",
            "x>/number \"5\"",
            "as a number, `x` comes after \"5\"",
        ),
        (
            "id==5f1c3d0a*",
            "id==\"5f1c3d0a*\"",
            "`id` is a UUID that begins with \"5f1c3d0a*\"",
        ),
        ("name==\"\"", "name==\"\"", "`name` is empty"),
        ("cql.allRecords=1", "cql.allRecords=1", "all records"),
    ] {
        let report = check(&[query]).await;
        assert_eq!(report["normalized"], normalized, "{query}");
        let lines: Vec<&str> = report["reading"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        assert_eq!(
            lines.join("\n"),
            format!("{reading}\nin no defined order"),
            "{query}"
        );
    }
    let sorted = check(&["a==1 sortBy title/sort.descending id"]).await;
    assert_eq!(
        sorted["reading"][1],
        "ordered by title/sort.descending, then id"
    );
}

#[tokio::test]
async fn traps_are_warnings() {
    for (query, expected) in [
        ("a==1 and b==2 and c==3", &[][..]),
        ("(a==1 or b==2) and c==3", &[]),
        ("a==1 or b==2 and c==3", &["mixed-booleans"]),
        ("a==1 or x=*", &["dropped-or", "everything"]),
        ("a==1 and b", &["no-field"]),
        ("title=*end", &["truncation"]),
        ("title=a?b", &["wildcard"]),
        ("barcode=12-34", &["split-words"]),
        ("title=\"-\"", &["no-words"]),
        ("dueDate=2026-01-31", &["date-words"]),
        ("dueDate==2026-01-31", &["date-equality"]),
        ("dueDate==2026-01-31*", &[]),
        ("dueDate<2026-01-31T00:00:00.000+02:00", &["date-zone"]),
        ("dueDate<2026-01-31T00:00:00.000+00:00", &[]),
        ("copies>5", &["number-order"]),
        ("copies>/number 5", &[]),
        ("copies>/number x", &["not-a-number"]),
        ("name>a*", &["wildcard"]),
        ("name==/respectCase x", &["modifier-without-effect"]),
        ("name==/fuzzy x", &["unknown-modifier"]),
        ("name==^x", &["anchor"]),
        ("name==\\^x", &[]),
        ("username!=x", &["not-equal"]),
        ("username=='x'", &["apostrophes"]),
        ("id==abc", &["not-a-uuid"]),
        ("id>abc", &["not-a-uuid"]),
        ("id==5f1c*3d*", &["truncation"]),
        ("id any 5f1c", &["not-a-uuid"]),
        ("a==1 sortBy title desc id", &["sort-direction"]),
        ("a==1 sortBy title/desc id", &["unknown-modifier"]),
        ("a==1 sortBy title", &["sort-ties"]),
        ("a==1 sortBy title id", &[]),
    ] {
        let report = check(&[query]).await;
        assert_eq!(rules(&report), expected, "{query}: {report}");
    }
    let long = format!(
        "id==({})",
        vec!["5f1c3d0a-0000-4000-8000-000000000000"; 100].join(" or ")
    );
    assert_eq!(rules(&check(&[&long]).await), ["too-long"]);
    let strict = Program::default()
        .run(&["cql", "--strict", "copies>5"])
        .await;
    assert_eq!(strict.code, Some(1), "{strict:?}");
    assert!(
        strict
            .out
            .contains("warning: copies>\"5\": numbers are compared as text"),
        "{strict:?}"
    );
}

#[tokio::test]
async fn fields_are_those_of_the_record() {
    for (list, query, expected) in [
        (
            "/users",
            "username==x and personal.lastName=y and active==true",
            &[][..],
        ),
        ("/users", "personal.lastname=y", &["unknown-field"]),
        ("/users", "nosuchfield==y", &["unknown-field"]),
        ("/users", "personal.addresses.city=y", &["within-list"]),
        ("/users", "keywords=y", &[]),
        ("/users", "keywords==y", &["no-value"]),
        ("/users", "patronGroup.group==staff", &["inner-join"]),
        ("/item-storage/items", "fullCallNumber==x", &[]),
        ("/item-storage/items", "fullCallNumber=x", &["no-value"]),
        (
            "/users",
            "a.b=c sortBy usernam id",
            &["unknown-field", "unknown-field"],
        ),
        (
            "/instance-storage/instances",
            "languages==eng",
            &["list-equality"],
        ),
        (
            "/instance-storage/instances",
            "title==\"*tail\"",
            &["first-characters"],
        ),
        (
            "/instance-storage/instances",
            "holdingsRecords.callNumber==x and item.barcode==y",
            &[],
        ),
        ("/instance-storage/instances", "identifiers=/@value x", &[]),
        (
            "/instance-storage/instances",
            "identifiers==/@value x*",
            &["unknown-modifier"],
        ),
        (
            "/instance-storage/instances",
            "contributors=/@name x",
            &["unknown-modifier"],
        ),
        (
            "/instance-storage/instances",
            "title=\"a \\* b\"",
            &["truncation"],
        ),
        ("/users", "barcode>/number 5", &["number-values"]),
        ("item-storage/items", "barcode==x and instance.title=y", &[]),
        (
            "/circulation/loans",
            "dueDate==2026-01-01T00:00:00.000+00:00",
            &["date-equality"],
        ),
        ("/search/instances", "title all \"x\" sortBy title", &[]),
    ] {
        let report = check(&["--list", list, query]).await;
        assert_eq!(rules(&report), expected, "{list} {query}: {report}");
    }
    let case = check(&["--list", "/users", "personal.lastname=y"]).await;
    let message = case["warnings"][0]["message"].as_str().unwrap();
    assert!(
        message.ends_with("names of fields are case-sensitive, it is personal.lastName"),
        "{message}"
    );
    // The evaluation of the index: a barcode of an item ignores case, not accents.
    let item = check(&["--list", "/item-storage/items", "barcode==É"]).await;
    assert_eq!(
        item["reading"][0],
        "the whole value of `barcode` is \"É\", case ignored, accents count"
    );
    let unknown = check(&["--list", "/notes", "title==x"]).await;
    assert!(
        unknown["reading"][0]
            .as_str()
            .unwrap()
            .starts_with("the indexes of this list are not known"),
        "{unknown}"
    );
    for (list, code, expected) in [
        ("/userz", 5, "similar lists: /users"),
        ("/erm/sas", 2, "takes no CQL query"),
    ] {
        let found = Program::default()
            .run(&["cql", "--list", list, "a=b"])
            .await;
        assert_eq!(
            (found.code, found.out.as_str()),
            (Some(code), ""),
            "{found:?}"
        );
        assert!(found.err.contains(expected), "{found:?}");
    }
}

#[tokio::test]
async fn the_number_of_records_is_asked_for() {
    for eureka in [false, true] {
        let sandbox = demo(eureka).start().await.unwrap();
        let found = Program::admin(&sandbox)
            .run(&[
                "cql",
                "--format",
                "json",
                "--list",
                "/users",
                "--count",
                "cql.allRecords=1",
            ])
            .await;
        assert_eq!(found.code, Some(0), "{found:?}");
        let stored = sandbox.records("diku", "/users").unwrap().len();
        assert_eq!(found.json()["count"], stored, "{found:?}");
        let text = Program::admin(&sandbox)
            .run(&[
                "cql",
                "--list",
                "/users",
                "--count",
                "username==missinguser",
            ])
            .await;
        assert!(text.out.ends_with("records: 0\n"), "{text:?}");
    }
}

/// The recorded queries: those that a running FOLIO rejects are errors here or have a warning that
/// states the status 400. Those that it executes are valid, except for texts that only cql-java
/// reads: terms of several words without quotation marks, and relations without a field.
#[tokio::test]
async fn what_folio_rejected_is_an_error_or_a_warning() {
    /// A special path of this list (one sort key named title); not explained.
    const UNEXPLAINED: &str = "cql.allRecords=1 sortBy title/number";
    let (mut rejected, mut executed, mut invalid) = (0, 0, Vec::new());
    for (recording, list) in [
        ("cql-users", "/users"),
        ("cql-instances", "/instance-storage/instances"),
    ] {
        // A part of them: each is a run of the program.
        let rows = rows(recording)
            .into_iter()
            .filter(|row| row["status"].is_u64());
        for (index, row) in rows.enumerate() {
            let query = text(&row, "query");
            let is_rejected = row["status"].as_u64().is_some_and(|status| status >= 400);
            if query == UNEXPLAINED || !is_rejected && index % 5 != 0 {
                continue;
            }
            let found = Program::default()
                .run(&["cql", "--format", "json", "--list", list, query])
                .await;
            let report = found.json();
            if is_rejected {
                let is_said = report["warnings"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|warning| warning["message"].as_str().unwrap().contains("(400)"));
                assert!(
                    found.code == Some(1) || is_said,
                    "{query}: {} {report}",
                    text(&row, "text")
                );
                rejected += 1;
            } else {
                executed += 1;
                if found.code != Some(0) {
                    invalid.push(query.to_owned());
                }
            }
        }
    }
    assert!(rejected > 50 && executed > 100, "{rejected} {executed}");
    assert!(invalid.len() <= 3, "{invalid:?}");
}
