//! Which segments of a path are verbs.

/// Verbs. A segment that is one, or begins with one, is the verb of a POST, PUT or PATCH, and of a
/// GET that changes something. FOLIO writes some of two words: `check-in`.
pub(super) const VERBS: &str = "\
    activate add anonymize assemble bill block calculate cancel change check check_in check_out \
    claim clean_up cleanup clone commission compare confirm control convert count create declare \
    decline decommission delete download end ensure expect expire export fetch generate get hold \
    import init install invalidate listen load login logout lookup mark merge migrate move \
    no_listen pause pay pickup populate process publish pull purge push query re_encumber \
    recalculate recall receive recover refresh refund regenerate reindex reinstall release remove \
    renew reorder replace resend reset restore resume retrieve retry return rollover route save \
    search send sign start stop suppress sync test transfer trigger try un_delete unblock unrelease \
    update upgrade upload validate verify waive";

/// The verbs of a GET that changes nothing.
pub(super) const READING: &str = "\
    calculate check convert download export fetch get lookup refresh search test validate";

/// The verbs of a DELETE, which is `delete_…` with any other segment.
pub(super) const ENDING: &str = "cancel mark";

/// Verbs without an object: one that is a whole segment does not take the segment before it.
pub(super) const INTRANSITIVE: &str = "login logout";

/// Segments that begin with one of the verbs and are nouns.
pub(super) const NOUNS: &str = "download_url import_supported search_slips upload_url";

/// States: what is put into one is marked so, as `mark-missing` is.
pub(super) const STATES: &str = "accessioned active deprecated draft reshelved";

/// Whether a word is in one of the tables.
pub(super) fn is_in(table: &str, word: &str) -> bool {
    table.split_whitespace().any(|known| known == word)
}

/// How many words of a segment are a verb: `check_in_by_barcode` begins with one of two words. The
/// verbs are those of the table.
pub(super) fn verb_length(words: &[String], table: &str) -> Option<usize> {
    if is_in(NOUNS, &words.join("_")) {
        return None;
    }
    (1..=words.len().min(2))
        .rev()
        .find(|length| is_in(table, &words[..*length].join("_")))
}

/// The same of a GET that changes nothing. What can be done is asked as it is said: `can_delete`.
pub(super) fn reading_length(words: &[String]) -> Option<usize> {
    if words.len() > 1 && words[0] == "can" {
        return Some(2);
    }
    verb_length(words, READING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split('_').map(str::to_owned).collect()
    }

    #[test]
    fn a_segment_that_begins_with_a_verb_is_one_unless_it_is_a_noun() {
        for (text, expected) in [
            ("cancel", Some(1)),
            ("mark_missing", Some(1)),
            ("check_in_by_barcode", Some(2)),
            ("check_pay", Some(1)),
            ("search_slips", None),
            ("credentials", None),
        ] {
            assert_eq!(verb_length(&words(text), VERBS), expected, "{text}");
        }
        assert_eq!(reading_length(&words("can_delete")), Some(2));
        assert_eq!(reading_length(&words("can")), None);
        assert_eq!(reading_length(&words("start")), None);
    }

    #[test]
    fn every_table_is_sorted_and_without_repetitions() {
        for table in [VERBS, READING, ENDING, INTRANSITIVE, NOUNS, STATES] {
            let words: Vec<&str> = table.split_whitespace().collect();
            assert!(words.is_sorted_by(|a, b| a < b), "{table}");
        }
        for table in [READING, ENDING, INTRANSITIVE] {
            assert!(table.split_whitespace().all(|word| is_in(VERBS, word)));
        }
    }
}
