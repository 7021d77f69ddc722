//! Finds the items of generated code without parsing all of it.
//!
//! Most of what progenitor and typify write is bodies of functions and implementations of traits,
//! of which nothing is read. A build script is compiled without optimisation, where parsing them
//! takes a third of its time.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// An item: its tokens up to its last brace, and its content.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its keyword: `struct`, `fn`, `impl`.
    pub(crate) keyword: String,
    /// All tokens before the body, with attributes and visibility.
    head: Vec<TokenTree>,
    /// The position of the keyword, or of its qualifier, in the head.
    start: usize,
    body: Option<Group>,
}

impl Item {
    /// The item's name: the word behind the keyword.
    pub(crate) fn name(&self) -> Option<String> {
        let mut words = self.words().skip_while(|word| **word != *self.keyword);
        words.nth(1).map(Ident::to_string)
    }

    /// Whether a word occurs in the head, outside of groups.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words().any(|other| other == word)
    }

    /// The content of the braces.
    pub(crate) fn inside(&self) -> TokenStream {
        self.body.as_ref().map(Group::stream).unwrap_or_default()
    }

    /// The declaration of a function, without attributes, visibility and body.
    pub(crate) fn declaration(self) -> TokenStream {
        self.head.into_iter().skip(self.start).collect()
    }

    /// The whole item.
    pub(crate) fn whole(self) -> TokenStream {
        let body = self.body.map(TokenTree::Group);
        self.head.into_iter().chain(body).collect()
    }

    fn words(&self) -> impl Iterator<Item = &Ident> {
        self.head
            .iter()
            .skip(self.start)
            .filter_map(|token| match token {
                TokenTree::Ident(word) => Some(word),
                _ => None,
            })
    }
}

/// The items in the tokens of a file, a module or an `impl`.
pub(crate) fn items(tokens: TokenStream) -> impl Iterator<Item = Item> {
    let mut tokens = tokens.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut head: Vec<TokenTree> = Vec::new();
        let mut body = None;
        for token in tokens.by_ref() {
            match token {
                TokenTree::Punct(end) if end.as_char() == ';' => {
                    head.push(TokenTree::Punct(end));
                    break;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    body = Some(group);
                    break;
                }
                token => head.push(token),
            }
        }
        if head.is_empty() && body.is_none() {
            return None;
        }
        // `use a::{b};` ends behind its brace.
        if body.is_some() {
            tokens.next_if(|token| matches!(token, TokenTree::Punct(end) if end.as_char() == ';'));
        }
        let start = start(&head);
        let keyword = head[start..].iter().find_map(|token| match token {
            TokenTree::Ident(word) if word != "async" => Some(word.to_string()),
            _ => None,
        });
        Some(Item {
            keyword: keyword.unwrap_or_default(),
            head,
            start,
            body,
        })
    })
}

/// Where an item begins behind its attributes and its visibility.
fn start(head: &[TokenTree]) -> usize {
    let mut at = 0;
    while let Some(token) = head.get(at) {
        at += match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => {
                1 + usize::from(
                    matches!(head.get(at + 1), Some(TokenTree::Punct(inner)) if inner.as_char() == '!'),
                )
            }
            TokenTree::Group(_) => 1,
            TokenTree::Ident(word) if word == "pub" => 1,
            _ => break,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_apart_whatever_stands_in_them() {
        let text = "
            #![doc = \"inner\"]
            use a::{b, c};
            pub(crate) const N: [u8; 2] = [1, 2];
            #[derive(Clone)] pub struct One { a: u8 }
            pub struct Two(u8);
            impl From<One> for Two { fn from(_: One) -> Self { Self(0) } }
            impl One { pub async fn call<'a>(&'a self, x: &'a str) -> Result<(), ()> { if x == \";\" { } Ok(()) } fn other() {} }
            pub mod types { pub enum Three { A, B } }";
        let found: Vec<Item> = items(text.parse().unwrap()).collect();
        let said: Vec<(&str, Option<String>)> = found
            .iter()
            .map(|item| (item.keyword.as_str(), item.name()))
            .collect();
        let named = |keyword, name: &str| (keyword, Some(name.to_owned()));
        assert_eq!(
            said,
            [
                named("use", "a"),
                named("const", "N"),
                named("struct", "One"),
                named("struct", "Two"),
                named("impl", "From"),
                named("impl", "One"),
                named("mod", "types")
            ]
        );
        assert!(found[4].has("for") && !found[5].has("for"));
        let functions: Vec<Item> = items(found[5].inside()).collect();
        assert_eq!(functions.len(), 2);
        assert!(functions[0].has("async") && !functions[1].has("async"));
        assert_eq!(functions[0].name().as_deref(), Some("call"));
        let inner: Vec<Item> = items(found[6].inside()).collect();
        assert!(syn::parse2::<syn::ItemEnum>(inner.into_iter().next().unwrap().whole()).is_ok());
        let function = functions.into_iter().next().unwrap().declaration();
        assert!(syn::parse2::<syn::Signature>(function).is_ok());
    }
}
