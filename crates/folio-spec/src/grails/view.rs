//! JSON views of Grails (`.gson`): the keys that they write in addition to the properties of a
//! domain class.

use std::collections::BTreeSet;

/// Words of Groovy, and of the views' own language, that begin a line and write no key.
const WORDS: [&str; 22] = [
    "if", "else", "switch", "case", "default", "break", "return", "def", "final", "for", "try",
    "catch", "while", "json", "g", "tmpl", "call", "inherits", "import", "model", "response",
    "out",
];

/// The keys that a view writes itself, without those that it takes from the properties of the
/// record with `g.render`.
pub(super) fn keys(view: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    // Statements before the first `json` prepare values.
    let begins = |line: &&str| line.trim_start().starts_with("json");
    for line in view.lines().skip_while(|line| !begins(line)) {
        let line = line.trim();
        let line = line.strip_prefix("} else ").unwrap_or(line);
        // `if (theId) id (theId)`: a key behind its condition.
        let line = match line.strip_prefix("if") {
            Some(rest) if rest.trim_start().starts_with('(') && !line.ends_with('{') => {
                after_brackets(rest.trim_start())
            }
            _ => line,
        };
        let (name, rest) = match line.chars().next() {
            Some(quote @ ('\'' | '"')) => match line[1..].split_once(quote) {
                Some(split) => split,
                None => continue,
            },
            _ => line.split_at(
                line.find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(line.len()),
            ),
        };
        let is_name = name
            .chars()
            .all(|c| c.is_alphanumeric() || "_-".contains(c))
            && !name.is_empty();
        let begins = name
            .chars()
            .next()
            .is_some_and(|c| c.is_lowercase() || c == '_');
        let spaced = rest.starts_with([' ', '(', '{', '\t']);
        let rest = rest.trim_start();
        let writes = spaced
            && !rest.is_empty()
            && !rest.starts_with("<<")
            && (!rest.starts_with('=') || rest.starts_with("=="));
        // `final long count = …` and `String name = …` declare.
        let declares = rest.split_once(" = ").is_some_and(|(name, _)| {
            name.chars()
                .all(|c| c.is_alphanumeric() || "_<>,? ".contains(c))
        });
        if is_name && begins && writes && !declares && !WORDS.contains(&name) {
            keys.insert(name.to_owned());
        }
    }
    keys
}

fn after_brackets(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text[at + 1..].trim_start();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_those_that_are_written() {
        let view = r#"
import org.example.Shelf
@Field Shelf shelf
def should_expand = ['room']
should_expand << 'books'
if (shelf.empty) {
  json tmpl.empty(shelf)
} else {
  json g.render(shelf, [expand: should_expand, excludes: ['secret']]) {
  if (shelf.id) id (shelf.id)
  'class' Shelf.name
  final long logCount = shelf.count as long
  books (shelf.books) { Book book ->
    title book.title
  }
  if (shelf.full) {
    "full" true
  } else {
    full false
  }
  call(name, logCount)
  g.inline(shelf)
  }
}
"#;
        let keys: Vec<_> = super::keys(view).into_iter().collect();
        assert_eq!(keys, ["books", "class", "full", "id", "title"]);
    }
}
