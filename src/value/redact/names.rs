//! Names of secrets: of headers, parameters and fields. The one list of the SDK.

use arrayvec::ArrayString;

/// Words that make every name that contains them secret.
const WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "encryptionkey",
    "serverkey",
    "customerkey",
];

/// Names that are secret as a whole.
const NAMES: [&str; 11] = [
    "pin",
    "key",
    "pwd",
    "salt",
    "jwt",
    "bearer",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "passcode",
];

/// Names that contain a secret word but are not secret: the cursor of OAI-PMH, the kind of a token,
/// the UUID of credentials (mod-kb-ebsco-java).
const PUBLIC: [&str; 3] = ["resumptiontoken", "tokentype", "credentialsid"];

/// The name without separators, in lower case: `Api-Key`, `api_key` and `apiKey` are equal. The
/// start of an overlong name is sufficient.
pub(super) fn normal(name: &str) -> ArrayString<64> {
    let mut normal = ArrayString::new();
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    for letter in letters.flat_map(char::to_lowercase) {
        if normal.try_push(letter).is_err() {
            break;
        }
    }
    normal
}

/// Whether the last word of a name in camel case or snake case is this word: `patronPin`,
/// `user_pin`.
fn ends_with_word(name: &str, word: &str) -> bool {
    let Some(at) = name.len().checked_sub(word.len()) else {
        return false;
    };
    let (Some(before), Some(last)) = (name.get(..at), name.get(at..)) else {
        return false;
    };
    last.eq_ignore_ascii_case(word)
        && match before.chars().next_back() {
            None => true,
            Some(letter) if letter.is_alphanumeric() => {
                letter.is_lowercase() && last.starts_with(char::is_uppercase)
            }
            Some(_) => true,
        }
}

/// Whether the value under this name is secret: of a field of JSON or a form, of a parameter, of a
/// header. This is the only list.
pub(crate) fn is_secret(name: &str) -> bool {
    is_exactly_secret(name) || {
        let name = normal(name);
        WORDS.iter().any(|word| name.contains(word))
            && !PUBLIC.contains(&&*name)
            && !["expiration", "expires", "expiresin", "expiry", "expired"]
                .iter()
                .any(|end| name.ends_with(end))
    }
}

pub(super) fn is_exactly_secret(name: &str) -> bool {
    let normal = normal(name);
    NAMES.contains(&&*normal) || WORDS.contains(&&*normal) || ends_with_word(name, "pin")
}

/// Whether a parameter of a query string has a secret value. OAuth's `code` can be exchanged for a
/// token.
pub(crate) fn is_secret_parameter(name: &str) -> bool {
    // The parameters of most requests are skipped.
    !matches!(name, "query" | "limit" | "offset" | "totalRecords")
        && (name.eq_ignore_ascii_case("code") || is_secret(name))
}

/// The role of a field in its object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Secret,
    /// `key`: a secret, or the name of a pair.
    Key,
    /// The name of a pair.
    Name,
    /// The value of a pair.
    Value,
    Plain,
}

pub(super) fn role(name: &str) -> Role {
    match &*normal(name) {
        "key" => Role::Key,
        "name" | "code" | "field" | "fieldname" | "configname" | "property" | "propertyname"
        | "parameter" | "attribute" => Role::Name,
        "value" | "values" | "rejectedvalue" | "defaultvalue" | "newvalue" | "oldvalue" => {
            Role::Value
        }
        _ if is_secret(name) => Role::Secret,
        _ => Role::Plain,
    }
}
