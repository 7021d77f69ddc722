//! `DateTime`: the forms that FOLIO writes, beside what jiff, chrono and time read.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{FixedOffset, NaiveDate, Utc};
use folio_sdk::DateTime;
use folio_test_support::files::{root, shared, walk};
use jiff::{Timestamp, Zoned, civil};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{OffsetDateTime, UtcDateTime};

use super::hash;

/// All forms of recorded responses and of the samples of FOLIO's modules; what each denotes in UTC.
const FORMS: [(&str, &str); 24] = [
    ("2025-05-01T02:00:17.887+00:00", "2025-05-01T02:00:17.887Z"),
    ("2025-05-01T02:00:17.887Z", "2025-05-01T02:00:17.887Z"),
    ("2025-05-01T02:00:17.887+0000", "2025-05-01T02:00:17.887Z"),
    ("2025-05-01T02:00:17.887+0200", "2025-05-01T00:00:17.887Z"),
    ("2025-05-01T02:00:17Z", "2025-05-01T02:00:17Z"),
    ("2025-05-01T02:00:17", "2025-05-01T02:00:17Z"),
    ("2025-05-01T02:00:17.887", "2025-05-01T02:00:17.887Z"),
    ("2025-05-01T02:00:17+00:00", "2025-05-01T02:00:17Z"),
    ("2025-05-01T02:00:17+02:00", "2025-05-01T00:00:17Z"),
    ("2025-05-01T02:00:17-01:00", "2025-05-01T03:00:17Z"),
    ("2025-05-01T02:00:17+0000", "2025-05-01T02:00:17Z"),
    ("2025-05-01T02:00:17+00", "2025-05-01T02:00:17Z"),
    ("2025-05-01T02:00:17.389054Z", "2025-05-01T02:00:17.389054Z"),
    ("2025-05-01T02:00:17.01276Z", "2025-05-01T02:00:17.01276Z"),
    (
        "2025-05-01T02:00:17.43480937Z",
        "2025-05-01T02:00:17.43480937Z",
    ),
    (
        "2025-05-01T02:00:17.056599046Z",
        "2025-05-01T02:00:17.056599046Z",
    ),
    (
        "2025-05-01T02:00:17.597123456+0000",
        "2025-05-01T02:00:17.597123456Z",
    ),
    (
        "2025-05-01 02:00:17.681497+00",
        "2025-05-01T02:00:17.681497Z",
    ),
    ("2025-05-01 02:00:17.40799+00", "2025-05-01T02:00:17.40799Z"),
    ("2025-05-01", "2025-05-01T00:00:00Z"),
    ("1990-02-03", "1990-02-03T00:00:00Z"),
    ("1714521600000", "2024-05-01T00:00:00Z"),
    ("2016-11-05T0723", "2016-11-05T07:23:00Z"),
    ("9999-12-31T23:59:59.999+00:00", "9999-12-31T23:59:59.999Z"),
];

/// Text of dates in FOLIO that denotes no instant: a year, a month, a date of a locale, a range.
const NONE: [&str; 35] = [
    "",
    "2024",
    "2001",
    "2018-06",
    "c2004",
    "[2005?]",
    "[2016]-",
    "1946-",
    "21.11.2010",
    "12/6/2020, 1:33 PM",
    "20240501",
    "20240501120000",
    "999999999999",
    "99999999999999",
    "yesterday",
    "2025-02-29",
    "2025-13-01",
    "2025-00-01",
    "2025-01-00",
    "2025-04-31",
    "1900-02-29",
    "2025-05-01T24:00:00Z",
    "2025-05-01T02:60:00Z",
    "2025-05-01T02:00:60Z",
    "2025-05-01T02:00:17.Z",
    "2025-05-01T02:00:17+24:00",
    "2025-05-01T02:00:17+02:60",
    "2025-05-01T02:00:17+2:00",
    "2025-05-01T",
    "2025-05-01T02",
    "2025-05-01T02:00:17Zx",
    " 2025-05-01",
    "2025-05-01 ",
    "2025-5-1",
    "-0000-01-01",
];

/// Whether text is written back byte for byte when its own instant is written in its form.
fn is_written_back(date: &DateTime) -> bool {
    date.with_instant(date.clone()).unwrap().as_str() == date.as_str()
}

