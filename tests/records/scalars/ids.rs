//! `Id`: equality, keys of maps, conversions.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap, HashSet};

use folio_sdk::Id;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::hash;

const LOWER: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";
const UPPER: &str = "69640328-788E-43FC-9C3C-AF39E243F3B7";

#[test]
fn uuids_are_equal_in_either_case_and_other_text_is_not() {
    assert_eq!(Id::from(LOWER), Id::from(UPPER));
    assert_eq!(Id::from(UPPER), LOWER);
    assert_eq!(Id::from(LOWER), UPPER);
    assert_eq!(LOWER, Id::from(UPPER));
    assert_eq!(*UPPER, Id::from(LOWER));
    assert_eq!(UPPER.to_owned(), Id::from(LOWER));
    assert_eq!(Id::from(LOWER), UPPER.to_owned());
    let uuid = Uuid::try_parse(LOWER).unwrap();
    assert_eq!(Id::from(UPPER), uuid);
    assert_eq!(uuid, Id::from(UPPER));
    // FOLIO's module ids, codes and HRIDs differ by case.
    assert_ne!(Id::from("lib-1"), Id::from("LIB-1"));
    assert_ne!(Id::from("lib-1"), "LIB-1");
    assert_ne!(Id::from("LIB-1"), "lib-1");
    // Of the same length, and no UUID.
    let (a, b) = ("A".repeat(36), "a".repeat(36));
    assert_ne!(Id::from(&a), Id::from(&b));
    assert_ne!(Id::from(&a), b);
}

#[test]
fn an_id_comes_back_as_it_was_sent() {
    for text in [
        LOWER,
        UPPER,
        "69640328-788E-43fc-9c3c-af39e243f3b7",
        "",
        "lib-1",
        &"x".repeat(100),
    ] {
        let id: Id = serde_json::from_value(json!(text)).unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(id.to_string(), text);
        assert_eq!(AsRef::<str>::as_ref(&id), text);
        assert_eq!(String::from(id.clone()), text);
        assert_eq!(String::from(&id), text);
        assert_eq!(Id::from(&id).as_str(), text);
        assert_eq!(serde_json::to_value(&id).unwrap(), json!(text));
        assert_eq!(id.clone().as_str(), text);
    }
}

#[test]
fn an_id_is_a_key_and_is_found_by_text() {
    let mut titles = HashMap::from([(Id::from(UPPER), 1)]);
    assert_eq!(titles.get(LOWER), Some(&1));
    assert_eq!(titles.get(&Id::from(LOWER)), Some(&1));
    assert_eq!(titles.get(&Id::from(UPPER)), Some(&1));
    // Text is looked up in lower case, or as an id.
    assert_eq!(titles.get(UPPER), None);
    assert_eq!(titles.insert(LOWER.into(), 2), Some(1));
    let ordered: BTreeMap<Id, i32> = titles.into_iter().collect();
    assert_eq!(ordered.get(LOWER), Some(&2));
    assert_eq!(ordered.get(&Id::from(UPPER)), Some(&2));
    assert!(HashSet::from([Id::from("LIB-1")]).contains("LIB-1"));
    assert!(!HashSet::from([Id::from("LIB-1")]).contains("lib-1"));
    // A join of records that refer to each other in different cases.
    let holdings = [(Id::from(LOWER), "holding")];
    let items = [(Id::from(UPPER), "item")];
    let by_id: HashMap<&Id, &str> = holdings.iter().map(|(id, name)| (id, *name)).collect();
    assert_eq!(by_id.get(&items[0].0), Some(&"holding"));
    // As a key of a JSON object.
    let json = serde_json::to_string(&ordered).unwrap();
    let read: BTreeMap<Id, i32> = serde_json::from_str(&json).unwrap();
    assert_eq!(read, ordered);
}

#[test]
fn text_that_is_not_a_uuid_is_an_error_of_parsing_only() {
    let long = "x".repeat(1000);
    for text in [
        "",
        "lib-1",
        "69640328788e43fc9c3caf39e243f3b7",
        "{69640328-788e-43fc-9c3c-af39e243f3b7}",
        "urn:uuid:69640328-788e-43fc-9c3c-af39e243f3b7",
        " 69640328-788e-43fc-9c3c-af39e243f3b7",
        "69640328-788e-43fc-9c3c-af39e243f3b7 ",
        "69640328-788e-43fc-9c3c-af39e243f3bg",
        "69640328_788e_43fc_9c3c_af39e243f3b7",
        "69640328-788e-43fc-9c3c-af39e243f3\u{e9}",
        &long,
    ] {
        let error = text.parse::<Id>().unwrap_err();
        assert_eq!(Id::from(text).to_uuid(), Err(error.clone()), "{text}");
        assert_eq!(Uuid::try_from(Id::from(text)), Err(error.clone()), "{text}");
        let shown = error.to_string();
        assert!(
            shown.contains("is not a UUID: expected") && shown.len() < 300,
            "{shown}"
        );
    }
    let shown = "a\u{1b}[31m".parse::<Id>().unwrap_err().to_string();
    assert!(!shown.contains('\u{1b}'), "{shown}");
    for text in [LOWER, UPPER] {
        let id: Id = text.parse().unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(Uuid::try_from(&id).unwrap(), id.to_uuid().unwrap());
    }
    assert_eq!(Id::new_v4().to_uuid().unwrap().get_version_num(), 4);
    assert_ne!(Id::new_v4(), Id::new_v4());
}

/// UUIDs in any mixture of cases, and text that looks like one.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-1a-bA-B]{8}-[0-1]{4}-[0-1]{4}-[0-1]{4}-[0-1a-bA-B]{12}",
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "[0-9a-fA-F-]{34,38}",
        "[aAbB]{0,3}",
        ".{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What `Borrow` promises: `Eq`, `Ord` and `Hash` are those of the borrowed text.
    #[test]
    fn borrowed_text_agrees_with_the_id(a in id(), b in id(), flip in any::<u64>()) {
        // The same text in another case, too.
        let flipped: String = a.chars().enumerate().map(|(at, letter)| {
            if flip >> (at % 64) & 1 == 1 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        }).collect();
        for other in [&b, &flipped] {
            let (one, two) = (Id::from(&a), Id::from(other));
            let (x, y): (&str, &str) = (one.borrow(), two.borrow());
            prop_assert_eq!(one == two, x == y);
            prop_assert_eq!(one.cmp(&two), x.cmp(y));
            prop_assert_eq!(hash(&one), hash(x));
            // Equality with text is equality with the id of the text.
            prop_assert_eq!(one == *other, one == two);
            prop_assert_eq!(other.as_str() == one, one == two);
            prop_assert_eq!(one.to_uuid().is_ok(), a.parse::<Id>().is_ok());
            if let (Ok(one), Ok(two)) = (one.to_uuid(), two.to_uuid()) {
                let (first, second) = (Id::from(one), Id::from(two));
                prop_assert_eq!(first == second, one == two);
                prop_assert_eq!(first.cmp(&second), one.cmp(&two));
            }
            prop_assert_eq!(one.as_str(), &a);
        }
    }
}
