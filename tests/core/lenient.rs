//! Responses that do not fit their descriptions, over the wire: nothing of them hides the rest, and
//! nothing of them is lost on the way back.

use std::sync::{Arc, Mutex};

use folio_sdk::inventory_storage::{HoldingsRecord, Instance};
use folio_sdk::{Error, ErrorKind, FolioClient, Record};
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A holding as older servers store it: without `sourceId`, and with what no description has.
fn holding(number: u32) -> String {
    format!(
        r#"{{"id":"{}","_version":"7","hrid":1.10,"instanceId":"{}","permanentLocationId":"{}","copyNumber":12345678901234567890,"shelf":{{"x":2.50}}}}"#,
        id(number),
        id(900),
        id(901)
    )
}

/// A server of some bodies by path, which keeps what is sent by PUT.
async fn serving(bodies: Vec<(String, String)>) -> (Folio, FolioClient) {
    let stored: Arc<Mutex<Vec<(String, String)>>> = Arc::new(Mutex::new(bodies));
    let server = Folio::start(move |asked, _| {
        let mut stored = stored.lock().unwrap();
        let (_, body) = stored.iter_mut().find(|(path, _)| path == asked.path())?;
        if asked
            .param("query")
            .is_some_and(|query| query.contains("id>"))
        {
            // Behind the last record.
            return Some(Reply::json(json!({"totalRecords": 0})));
        }
        if asked.method == "PUT" {
            asked.body.clone_into(body);
            return Some(Reply::empty(204));
        }
        Some(Reply::new(200, "application/json", body.clone()))
    })
    .await;
    let folio = server.connect().await;
    (server, folio)
}

fn put(server: &Folio, path: &str) -> String {
    let asked = server.asked(path);
    let put = asked.iter().rfind(|asked| asked.method == "PUT");
    put.unwrap().body.clone()
}

