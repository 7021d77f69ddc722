//! A description is data: whatever stands at whatever place of a document, the code that is
//! generated from it has no item, attribute or line of documentation that is not the generator's.
//! Each key and each text of a document is replaced by each payload in turn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::collections::BTreeSet;
use std::path::Path;

use folio_codegen::{Document, Error, Options, Specs, generate};
use folio_test_support::threads::each;
use proc_macro2::{TokenStream, TokenTree};
use serde_json::{Value, json};

/// What an attacker writes. Each holds the name `planted`, as an item, an attribute or a macro.
const PAYLOADS: [&str; 5] = [
    "x\npub mod planted {}\n//",
    "`\r\n*/ } ) ] >; pub mod planted {} /* \u{202e}\u{2028}",
    "\"#; \"##; \")]\n#[planted]\npub const X: &str = \"\\",
    "${pub mod planted!()}{}</code>\n/// planted",
    "200, _) => planted!(), (200",
];

/// What the generator writes of attributes.
const ATTRIBUTES: [&str; 11] = [
    "allow",
    "cfg",
    "cfg_attr",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "inline",
    "must_use",
    "non_exhaustive",
    "rustfmt",
];

/// Facts that are shown or sent, and that change no name and no type. (An `upstreamId` that is no
/// name is not shown.)
const TEXTS: [&str; 9] = [
    "/interface",
    "/permissions/",
    "/source",
    "/sources/",
    "/version",
    "/pattern",
    "/default",
    "/facts/deletes/",
    "/key",
];

/// A document with everything that the generator looks at.
fn specs() -> Specs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let mut specs = Specs::read(&folder, |module| module == "mod-books").unwrap();
    let root = &mut specs.modules[0].root;
    let schema = |reference: &str| json!({"schema": {"$ref": reference}});
    root["paths"]["/books/{bookId}/loans"] = json!({
        "delete": {
            "operationId": "delete_book_loans",
            "parameters": [
                {"name": "bookId", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[a-f]+$"}},
                {"name": "userId", "in": "query", "required": true, "schema": {"type": "string", "format": "uri"}},
            ],
            "responses": {"204": {"description": ""}},
            "x-folio": {"interface": "loans 1.0", "permissions": ["a", "b"], "upstreamId": "deleteLoans", "facts": {"deletes": ["userId&bookId"]}},
        },
        "post": {
            "operationId": "post_book_loan",
            "deprecated": true,
            "parameters": [],
            "requestBody": {"required": true, "content": {
                "multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, "note": {"type": "string"}}}},
                "text/csv": {}, "application/x-www-form-urlencoded": schema("#/components/schemas/Chapter"),
            }},
            "responses": {
                "200": {"description": "", "content": {"application/json": schema("#/components/schemas/Book"), "text/xml": {}, "application/pdf": {}}},
                "207": {"description": "", "content": {"application/json": schema("#/components/schemas/Shape")}},
                "2XX": {"description": "", "content": {"application/json": schema("#/components/schemas/Books")}},
            },
            "x-folio": {"interface": "loans 1.0", "permissions": [], "facts": {"creates": "record", "sensitive": true}},
        },
    });
    root["components"]["schemas"]["Shape"] = json!({
        "oneOf": [{"$ref": "#/components/schemas/Circle"}, {"$ref": "#/components/schemas/Square"}],
        "discriminator": {"propertyName": "kind", "mapping": {"circle": "#/components/schemas/Circle", "square": "#/components/schemas/Square"}},
    });
    for (name, field) in [("Circle", "radius"), ("Square", "side")] {
        root["components"]["schemas"][name] = json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"type": "string"}, field: {"type": "number", "format": "double", "minimum": 0}, "more": {"type": "object", "properties": {"of": {"type": "string", "enum": ["a", "b"]}}},
        }});
    }
    specs
}

/// The places of a document: a pointer, and whether it is the key there that is meant.
fn places(value: &Value, at: &str, out: &mut Vec<(String, bool)>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = format!("{at}/{}", escaped(key));
                out.push((at.clone(), true));
                places(value, &at, out);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(value, &format!("{at}/{index}"), out);
            }
        }
        Value::String(_) => out.push((at.to_owned(), false)),
        _ => {}
    }
}

/// Puts text into a place: all of it, or behind what is there.
fn plant(root: &mut Value, (at, is_key): &(String, bool), payload: &str, behind: bool) {
    if *is_key {
        let (above, key) = at.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        let map = root.pointer_mut(above).unwrap().as_object_mut().unwrap();
        let value = map.remove(&key).unwrap();
        let key = if behind {
            format!("{key}{payload}")
        } else {
            payload.to_owned()
        };
        map.insert(key, value);
    } else {
        let text = root.pointer_mut(at).unwrap();
        let known = text.as_str().unwrap().to_owned();
        *text = if behind {
            format!("{known}{payload}")
        } else {
            payload.to_owned()
        }
        .into();
    }
}

