//! Queries: no value can change their meaning, and the output parses to the query that was built.

use folio_sandbox::cql::{Query, compare, folded};
use folio_sdk::Cql;
use folio_sdk::cql::{self, Field, Relation, SortKey, field};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A condition in the words of this test, which has its own idea of what it means.
#[derive(Clone, Debug)]
enum Tree {
    All,
    Text(Test, &'static str, String),
    Number(Relation, &'static str, i32),
    Element(String),
    OneOf(Vec<String>),
    Defined(&'static str),
    Between(String, String),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Not(Box<Tree>, Box<Tree>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Test {
    Exact,
    NotEqual,
    StartsWith,
    Contains,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Tree {
    fn cql(&self) -> Cql {
        let exactly = |name: &str| field(name).case_sensitive().accent_sensitive();
        match self {
            Self::All => cql::all(),
            Self::Text(test, name, value) => {
                let name: Field = exactly(name);
                match test {
                    Test::Exact => name.eq(value),
                    Test::NotEqual => name.ne(value),
                    Test::StartsWith => name.starts_with(value),
                    Test::Contains => name.contains(value),
                    Test::Less => name.lt(value),
                    Test::AtMost => name.le(value),
                    Test::Greater => name.gt(value),
                    Test::AtLeast => name.ge(value),
                }
            }
            Self::Number(relation, name, value) => field(*name).number().compare(*relation, value),
            Self::Element(value) => exactly("tags.tagList").has_element(value),
            Self::OneOf(values) => exactly("name").any_of(values),
            Self::Defined(name) => field(*name).is_defined(),
            Self::Between(from, to) => exactly("name").between(from, to),
            Self::And(a, b) => a.cql().and(b.cql()),
            Self::Or(a, b) => a.cql().or(b.cql()),
            Self::Not(a, b) => a.cql().not(b.cql()),
        }
    }

    fn holds(&self, record: &Value) -> bool {
        let text = |name: &str| {
            record
                .pointer(&format!("/{}", name.replace('.', "/")))
                .and_then(Value::as_str)
        };
        match self {
            Self::All => true,
            Self::Text(test, name, wanted) => text(name).is_some_and(|value| {
                // RMB ignores the modifiers of case and accents in conditions; comparisons use the
                // order of the database.
                let (own, asked) = (folded(value), folded(wanted));
                match test {
                    Test::Exact => own == asked,
                    Test::NotEqual => own != asked,
                    Test::StartsWith => own.starts_with(&asked),
                    Test::Contains => own.contains(&asked),
                    Test::Less => compare(value, wanted).is_lt(),
                    Test::AtMost => compare(value, wanted).is_le(),
                    Test::Greater => compare(value, wanted).is_gt(),
                    Test::AtLeast => compare(value, wanted).is_ge(),
                }
            }),
            Self::Number(relation, name, wanted) => record[*name].as_i64().is_some_and(|value| {
                let wanted = i64::from(*wanted);
                match relation {
                    Relation::Lt => value < wanted,
                    Relation::Le => value <= wanted,
                    Relation::Gt => value > wanted,
                    Relation::Ge => value >= wanted,
                    Relation::Ne => value != wanted,
                    _ => value == wanted,
                }
            }),
            Self::Element(wanted) => record["tags"]["tagList"]
                .as_array()
                .is_some_and(|list| list.iter().any(|element| element == wanted)),
            Self::OneOf(wanted) => text("name")
                .is_some_and(|value| wanted.iter().any(|wanted| folded(wanted) == folded(value))),
            Self::Defined(name) => !record[*name].is_null(),
            Self::Between(from, to) => text("name")
                .is_some_and(|value| compare(value, from).is_ge() && compare(value, to).is_le()),
            Self::And(a, b) => a.holds(record) && b.holds(record),
            Self::Or(a, b) => a.holds(record) || b.holds(record),
            Self::Not(a, b) => a.holds(record) && !b.holds(record),
        }
    }
}

/// Text of what means something to CQL, to JSON or to URLs, so short that equal ones meet.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{1,2}",
        "[a\\\\*?^\"%_' )(=/<>&+#\n\u{2028}é]{1,4}",
        Just("a) or (cql.allRecords=1".to_owned()),
        Just("\" or cql.allRecords=1 or name=\"".to_owned()),
        Just("a sortBy b".to_owned()),
        any::<String>().prop_filter("the empty text means: is there", |text| !text.is_empty()),
    ]
}

fn equalities() -> impl Strategy<Value = Test> {
    prop::sample::select(vec![
        Test::Exact,
        Test::NotEqual,
        Test::StartsWith,
        Test::Contains,
    ])
}

fn orders() -> impl Strategy<Value = Test> {
    prop::sample::select(vec![Test::Less, Test::AtMost, Test::Greater, Test::AtLeast])
}

/// What a comparison can be about: RMB rewrites wildcards in its term and takes the result
/// literally.
fn letters() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 .,é-]{1,4}"
}

fn relations() -> impl Strategy<Value = Relation> {
    prop::sample::select(vec![
        Relation::Matches,
        Relation::Eq,
        Relation::Ne,
        Relation::Lt,
        Relation::Le,
        Relation::Gt,
        Relation::Ge,
    ])
}

fn trees() -> impl Strategy<Value = Tree> {
    let names = prop::sample::select(vec!["name", "personal.lastName"]);
    let leaf = prop_oneof![
        1 => Just(Tree::All),
        4 => (equalities(), names.clone(), values()).prop_map(|(test, name, value)| Tree::Text(test, name, value)),
        2 => (orders(), names, letters()).prop_map(|(test, name, value)| Tree::Text(test, name, value)),
        2 => (relations(), -2..3).prop_map(|(relation, value)| Tree::Number(relation, "count", value)),
        2 => values().prop_map(Tree::Element),
        2 => prop::collection::vec(values(), 0..4).prop_map(Tree::OneOf),
        1 => prop::sample::select(vec!["name", "count", "tags"]).prop_map(Tree::Defined),
        1 => (letters(), letters()).prop_map(|(from, to)| Tree::Between(from, to)),
    ];
    leaf.prop_recursive(5, 40, 2, |inner| {
        (inner.clone(), inner, 0..3).prop_map(|(a, b, which)| {
            let (a, b) = (Box::new(a), Box::new(b));
            match which {
                0 => Tree::And(a, b),
                1 => Tree::Or(a, b),
                _ => Tree::Not(a, b),
            }
        })
    })
}

fn records() -> impl Strategy<Value = Value> {
    (
        prop::option::of(values()),
        prop::option::of(values()),
        prop::option::of(-2..3_i32),
        prop::option::of(prop::collection::vec(values(), 0..3)),
    )
        .prop_map(|(name, last, count, tags)| {
            let mut record = json!({"id": "8c1a2a5e-0000-4000-8000-000000000000"});
            if let Some(name) = name {
                record["name"] = name.into();
            }
            if let Some(last) = last {
                record["personal"] = json!({"lastName": last});
            }
            if let Some(count) = count {
                record["count"] = count.into();
            }
            if let Some(tags) = tags {
                record["tags"] = json!({"tagList": tags});
            }
            record
        })
}

fn sorted() -> impl Strategy<Value = Cql> {
    let key = ("[a-zA-Z.\" /]{1,6}", any::<bool>(), any::<bool>()).prop_map(
        |(name, descending, number)| {
            let mut key = SortKey::new(name);
            if descending {
                key = key.descending();
            }
            if number {
                key = key.number();
            }
            key
        },
    );
    (trees(), prop::collection::vec(key, 0..3))
        .prop_map(|(tree, keys)| keys.into_iter().fold(tree.cql(), Cql::sort_by))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600)))]

    #[test]
    fn a_server_understands_a_query_as_it_was_built(tree in trees(), records in prop::collection::vec(records(), 1..8)) {
        let text = tree.cql().to_string();
        let query = Query::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        for record in &records {
            prop_assert_eq!(query.matches(record), tree.holds(record), "{} of {}", text, record);
        }
    }

    #[test]
    fn what_is_printed_is_understood_as_it_was_built(query in sorted()) {
        let text = query.to_string();
        let parsed = Cql::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(&parsed, &query, "{}", text);
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn any_names_modifiers_and_patterns_are_printed_so_that_they_are_understood(
        name in any::<String>(), modifier in any::<String>(), lang in any::<String>(), pattern in any::<String>(), relation in relations(),
    ) {
        let query = field(name).modifier(modifier).modifier_with("@lang", lang).matches(relation, pattern);
        prop_assert_eq!(Cql::parse(query.to_string()), Ok(query));
    }

    #[test]
    fn text_of_any_kind_gives_a_query_or_an_error_with_a_place(text in "[ab=<>()/\"\\\\ *]{0,20}|(a|and|or|not|sortBy|==|=|\\(|\\)|\"b\"| ){0,12}|.{0,30}") {
        match Cql::parse(&text) {
            Ok(query) => prop_assert_eq!(Cql::parse(query.to_string()), Ok(query)),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.position()), "{}", error),
        }
        // Text as it is stays so.
        prop_assert!(cql::raw(&text).to_string().len() <= text.len() + 30);
    }
}

