//! Random records of a schema, as JSON text: valid ones, and ones with anything in them.

use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Fields};
use fastrand::Rng;
use folio_arrow::{EXTRA, JSON};

/// Makes records.
pub(crate) struct Generator {
    pub(crate) rng: Rng,
    /// Of a hundred values, so many are of another type or form, null, unknown or double.
    pub(crate) wild: u32,
}

impl Generator {
    fn is_wild(&mut self) -> bool {
        self.rng.u32(0..100) < self.wild
    }

    /// A record with some of the fields of a schema.
    pub(crate) fn record(&mut self, fields: &Fields) -> String {
        let fields: Vec<_> = fields
            .iter()
            .filter(|field| field.name() != EXTRA && field.name() != JSON)
            .cloned()
            .collect();
        if let [value] = &*fields
            && value.name() == "value"
        {
            return self.value(value);
        }
        self.object(&fields)
    }

    fn object(&mut self, fields: &[std::sync::Arc<Field>]) -> String {
        let mut members = Vec::new();
        for field in fields {
            // Wide records have few of their fields.
            if self.rng.usize(0..fields.len().max(8)) > 8 {
                continue;
            }
            let value = self.value(field);
            members.push(format!("{}:{value}", self.name(field.name())));
            if self.is_wild() && self.rng.u8(0..8) == 0 {
                let value = self.value(field);
                members.push(format!("{}:{value}", self.name(field.name())));
            }
        }
        if self.is_wild() {
            let name = self.text();
            let value = self.anything(0);
            members.push(format!("{name}:{value}"));
        }
        if self.is_wild() {
            self.rng.shuffle(&mut members);
        }
        let comma = if self.is_wild() { " ,\r\n\t" } else { "," };
        format!("{{{}}}", members.join(comma))
    }

    /// A name, sometimes with an escape.
    fn name(&mut self, name: &str) -> String {
        let quoted = serde_json::to_string(name).unwrap();
        match name.chars().next() {
            Some(first) if self.is_wild() && first.is_ascii_alphabetic() => {
                quoted.replacen(first, &format!("\\u{:04x}", first as u32), 1)
            }
            _ => quoted,
        }
    }

    fn value(&mut self, field: &Field) -> String {
        if self.is_wild() {
            return match self.rng.u8(0..3) {
                0 => "null".to_owned(),
                _ => self.anything(0),
            };
        }
        let uuid = self.rng.u128(..);
        match field.data_type() {
            DataType::Boolean => self.rng.bool().to_string(),
            DataType::Int32 => self.rng.i32(..).to_string(),
            DataType::Int64 => self.rng.i64(..).to_string(),
            DataType::Float64 => format!("{}.{}", self.rng.i32(..), self.rng.u16(..)),
            DataType::Decimal128(..) => format!("{}.{:02}", self.rng.i32(..), self.rng.u8(0..100)),
            DataType::Timestamp(..) => match self.wild {
                0 => format!(
                    "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00\"",
                    self.rng.u16(0..9999),
                    self.rng.u8(1..=12),
                    self.rng.u8(1..=28),
                    self.rng.u8(0..24),
                    self.rng.u8(0..60),
                    self.rng.u8(0..60),
                    self.rng.u16(0..1000)
                ),
                _ => self.time(),
            },
            DataType::Date32 => format!(
                "\"{:04}-{:02}-{:02}\"",
                self.rng.u16(0..9999),
                self.rng.u8(1..=12),
                self.rng.u8(1..=28)
            ),
            DataType::FixedSizeBinary(16) => {
                let hex = format!("{uuid:032x}");
                let (a, b, c, d, e) = (
                    &hex[..8],
                    &hex[8..12],
                    &hex[12..16],
                    &hex[16..20],
                    &hex[20..],
                );
                let text = format!("\"{a}-{b}-{c}-{d}-{e}\"");
                match self.wild > 0 && self.rng.u8(0..10) == 0 {
                    true => text.to_uppercase(),
                    false => text,
                }
            }
            DataType::Dictionary(..) | DataType::Utf8
                if field.extension_type_name() != Some("arrow.json") =>
            {
                self.text()
            }
            DataType::Utf8 => match self.wild {
                0 => self.plain(),
                _ => self.anything(0),
            },
            DataType::List(element) => {
                let count = self.rng.usize(0..3);
                let elements: Vec<String> = (0..count).map(|_| self.value(element)).collect();
                format!("[{}]", elements.join(","))
            }
            DataType::Struct(fields) => self.object(fields),
            other => panic!("{other}"),
        }
    }

