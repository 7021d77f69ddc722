//! Media types: what the body of a request or a response of one is. This is the only table of them.
//! The generated code carries what it says ([`MediaType::patterns`]); at run time there are only
//! patterns to match.

/// The content of a media type. The order is the one in which a response is compared with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MediaType {
    /// JSON, one record after the other.
    Lines,
    Json,
    Xml,
    Csv,
    /// A spreadsheet.
    Xlsx,
    Bytes,
    /// Any other text.
    Text,
}

/// The content that a media type indicates, by patterns: `*` matches any text. The first match
/// counts; without a match it is bytes.
const TABLE: [(MediaType, &[&str]); 7] = [
    (
        MediaType::Lines,
        &["application/x-ndjson", "application/stream+json"],
    ),
    (
        MediaType::Json,
        &["application/json", "text/json", "*+json"],
    ),
    (MediaType::Xml, &["application/xml", "text/xml", "*+xml"]),
    (MediaType::Csv, &["text/csv"]),
    (
        MediaType::Xlsx,
        &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    ),
    (MediaType::Bytes, &["*/octet-stream"]),
    (MediaType::Text, &["text/*", "application/text"]),
];

impl MediaType {
    pub(crate) fn of(media_type: &str) -> Self {
        let essence = essence(media_type);
        TABLE
            .iter()
            .find(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, &essence)))
            .map_or(Self::Bytes, |(kind, _)| *kind)
    }

    /// The variant of a response of this content, among several.
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Self::Lines => "Lines",
            Self::Json => "Json",
            Self::Xml => "Xml",
            Self::Csv => "Csv",
            Self::Xlsx => "Xlsx",
            Self::Bytes => "Bytes",
            Self::Text => "Text",
        }
    }

    /// Whether the content is text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Lines | Self::Xml | Self::Csv | Self::Text)
    }

    /// The media types of a response with this content: the described ones, and those of the table.
    pub(crate) fn patterns(self, described: &[String]) -> Vec<String> {
        let known = TABLE.iter().filter(|(kind, _)| *kind == self);
        let known = known.flat_map(|(_, patterns)| patterns.iter().map(|it| (*it).to_owned()));
        let mut patterns: Vec<String> = Vec::new();
        for pattern in described.iter().map(|it| essence(it)).chain(known) {
            if !patterns.iter().any(|known| matches(known, &pattern)) {
                patterns.push(pattern);
            }
        }
        patterns
    }
}

/// Whether a media type is JSON of any kind.
pub(crate) fn is_json(media_type: &str) -> bool {
    matches!(
        MediaType::of(media_type),
        MediaType::Json | MediaType::Lines
    )
}

/// Whether a media type is of one JSON record after the other.
pub(crate) fn is_sequence(media_type: &str) -> bool {
    MediaType::of(media_type) == MediaType::Lines
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether a media type matches a pattern: as the SDK's `is_media_type` does it.
fn matches(pattern: &str, essence: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => essence.starts_with(start) && essence.ends_with(end),
        None => pattern == essence,
    }
}

/// The header `Accept`: the described media types, and those of errors. Empty for JSON and text.
pub(crate) fn accept<'a>(media_types: impl Iterator<Item = &'a String>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in media_types {
        let name = name.split(';').next().unwrap_or_default().trim();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let usual = ["application/json", "text/plain"];
    if names.iter().all(|name| usual.contains(name)) {
        return String::new();
    }
    for name in usual {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_a_media_type_is_in_one_table() {
        for (media_type, expected) in [
            ("application/json", MediaType::Json),
            ("Application/JSON; charset=utf-8", MediaType::Json),
            ("text/json", MediaType::Json),
            ("application/vnd.api+json", MediaType::Json),
            ("application/x-ndjson", MediaType::Lines),
            ("application/stream+json;charset=utf-8", MediaType::Lines),
            ("application/xml", MediaType::Xml),
            ("text/xml", MediaType::Xml),
            ("application/marcxml+xml", MediaType::Xml),
            ("text/csv", MediaType::Csv),
            ("text/plain", MediaType::Text),
            ("text/html", MediaType::Text),
            ("application/text", MediaType::Text),
            ("application/octet-stream", MediaType::Bytes),
            ("application/pdf", MediaType::Bytes),
            ("application/raml+yaml", MediaType::Bytes),
            ("image/png", MediaType::Bytes),
            ("", MediaType::Bytes),
        ] {
            assert_eq!(MediaType::of(media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn a_response_has_a_content_by_what_is_described_and_by_the_table() {
        let described = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let patterns = |names: &[&str]| {
            let names: Vec<String> = described(names);
            MediaType::of(&names[0]).patterns(&names)
        };
        for (names, expected) in [
            (
                &["application/pdf"][..],
                &["application/pdf", "*/octet-stream"][..],
            ),
            (
                &["application/vnd.api+json"],
                &[
                    "application/vnd.api+json",
                    "application/json",
                    "text/json",
                    "*+json",
                ],
            ),
            (
                &["text/plain;charset=utf-8"],
                &["text/plain", "text/*", "application/text"],
            ),
            (&["text/CSV"], &["text/csv"]),
        ] {
            assert_eq!(patterns(names), expected);
        }
    }

    #[test]
    fn accept_names_what_is_described_and_what_errors_come_as() {
        for (names, expected) in [
            (&["application/json", "text/plain;charset=utf-8"][..], ""),
            (
                &["text/csv;q=1", "text/csv"],
                "text/csv, application/json, text/plain",
            ),
            (&[], ""),
        ] {
            let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(accept(names.iter()), expected);
        }
    }
}
