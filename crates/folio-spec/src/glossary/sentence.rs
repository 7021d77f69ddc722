//! The rules for a sentence of the glossary.

/// The most characters of a sentence.
pub(crate) const MAX_CHARACTERS: usize = 200;

/// Words without information of their own.
const EMPTY_WORDS: [&str; 22] = [
    "a", "an", "and", "are", "as", "by", "field", "for", "in", "is", "its", "of", "on", "record",
    "that", "the", "this", "to", "unique", "value", "whether", "with",
];

/// The problem of a sentence about something with the names `names`.
pub(crate) fn problem(text: &str, names: &[&str]) -> Option<String> {
    let is_upper = |c: char| c.is_uppercase() || c.is_ascii_digit() || c == '`';
    if text.trim().is_empty() {
        return Some("the sentence is empty".to_owned());
    }
    if text.contains(['\n', '\r']) {
        return Some("the sentence has a line break".to_owned());
    }
    if text.chars().any(folio_codegen::is_unsafe) {
        return Some("the sentence has a control character or an invisible one".to_owned());
    }
    if text.trim() != text || text.contains("  ") {
        return Some("the sentence has surplus spaces".to_owned());
    }
    if !text.starts_with(is_upper) {
        return Some("the sentence does not start with a capital letter".to_owned());
    }
    if !text.ends_with('.') || text.ends_with("..") {
        return Some("the sentence does not end with a full stop".to_owned());
    }
    let length = text.chars().count();
    if length > MAX_CHARACTERS {
        return Some(format!(
            "the sentence has {length} characters; the most are {MAX_CHARACTERS}"
        ));
    }
    if text.matches('`').count() % 2 == 1 {
        return Some("the sentence has a backtick without its partner".to_owned());
    }
    let known: Vec<String> = names.iter().flat_map(|name| stems(name)).collect();
    let is_news = |word: &String| !known.contains(word) && !EMPTY_WORDS.contains(&&**word);
    if !stems(text).iter().any(is_news) {
        return Some("the sentence only repeats the name".to_owned());
    }
    None
}

/// The parts of a name in camel case.
fn split(name: &str) -> impl Iterator<Item = &str> {
    let is_start = |at: &usize| {
        let before = name.get(..*at).and_then(|text| text.chars().next_back());
        let here = name.get(*at..).and_then(|text| text.chars().next());
        here.is_some_and(char::is_uppercase) && before.is_some_and(char::is_lowercase)
    };
    let mut cuts: Vec<usize> = (1..name.len()).filter(is_start).collect();
    cuts.insert(0, 0);
    cuts.push(name.len());
    let ranges: Vec<_> = cuts.windows(2).map(|cut| cut[0]..cut[1]).collect();
    ranges.into_iter().filter_map(move |range| name.get(range))
}

/// The words of a text or a name in one form.
fn stems(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    parts
        .filter(|part| !part.is_empty())
        .flat_map(split)
        .map(|word| {
            let word = word.to_lowercase();
            match word.as_str() {
                "identifier" | "ids" => "id".to_owned(),
                _ => word.trim_end_matches('s').to_owned(),
            }
        })
        .filter(|word| !word.is_empty())
        .collect()
}
