//! Names in generated code: of functions and of types.

pub(crate) use folio_codegen::{snake, squashed};

/// Words with capitals, joined.
pub(crate) fn camel(text: &str) -> String {
    let mut camel = String::new();
    let mut up = true;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            camel.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        } else {
            up = true;
        }
    }
    if camel.starts_with(|c: char| c.is_ascii_digit()) {
        format!("N{camel}")
    } else {
        camel
    }
}

/// Names that generated code uses of Rust itself: a record of such a name would hide it.
const PRELUDE: [&str; 10] = [
    "Box", "Default", "Err", "None", "Ok", "Option", "Self", "Some", "String", "Vec",
];

/// Whether a record may have it as its name.
pub(crate) fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !PRELUDE.contains(&name)
}

/// Whether Rust takes it as the name of a function.
pub(crate) fn is_identifier(name: &str) -> bool {
    const KEYWORDS: [&str; 41] = [
        "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
        "enum", "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
        "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super",
        "trait", "true", "try", "type", "unsafe", "use", "where",
    ];
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_and_segments_become_rust_names() {
        for (text, expected_snake, expected_camel) in [
            ("patron-groups", "patron_groups", "PatronGroups"),
            ("addressTypes", "address_types", "AddressTypes"),
            ("userId", "user_id", "UserId"),
            ("2fa", "2fa", "N2fa"),
            ("--", "", ""),
        ] {
            assert_eq!(snake(text), expected_snake);
            assert_eq!(camel(text), expected_camel);
        }
    }

    #[test]
    fn keywords_and_names_of_the_prelude_are_not_used() {
        assert!(is_identifier("list_users") && is_identifier("_x"));
        assert!(!is_identifier("type") && !is_identifier("listUsers") && !is_identifier("2fa"));
        assert!(is_type("User") && !is_type("Option") && !is_type("user") && !is_type("A_b"));
    }
}