#[test]
fn queries_read_as_one_would_write_them() {
    let owner = field("owner").eq("ann");
    for (query, text) in [
        (cql::all(), "cql.allRecords=1"),
        (field("a").number().gt(5), r#"a>/number "5""#),
        (field("a").contains_all_words("b c"), r#"a all "b c""#),
        (
            field("a").case_sensitive().contains_any_word("b"),
            r#"a any/respectCase "b""#,
        ),
        (
            field("a").compare(Relation::Adjacent, "b c"),
            r#"a adj "b c""#,
        ),
        (field("a").is_defined(), r#"a="""#),
        (
            cql::all().not(field("a").is_defined()),
            r#"cql.allRecords=1 not a="""#,
        ),
        (field("id").any_of(["x", "y"]), r#"id==("x" or "y")"#),
        (field("id").any_of(["x"]), r#"id=="x""#),
        (
            owner.clone().and(field("a").eq(1)).or(field("b").eq(2)),
            r#"(owner=="ann" and a=="1") or b=="2""#,
        ),
        (
            owner.clone().and(field("a").eq(1).or(field("b").eq(2))),
            r#"owner=="ann" and (a=="1" or b=="2")"#,
        ),
        (
            owner.clone().and("a=1 or b=2 sortBy c/sort.descending"),
            r#"owner=="ann" and (a=1 or b=2) sortBy c/sort.descending"#,
        ),
        (field("all").eq(1), r#""all"=="1""#),
        (
            field("tags.tagList").has_element(r#"a"b\c"#),
            r#"tags.tagList=="*\"a\\\"b\\\\c\"*""#,
        ),
        (
            field("metadata.updatedDate").between("2026-05-01", "2026-06-01"),
            r#"metadata.updatedDate>="2026-05-01" and metadata.updatedDate<="2026-06-01""#,
        ),
    ] {
        assert_eq!(query.to_string(), text);
    }
}

#[test]
fn queries_of_others_are_understood() {
    for (text, printed) in [
        ("title = water", r#"title="water""#),
        ("a=b AND c=d oR e=f", r#"(a="b" and c="d") or e="f""#),
        ("((a=b))", r#"a="b""#),
        (
            "barcode==(1 or 2 or \"3\")",
            r#"barcode==("1" or "2" or "3")"#,
        ),
        ("a==(1 and 2)", r#"a=="1" and a=="2""#),
        ("a==(b==1 or 2)", r#"b=="1" or a=="2""#),
        (
            "name=\"a\" sortby name/sort.descending/number id",
            r#"name="a" sortBy name/sort.descending/number id"#,
        ),
        (
            "contributors =/@contributornametypeid=2b94c631 /@lang=\"en\" \"x\"",
            r#"contributors=/@contributornametypeid="2b94c631"/@lang="en" "x""#,
        ),
        ("water", r#"cql.serverChoice="water""#),
        (
            "cql.allRecords = 1 not a=\"\"",
            r#"cql.allRecords=1 not a="""#,
        ),
        ("title=\"a sortBy b\"", r#"title="a sortBy b""#),
        // As they are met in the field.
        ("price ==/number 5", r#"price==/number "5""#),
        ("a ==/string/masked b*c?", r#"a==/string/masked "b*c?""#),
        (
            "identifiers=/@value/@identifierTypeId=\"5d164f4b\" \"01\"",
            r#"identifiers=/@value/@identifierTypeId="5d164f4b" "01""#,
        ),
        (
            "cql.serverChoice all \"a b\"",
            r#"cql.serverChoice all "a b""#,
        ),
        ("\"a b\"", r#"cql.serverChoice="a b""#),
        (
            r#"title="\*" and title="\?" and title="a\"b\\" "#,
            r#"title="\*" and title="\?" and title="a\"b\\""#,
        ),
        (r"title=\*a\*", r#"title="\*a\*""#),
        ("title=*", r#"title="*""#),
        ("title<>\"\"", r#"title<>"""#),
        (
            "Größe=\"日本 \u{301}\u{2028}🦀\"",
            "\"Größe\"=\"日本 \u{301}\u{2028}🦀\"",
        ),
        ("\ta\n=\r\nb\tAND\nc=d ", r#"a="b" and c="d""#),
        ("a=b not c=d not e=f", r#"a="b" not c="d" not e="f""#),
        ("a=(b or c) or a=d", r#"a=("b" or "c") or a="d""#),
        ("a=(b not c)", r#"a="b" not a="c""#),
        (
            "personal.lastName==O'Neil",
            r#"personal.lastName=="O'Neil""#,
        ),
        ("a=b=c", ""),
        (
            "id==(a or b) sortby title/sort.ascending",
            r#"id==("a" or "b") sortBy title/sort.ascending"#,
        ),
        ("a adj \"b c\" and d any e", r#"a adj "b c" and d any "e""#),
        ("a within \"1 2\"", ""),
        (
            "cql.allRecords=1 sortBy a b/sort.descending",
            "cql.allRecords=1 sortBy a b/sort.descending",
        ),
        ("cql.allRecords=\"1\"", "cql.allRecords=1"),
    ] {
        if printed.is_empty() {
            // What FOLIO does not understand either.
            assert!(Cql::parse(text).is_err(), "{text}");
            continue;
        }
        assert_eq!(Cql::parse(text).unwrap().to_string(), printed, "{text}");
        assert_eq!(text.parse::<Cql>().unwrap().to_string(), printed);
    }
}

#[test]
fn errors_tell_the_place() {
    let errors: Vec<String> = [
        "",
        "a==",
        "a==b and",
        "a==b or or c==d",
        "(a==b",
        "a==b)",
        "ä==\"b",
        "a==b c==d",
        "a==b prox c==d",
        "> dc=\"x\" a=b",
        "a==b and/x c==d",
        "a==b sortBy",
        "a==/ b",
        "a==b\\",
    ]
    .into_iter()
    .map(|text| format!("{text}\n    {}", Cql::parse(text).unwrap_err()))
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_long_chain_or_deep_parentheses_do_no_harm() {
    let long = (0..50_000).fold(cql::all(), |query, number| match number % 2 {
        0 => query.and(field("a").eq(number)),
        _ => query.or(field("a").eq(number)),
    });
    assert_eq!(Cql::parse(long.to_string()), Ok(long));
    let deep = format!("{}a=b{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(
        Cql::parse(deep)
            .unwrap_err()
            .to_string()
            .contains("fewer parentheses")
    );
}

#[test]
fn a_query_is_read_as_a_tree_from_left_to_right() {
    use folio_sdk::cql::{Boolean, Node};
    let query =
        Cql::parse("a=x or b==/number 1 not (c<2 and d==(y or z)) sortBy e/sort.descending f")
            .unwrap();
    let Node::Chain(first, rest) = query.tree() else {
        panic!("{query:?}");
    };
    let Node::Comparison(first) = *first else {
        panic!("{first:?}");
    };
    assert_eq!(
        (first.field, first.relation, first.terms),
        ("a", Relation::Matches, &["x".to_owned()][..])
    );
    let [
        (Boolean::Or, Node::Comparison(second)),
        (Boolean::Not, Node::Chain(third, inner)),
    ] = rest.as_slice()
    else {
        panic!("{rest:?}");
    };
    assert_eq!(second.modifiers, [("number", None)]);
    assert!(matches!(&**third, Node::Comparison(third) if third.relation == Relation::Lt));
    assert!(
        matches!(&inner[..], [(Boolean::And, Node::Comparison(last))] if last.terms.len() == 2)
    );
    assert_eq!(
        query.sort_keys().collect::<Vec<_>>(),
        ["e/sort.descending", "f"]
    );
    assert_eq!(cql::raw("a = b").tree(), Node::Raw("a = b"));
    assert_eq!(cql::all().tree(), Node::All);
}
