//! The names of generated code: Rust's rules for names, and the conversion of documents' names.

use std::collections::BTreeSet;

/// Whether text is a name of Rust as it is: of a type, a module or a function, no keyword.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && syn::parse_str::<syn::Ident>(text).is_ok()
}

/// The words that a field, an argument or a function cannot have.
const UNUSABLE: [&str; 5] = ["Self", "_", "crate", "self", "super"];

/// The words that it can have when they are written raw, in their order.
const RESERVED: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Methods of every builder: a parameter of one of these names gets an underscore.
const BUILDER: [&str; 10] = [
    "body", "confirm", "send", "stream", "header", "param", "retry", "timeout", "new", "unsorted",
];

/// A name that Rust takes: keywords are written raw.
pub(crate) fn ident(name: &str) -> String {
    // Parsing a hundred thousand names is a good part of the time of a build script, which is
    // compiled without optimisation.
    let begins_well = name.starts_with(|c: char| c == '_' || c.is_alphabetic());
    if UNUSABLE.contains(&name) || !begins_well {
        format!("_{name}")
    } else if RESERVED.binary_search(&name).is_ok() {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// The variant of an enum or a union for a described value or type of this name. `Unknown` is the
/// variant for what is not described, and `Self` no name of a variant: both get an underscore.
pub(crate) fn variant_name(name: &str) -> &str {
    match name {
        "Unknown" => "Unknown_",
        "Self" => "Self_",
        name => name,
    }
}

/// Words in lower case, joined by underscores: `order_by` of `orderBy`. The names of operations and
/// modules are made with it, too.
pub fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower {
                snake.push('_');
            }
            lower = !c.is_ascii_uppercase();
            snake.push(c.to_ascii_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
            lower = false;
        }
    }
    snake.trim_end_matches('_').to_owned()
}

/// A name without what distinguishes the spellings of one name: `orderby` of `orderBy` and
/// `order_by`.
pub fn squashed(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// A name as typify writes names of types.
pub(crate) fn pascal(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut pascal = String::new();
    let mut start = true;
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            start = true;
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let next = chars.get(index + 1);
        let begins = c.is_ascii_uppercase()
            && (before.is_some_and(char::is_ascii_lowercase)
                || before.is_some_and(char::is_ascii_uppercase)
                    && next.is_some_and(char::is_ascii_lowercase));
        if start || begins {
            pascal.extend(c.to_uppercase());
        } else {
            pascal.extend(c.to_lowercase());
        }
        start = false;
    }
    pascal
}

/// The name of the type that is generated for a component: `SummaryDto` of `SummaryDTO`.
pub(crate) fn component_type(component: &str) -> String {
    type_name(&pascal(component))
}

/// The name of a generated type: what typify says, unless that would hide a name of Rust's prelude
/// from the generated code.
pub(crate) fn type_name(name: &str) -> String {
    const PRELUDE: [&str; 16] = [
        "Box", "Clone", "Copy", "Debug", "Default", "Err", "From", "Into", "None", "Ok", "Option",
        "Result", "Send", "Some", "String", "Vec",
    ];
    if PRELUDE.contains(&name) {
        format!("{name}Record")
    } else {
        name.to_owned()
    }
}

/// The name of an argument or a function, unlike those that are `taken`: a parameter of the name of
/// a method that all builders have gets an underscore.
pub(crate) fn argument(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut rust = snake(name);
    if rust.is_empty() {
        rust.push_str("parameter");
    }
    if BUILDER.contains(&rust.as_str()) {
        rust.push('_');
    }
    while !taken.insert(rust.clone()) {
        rust.push('_');
    }
    ident(&rust)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_rust_reserves_is_written_raw_and_no_other() {
        assert!(RESERVED.is_sorted());
        for word in RESERVED.into_iter().chain(UNUSABLE) {
            // syn goes by an older edition, which does not reserve `gen`.
            let refused = syn::parse_str::<syn::Ident>(word).is_err();
            assert!(refused || word == "gen", "{word}");
            assert!(syn::parse_str::<syn::Ident>(&ident(word)).is_ok(), "{word}");
        }
        for word in [
            "union",
            "default",
            "auto",
            "macro_rules",
            "raw",
            "safe",
            "_type",
        ] {
            assert_eq!(ident(word), word);
            assert!(syn::parse_str::<syn::Ident>(word).is_ok(), "{word}");
        }
        assert_eq!(ident("2nd"), "_2nd");
    }

    #[test]
    fn a_name_is_one_word() {
        for name in ["Book", "list_books", "_x", "N2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "a b", "a;", "r#type", "type", "2", "é", "a\n", "Self", "_",
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn names_of_documents_become_names_of_rust() {
        for (name, of_type, of_function, without_spelling) in [
            ("orderBy", "OrderBy", "order_by", "orderby"),
            ("SummaryDTO", "SummaryDto", "summary_dto", "summarydto"),
            ("a-b_c", "ABC", "a_b_c", "abc"),
            ("2nd copy", "2ndCopy", "2nd_copy", "2ndcopy"),
            ("", "", "", ""),
        ] {
            assert_eq!(pascal(name), of_type);
            assert_eq!(snake(name), of_function);
            assert_eq!(squashed(name), without_spelling);
        }
        assert_eq!(component_type("option"), "OptionRecord");
        let mut taken = BTreeSet::new();
        let mut names = |name| argument(name, &mut taken);
        assert_eq!(
            ["id", "ID", "send", "type", "-"].map(&mut names),
            ["id", "id_", "send_", "r#type", "parameter"]
        );
    }
}
