//! Lists in records: absent, `null`, empty and with elements stay apart from the response to the
//! request, and every change by the program arrives on the wire.

#![cfg(feature = "inventory-storage")]

use std::sync::Arc;

use folio_sdk::inventory_storage::{BoundWith, Instance};
use folio_sdk::{List, Record as _};
use folio_test_support::server::{Folio, Reply};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What stands on the wire: no member, `null`, or a list.
type Wire = Option<Option<Vec<String>>>;

fn text_of(wire: &Wire) -> Option<String> {
    let value = wire.as_ref()?;
    Some(serde_json::to_string(value).unwrap())
}

const ID: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";

fn instance_text(editions: &Wire) -> String {
    let list = match text_of(editions) {
        Some(list) => format!(r#""editions":{list},"#),
        None => String::new(),
    };
    format!(r#"{{"id":"{ID}","source":"S","title":"T",{list}"instanceTypeId":"{ID}"}}"#)
}

/// The members of a JSON object with their texts, in any order.
fn parts(text: &str) -> std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> {
    serde_json::from_str(text).unwrap()
}

fn written(record: &impl serde::Serialize, list: &str) -> Option<String> {
    let text = serde_json::to_string(record).unwrap();
    Some(parts(&text).remove(list)?.get().to_owned())
}

/// What a program does with a list.
#[derive(Clone, Debug)]
enum Change {
    Push(String),
    Extend(Vec<String>),
    Append(Vec<String>),
    Set(Vec<String>),
    Collect(Vec<String>),
    Unset,
    Clear,
    Take,
    ToMut,
    Pop,
    RetainShort,
    Truncate(usize),
    Drain,
    EachMut,
    Insert(String),
    RemoveFirst,
}

impl Change {
    fn apply(&self, list: &mut List<String>) {
        match self.clone() {
            Self::Push(text) => list.push(text),
            Self::Extend(texts) => list.extend(texts),
            Self::Append(mut texts) => list.append(&mut texts),
            Self::Set(texts) => *list = texts.into(),
            Self::Collect(texts) => *list = texts.into_iter().collect(),
            Self::Unset => *list = List::absent(),
            Self::Clear => list.clear(),
            Self::Take => drop(std::mem::take(list)),
            Self::ToMut => _ = list.to_mut(),
            Self::Pop => _ = list.pop(),
            Self::RetainShort => list.retain(|text| text.len() < 2),
            Self::Truncate(len) => list.truncate(len),
            Self::Drain => drop(list.drain(..)),
            Self::EachMut => list.iter_mut().for_each(|text| text.push('!')),
            Self::Insert(text) => list.insert(0, text),
            Self::RemoveFirst if list.is_empty() => {}
            Self::RemoveFirst => _ = list.remove(0),
        }
    }

    /// The same by the rule of `docs/records.md`.
    fn model(&self, wire: &mut Wire) {
        fn add(wire: &mut Wire, texts: Vec<String>) {
            if !texts.is_empty() {
                wire.get_or_insert_default()
                    .get_or_insert_default()
                    .extend(texts);
            }
        }
        match self.clone() {
            Self::Push(text) => add(wire, vec![text]),
            Self::Extend(texts) | Self::Append(texts) => add(wire, texts),
            Self::Set(texts) | Self::Collect(texts) => *wire = Some(Some(texts)),
            Self::Unset => *wire = None,
            Self::Clear | Self::Take => *wire = Some(Some(Vec::new())),
            Self::ToMut => _ = wire.get_or_insert_default().get_or_insert_default(),
            Self::Insert(text) => wire
                .get_or_insert_default()
                .get_or_insert_default()
                .insert(0, text),
            change => {
                let Some(Some(list)) = wire else { return };
                match change {
                    Self::Pop => _ = list.pop(),
                    Self::RetainShort => list.retain(|text| text.len() < 2),
                    Self::Truncate(len) => list.truncate(len),
                    Self::Drain => list.clear(),
                    Self::EachMut => list.iter_mut().for_each(|text| text.push('!')),
                    _ if list.is_empty() => {}
                    _ => _ = list.remove(0),
                }
            }
        }
    }
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-c\"é]{0,3}", 0..4)
}

fn wire() -> impl Strategy<Value = Wire> {
    prop_oneof![
        Just(None),
        Just(Some(None)),
        texts().prop_map(|texts| Some(Some(texts))),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        "[a-c]{0,3}".prop_map(Change::Push),
        texts().prop_map(Change::Extend),
        texts().prop_map(Change::Append),
        texts().prop_map(Change::Set),
        texts().prop_map(Change::Collect),
        Just(Change::Unset),
        Just(Change::Clear),
        Just(Change::Take),
        Just(Change::ToMut),
        Just(Change::Pop),
        Just(Change::RetainShort),
        (0..3_usize).prop_map(Change::Truncate),
        Just(Change::Drain),
        Just(Change::EachMut),
        "[a-c]{0,3}".prop_map(Change::Insert),
        Just(Change::RemoveFirst),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// An optional list that is not changed is written as it was read; a changed one is what the
    /// program made of it.
    #[test]
    fn an_optional_list_is_written_as_it_was_read_or_changed(
        before in wire(), changes in proptest::collection::vec(change(), 0..5),
    ) {
        let text = instance_text(&before);
        let mut instance: Instance = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(written(&instance, "editions"), text_of(&before));
        let whole = serde_json::to_string(&instance).unwrap();
        prop_assert_eq!(format!("{:?}", parts(&whole)), format!("{:?}", parts(&text)));
        let again: Instance = serde_json::from_str(&whole).unwrap();
        prop_assert!(again == instance);

        let mut model = before;
        for change in &changes {
            change.apply(&mut instance.editions);
            change.model(&mut model);
            prop_assert_eq!(written(&instance, "editions"), text_of(&model), "after {:?}", change);
            let elements = model.clone().flatten().unwrap_or_default();
            prop_assert!(instance.editions == elements);
            prop_assert_eq!(instance.editions.is_absent(), model.clone().flatten().is_none());
        }
        // A copy is the same record, and is written alike.
        let copy = instance.clone();
        prop_assert!(copy == instance);
        prop_assert_eq!(written(&copy, "editions"), text_of(&model));
    }

    /// So is a list beside a field that does not fit its description.
    #[test]
    fn a_list_is_written_alike_beside_what_does_not_fit(
        before in wire(), changes in proptest::collection::vec(change(), 0..3),
    ) {
        let text = instance_text(&before).replace(r#""title":"T""#, r#""discoverySuppress":"maybe""#);
        let mut instance: Instance = serde_json::from_str(&text).unwrap();
        let mut model = before;
        prop_assert_eq!(written(&instance, "editions"), text_of(&model));
        for change in &changes {
            change.apply(&mut instance.editions);
            change.model(&mut model);
            prop_assert_eq!(written(&instance, "editions"), text_of(&model), "after {:?}", change);
        }
        prop_assert_eq!(written(&instance, "discoverySuppress").unwrap(), r#""maybe""#);
    }

    /// A required list, too, whether or not the server sent it.
    #[test]
    fn a_required_list_is_written_as_it_was_read_or_changed(
        before in wire(), after in wire(),
    ) {
        let content = |wire: &Wire| -> Option<Value> {
            let texts = wire.as_ref()?;
            let of = |text: &String| json!({"holdingsRecordId": text});
            Some(texts.as_ref().map_or(Value::Null, |texts| texts.iter().map(of).collect()))
        };
        let mut text = Map::from_iter([("itemId".to_owned(), ID.into())]);
        text.extend(content(&before).map(|list| ("boundWithContents".to_owned(), list)));
        let mut record: BoundWith = serde_json::from_value(text.into()).unwrap();
        let now = written(&record, "boundWithContents");
        prop_assert_eq!(now, content(&before).map(|list| list.to_string()));
        prop_assert_eq!(record.missing().len(), usize::from(before.clone().flatten().is_none()));

        // What the program sets is written, an empty list as well.
        let Some(Some(texts)) = after else { return Ok(()) };
        let elements = content(&Some(Some(texts))).unwrap();
        record.bound_with_contents = serde_json::from_value(elements.clone()).unwrap();
        prop_assert_eq!(written(&record, "boundWithContents").unwrap(), elements.to_string());
        prop_assert!(record.missing().is_empty());
    }
}

#[test]
fn a_record_that_the_program_makes_has_the_lists_that_it_sets() {
    let made = |change: &dyn Fn(&mut Instance)| {
        let mut instance: Instance =
            serde_json::from_value(json!({"source": "S", "title": "T", "instanceTypeId": ID}))
                .unwrap();
        change(&mut instance);
        written(&instance, "editions")
    };
    assert_eq!(made(&|_| {}), None);
    assert_eq!(
        made(&|made| made.editions = List::new()).as_deref(),
        Some("[]")
    );
    assert_eq!(
        made(&|made| made.editions = List::default()).as_deref(),
        Some("[]")
    );
    assert_eq!(
        made(&|made| made.editions = [].into()).as_deref(),
        Some("[]")
    );
    assert_eq!(made(&|made| made.editions = None.into()), None);
    assert_eq!(made(&|made| made.editions.retain(|_| true)), None);
    let pushed = made(&|made| made.editions.push("1".to_owned()));
    assert_eq!(pushed.as_deref(), Some(r#"["1"]"#));
}

#[test]
fn a_list_needs_no_more_space_than_a_vec() {
    assert_eq!(size_of::<List<String>>(), size_of::<Vec<String>>());
}

#[test]
fn lists_are_equal_if_they_are_written_alike_and_equal_their_elements() {
    let absent: List<i64> = List::absent();
    let empty: List<i64> = List::new();
    assert_ne!(absent, empty);
    assert_eq!(absent, List::absent());
    assert!(absent == Vec::<i64>::new() && empty == [0_i64; 0]);
    let list = List::from([1, 2]);
    assert!(list == [1, 2] && list == vec![1, 2] && list == [1, 2][..]);
    assert_ne!(list, List::from(vec![2, 1]));
    assert_eq!(list.iter().sum::<i64>() + list.len() as i64, 5);
    assert!(list.contains(&2) && !absent.contains(&2));
    assert_eq!(format!("{list:?} {empty:?} {absent:?}"), "[1, 2] [] absent");
    let doubled: List<i64> = list.into_iter().map(|n| 2 * n).collect();
    assert_eq!(Vec::from(doubled), [2, 4]);
    assert!(absent.into_vec().is_empty());
}

/// The body of the PUT after a change of an instance whose editions are `before`.
async fn put_after(before: Wire, change: fn(&mut Instance)) -> Option<String> {
    let stored = Arc::new(instance_text(&before));
    let server = Folio::start(move |asked, _| match (&*asked.method, asked.path()) {
        ("GET", path) if path.starts_with("/instance-storage/instances/") => {
            Some(Reply::new(200, "application/json", stored.to_string()))
        }
        ("PUT", path) if path.starts_with("/instance-storage/instances/") => {
            Some(Reply::empty(204))
        }
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let updated = folio.update_with(ID, change).await.unwrap();
    let asked = server.asked(&format!("/instance-storage/instances/{ID}"));
    let put = asked.iter().find(|asked| asked.method == "PUT");
    assert_eq!(updated.written, put.is_some());
    let put = put?;
    assert_eq!(parts(&put.body)["title"].get(), r#""T""#);
    Some(
        parts(&put.body)
            .remove("editions")
            .map_or_else(String::new, |list| list.get().to_owned()),
    )
}

#[tokio::test]
async fn what_a_program_empties_is_sent_as_an_empty_list() {
    let two = || Some(Some(vec!["a".to_owned(), "b".to_owned()]));
    let empty = Some("[]".to_owned());
    assert_eq!(put_after(two(), |it| it.editions.clear()).await, empty);
    assert_eq!(
        put_after(two(), |it| it.editions.retain(|_| false)).await,
        empty
    );
    assert_eq!(
        put_after(two(), |it| it.editions = List::new()).await,
        empty
    );
    assert_eq!(
        put_after(two(), |it| drop(std::mem::take(&mut it.editions))).await,
        empty
    );
    let one = put_after(two(), |it| _ = it.editions.pop()).await;
    assert_eq!(one.as_deref(), Some(r#"["a"]"#));
    // Removed as a whole, which FOLIO's modules understand in their own ways: only if it is asked
    // for.
    assert_eq!(
        put_after(two(), |it| it.editions = List::absent()).await,
        Some(String::new())
    );
}

#[tokio::test]
async fn a_change_of_nothing_sends_nothing() {
    for before in [None, Some(None), Some(Some(Vec::new()))] {
        let unchanged = put_after(before.clone(), |it| it.editions.retain(|_| false)).await;
        assert_eq!(unchanged, None, "{before:?}");
    }
    // What stays as it was keeps its form beside another change.
    for (before, expected) in [
        (None, ""),
        (Some(None), "null"),
        (Some(Some(Vec::new())), "[]"),
    ] {
        let sent = put_after(before, |it| it.discovery_suppress = Some(true)).await;
        assert_eq!(sent.as_deref(), Some(expected));
    }
    let set = put_after(None, |it| it.editions = List::new()).await;
    assert_eq!(set.as_deref(), Some("[]"));
}
