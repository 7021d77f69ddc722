//! What all builders of calls by path have.

/// The same call in another mode.
#[cfg(feature = "blocking")]
macro_rules! in_mode {
    ($builder:ident<$($parameter:ident)?> { $($field:ident),* }) => {
        impl<$($parameter,)? M> $builder<$($parameter,)? M> {
            pub(crate) fn in_mode<N>(self, mode: N) -> $builder<$($parameter,)? N> {
                $builder { mode, $($field: self.$field),* }
            }
        }
    };
}

macro_rules! debug {
    ($($name:ident $(<$T:ident>)?),*) => {
        $(impl $(<$T>)? fmt::Debug for $name $(<$T>)? {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_struct(stringify!($name)).field("request", &self.request).finish_non_exhaustive()
            }
        })*
    };
}

pub(super) use debug;
#[cfg(feature = "blocking")]
pub(super) use in_mode;
