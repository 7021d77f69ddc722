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

/// What all builders of generic calls can do to their request.
macro_rules! common {
    () => {
        /// Adds a parameter of the query string.
        pub fn param(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
            self.request = self.request.param(name.into(), value);
            self
        }

        /// A header; it replaces what the client would send.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.request.set_header(name, value);
            self
        }

        /// The tenant that the request goes to, in place of the client's.
        pub fn tenant(mut self, tenant: &str) -> Self {
            self.request.set_tenant(tenant);
            self
        }

        /// When the request is repeated, in place of the client's policy.
        pub fn retry(mut self, policy: RetryPolicy) -> Self {
            self.request = self.request.retry(policy);
            self
        }

        /// How long one attempt may take, in place of the client's timeout.
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.request = self.request.timeout(timeout);
            self
        }

        /// How long the whole call may take, in place of the client's [`deadline`](crate::FolioClientBuilder::deadline): of a list, each
        /// of its pages.
        pub fn deadline(mut self, deadline: Duration) -> Self {
            self.request = self.request.deadline(deadline);
            self
        }

        /// How long the server may send nothing during one attempt, in place of the client's
        /// [`read_timeout`](crate::FolioClientBuilder::read_timeout).
        pub fn read_timeout(mut self, timeout: Duration) -> Self {
            self.request = self.request.read_timeout(timeout);
            self
        }
    };
}

macro_rules! list {
    () => {
        /// Which records: a query in CQL.
        pub fn query(mut self, query: impl Into<Cql>) -> Self {
            self.request = self.request.query(query);
            self
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

#[cfg(feature = "blocking")]
pub(super) use in_mode;
pub(super) use {common, debug, list};
