//! Text of a short scalar, and the traits that identifiers and dates share.

use arrayvec::ArrayString;

/// Text that is nearly always at most `N` bytes long and then needs no allocation.
#[derive(Clone)]
pub(super) enum ShortText<const N: usize> {
    Short(ArrayString<N>),
    Long(Box<str>),
}

impl<const N: usize> ShortText<N> {
    pub(super) fn new(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(short) => Self::Short(short),
            Err(_) => Self::Long(text.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

/// The traits that identifiers and dates share: both are text. The type has the functions
/// `of(&str) -> Self`, `as_str(&self) -> &str` and `is(&self, &str) -> bool`.
macro_rules! text_value {
    ($name:ident, $what:literal) => {
        impl $crate::record::lenient::FromText for $name {
            const EXPECTED: &'static str = $what;

            #[inline]
            fn set(&mut self, text: &str) {
                *self = Self::of(text);
            }
        }

        impl Default for $name {
            /// Empty text.
            fn default() -> Self {
                Self::of("")
            }
        }

        impl From<&str> for $name {
            /// Takes any text, as servers send it. `parse` checks it.
            fn from(text: &str) -> Self {
                Self::of(text)
            }
        }

        impl From<String> for $name {
            /// Takes any text, as servers send it. `parse` checks it.
            fn from(text: String) -> Self {
                Self::of(&text)
            }
        }

        impl From<&String> for $name {
            /// Takes any text, as servers send it. `parse` checks it.
            fn from(text: &String) -> Self {
                Self::of(text)
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        impl From<&$name> for String {
            fn from(value: &$name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            /// The text as the server sent it.
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), out)
            }
        }

        $crate::record::scalar::text::text_value!(@ equal $name, str, &str, String, std::borrow::Cow<'_, str>);

        impl serde::ser::Serialize for $name {
            fn serialize<S: serde::ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::de::Deserialize<'de> for $name {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;
                impl serde::de::Visitor<'_> for Read {
                    type Value = $name;
                    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        out.write_str($what)
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::of(text))
                    }
                }
                deserializer.deserialize_str(Read)
            }
        }
    };
    (@ equal $name:ident, $($text:ty),*) => {$(
        impl PartialEq<$text> for $name {
            fn eq(&self, other: &$text) -> bool {
                self.is(other)
            }
        }

        impl PartialEq<$name> for $text {
            fn eq(&self, other: &$name) -> bool {
                other.is(self)
            }
        }
    )*};
}
pub(super) use text_value;

/// The start of text that was rejected, for an error.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 80;
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(MOST).collect();
    let more = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("`{}{more}`", crate::value::redact::escaped(&start))
}
