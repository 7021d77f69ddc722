//! What all builders of calls by path have.

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