#[test]
fn every_form_of_folio_denotes_its_instant_and_comes_back_byte_for_byte() {
    for (text, utc) in FORMS {
        let date: DateTime = text.parse().unwrap();
        assert_eq!(
            chrono::DateTime::<Utc>::try_from(&date).unwrap(),
            chrono::DateTime::parse_from_rfc3339(utc).unwrap(),
            "{text}"
        );
        assert_eq!(date, DateTime::from(utc), "{text}");
        assert_eq!(hash(&date), hash(&DateTime::from(utc)), "{text}");
        assert!(is_written_back(&date), "{text}");
        let read: DateTime = serde_json::from_value(json!(text)).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json!(text));
        assert_eq!(date.is_date(), text.len() == 10, "{text}");
    }
}

#[test]
fn text_that_denotes_no_instant_is_read_and_equal_to_itself_only() {
    let now = DateTime::now();
    for text in NONE {
        let error = text.parse::<DateTime>().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("is not a date or time: expected"),
            "{text}: {error}"
        );
        let date: DateTime = serde_json::from_value(json!(text)).unwrap();
        assert_eq!(serde_json::to_value(&date).unwrap(), json!(text));
        assert_eq!(date.to_system_time(), Err(error.clone()));
        assert_eq!(Timestamp::try_from(&date), Err(error.clone()));
        assert_eq!(chrono::DateTime::<Utc>::try_from(&date), Err(error.clone()));
        assert_eq!(OffsetDateTime::try_from(&date), Err(error.clone()));
        assert_eq!(UtcDateTime::try_from(&date), Err(error.clone()));
        assert_eq!(Zoned::try_from(&date), Err(error.clone()));
        assert_eq!(civil::Date::try_from(&date), Err(error.clone()));
        let with_offset = chrono::DateTime::<FixedOffset>::try_from(&date);
        assert_eq!(with_offset, Err(error.clone()));
        assert_eq!(now.with_instant(text), Err(error));
        assert_eq!(date.checked_add(Duration::ZERO), None);
        assert!(date.with_instant(now.clone()).is_err());
        assert!(date > now);
        assert!(now < date);
        assert!(date != now);
        assert_eq!(date, text);
    }
    let all: HashSet<DateTime> = NONE.into_iter().map(DateTime::from).collect();
    assert_eq!(all.len(), NONE.len());
}

#[test]
fn now_has_milliseconds_in_the_form_of_rmb() {
    let before = SystemTime::now() - Duration::from_millis(1);
    let now = DateTime::now();
    let after = SystemTime::now();
    let time = SystemTime::try_from(&now).unwrap();
    assert!(before <= time && time <= after);
    assert_eq!(now.as_str().len(), 29);
    assert_eq!(&now.as_str()[19..20], ".");
    assert!(now.as_str().ends_with("+00:00"));
    assert!(DateTime::from(before) < now && now <= DateTime::from(after));
}

#[test]
fn dates_are_ordered_by_instant() {
    let mut dates = [
        "unknown",
        "2025-05-01T03:00:00+02:00",
        "2025-05-02",
        "2024",
        "2025-05-01T00:30:00Z",
        "2025-05-01",
        "1714521600000",
        "1960-01-01",
    ]
    .map(DateTime::from);
    dates.sort();
    assert_eq!(
        dates.each_ref().map(DateTime::as_str),
        [
            "1960-01-01",
            "1714521600000",
            "2025-05-01",
            "2025-05-01T00:30:00Z",
            "2025-05-01T03:00:00+02:00",
            "2025-05-02",
            "2024",
            "unknown",
        ]
    );
}

