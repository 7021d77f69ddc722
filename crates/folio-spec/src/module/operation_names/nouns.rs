//! The nouns of paths: words that a URL runs together, and singulars.

use super::verbs::is_in;
use crate::base::words;
use crate::canonical::identifier::snake;

/// An exception to how a word of a URL is written, and its reason.
pub(super) struct Spelling {
    /// The word as URLs have it.
    pub(super) url: &'static str,
    /// As names have it.
    pub(super) name: &'static str,
    /// Why.
    pub(super) reason: &'static str,
}

const fn spelling(url: &'static str, name: &'static str, reason: &'static str) -> Spelling {
    Spelling { url, name, reason }
}

const COURSES: &str = "mod-courses: fields and records are `copyrightStatus`, `courseListing` …";
const FEES: &str = "mod-feesfines: ids are `feeFineId`, a path is `manual-block-templates`";
const USERS: &str = "mod-users: fields and records are `addressTypeId`, `ProxyFor`";
const INN_REACH: &str = "mod-inn-reach: operationIds and records are `itemHold`, `finalCheckIn` …";
const TWO_WORDS: &str = "two words that the URL runs together";

/// Words that are not written as the URL has them: those that it runs together, and a plural that
/// is none.
pub(super) const SPELLINGS: [Spelling; 38] = [
    spelling("addresstypes", "address_types", USERS),
    spelling("asritem", "asr_item", TWO_WORDS),
    spelling("borrowerrenew", "borrower_renew", INN_REACH),
    spelling("cancelitemhold", "cancel_item_hold", INN_REACH),
    spelling("cancelrequest", "cancel_request", INN_REACH),
    spelling("claimsreturned", "claims_returned", INN_REACH),
    spelling("copyrightstatuses", "copyright_statuses", COURSES),
    spelling("costperuse", "cost_per_use", TWO_WORDS),
    spelling("courselistings", "course_listings", COURSES),
    spelling("coursetypes", "course_types", COURSES),
    spelling(
        "criterias",
        "criteria",
        "`criteria` is the plural of `criterion`",
    ),
    spelling("exportcredentials", "export_credentials", TWO_WORDS),
    spelling("feefine", "fee_fine", FEES),
    spelling("feefineactions", "fee_fine_actions", FEES),
    spelling("feefines", "fee_fines", FEES),
    spelling("finalcheckin", "final_check_in", INN_REACH),
    spelling("getbibrecord", "get_bib_record", INN_REACH),
    spelling("intransit", "in_transit", INN_REACH),
    spelling("itemhold", "item_hold", INN_REACH),
    spelling("itemreceived", "item_received", INN_REACH),
    spelling("itemshipped", "item_shipped", INN_REACH),
    spelling("localhold", "local_hold", INN_REACH),
    spelling("manualblocks", "manual_blocks", FEES),
    spelling("matchkey", "match_key", TWO_WORDS),
    spelling("multipartupload", "multipart_upload", TWO_WORDS),
    spelling("myprofile", "my_profile", TWO_WORDS),
    spelling("ncipconfigcheck", "ncip_config_check", TWO_WORDS),
    spelling("ownerrenew", "owner_renew", INN_REACH),
    spelling("patronhold", "patron_hold", INN_REACH),
    spelling("processingstatuses", "processing_statuses", COURSES),
    spelling("proxiesfor", "proxies_for", USERS),
    spelling("purgefinished", "purge_finished", TWO_WORDS),
    spelling("purgestale", "purge_stale", TWO_WORDS),
    spelling("receiveunshipped", "receive_unshipped", INN_REACH),
    spelling("refreshtoken", "refresh_token", TWO_WORDS),
    spelling("returnuncirculated", "return_uncirculated", INN_REACH),
    spelling("transferrequest", "transfer_request", INN_REACH),
    spelling("verifypatron", "verify_patron", INN_REACH),
];

/// Singulars that follow no rule of RAML's functions.
pub(super) const SINGULARS: [Spelling; 3] = [
    spelling("consortia", "consortium", "Latin"),
    spelling("criteria", "criterion", "Greek"),
    spelling(
        "credentials",
        "credentials",
        "FOLIO stores a name and a password as one record",
    ),
];

/// The last words of segments that have no plural: lists of them are named as the URL has them.
pub(super) const UNCOUNTABLE: &str = "\
    audit children content control credentials data discovery env health history information install log lookup \
    metadata oai preview progress refdata rtac self set storage";

