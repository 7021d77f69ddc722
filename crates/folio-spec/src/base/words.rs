//! Singular and plural of English words.
//!
//! RAML's `!singularize` and `!pluralize` and the names of operations use them.

/// Words that look like a plural but are not, or are the same in both numbers.
const SAME: [&str; 14] = [
    "series", "species", "news", "status", "alias", "bus", "gas", "lens", "data", "metadata",
    "access", "process", "address", "basis",
];

/// Plurals that follow no rule.
const IRREGULAR: [(&str, &str); 12] = [
    ("people", "person"),
    ("children", "child"),
    ("indices", "index"),
    ("matrices", "matrix"),
    ("aliases", "alias"),
    ("buses", "bus"),
    ("lenses", "lens"),
    ("movies", "movie"),
    ("shelves", "shelf"),
    ("halves", "half"),
    ("analyses", "analysis"),
    ("bases", "base"),
];

/// The singular of a word's last part: `patron-groups` is `patron-group`, `addressTypes` is
/// `addressType`.
pub(crate) fn singular(word: &str) -> String {
    let cut = last_part(word);
    let (head, last) = word.split_at(cut);
    format!("{head}{}", singular_part(last))
}

/// The plural of a word's last part.
pub(crate) fn plural(word: &str) -> String {
    let cut = last_part(word);
    let (head, last) = word.split_at(cut);
    let lower = last.to_ascii_lowercase();
    if let Some((plural, _)) = IRREGULAR.iter().find(|(_, singular)| *singular == lower) {
        return format!("{head}{}", like(last, plural));
    }
    if lower.ends_with('y')
        && !lower.ends_with(['a', 'e', 'o', 'u'])
        && !lower.ends_with("ay")
        && !lower.ends_with("ey")
        && !lower.ends_with("oy")
    {
        return format!("{head}{}ies", &last[..last.len() - 1]);
    }
    if lower.ends_with("ss")
        || lower.ends_with('x')
        || lower.ends_with("ch")
        || lower.ends_with("sh")
        || lower.ends_with("us")
    {
        return format!("{word}es");
    }
    if lower.ends_with('s') {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

fn singular_part(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if SAME.contains(&lower.as_str()) {
        return word.to_owned();
    }
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| *plural == lower) {
        return like(word, singular);
    }
    let without = |count: usize| word[..word.len() - count].to_owned();
    if lower.ends_with("ies") && lower.len() > 4 {
        return without(3) + "y";
    }
    for ending in ["sses", "xes", "ches", "shes", "uses", "zzes"] {
        if lower.ends_with(ending)
            && !matches!(
                lower.as_str(),
                "caches" | "uses" | "causes" | "houses" | "warehouses"
            )
        {
            return without(2);
        }
    }
    if lower.ends_with('s')
        && !lower.ends_with("ss")
        && !lower.ends_with("us")
        && !lower.ends_with("is")
        && lower.len() > 2
    {
        return without(1);
    }
    word.to_owned()
}

fn last_part(word: &str) -> usize {
    let bytes = word.as_bytes();
    (1..bytes.len())
        .rev()
        .find(|&i| {
            matches!(bytes[i - 1], b'-' | b'_' | b'.' | b' ')
                || bytes[i].is_ascii_uppercase() && bytes[i - 1].is_ascii_lowercase()
        })
        .unwrap_or(0)
}

fn like(model: &str, word: &str) -> String {
    if model.starts_with(|c: char| c.is_ascii_uppercase()) {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |c| {
            c.to_ascii_uppercase().to_string() + chars.as_str()
        })
    } else {
        word.to_owned()
    }
}