#[test]
fn another_instant_is_written_in_the_same_form() {
    let new = "2031-12-31T22:05:06Z";
    for (form, expected) in [
        (
            "2025-05-01T02:00:17.887+00:00",
            "2031-12-31T22:05:06.000+00:00",
        ),
        ("2025-05-01T02:00:17.887Z", "2031-12-31T22:05:06.000Z"),
        (
            "2025-05-01T02:00:17.887+0200",
            "2032-01-01T00:05:06.000+0200",
        ),
        ("2025-05-01T02:00:17-05:30", "2031-12-31T16:35:06-05:30"),
        ("2025-05-01T02:00:17-00:00", "2031-12-31T22:05:06-00:00"),
        ("2025-05-01T02:00:17", "2031-12-31T22:05:06"),
        (
            "2025-05-01 02:00:17.40799+00",
            "2031-12-31 22:05:06.00000+00",
        ),
        ("1714521600000", "1956521106000"),
        ("+02025-05-01T02:00:17Z", "+02031-12-31T22:05:06Z"),
    ] {
        let moved = DateTime::from(form).with_instant(new).unwrap();
        assert_eq!(moved.as_str(), expected);
        assert_eq!(moved, new);
    }
    // What the form has no place for is not lost.
    let date = DateTime::from("2025-05-01");
    let error = date.with_instant(new).unwrap_err().to_string();
    assert_eq!(
        error,
        "the time `2031-12-31T22:05:06Z` cannot be written in the form of `2025-05-01`: a part of it would be lost"
    );
    assert!(DateTime::from("2016-11-05T0723").with_instant(new).is_err());
    assert!(
        DateTime::from("1714521600000")
            .with_instant("1970-01-01")
            .is_err()
    );
    assert_eq!(
        date.with_instant("2031-12-31T00:00:00Z").unwrap().as_str(),
        "2031-12-31"
    );
    let seconds = DateTime::from("2025-05-01T02:00:17Z");
    for (new, expected) in [
        ("2025-05-01T02:00:17.5Z", "2025-05-01T02:00:17.500Z"),
        ("2025-05-01T02:00:17.1234Z", "2025-05-01T02:00:17.123400Z"),
        (
            "2025-05-01T02:00:17.000000001Z",
            "2025-05-01T02:00:17.000000001Z",
        ),
    ] {
        assert_eq!(seconds.with_instant(new).unwrap().as_str(), expected);
    }
    // Sums.
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(date.checked_add(day * 31).unwrap().as_str(), "2025-06-01");
    assert_eq!(date.checked_sub(day).unwrap().as_str(), "2025-04-30");
    assert_eq!(date.checked_add(Duration::from_secs(1)), None);
    assert_eq!(
        seconds
            .checked_sub(Duration::from_millis(1))
            .unwrap()
            .as_str(),
        "2025-05-01T02:00:16.999Z"
    );
    assert_eq!(seconds.checked_add(Duration::MAX), None);
    assert_eq!(seconds.checked_sub(Duration::MAX), None);
}

#[test]
fn system_time_converts_in_both_directions() {
    for (time, text) in [
        (UNIX_EPOCH, "1970-01-01T00:00:00.000+00:00"),
        (
            UNIX_EPOCH + Duration::from_nanos(1),
            "1970-01-01T00:00:00.000000001+00:00",
        ),
        (
            UNIX_EPOCH - Duration::from_nanos(1),
            "1969-12-31T23:59:59.999999999+00:00",
        ),
        (
            UNIX_EPOCH - Duration::from_secs(1),
            "1969-12-31T23:59:59.000+00:00",
        ),
        (
            UNIX_EPOCH + Duration::from_micros(1_500),
            "1970-01-01T00:00:00.001500+00:00",
        ),
        // Beyond four digits the year has a sign, as in Java.
        (
            UNIX_EPOCH + Duration::from_secs(253_402_300_800),
            "+10000-01-01T00:00:00.000+00:00",
        ),
        (
            UNIX_EPOCH - Duration::from_secs(62_167_219_201),
            "-0001-12-31T23:59:59.000+00:00",
        ),
    ] {
        let date = DateTime::from(time);
        assert_eq!(date.as_str(), text);
        assert_eq!(SystemTime::try_from(date).unwrap(), time);
    }
    // The ends of what the platform has.
    for seconds in [u64::MAX / 2, u64::MAX / 2 - 1] {
        for time in [
            UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
            UNIX_EPOCH.checked_sub(Duration::from_secs(seconds)),
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(SystemTime::try_from(DateTime::from(time)).unwrap(), time);
        }
    }
    assert!(
        DateTime::from("+999999999999-01-01")
            .to_system_time()
            .is_err()
    );
}