/// What of the code is not the generator's.
fn foreign(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(name) if *name == "planted" => {
                found.insert("the name `planted`".to_owned());
            }
            TokenTree::Group(group) => {
                let is_attribute = index > 0
                    && matches!(&tokens[index - 1], TokenTree::Punct(punct) if matches!(punct.as_char(), '#' | '!'))
                    && group.delimiter() == proc_macro2::Delimiter::Bracket;
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                if let (true, Some(TokenTree::Ident(name))) = (is_attribute, inner.first())
                    && !ATTRIBUTES.contains(&&*name.to_string())
                    && inner.len() > 1
                {
                    found.insert(format!("the attribute `{name}`"));
                }
                if let (true, Some(TokenTree::Ident(name)), Some(TokenTree::Literal(text))) =
                    (is_attribute, inner.first(), inner.last())
                    && *name == "doc"
                {
                    let text = syn::parse_str::<syn::LitStr>(&text.to_string())
                        .unwrap()
                        .value();
                    if text.contains(['\n', '\r', '\u{202e}', '\u{2028}']) {
                        found.insert(format!("the documentation {text:?}"));
                    }
                }
                foreign(group.stream(), found);
            }
            _ => {}
        }
    }
}

/// The code without literals and documentation.
fn skeleton(tokens: TokenStream) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                out.push_str(&format!(
                    "{:?}[{}]",
                    group.delimiter(),
                    skeleton(group.stream())
                ));
            }
            TokenTree::Literal(_) => out.push_str(" _"),
            TokenTree::Ident(name) => out.push_str(&format!(" {name}")),
            TokenTree::Punct(punct) => out.push(punct.as_char()),
        }
    }
    out
}

fn check(specs: &Specs, what: &str) -> Option<String> {
    let files = match generate(specs, Options { schemas: true }) {
        Ok(files) => files,
        Err(Error::Io { .. } | Error::Json { .. }) => panic!("{what}: reads nothing"),
        Err(_) => return None,
    };
    let mut all = String::new();
    for (name, text) in files {
        if let Err(error) = syn::parse_file(&text) {
            let near: Vec<&str> = text
                .lines()
                .filter(|line| line.contains("planted"))
                .collect();
            panic!("{what}: {name} is no Rust: {error}: {near:#?}");
        }
        let raw = |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}');
        assert_eq!(text.chars().find(raw), None, "{what}: {name}");
        let tokens: TokenStream = text.parse().unwrap();
        let mut found = BTreeSet::new();
        foreign(tokens.clone(), &mut found);
        assert!(found.is_empty(), "{what}: {name} has {found:?}");
        all.push_str(&skeleton(tokens));
    }
    Some(all)
}

#[test]
fn no_text_of_a_document_becomes_code() {
    let specs = specs();
    let expected = check(&specs, "the document itself").expect("is taken");
    let mut cases = Vec::new();
    for (index, document) in std::iter::once(&specs.common)
        .chain(&specs.modules)
        .enumerate()
    {
        let mut all = Vec::new();
        places(&document.root, "", &mut all);
        for (number, place) in all.into_iter().enumerate() {
            let is_text = !place.1 && TEXTS.iter().any(|text| place.0.contains(text));
            for (payload_number, payload) in PAYLOADS.iter().enumerate() {
                let number = number + payload_number;
                // Texts that are shown are tried with all; of the others each with one or two,
                // which differ from place to place.
                if is_text || number.is_multiple_of(3) {
                    cases.push((index, place.clone(), *payload, number % 3 > 0, is_text));
                }
            }
        }
    }
    let outcomes = each(&cases, |(index, place, payload, behind, is_text)| {
        let mut specs = specs.clone();
        let document = match index {
            0 => &mut specs.common,
            _ => &mut specs.modules[index - 1],
        };
        plant(&mut document.root, place, payload, *behind);
        let what = format!("{payload:?} at {}", place.0);
        let code = check(&specs, &what);
        if let Some(code) = &code {
            assert!(
                !is_text || *code == expected,
                "{what}: the code has other items"
            );
        }
        code.is_some()
    });
    let taken = outcomes.iter().filter(|is_taken| **is_taken).count();
    let rejected = outcomes.len() - taken;
    println!("{taken} documents gave code, {rejected} were rejected");
    assert!(
        taken > 300 && rejected > 50,
        "{taken} taken, {rejected} rejected"
    );
}

#[test]
fn names_of_modules_are_names() {
    for name in [
        "mod-x {} pub mod planted",
        "mod-x\n",
        "mod-",
        "mod-X",
        "mod-../x",
    ] {
        let mut specs = specs();
        specs.modules[0] = Document::new(name, json!({"paths": {}}));
        let error = generate(&specs, Options::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cannot be the name of a Rust module"),
            "{error}"
        );
    }
}
