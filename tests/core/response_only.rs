//! Fields that only responses contain: they are read, and not sent back. The server rejects them,
//! as recorded ones do (422 `Unrecognized field`).

use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

const ID: &str = "8f584529-5246-4bd7-9803-4b856d510afd";

fn holding() -> Value {
    json!({
        "id": ID, "_version": 1, "hrid": "ho1", "instanceId": ID, "permanentLocationId": ID, "sourceId": ID, "unknown": 1,
        "metadata": {"createdDate": "2026-11-26T06:28:36.911+00:00"},
        "holdingsItems": [{"id": ID}], "bareHoldingsItems": [{"id": ID}],
    })
}

fn permission() -> Value {
    json!({"id": ID, "permissionName": "a", "childOf": ["b"], "grantedTo": [], "dummy": false, "deprecated": false, "mutable": true, "subPermissions": ["c"]})
}

/// A server that rejects fields that only its responses contain.
async fn server() -> Folio {
    Folio::start(|asked, _| {
        let of_holding = ["\"holdingsItems\"", "\"bareHoldingsItems\""];
        let of_permission = [
            "\"childOf\"",
            "\"grantedTo\"",
            "\"dummy\"",
            "\"deprecated\"",
        ];
        let rejected: &[&str] = match asked.path() {
            path if path.starts_with("/holdings-storage") => &of_holding,
            path if path.starts_with("/perms") => &of_permission,
            _ => return None,
        };
        if let Some(name) = rejected.iter().find(|name| asked.body.contains(**name)) {
            return Some(Reply::text(422, &format!("Unrecognized field {name}")));
        }
        Some(match (&*asked.method, asked.path().split('/').nth(3)) {
            ("GET", _) if asked.path() == "/holdings-storage/holdings" => {
                Reply::json(json!({"holdingsRecords": [holding()], "totalRecords": 1}))
            }
            ("GET", _) if asked.path().starts_with("/perms") => Reply::json(permission()),
            ("GET", _) => Reply::json(holding()),
            ("POST", _) => Reply::new(201, "application/json", holding().to_string()),
            _ => Reply::empty(204),
        })
    })
    .await
}

/// The bodies that were sent to a path, as JSON.
fn sent(server: &Folio, path: &str) -> Vec<Value> {
    let asked = server.asked(path);
    let written = asked.iter().filter(|asked| asked.method != "GET");
    written
        .map(|asked| serde_json::from_str(&asked.body).unwrap())
        .collect()
}

fn without(mut record: Value, names: &[&str]) -> Value {
    for name in names {
        record.as_object_mut().unwrap().remove(*name);
    }
    record
}

const ONLY_READ: [&str; 2] = ["holdingsItems", "bareHoldingsItems"];

#[cfg(feature = "inventory-storage")]
#[tokio::test]
async fn a_holding_of_a_list_is_changed_and_written_back() {
    use folio_sdk::inventory_storage::HoldingsRecord;

    let server = server().await;
    let folio = server.connect().await;
    let api = folio.inventory_storage();
    let mut list = api.list_holdings().stream();
    let mut record = list.next().await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&record).unwrap(),
        holding(),
        "it is read whole"
    );
    record.call_number = Some("A 1".to_owned());
    let mut expected = without(holding(), &ONLY_READ);
    expected["callNumber"] = "A 1".into();

    api.update_holding(ID).body(&record).send().await.unwrap();
    api.create_holding().body(&record).send().await.unwrap();
    let path = format!("/holdings-storage/holdings/{ID}");
    folio
        .update_with::<HoldingsRecord>(ID, |record| record.call_number = Some("A 1".to_owned()))
        .await
        .unwrap();
    folio
        .update_at::<Value>(&path, |record| record["callNumber"] = "A 1".into())
        .await
        .unwrap();
    folio.folio_put(&path, &record).await.unwrap();
    let written = sent(&server, &path);
    assert_eq!(written.len(), 4);
    for body in written
        .into_iter()
        .chain(sent(&server, "/holdings-storage/holdings"))
    {
        assert_eq!(body, expected);
    }

    // A batch of them.
    folio
        .folio_post(
            "/holdings-storage/batch/synchronous",
            &json!({"holdingsRecords": [holding(), holding()]}),
        )
        .await
        .unwrap();
    let body = without(holding(), &ONLY_READ);
    assert_eq!(
        sent(&server, "/holdings-storage/batch/synchronous"),
        [json!({"holdingsRecords": [body, body]})]
    );
}

#[tokio::test]
async fn a_permission_is_written_back_as_it_was_read() {
    let server = server().await;
    let folio = server.connect().await;
    let path = format!("/perms/permissions/{ID}");
    folio
        .update_at::<Value>(&path, |record| record["displayName"] = "A".into())
        .await
        .unwrap();
    let mut expected = without(
        permission(),
        &["childOf", "grantedTo", "dummy", "deprecated"],
    );
    expected["displayName"] = "A".into();
    assert_eq!(sent(&server, &path), [expected]);
}

/// Fields that are not known to be rejected are sent, read-only or not; and bytes are sent
/// unchanged.
#[tokio::test]
async fn nothing_else_is_left_out() {
    let server = server().await;
    let folio = server.connect().await;
    let path = format!("/holdings-storage/holdings/{ID}");
    let record = without(holding(), &ONLY_READ);
    assert!(record["metadata"].is_object() && record["unknown"].is_number());
    folio.folio_put(&path, &record).await.unwrap();
    assert_eq!(sent(&server, &path), [record]);
    let bytes = holding().to_string();
    let error = folio
        .request(folio_sdk::Method::PUT, &path)
        .body(bytes.clone(), "application/json")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 422);
    assert_eq!(server.asked(&path).last().unwrap().body, bytes);
    assert_eq!(error.validation_errors()[0].field(), Some("holdingsItems"));
}