#[test]
fn types_of_other_crates_convert_in_both_directions() {
    let date = DateTime::from("2025-05-01T01:30:00.5+0200");
    let zoned = Zoned::try_from(&date).unwrap();
    assert_eq!(zoned.to_string(), "2025-05-01T01:30:00.5+02:00[+02:00]");
    assert_eq!(
        DateTime::from(zoned).as_str(),
        "2025-05-01T01:30:00.500+02:00"
    );
    let fixed = chrono::DateTime::<FixedOffset>::try_from(&date).unwrap();
    assert_eq!(fixed.to_rfc3339(), "2025-05-01T01:30:00.500+02:00");
    assert_eq!(
        DateTime::from(fixed).as_str(),
        "2025-05-01T01:30:00.500+02:00"
    );
    let offset = OffsetDateTime::try_from(&date).unwrap();
    assert_eq!((offset.hour(), offset.offset().whole_hours()), (1, 2));
    assert_eq!(
        DateTime::from(offset).as_str(),
        "2025-05-01T01:30:00.500+02:00"
    );
    let utc = UtcDateTime::try_from(&date).unwrap();
    assert_eq!(
        DateTime::from(utc).as_str(),
        "2025-04-30T23:30:00.500+00:00"
    );
    // The date as it is written, not the one in UTC.
    let day = civil::date(2025, 5, 1);
    assert_eq!(civil::Date::try_from(&date).unwrap(), day);
    assert_eq!(DateTime::from(day).as_str(), "2025-05-01");
    let day = NaiveDate::from_ymd_opt(2025, 5, 1).unwrap();
    assert_eq!(NaiveDate::try_from(&date).unwrap(), day);
    assert_eq!(DateTime::from(day).as_str(), "2025-05-01");
    let day = time::Date::from_calendar_date(2025, time::Month::May, 1).unwrap();
    assert_eq!(time::Date::try_from(&date).unwrap(), day);
    assert_eq!(DateTime::from(day).as_str(), "2025-05-01");
    // An offset with seconds has no place in the text: UTC.
    let local = FixedOffset::east_opt(3208).unwrap();
    let old = chrono::DateTime::from_timestamp(0, 0)
        .unwrap()
        .with_timezone(&local);
    assert_eq!(
        DateTime::from(old).as_str(),
        "1970-01-01T00:00:00.000+00:00"
    );
    // A leap second of chrono is the second after it.
    let leap = chrono::DateTime::from_timestamp(59, 1_500_000_000).unwrap();
    assert_eq!(
        DateTime::from(leap).as_str(),
        "1970-01-01T00:01:00.500+00:00"
    );
    // Beyond the range of a type.
    let far = DateTime::from("+20000-01-01");
    let error = Timestamp::try_from(&far).unwrap_err();
    assert!(error.to_string().contains("beyond the range"), "{error}");
    assert_eq!(Zoned::try_from(&far), Err(error.clone()));
    assert_eq!(OffsetDateTime::try_from(&far), Err(error.clone()));
    assert_eq!(UtcDateTime::try_from(&far), Err(error.clone()));
    assert_eq!(civil::Date::try_from(&far), Err(error));
    assert!(chrono::DateTime::<Utc>::try_from(&far).is_ok());
    let moved = date.with_instant(Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(moved.as_str(), "1970-01-01T02:00:00.0+0200");
}

/// Every text that looks like a date in recorded responses and in the samples of FOLIO's modules.
#[test]
fn every_date_of_recordings_and_samples_is_read_and_comes_back() {
    let mut dates = HashSet::new();
    let mut folders = vec![
        root().join("tests/recorded"),
        root().join("tests/cassettes"),
    ];
    let data = ["conformance", "folio-samples"].into_iter();
    folders.extend(data.filter_map(|name| shared("dates of recordings and samples", name)));
    for path in folders.iter().flat_map(|folder| walk(folder)) {
        texts(&path, &mut |text| {
            let bytes = text.as_bytes();
            let is_date = bytes.len() >= 10
                && bytes[..4].iter().all(u8::is_ascii_digit)
                && bytes[4] == b'-'
                && bytes[5..7].iter().all(u8::is_ascii_digit)
                && bytes[7] == b'-'
                && bytes[8..10].iter().all(u8::is_ascii_digit)
                && bytes.len() < 40
                && bytes.get(10).is_none_or(|next| b"T ".contains(next))
                && (bytes.len() == 10
                    || bytes[11..]
                        .iter()
                        .all(|byte| b"0123456789:.+-Z".contains(byte)));
            if is_date {
                dates.insert(text.to_owned());
            }
        });
    }
    assert!(!dates.is_empty());
    let mut unread: Vec<&String> = Vec::new();
    for text in &dates {
        match text.parse::<DateTime>() {
            Ok(date) => assert!(is_written_back(&date), "{text}"),
            // A sample has a day that does not exist.
            Err(_) if text == "2028-02-31" => {}
            Err(_) => unread.push(text),
        }
    }
    assert!(unread.is_empty(), "{unread:?} of {}", dates.len());
}

fn texts(path: &Path, found: &mut dyn FnMut(&str)) {
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    if let Ok(value) = serde_json::from_str(&text) {
        strings(&value, found);
        return;
    }
    for line in text.lines() {
        if let Ok(value) = serde_json::from_str(line) {
            strings(&value, found);
        }
    }
}

fn strings(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => {
            found(text);
            if text.starts_with(['{', '['])
                && let Ok(value) = serde_json::from_str::<Value>(text)
            {
                strings(&value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// Parts of a date, some of which are none.
type Parts = (
    (i16, u8, u8),
    (u8, u8, u8),
    Option<(u32, usize)>,
    (bool, u8, u8),
);

fn parts() -> impl Strategy<Value = Parts> {
    (
        (
            prop_oneof![0_i16..10_000, 1900_i16..2100],
            0_u8..14,
            prop_oneof![0_u8..33, 28_u8..32],
        ),
        (prop_oneof![0_u8..24, 0_u8..26], 0_u8..61, 0_u8..60),
        proptest::option::of((0_u32..1_000_000_000, 1_usize..10)),
        (any::<bool>(), 0_u8..24, prop_oneof![Just(0_u8), 0_u8..60]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Any text of RFC 3339 is read as jiff and chrono read it, in each of FOLIO's forms.
    #[test]
    fn dates_are_read_as_jiff_chrono_and_time_read_them(parts in parts(), style in 0_usize..6, space in any::<bool>()) {
        let ((year, month, day), (hour, minute, second), fraction, (negative, hours, minutes)) = parts;
        let digits = fraction.map_or(String::new(), |(nanos, digits)| format!(".{}", &format!("{nanos:09}")[..digits]));
        let local = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{digits}");
        let sign = if negative { '-' } else { '+' };
        let (zone, rfc) = match style {
            0 => ("Z".to_owned(), "Z".to_owned()),
            1 => (String::new(), "Z".to_owned()),
            2 => (format!("{sign}{hours:02}"), format!("{sign}{hours:02}:00")),
            3 => (format!("{sign}{hours:02}{minutes:02}"), format!("{sign}{hours:02}:{minutes:02}")),
            _ => (format!("{sign}{hours:02}:{minutes:02}"), format!("{sign}{hours:02}:{minutes:02}")),
        };
        let text = format!("{}{zone}", if space { local.replace('T', " ") } else { local.clone() });
        let rfc = format!("{local}{rfc}");
        let ours = text.parse::<DateTime>();
        let chronos = chrono::DateTime::parse_from_rfc3339(&rfc);
        prop_assert_eq!(ours.is_ok(), chronos.is_ok(), "{} {:?}", &text, chronos);
        let (Ok(ours), Ok(chronos)) = (ours, chronos) else { return Ok(()) };
        let read = chrono::DateTime::<FixedOffset>::try_from(&ours).unwrap();
        prop_assert_eq!((read, *read.offset()), (chronos, *chronos.offset()));
        prop_assert_eq!(NaiveDate::try_from(&ours).unwrap(), chronos.date_naive());
        // jiff ends at -9999-01-02 and 9999-12-30.
        if let Ok(jiffs) = rfc.parse::<Timestamp>() {
            prop_assert_eq!(Timestamp::try_from(&ours).unwrap(), jiffs);
            prop_assert_eq!(DateTime::from(jiffs), ours.clone());
        }
        let times = OffsetDateTime::from_unix_timestamp_nanos(chronos.timestamp_nanos_opt().map_or_else(
            || i128::from(chronos.timestamp()) * 1_000_000_000 + i128::from(chronos.timestamp_subsec_nanos()), i128::from));
        if let Ok(times) = times && let Ok(ours) = OffsetDateTime::try_from(&ours) {
            prop_assert_eq!(ours, times);
        }
        // And back, byte for byte in the same form.
        prop_assert!(is_written_back(&ours), "{}", text);
        prop_assert_eq!(DateTime::from(chronos), ours.clone());
        let moved = ours.with_instant(chronos).unwrap();
        prop_assert_eq!(moved.as_str(), &text);
        let time = ours.to_system_time().unwrap();
        prop_assert_eq!(DateTime::from(time), ours);
    }

    #[test]
    fn order_and_hash_agree_with_equality(a in "[0-9TZ:+ .-]{0,30}|20[0-2][0-9]-0[1-3]-0[12](T0[0-2]:00:00(\\.0{0,3}[0-2]?0?)?(Z|\\+0[0-2]00|-00:00|))?", b in "20[0-2][0-9]-0[1-3]-0[12](T0[0-2]:00:00(\\.0{1,3})?(Z|\\+0[0-2]00|-00:00|))?") {
        let (one, two) = (DateTime::from(&a), DateTime::from(&b));
        prop_assert_eq!(one == two, one.cmp(&two).is_eq());
        prop_assert_eq!(one.cmp(&two), two.cmp(&one).reverse());
        if one == two {
            prop_assert_eq!(hash(&one), hash(&two));
        }
        if let (Ok(x), Ok(y)) = (Timestamp::try_from(&one), Timestamp::try_from(&two)) {
            prop_assert_eq!(one.cmp(&two), x.cmp(&y));
        }
        prop_assert_eq!(one == b, one == two);
    }

    /// Any text is read without a panic, and comes back.
    #[test]
    fn any_text_comes_back(text in "\\PC{0,40}|[0-9+-]{0,6}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{0,14}[Z+-]?[0-9:]{0,6})?") {
        let date = DateTime::from(&text);
        prop_assert_eq!(date.as_str(), &text);
        if date.to_system_time().is_ok() {
            let back = date.with_instant(date.clone()).unwrap();
            prop_assert_eq!(&back, &date);
            // Only digits below the nanosecond are not retained.
            if text.split('.').nth(1).is_none_or(|fraction| fraction.bytes().take_while(u8::is_ascii_digit).count() <= 9) {
                prop_assert_eq!(back.as_str(), &text);
            }
        }
    }

    /// All that the types of other crates hold comes back.
    #[test]
    fn other_types_come_back(seconds in -377_705_023_201_i64..253_402_207_200, nanos in prop_oneof![Just(0_u32), 0_u32..1_000_000_000, (0_u32..1000).prop_map(|n| n * 1_000_000)], offset in -1439_i32..1440) {
        let timestamp = Timestamp::new(seconds.max(Timestamp::MIN.as_second() + 1), 0).unwrap() + jiff::SignedDuration::from_nanos(nanos.into());
        prop_assert_eq!(Timestamp::try_from(DateTime::from(timestamp)).unwrap(), timestamp);
        let utc = chrono::DateTime::from_timestamp(seconds, nanos).unwrap();
        let fixed = utc.with_timezone(&FixedOffset::east_opt(offset * 60).unwrap());
        let date = DateTime::from(fixed);
        prop_assert!(date.as_str().parse::<DateTime>().is_ok());
        let read = chrono::DateTime::<FixedOffset>::try_from(&date).unwrap();
        prop_assert_eq!((read, *read.offset()), (fixed, *fixed.offset()));
        prop_assert_eq!(chrono::DateTime::<Utc>::try_from(&date).unwrap(), utc);
        if let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) {
            let time = time.replace_nanosecond(nanos).unwrap();
            prop_assert_eq!(OffsetDateTime::try_from(DateTime::from(time)).unwrap(), time);
        }
        let day = timestamp.to_zoned(jiff::tz::TimeZone::UTC).date();
        prop_assert_eq!(civil::Date::try_from(DateTime::from(day)).unwrap(), day);
        prop_assert!(DateTime::from(day).is_date());
    }
}
