//! The names that something within a record could have, the best first.

use crate::base::words::singular;
use crate::canonical::identifier::is_type;

/// Names are not longer than this, unless there is no other.
pub(crate) const LONGEST: usize = 40;

/// Names of this length or less have two words before the field.
const SHORT: usize = 32;

/// The candidates for what these words lead to, each once: the name of a component, fields, and the
/// field itself.
pub(super) fn candidates(path: &[String]) -> Vec<String> {
    let Some((field, before)) = path.split_last() else {
        return Vec::new();
    };
    let nearest = |count: usize| &before[before.len() - count..];
    let within = |count: usize| {
        let holder = nearest(count)
            .iter()
            .fold(String::new(), |holder, word| joined(&holder, word));
        joined(&holder, field)
    };
    let counts = 1..=before.len();
    let two = Some(2).filter(|two| *two <= before.len()).map(within);
    let mut short: Vec<String> = two.into_iter().filter(|name| name.len() <= SHORT).collect();
    short.extend(counts.clone().map(within));
    let long: Vec<String> = counts
        .map(|count| nearest(count).concat() + field)
        .collect();
    short.extend(long.iter().cloned());
    if words(field).len() > 1 {
        short.push(field.clone());
    }
    short.extend(trimmed(&before.concat(), field));
    short.extend((1..=before.len()).filter_map(|count| shortened(&nearest(count).concat(), field)));
    short.retain(|name| name.len() <= LONGEST);
    let mut all: Vec<String> = Vec::new();
    let last = long.last().map(|name| format!("{name}Value"));
    for name in short.into_iter().chain(long).chain(last) {
        if is_type(&name) && !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// The holder and the field. A field that repeats what the holder is called stands alone.
fn joined(holder: &str, field: &str) -> String {
    let (of_holder, of_field) = (words(holder), words(field));
    let repeats = of_field.len() > 1 && of_field.first() == of_holder.first();
    if repeats || field == holder || field == singular(holder) {
        field.to_owned()
    } else {
        format!("{holder}{field}")
    }
}

/// The field behind as many of the last words of the holder as fit.
fn trimmed(holder: &str, field: &str) -> Option<String> {
    let words = words(holder);
    (1..words.len())
        .map(|from| words[from..].concat() + field)
        .find(|name| name.len() <= LONGEST)
}

/// The holder and as many of the last words of the field as fit, two at least.
fn shortened(holder: &str, field: &str) -> Option<String> {
    let words = words(field);
    (1..words.len().saturating_sub(1))
        .map(|from| holder.to_owned() + &words[from..].concat())
        .find(|name| name.len() <= LONGEST)
}

/// The words of a name with capitals.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let bytes = name.as_bytes();
    for at in 1..bytes.len() {
        if bytes[at].is_ascii_uppercase() && !bytes[at - 1].is_ascii_uppercase() {
            words.push(&name[start..at]);
            start = at;
        }
    }
    words.push(&name[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_name_that_says_what_holds_the_field_comes_first() {
        for (path, expected) in [
            (&["Item", "Status", "Name"][..], "ItemStatusName"),
            (&["ReceivingResults", "ReceivingResult"], "ReceivingResult"),
            (&["Items", "Item"], "Item"),
            (
                &[
                    "ReceivingResults",
                    "ReceivingResult",
                    "ReceivingItemResult",
                    "ProcessingStatus",
                ],
                "ReceivingItemResultProcessingStatus",
            ),
            (
                &["PatronNoticePolicy", "LoanNotice", "SendOptions"],
                "LoanNoticeSendOptions",
            ),
            (
                &["ServicePoint", "HoldShelfClosedLibraryDateManagement"],
                "HoldShelfClosedLibraryDateManagement",
            ),
            (
                &["SomeVeryLongNameOfAComponentOfAModule", "Status"],
                "VeryLongNameOfAComponentOfAModuleStatus",
            ),
        ] {
            let path: Vec<String> = path.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(
                candidates(&path).first().map(String::as_str),
                Some(expected)
            );
        }
    }

    #[test]
    fn the_next_ones_have_more_around_the_field_or_less_of_it() {
        let path = [
            "CheckInByBarcodeResponse",
            "Item",
            "InTransitDestinationServicePoint",
        ];
        let path = path.map(str::to_owned);
        let expected = [
            "ItemInTransitDestinationServicePoint",
            "InTransitDestinationServicePoint",
            "ItemTransitDestinationServicePoint",
            "CheckInByBarcodeResponseItemServicePoint",
            "CheckInByBarcodeResponseItemInTransitDestinationServicePoint",
            "CheckInByBarcodeResponseItemInTransitDestinationServicePointValue",
        ];
        assert_eq!(candidates(&path), expected);
        let path = ["Title", "Data"].map(str::to_owned);
        assert_eq!(candidates(&path), ["TitleData", "TitleDataValue"]);
    }
}
