//! Record batches with a column of each type that tables have, and the same rows as JSON.

use std::sync::Arc;

use arrow_array::builder::{
    Decimal128Builder, FixedSizeBinaryBuilder, Int32Builder, ListBuilder, StringBuilder,
    StringDictionaryBuilder, StructBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use serde_json::{Value, json};

pub(crate) fn uuid_field(name: &str) -> Field {
    let name_of = (EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.uuid".to_owned());
    Field::new(name, DataType::FixedSizeBinary(16), true).with_metadata([name_of].into())
}

fn json_field(name: &str) -> Field {
    let metadata = [
        (EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.json".to_owned()),
        (EXTENSION_TYPE_METADATA_KEY.to_owned(), String::new()),
    ];
    Field::new(name, DataType::Utf8, true).with_metadata(metadata.into())
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn contact() -> Fields {
    [
        Field::new("kind", dictionary(), true),
        Field::new("value", DataType::Utf8, true),
    ]
    .into_iter()
    .collect()
}

fn personal() -> Fields {
    let contact = Field::new_list_field(DataType::Struct(contact()), true);
    [
        Field::new("lastName", DataType::Utf8, true),
        Field::new("contacts", DataType::List(Arc::new(contact)), true),
        Field::new("visits", DataType::Int32, true),
    ]
    .into_iter()
    .collect()
}

pub(crate) fn schema() -> SchemaRef {
    let text = Field::new_list_field(DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        uuid_field("id"),
        Field::new("active", DataType::Boolean, true),
        Field::new("amount", DataType::Decimal128(38, 4), true),
        Field::new("count", DataType::Int64, true),
        Field::new(
            "created",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("day", DataType::Date32, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("personal", DataType::Struct(personal()), true),
        Field::new("ratio", DataType::Float64, true),
        Field::new("status", dictionary(), true),
        Field::new("tags", DataType::List(Arc::new(text)), true),
        uuid_field("typeId"),
        json_field("_extra"),
    ]))
}

/// The text of the row, in which there are separators, quotation marks, line breaks, no text, and no
/// value.
pub(crate) fn name(n: u64) -> Option<String> {
    match n % 7 {
        0 => None,
        1 => Some(String::new()),
        2 => Some(format!("a \"quoted\", name {n}")),
        3 => Some(format!("line\nbreak\r\n{n}")),
        4 => Some(format!("=SUM({n})")),
        5 => Some(format!("Ünïcödé 😀 {n}")),
        _ => Some(format!("plain {n}")),
    }
}

pub(crate) fn status(n: u64) -> Option<&'static str> {
    // So that the dictionaries of batches have other values in another order.
    match (n / 1000 + n) % 5 {
        0 => Some("Available"),
        1 => Some("Checked out"),
        2 => Some("In transit"),
        3 => Some("On order"),
        _ => None,
    }
}

pub(crate) fn id(n: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.wrapping_mul(1 << 40).to_be_bytes());
    id[15] = 1;
    id
}

pub(crate) fn uuid_text(id: [u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Ten thousandths.
pub(crate) fn amount(n: u64) -> Option<i128> {
    (!n.is_multiple_of(4)).then(|| (i128::from(n) - 500) * 12_345_678_901_234_567)
}

pub(crate) fn created(n: u64) -> Option<i64> {
    (!n.is_multiple_of(6))
        .then(|| 1_746_064_817_887_498 + i64::try_from(n).unwrap() * 86_399_000_001)
}

pub(crate) fn day(n: u64) -> Option<i32> {
    (!n.is_multiple_of(5)).then(|| i32::try_from(n).unwrap() * 3 - 20_000)
}

fn ratio(n: u64) -> Option<f64> {
    (!n.is_multiple_of(8))
        .then(|| [0.1, 1e300, -2.5, 5e-324, 0.30000000000000004][usize::try_from(n % 5).unwrap()])
}

/// `personal`: in some rows without one, without contacts, or with none.
fn has_personal(n: u64) -> bool {
    n % 9 != 8
}

fn contacts(n: u64) -> Option<Vec<(Option<&'static str>, Option<String>)>> {
    if n.is_multiple_of(4) {
        return None;
    }
    let contact = |at: u64| {
        let kind = ["mail", "phone", "fax"][usize::try_from((n + at) % 3).unwrap()];
        let value = format!("{at}, \"{n}\"");
        ((n + at) % 4 != 1)
            .then_some(kind)
            .map_or((None, Some(value.clone())), |kind| {
                (Some(kind), (at != 1).then_some(value))
            })
    };
    Some((0..n % 4 - 1).map(contact).collect())
}

fn tags(n: u64) -> Option<Vec<Option<String>>> {
    match n % 5 {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(
            (0..n % 3)
                .map(|at| (at != 1).then(|| format!("tag {at}")))
                .collect(),
        ),
    }
}

fn extra(n: u64) -> Option<String> {
    n.is_multiple_of(10)
        .then(|| format!("{{\"unknown\":[{n},\"x\"]}}"))
}

/// Rows with these numbers.
pub(crate) fn batch(rows: impl Iterator<Item = u64> + Clone) -> RecordBatch {
    let mut ids = FixedSizeBinaryBuilder::new(16);
    let mut types = FixedSizeBinaryBuilder::new(16);
    let mut amounts = Decimal128Builder::new().with_data_type(DataType::Decimal128(38, 4));
    let mut statuses = StringDictionaryBuilder::<Int32Type>::new();
    let mut tag_lists = ListBuilder::new(StringBuilder::new());
    let contact_builder = StructBuilder::new(
        contact(),
        vec![
            Box::new(StringDictionaryBuilder::<Int32Type>::new()),
            Box::new(StringBuilder::new()),
        ],
    );
    let mut personals = StructBuilder::new(
        personal(),
        vec![
            Box::new(StringBuilder::new()),
            Box::new(ListBuilder::new(contact_builder)),
            Box::new(Int32Builder::new()),
        ],
    );
    for n in rows.clone() {
        ids.append_value(id(n)).unwrap();
        match n % 3 {
            0 => types.append_null(),
            _ => types.append_value(id(n % 3)).unwrap(),
        }
        amounts.append_option(amount(n));
        statuses.append_option(status(n));
        match tags(n) {
            Some(tags) => tag_lists.append_value(tags),
            None => tag_lists.append_null(),
        }
        push_personal(&mut personals, n);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        Arc::new(
            rows.clone()
                .map(|n| (n % 4 != 3).then_some(n % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(amounts.finish()),
        Arc::new(
            rows.clone()
                .map(|n| Some(i64::try_from(n).unwrap() * -7))
                .collect::<Int64Array>(),
        ),
        Arc::new(
            rows.clone()
                .map(created)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        Arc::new(rows.clone().map(day).collect::<Date32Array>()),
        Arc::new(rows.clone().map(name).collect::<StringArray>()),
        Arc::new(personals.finish()),
        Arc::new(rows.clone().map(ratio).collect::<Float64Array>()),
        Arc::new(statuses.finish()),
        Arc::new(tag_lists.finish()),
        Arc::new(types.finish()),
        Arc::new(rows.map(extra).collect::<StringArray>()),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn push_personal(personals: &mut StructBuilder, n: u64) {
    let has = has_personal(n);
    let names = personals.field_builder::<StringBuilder>(0).unwrap();
    names.append_option(has.then(|| name(n)).flatten());
    let lists = personals
        .field_builder::<ListBuilder<StructBuilder>>(1)
        .unwrap();
    let found = has.then(|| contacts(n)).flatten();
    for (kind, value) in found.iter().flatten() {
        let contact = lists.values();
        contact
            .field_builder::<StringDictionaryBuilder<Int32Type>>(0)
            .unwrap()
            .append_option(*kind);
        contact
            .field_builder::<StringBuilder>(1)
            .unwrap()
            .append_option(value.as_ref());
        contact.append(true);
    }
    lists.append(found.is_some());
    let visits = personals.field_builder::<Int32Builder>(2).unwrap();
    visits.append_option(has.then(|| i32::try_from(n).unwrap()));
    personals.append(has);
}

/// The row as JSON, made from the functions above, and not from the batch.
pub(crate) fn row(n: u64) -> Value {
    let contacts = has_personal(n)
        .then(|| contacts(n))
        .flatten()
        .map(|contacts| {
            let contacts = contacts.into_iter();
            contacts
                .map(|(kind, value)| json!({"kind": kind, "value": value}))
                .collect::<Vec<_>>()
        });
    let personal =
        has_personal(n).then(|| json!({"lastName": name(n), "contacts": contacts, "visits": n}));
    json!({
        "id": uuid_text(id(n)),
        "active": (n % 4 != 3).then_some(n.is_multiple_of(2)),
        "amount": amount(n).map(|amount| format!("{}{}.{:04}", if amount < 0 { "-" } else { "" }, amount.abs() / 10_000, amount.abs() % 10_000)),
        "count": i64::try_from(n).unwrap() * -7,
        "created": created(n),
        "day": day(n),
        "name": name(n),
        "personal": personal,
        "ratio": ratio(n),
        "status": status(n),
        "tags": tags(n),
        "typeId": (!n.is_multiple_of(3)).then(|| uuid_text(id(n % 3))),
        "_extra": extra(n),
    })
}

/// Batches of some rows in ascending order.
pub(crate) fn batches(rows: u64, size: u64) -> impl Iterator<Item = RecordBatch> {
    (0..rows.div_ceil(size)).map(move |at| batch(at * size..((at + 1) * size).min(rows)))
}
