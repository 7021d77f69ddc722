//! Random records with the values that make CQL and SQL differ.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::support::Lists;

/// Texts: case, accents, wildcards, quotation marks, blanks, folded characters, long ones.
pub(crate) fn texts() -> Vec<String> {
    let short = [
        "",
        " ",
        "a",
        "A",
        "á",
        "Á",
        "ä",
        "Müller",
        "muller",
        "MÜLLER",
        "Mueller",
        "Smith",
        "smith",
        "ſmith",
        "Kelvin",
        "\u{212a}elvin",
        "straße",
        "strasse",
        "STRASSE",
        "ﬁsh",
        "fish",
        "½",
        "1/2",
        " 1/2",
        "Ødegård",
        "Odegard",
        "İstanbul",
        "istanbul",
        "i\u{307}stanbul",
        "ΣΑΣ",
        "σας",
        "σασ",
        "e\u{301}",
        "é",
        "e",
        "100%",
        "100",
        "a_b",
        "a*b",
        "a?b",
        "a\\b",
        "a\\",
        "\\",
        "*",
        "?",
        "%",
        "_",
        "^x",
        "\"quoted\"",
        "x\"",
        "it's",
        "(x)",
        "a b",
        "a  b",
        "a\nb",
        "a\tb",
        "東京",
        "東京都",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "12",
        "012",
        "-1",
        "2024-01-02",
        "patronGroup.x",
        "and",
        "or not",
        "sortBy",
        "cql.allRecords=1",
        "<b>",
        "a=b",
        "x/y",
        "…",
        "“x”",
        "Łódź",
        "Lodz",
    ];
    let mut texts: Vec<String> = short.iter().map(|text| (*text).to_owned()).collect();
    for (character, length) in [
        ("x", 99),
        ("x", 100),
        ("x", 101),
        ("é", 120),
        ("y", 599),
        ("y", 600),
        ("y", 601),
        ("y", 700),
        ("ß", 400),
    ] {
        texts.push(character.repeat(length));
        texts.push(format!("{}tail", character.repeat(length)));
    }
    texts
}

/// Points in time in the forms of FOLIO, and text that denotes none.
pub(crate) const TIMES: [&str; 24] = [
    "2024-01-02T03:04:05.678+00:00",
    "2024-01-02T03:04:05.678Z",
    "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05.6789+00:00",
    "2024-01-02T23:59:59.999+00:00",
    "2024-01-03T00:00:00.000+00:00",
    "2024-01-03T13:00:00.000+14:00",
    "2024-01-01T12:00:00.000-12:00",
    "2024-01-02T03:04:05.678+0000",
    "2024-01-02T03:04:05",
    "2024-01-02 03:04:05.678+00",
    "2024-01-02",
    "1704164645678",
    "+12024-01-02T03:04:05.678+00:00",
    "+2024-01-02T03:04:05.678+00:00",
    "-0044-03-15T00:00:00.000+00:00",
    "0000-02-29T00:00:00.000+00:00",
    "9999-12-31T23:59:59.999+00:00",
    "1999-12-31T23:59:59.999+00:00",
    "1969-12-31T23:59:59.999+00:00",
    "yesterday",
    "2024",
    "",
    "2024-02-30",
];