    /// JSON of any form that is no null.
    fn plain(&mut self) -> String {
        self.rng
            .choice([r#"{"a":[1,null]}"#, "[]", "{}", "7", "\"x\"", "true"])
            .unwrap()
            .to_owned()
    }

    fn text(&mut self) -> String {
        if self.wild > 0 && self.rng.u8(0..6) == 0 {
            return self
                .rng
                .choice([
                    r#""""#,
                    r#""/""#,
                    r#""~1/~0""#,
                    r#""a\u0000b""#,
                    r#""\ud83d\ude00 \ud83d""#,
                    r#""\udead""#,
                    "\"\u{202e}\u{feff}\u{10ffff}\"",
                    r#""\"\\\/\b\f\n\r\t""#,
                    r#""\u00e9é""#,
                    r#""null""#,
                    r#""_extra""#,
                    r#""{\"a\":1}""#,
                ])
                .unwrap()
                .to_owned();
        }
        let length = self.rng.usize(0..12);
        let text: String = (0..length).map(|_| self.rng.alphanumeric()).collect();
        format!("\"{text}\"")
    }

    fn number(&mut self) -> String {
        let digits: String = (0..30).map(|_| self.rng.digit(10)).collect();
        self.rng
            .choice([
                "0",
                "-0",
                "-0.0",
                "1.0",
                "1e2",
                "1E-2",
                "10.10",
                "1e400",
                "-1e-400",
                "5e-324",
                "9223372036854775807",
                "9223372036854775808",
                "2147483648",
                "0.30000000000000004",
                "1e99999999999999999999",
            ])
            .map_or_else(String::new, str::to_owned)
            .replace("10.10", &format!("1{digits}.{digits}"))
    }

    fn time(&mut self) -> String {
        let text = self
            .rng
            .choice([
                "2025-05-01T02:00:17.887+00:00",
                "2025-05-01T02:00:17.887Z",
                "2025-05-01T02:00:17.887+0000",
                "2025-05-01T02:00:17Z",
                "2025-05-01T02:00Z",
                "2025-05-01 02:00:17.88749+00",
                "2025-05-01T02:00:17.887498+00:00",
                "2025-05-01T02:00:17.887498123Z",
                "2025-05-01T02:00:17.887000+00:00",
                "2025-05-01",
                "2025-02-29",
                "1746064817887",
                "+12025-05-01T02:00:17.887+00:00",
                "-0044-03-15T00:00:00.000+00:00",
                "0000-00-00T00:00:00.000+00:00",
                "2025-05-01T24:00:00.000+00:00",
                "c1999",
                "2025-05-01T02:00:17.887-00:00",
                "2025-05-01t02:00:17.887z",
                "+999999999999-01-01T00:00:00.000+00:00",
                "2025-05-01T02:00:17.887\\u002b00:00",
            ])
            .unwrap();
        format!("\"{text}\"")
    }

    fn anything(&mut self, depth: usize) -> String {
        match self.rng.u8(0..if depth > 3 { 6 } else { 10 }) {
            0 => self.number(),
            1 => self.text(),
            2 => self.time(),
            3 => "true".to_owned(),
            4 => "null".to_owned(),
            5 => {
                // Deeper than any parser with recursion.
                let levels = if self.rng.u8(0..20) == 0 { 300 } else { 2 };
                format!("{}{}", "[".repeat(levels), "]".repeat(levels))
            }
            6 | 7 => {
                let count = self.rng.usize(0..3);
                let elements: Vec<String> = (0..count).map(|_| self.anything(depth + 1)).collect();
                format!("[{}]", elements.join(","))
            }
            _ => {
                let count = self.rng.usize(0..3);
                let members: Vec<String> = (0..count)
                    .map(|_| format!("{}:{}", self.text(), self.anything(depth + 1)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

/// Whether a column has no value.
pub(crate) fn is_empty(batch: &arrow_array::RecordBatch, column: &str) -> bool {
    let column = batch.column_by_name(column).unwrap();
    let texts = column.as_string::<i32>();
    texts.iter().all(|text| text.is_none())
}