/// The words of a segment of a path, in lower case.
pub(super) fn words_of(segment: &str) -> Vec<String> {
    snake(segment)
        .split('_')
        .filter(|word| !word.is_empty())
        .flat_map(|word| {
            let spelled = SPELLINGS.iter().find(|spelling| spelling.url == word);
            let name = spelled.map_or(word, |spelling| spelling.name);
            name.split('_').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// The singular of the words of a segment: of the last one, and of what stands before `of` and
/// `for` where the last one is no plural (`modes_of_issuance`).
pub(super) fn singular(words: &[String]) -> Vec<String> {
    let mut singular = words.to_vec();
    let Some(last) = singular.len().checked_sub(1) else {
        return singular;
    };
    let word = singular_word(&words[last]);
    let head = words
        .iter()
        .position(|word| matches!(&**word, "of" | "for"))
        .and_then(|preposition| preposition.checked_sub(1));
    match head {
        Some(head) if word == words[last] => singular[head] = singular_word(&words[head]),
        _ => singular[last] = word,
    }
    singular
}

/// The plural of the words of a segment that has the singular: `smtp_configuration`. A plural, and
/// what has none, stays.
pub(super) fn plural(words: &[String]) -> Vec<String> {
    let mut plural = words.to_vec();
    // What follows `by` selects: `items_by_holdings_id`.
    let is_singular = singular(words) == words && !words.iter().any(|word| word == "by");
    if let Some(last) = plural
        .last_mut()
        .filter(|last| is_singular && !is_in(UNCOUNTABLE, last))
    {
        *last = plural_word(last);
    }
    plural
}

fn plural_word(word: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    match word.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

fn singular_word(word: &str) -> String {
    match SINGULARS.iter().find(|exception| exception.url == word) {
        Some(exception) => exception.name.to_owned(),
        None => words::singular(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_plural_of_its_segment() {
        for (segment, list) in [
            ("smtp-configuration", "smtp_configurations"),
            ("entitlementLogEntry", "entitlement_log_entries"),
            ("survey", "surveys"),
            ("box", "boxes"),
            ("users", "users"),
            ("modes-of-issuance", "modes_of_issuance"),
            ("consortia", "consortia"),
            ("credentials", "credentials"),
            ("banking-information", "banking_information"),
            ("items-by-holdings-id", "items_by_holdings_id"),
            ("children", "children"),
        ] {
            assert_eq!(plural(&words_of(segment)).join("_"), list, "{segment}");
        }
    }

    #[test]
    fn a_record_has_the_singular_of_its_segment() {
        for (segment, plural, record) in [
            ("patron-groups", "patron_groups", "patron_group"),
            (
                "transfer-criterias",
                "transfer_criteria",
                "transfer_criterion",
            ),
            ("consortia", "consortia", "consortium"),
            ("modes-of-issuance", "modes_of_issuance", "mode_of_issuance"),
            (
                "reasons-for-closure",
                "reasons_for_closure",
                "reason_for_closure",
            ),
            (
                "nature-of-content-terms",
                "nature_of_content_terms",
                "nature_of_content_term",
            ),
            ("proxiesfor", "proxies_for", "proxy_for"),
            (
                "processingstatuses",
                "processing_statuses",
                "processing_status",
            ),
            ("feefine-reports", "fee_fine_reports", "fee_fine_report"),
            ("kb-credentials", "kb_credentials", "kb_credentials"),
            ("campuses", "campuses", "campus"),
            ("prefixes", "prefixes", "prefix"),
            ("addressTypes", "address_types", "address_type"),
            ("metadata", "metadata", "metadata"),
        ] {
            let words = words_of(segment);
            assert_eq!(words.join("_"), plural, "{segment}");
            assert_eq!(singular(&words).join("_"), record, "{segment}");
        }
    }

    #[test]
    fn every_exception_changes_something_and_is_stated_once() {
        assert!(SPELLINGS.iter().is_sorted_by(|a, b| a.url < b.url));
        for exception in &SPELLINGS {
            assert_ne!(exception.url, exception.name);
            assert!(!exception.reason.is_empty());
        }
        for exception in &SINGULARS {
            assert_ne!(words::singular(exception.url), exception.name);
        }
    }
}
