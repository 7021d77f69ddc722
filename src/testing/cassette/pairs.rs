//! Names and values in a cassette: parameters and headers, in their order.

use serde_json::{Map, Value, json};

pub(super) type Pairs = Vec<(String, String)>;

/// Adds them to a request or response, unless there are none.
pub(super) fn write(pairs: &Pairs, name: &str, into: &mut Map<String, Value>) {
    if !pairs.is_empty() {
        let pairs = pairs.iter().map(|(name, value)| json!([name, value]));
        into.insert(name.into(), pairs.collect());
    }
}

pub(super) fn read(from: &Value, name: &str) -> Pairs {
    let pairs = from.get(name).and_then(Value::as_array);
    let text = |pair: &Value, at: usize| Some(pair.get(at)?.as_str()?.to_owned());
    let pairs = pairs.into_iter().flatten();
    pairs
        .filter_map(|pair| Some((text(pair, 0)?, text(pair, 1)?)))
        .collect()
}