pub(crate) fn uuid(rng: &mut Rng) -> String {
    let digits = format!("{:032x}", rng.u128(..));
    format!(
        "{}-{}-4{}-8{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    )
}

/// Each of many records has a value, no value or null.
fn maybe(
    rng: &mut Rng,
    record: &mut Map<String, Value>,
    name: &str,
    value: impl FnOnce(&mut Rng) -> Value,
) {
    match rng.u8(..10) {
        0 | 1 => {}
        2 => {
            record.insert(name.to_owned(), Value::Null);
        }
        _ => {
            let value = value(rng);
            record.insert(name.to_owned(), value);
        }
    }
}

/// Mostly text; sometimes a value of another type.
fn text(rng: &mut Rng, texts: &[String]) -> Value {
    match rng.u8(..40) {
        0 => json!(12),
        1 => json!(-0.5),
        2 => json!(true),
        3 => json!(["a", "b"]),
        4 => json!({"a": 1}),
        _ => json!(rng.choice(texts).unwrap()),
    }
}

/// A foreign key: of few, so that there are several records of each, sometimes in upper case.
fn key(rng: &mut Rng, ids: &[String]) -> Value {
    let id = rng.choice(ids).unwrap();
    match rng.u8(..8) {
        0 => json!(id.to_uppercase()),
        _ => json!(id),
    }
}

/// A list of random records, so many of each.
pub(crate) fn lists(rng: &mut Rng, count: usize) -> Lists {
    let texts = texts();
    let times = |rng: &mut Rng| json!(rng.choice(TIMES).unwrap());
    let ids =
        |rng: &mut Rng, count: usize| -> Vec<String> { (0..count).map(|_| uuid(rng)).collect() };
    let groups = ids(rng, 4);
    let instances = ids(rng, count);
    let users = ids(rng, count);
    let types = ids(rng, 3);
    let flag = |rng: &mut Rng| json!(rng.bool());
    let group_records = groups.iter().map(|id| {
        json!({"id": id, "group": texts[rng.usize(..texts.len())], "expirationOffsetInDays": rng.i32(-5..400)})
    });
    let group_records: Vec<Value> = group_records.collect();
    let user_records = users.iter().map(|id| {
        let mut personal = Map::new();
        maybe(rng, &mut personal, "lastName", |rng| text(rng, &texts));
        maybe(rng, &mut personal, "firstName", |rng| text(rng, &texts));
        maybe(rng, &mut personal, "dateOfBirth", times);
        maybe(rng, &mut personal, "preferredContactTypeId", |rng| {
            text(rng, &texts)
        });
        let mut user = Map::new();
        user.insert("id".to_owned(), json!(id));
        maybe(rng, &mut user, "username", |rng| text(rng, &texts));
        maybe(rng, &mut user, "barcode", |rng| text(rng, &texts));
        maybe(rng, &mut user, "type", |rng| text(rng, &texts));
        maybe(rng, &mut user, "active", flag);
        maybe(rng, &mut user, "patronGroup", |rng| key(rng, &groups));
        maybe(rng, &mut user, "expirationDate", times);
        maybe(rng, &mut user, "enrollmentDate", times);
        maybe(rng, &mut user, "departments", |rng| {
            json!([rng.choice(&groups)])
        });
        maybe(rng, &mut user, "personal", move |_| Value::Object(personal));
        Value::Object(user)
    });
    let user_records: Vec<Value> = user_records.collect();
    let instance_records = instances.iter().map(|id| {
        let mut dates = Map::new();
        maybe(rng, &mut dates, "date1", |rng| text(rng, &texts));
        let mut metadata = Map::new();
        metadata.insert(
            "createdDate".to_owned(),
            json!(format!("2024-01-0{}T03:04:05.678Z", rng.u8(1..=4))),
        );
        metadata.insert(
            "updatedDate".to_owned(),
            json!(format!(
                "2024-0{}-02T03:04:0{}.678+00:00",
                rng.u8(1..=4),
                rng.u8(..10)
            )),
        );
        let mut instance = Map::new();
        instance.insert("id".to_owned(), json!(id));
        maybe(rng, &mut instance, "title", |rng| text(rng, &texts));
        maybe(rng, &mut instance, "hrid", |rng| text(rng, &texts));
        maybe(rng, &mut instance, "source", |rng| text(rng, &texts));
        maybe(rng, &mut instance, "instanceTypeId", |rng| key(rng, &types));
        maybe(rng, &mut instance, "statusId", |rng| key(rng, &types));
        maybe(rng, &mut instance, "discoverySuppress", flag);
        maybe(rng, &mut instance, "previouslyHeld", flag);
        maybe(rng, &mut instance, "catalogedDate", times);
        maybe(rng, &mut instance, "_version", |rng| json!(rng.i32(-2..5)));
        maybe(rng, &mut instance, "languages", |rng| {
            let count = rng.usize(..3);
            json!((0..count).map(|_| text(rng, &texts)).collect::<Vec<_>>())
        });
        maybe(rng, &mut instance, "dates", move |_| Value::Object(dates));
        maybe(rng, &mut instance, "metadata", move |_| {
            Value::Object(metadata)
        });
        Value::Object(instance)
    });
    let instance_records: Vec<Value> = instance_records.collect();
    let holdings = (0..count).map(|_| {
        let mut holding = Map::new();
        holding.insert("id".to_owned(), json!(uuid(rng)));
        maybe(rng, &mut holding, "instanceId", |rng| key(rng, &instances));
        maybe(rng, &mut holding, "callNumber", |rng| text(rng, &texts));
        maybe(rng, &mut holding, "hrid", |rng| text(rng, &texts));
        maybe(rng, &mut holding, "discoverySuppress", flag);
        maybe(rng, &mut holding, "permanentLocationId", |rng| {
            key(rng, &types)
        });
        Value::Object(holding)
    });
    let holdings: Vec<Value> = holdings.collect();
    let accounts = (0..count).map(|_| {
        let mut status = Map::new();
        maybe(rng, &mut status, "name", |rng| {
            json!(rng.choice(["Open", "open", "Closed"]))
        });
        let mut account = Map::new();
        account.insert("id".to_owned(), json!(uuid(rng)));
        let amounts = [
            "0",
            "1",
            "1.0",
            "-1",
            "10.5",
            "10.50",
            "0.1",
            "0.30000000000000004",
            "1e3",
            "12345678.125",
        ];
        for name in ["amount", "remaining"] {
            maybe(rng, &mut account, name, |rng| {
                serde_json::from_str(rng.choice(amounts).unwrap()).unwrap()
            });
        }
        maybe(rng, &mut account, "userId", |rng| key(rng, &users));
        maybe(rng, &mut account, "feeFineType", |rng| text(rng, &texts));
        maybe(rng, &mut account, "dueDate", times);
        maybe(rng, &mut account, "status", move |_| Value::Object(status));
        Value::Object(account)
    });
    vec![
        ("/groups", group_records),
        ("/users", user_records),
        ("/instance-storage/instances", instance_records),
        ("/holdings-storage/holdings", holdings),
        ("/accounts", accounts.collect()),
    ]
}
