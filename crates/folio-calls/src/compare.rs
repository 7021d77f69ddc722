//! The differences between a received and a sent value.

use crate::json::Json;
use crate::program::Received;

/// The differences between a received and a sent value.
pub(crate) fn unlike(wanted: &Received, received: &Received) -> Option<String> {
    match (wanted, received) {
        (Received::Json(wanted), Received::Json(received)) => record_differs(wanted, received),
        (Received::Json(wanted), Received::Raw(_, received)) => {
            differs(wanted, &String::from_utf8_lossy(received))
        }
        (Received::Lines(wanted), Received::Lines(received)) if wanted.len() == received.len() => {
            wanted
                .iter()
                .zip(received)
                .find_map(|(wanted, received)| differs(wanted, received))
        }
        // Text may come as bytes.
        (Received::Text(wanted), Received::Bytes(received) | Received::Raw(_, received)) => {
            (wanted.as_bytes() != received).then(|| "the bytes differ".to_owned())
        }
        (Received::Bytes(wanted), Received::Text(received)) => {
            (wanted != received.as_bytes()).then(|| "the text differs".to_owned())
        }
        (Received::Bytes(wanted), Received::Raw(_, received)) => {
            (wanted != received).then(|| "the bytes differ".to_owned())
        }
        (Received::Nothing, Received::Raw(_, received)) if received.is_empty() => None,
        (wanted, received) => {
            (wanted != received).then(|| format!("it was {wanted:?}, it is {received:?}"))
        }
    }
}

/// The difference between a response and the SDK's output for it. If the response itself is a list,
/// the SDK may omit the `null` elements: no record can store their positions. All other elements
/// are present, in order.
fn record_differs(wanted: &str, received: &str) -> Option<String> {
    let difference = differs(wanted, received)?;
    let (Ok(Json::List(mut items)), Ok(received)) = (Json::parse(wanted), Json::parse(received))
    else {
        return Some(difference);
    };
    items.retain(|item| *item != Json::Null);
    let without = Json::List(items).difference(&received);
    without.is_some().then_some(difference)
}

fn differs(wanted: &str, received: &str) -> Option<String> {
    match (Json::parse(wanted), Json::parse(received)) {
        (Ok(wanted), Ok(received)) => wanted.difference(&received),
        (_, Err(error)) => Some(format!("{error}: {received}")),
        (Err(error), _) => Some(format!("{error}: {wanted}")),
    }
}
