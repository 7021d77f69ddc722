//! What generated records and enums are made by.

/// Gives a record serde's traits by its table.
macro_rules! __record {
    ($($record:ident),* $(,)?) => {
        $(
            impl<'de> $crate::runtime::Deserialize<'de> for $record {
                fn deserialize<D: $crate::runtime::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    $crate::runtime::decode(deserializer)
                }
            }
            impl $crate::runtime::Serialize for $record {
                fn serialize<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::encode(self, serializer)
                }
            }
            // Not derived: that would be a call per field for the compiler to check.
            impl ::core::clone::Clone for $record {
                #[inline]
                fn clone(&self) -> Self {
                    $crate::runtime::copy(self)
                }
            }
            impl ::core::cmp::PartialEq for $record {
                #[inline]
                fn eq(&self, other: &Self) -> bool {
                    $crate::runtime::same(self, other)
                }
            }
            impl ::core::fmt::Debug for $record {
                #[inline]
                fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::runtime::debug(self, out)
                }
            }
        )*
    };
}
pub(crate) use __record;

/// Makes fields of records that lie in a box, since they have a field of their own type. A box of
/// any record could not be made one: another crate could have a record that is a box.
macro_rules! __boxed {
    ($($record:ty),* $(,)?) => {
        $(
            impl $crate::runtime::Field for ::std::boxed::Box<$record> {
                const IS_RECORD: bool = true;
                fn blank() -> Self {
                    ::std::boxed::Box::new($crate::runtime::Record::blank())
                }
                fn read<'de, D: $crate::runtime::Deserializer<'de>>(&mut self, deserializer: D) -> ::core::result::Result<(), D::Error> {
                    $crate::runtime::read(&mut **self, deserializer)
                }
                fn encode<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::encode(&**self, serializer)
                }
                #[inline]
                fn walk(&self, walk: &mut $crate::runtime::Walk) {
                    $crate::runtime::walk_record(&**self, walk);
                }
            }
        )*
    };
}
pub(crate) use __boxed;

/// Defines open enums: string values that the description names, and a catch-all that preserves the
/// text of any other.
macro_rules! __open_enum {
    ($($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Hash)]
            #[non_exhaustive]
            pub enum $name {
                $($(#[$vmeta])* $variant,)*
                /// A value that the description does not list, as the server wrote it.
                Unknown(::std::boxed::Box<str>),
            }
            // Not derived: that would be a function more for the compiler to check.
            impl ::core::cmp::Eq for $name {}
            impl $name {
                /// The value as it is written in JSON.
                #[inline]
                pub fn as_str(&self) -> &str {
                    match self {
                        $(Self::$variant => $text,)*
                        Self::Unknown(text) => text,
                    }
                }
            }
            impl ::core::convert::From<&str> for $name {
                #[inline]
                fn from(text: &str) -> Self {
                    match text {
                        $($text => Self::$variant,)*
                        other => Self::Unknown(other.into()),
                    }
                }
            }
            impl $crate::runtime::OpenEnum for $name {
                #[inline]
                fn is_listed(&self) -> bool {
                    !matches!(self, Self::Unknown(_))
                }
            }
            $crate::__open_enum_impls!($name);
        )*
    };
}
pub(crate) use __open_enum;

/// What all open enums share, by way of [`OpenEnum`].
macro_rules! __open_enum_impls {
    ($name:ident) => {
        impl ::core::fmt::Display for $name {
            fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                out.pad(self.as_str())
            }
        }
        impl<'de> $crate::runtime::Deserialize<'de> for $name {
            fn deserialize<D: $crate::runtime::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::runtime::decode_enum(deserializer)
            }
        }
        impl $crate::runtime::Serialize for $name {
            fn serialize<S: $crate::runtime::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl $crate::runtime::Field for $name {
            fn blank() -> Self {
                Self::from("")
            }
            fn read<'de, D: $crate::runtime::Deserializer<'de>>(
                &mut self,
                deserializer: D,
            ) -> ::core::result::Result<(), D::Error> {
                $crate::runtime::read_enum(self, deserializer)
            }
            fn encode<S: $crate::runtime::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use __open_enum_impls;