#[tokio::test]
async fn a_page_is_read_whatever_one_of_its_records_is() {
    let mut records: Vec<String> = (0..100).map(holding).collect();
    records[3] = "null".to_owned();
    records[50] = r#""gone""#.to_owned();
    records[70] = "{}".to_owned();
    let page = format!(
        r#"{{"holdingsRecords":[{}],"totalRecords":100}}"#,
        records.join(",")
    );
    let (_, folio) = serving(vec![("/holdings-storage/holdings".to_owned(), page)]).await;
    let page = folio
        .inventory_storage()
        .list_holdings()
        .limit(1000)
        .send()
        .await
        .unwrap();
    assert_eq!(page.holdings_records.len(), 98);
    let mistyped = page.mistyped();
    let left_out: Vec<(&str, &str)> = mistyped
        .iter()
        .filter(|it| !it.path.contains('.'))
        .map(|it| (&*it.path, it.json.as_str().unwrap_or("null")))
        .collect();
    assert_eq!(
        left_out,
        [
            ("holdingsRecords[3]", "null"),
            ("holdingsRecords[50]", "gone")
        ]
    );
    let missing = page.missing();
    assert_eq!(missing.len(), 97 + HoldingsRecord::REQUIRED.len());
    assert!(missing.contains(&"holdingsRecords[70].instanceId".to_owned()));
    assert!(missing.contains(&"holdingsRecords[99].sourceId".to_owned()));
    let mut streamed: Vec<Result<HoldingsRecord, Error>> = folio
        .inventory_storage()
        .list_holdings()
        .limit(1000)
        .offset(0)
        .stream()
        .collect()
        .await;
    let bad = streamed.remove(49).unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Record);
    assert_eq!(
        (bad.record_index(), bad.record_json()),
        (Some(50), Some("\"gone\""))
    );
    assert_eq!(streamed.len(), 98);
    assert!(streamed.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_record_of_a_list_is_written_back_as_it_was() {
    let path = format!("/holdings-storage/holdings/{}", id(1));
    let page = format!(r#"{{"holdingsRecords":[{}],"totalRecords":1}}"#, holding(1));
    let (server, folio) = serving(vec![
        ("/holdings-storage/holdings".to_owned(), page),
        (path.clone(), holding(1)),
    ])
    .await;
    let api = folio.inventory_storage();
    let mut page = api.list_holdings().send().await.unwrap();
    let mut holding = page.holdings_records.remove(0);
    assert_eq!(holding.version, Some(7));
    assert_eq!(holding.missing(), ["sourceId"]);
    holding.copy_number = Some("2".to_owned());
    api.update_holding(id(1))
        .body(&holding)
        .send()
        .await
        .unwrap();
    let sent = put(&server, &path);
    assert!(!sent.contains("sourceId"), "{sent}");
    for part in [
        r#""_version":"7""#,
        r#""hrid":1.10"#,
        r#""copyNumber":"2""#,
        r#""shelf":{"x":2.50}"#,
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    let read: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(read.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn an_update_changes_what_is_changed_and_nothing_else() {
    let path = format!("/holdings-storage/holdings/{}", id(1));
    let (server, folio) = serving(vec![(path.clone(), holding(1))]).await;
    let change = |holding: &mut HoldingsRecord| holding.call_number = Some("QA".to_owned());
    let update = folio.update_with(id(1), change).await.unwrap();
    assert!(update.written);
    assert_eq!(update.record.missing(), ["sourceId"]);
    let expected = holding(1);
    let expected = format!(
        r#"{},"callNumber":"QA"}}"#,
        expected.strip_suffix('}').unwrap()
    );
    assert_eq!(put(&server, &path), expected);
}

#[tokio::test]
async fn an_upsert_is_guarded_by_a_version_in_text() {
    let stored = json!({"id": id(1), "_version": "8", "instanceId": id(900), "permanentLocationId": id(901), "sourceId": id(2), "hrid": "h"});
    let page = json!({"holdingsRecords": [stored], "totalRecords": 1});
    let path = format!("/holdings-storage/holdings/{}", id(1));
    let (server, folio) = serving(vec![
        ("/holdings-storage/holdings".to_owned(), page.to_string()),
        (path, stored.to_string()),
    ])
    .await;
    let sent = stored.to_string().replace(r#""8""#, r#""7""#);
    let mut holding: HoldingsRecord = serde_json::from_str(&sent).unwrap();
    holding.call_number = Some("QA".to_owned());
    let report = folio.upsert(vec![holding]).run().await;
    assert_eq!(report.failures.len(), 1, "{report:?}");
    assert!(report.failures[0].error.is_conflict(), "{report:?}");
    assert!(server.log().iter().all(|asked| asked.method != "PUT"));
}

#[tokio::test]
async fn digits_that_serde_does_not_hand_over_are_known() {
    let sent = r#"{"id":"00000000-0000-4000-8000-000000000001","title":1.10,"source":12345678901234567890123,"instanceTypeId":[1.0],"editions":["a",2.50,[3.0]],"metadata":{"createdDate":4.0,"createdByUserId":5.0}}"#;
    let path = format!("/instance-storage/instances/{}", id(1));
    let page = format!(
        r#"{{"instances":[{sent},{}],"totalRecords":2}}"#,
        sent.replace(&id(1), &id(2))
    );
    let (_, folio) = serving(vec![
        (path, sent.to_owned()),
        ("/instance-storage/instances".to_owned(), page),
    ])
    .await;
    let api = folio.inventory_storage();
    let instance = api.get_instance(id(1)).send().await.unwrap();
    let as_sent = |instance: &Instance| {
        let read =
            |text: &str| -> std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> {
                serde_json::from_str(text).unwrap()
            };
        let written = serde_json::to_string(instance).unwrap();
        let texts = |text: &str| -> Vec<(String, String)> {
            let members = read(text).into_iter();
            members
                .map(|(key, it)| (key, it.get().to_owned()))
                .collect()
        };
        let (mut written, mut sent) = (texts(&written), texts(sent));
        // Its members are in the order of the description.
        written.retain(|(key, _)| key != "metadata" && key != "id");
        sent.retain(|(key, _)| key != "metadata" && key != "id");
        assert_eq!(written, sent);
        assert!(
            serde_json::to_string(instance)
                .unwrap()
                .contains(r#""createdDate":4.0"#)
        );
    };
    as_sent(&instance);
    let listed = api.list_instances().send().await.unwrap();
    assert_eq!(listed.instances.len(), 2);
    listed.instances.iter().for_each(as_sent);
    let streamed: Vec<Result<Instance, Error>> = api.list_instances().stream().collect().await;
    assert_eq!(streamed.len(), 2);
    streamed.iter().for_each(|it| as_sent(it.as_ref().unwrap()));
    let generic: Vec<Instance> = folio
        .folio_get("/instance-storage/instances", "instances")
        .await
        .unwrap();
    generic.iter().for_each(as_sent);
    assert_eq!(instance.title, "");
    assert_eq!(instance.editions, ["a", "", ""]);
}

#[tokio::test]
async fn a_list_without_its_records_is_no_empty_list() {
    for (body, is_list) in [
        (r#"{"totalRecords":0}"#, true),
        (r#"{"holdingsRecords":null,"totalRecords":0}"#, true),
        (r#"{"compositeHoldings":[{}],"totalRecords":1}"#, false),
        (r#"{"holdingsRecords":{"a":1},"totalRecords":1}"#, false),
        ("{}", false),
        ("[]", false),
    ] {
        let bodies = vec![("/holdings-storage/holdings".to_owned(), body.to_owned())];
        let (_, folio) = serving(bodies).await;
        let api = folio.inventory_storage();
        let sent = api.list_holdings().send().await;
        assert_eq!(sent.is_ok(), is_list, "{body}");
        if let Err(error) = sent {
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }
}
