//! The order of text in PostgreSQL with the collation en_US.UTF-8 of glibc.

use std::cmp::Ordering;
use std::sync::OnceLock;

use icu_collator::options::{AlternateHandling, CollatorOptions, MaxVariable, Strength};
use icu_collator::{Collator, CollatorBorrowed};

fn collator() -> Option<&'static CollatorBorrowed<'static>> {
    static COLLATOR: OnceLock<Option<CollatorBorrowed<'static>>> = OnceLock::new();
    COLLATOR
        .get_or_init(|| {
            let mut options = CollatorOptions::default();
            options.strength = Some(Strength::Tertiary);
            options.alternate_handling = Some(AlternateHandling::Shifted);
            options.max_variable = Some(MaxVariable::Symbol);
            Collator::try_new(Default::default(), options).ok()
        })
        .as_ref()
}

/// Compares two texts. Punctuation is ignored at first; then accents, case and punctuation decide,
/// in this order.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let first = if a.is_ascii() && b.is_ascii() {
        ascii(a, b)
    } else {
        // glibc ignores Hangul syllables at these levels.
        let strip = |text: &str| -> String {
            text.chars()
                .filter(|c| !('\u{ac00}'..='\u{d7a3}').contains(c))
                .collect()
        };
        collator().map_or(Ordering::Equal, |collator| {
            collator.compare(&strip(a), &strip(b))
        })
    };
    first
        .then_with(|| a.chars().map(weight).cmp(b.chars().map(weight)))
        .then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

/// The primary key of the order of ASCII texts: of two texts that differ in it, the one with the
/// lesser key is the lesser. None of other texts.
pub(crate) fn beginning(text: &str) -> Option<u128> {
    if !text.is_ascii() {
        return None;
    }
    let mut letters = [0; 16];
    letters
        .iter_mut()
        .zip(ascii_letters(text))
        .for_each(|(place, byte)| *place = byte.to_ascii_lowercase());
    Some(u128::from_be_bytes(letters))
}

/// The levels of letters and of case, for ASCII.
fn ascii(a: &str, b: &str) -> Ordering {
    ascii_letters(a)
        .map(|byte| byte.to_ascii_lowercase())
        .cmp(ascii_letters(b).map(|byte| byte.to_ascii_lowercase()))
        .then_with(|| {
            ascii_letters(a)
                .map(|byte| byte.is_ascii_uppercase())
                .cmp(ascii_letters(b).map(|byte| byte.is_ascii_uppercase()))
        })
}

fn ascii_letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'$')
}

/// The weight of a character at the last level: control characters, punctuation, currency, digits,
/// letters.
fn weight(c: char) -> (u8, u32, bool) {
    let code = u32::from(c);
    match c {
        '$' => (3, code, false),
        _ if c.is_ascii_control() => (0, code, false),
        _ if c.is_ascii_digit() => (4, code, false),
        _ if c.is_ascii_alphabetic() => {
            (5, u32::from(c.to_ascii_lowercase()), c.is_ascii_uppercase())
        }
        _ if c.is_ascii() => (1, code, false),
        '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' => (3, code, false),
        '\u{ac00}'..='\u{d7a3}' => (6, 0xac00, false),
        _ if c.is_alphabetic() => (6, code, false),
        _ if c.is_numeric() => (4, code, false),
        _ => (2, code, false),
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::Less;

    #[test]
    fn text_is_ordered_as_glibc_does() {
        for (a, b) in [
            ("1", "-3"),
            ("a-b", "ab"),
            ("a", "A"),
            ("A", "b"),
            ("ab", "a-c"),
            ("$", "1"),
            ("9", "a"),
            ("e", "é"),
            ("é", "f"),
            ("z", "東"),
        ] {
            assert_eq!(compare(a, b), Less, "{a} < {b}");
        }
    }
}
