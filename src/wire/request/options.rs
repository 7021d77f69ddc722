//! The settings of a request: the only place where they are written and documented. Each call
//! builder has these methods by this macro, and keeps its request private.

/// Defines setters that take and return `self`. The first part is the path to the request in it:
/// `request_setters!(self => self.request; sending query)`.
macro_rules! request_setters {
    ($this:ident => $request:expr; $($group:ident)*) => {
        $($crate::wire::request::request_setters!(@$group $this $request);)*
    };
    (@sending $this:ident $request:expr) => {
        /// Sets a header; it replaces the client's header of that name. `x-okapi-tenant` sends the
        /// request to another tenant; with `x-okapi-token` it is sent without the client's own
        /// token.
        pub fn header(mut $this, name: &str, value: &str) -> Self {
            $request.set_header(name, value);
            $this
        }

        /// The retry policy of this request, in place of the client's.
        pub fn retry(mut $this, policy: $crate::RetryPolicy) -> Self {
            $request.set_retry(policy);
            $this
        }

        /// The timeout of one attempt, in place of the client's.
        pub fn timeout(mut $this, timeout: ::std::time::Duration) -> Self {
            $request.set_timeout(timeout);
            $this
        }

        /// The deadline of the whole call, in place of the client's
        /// [`deadline`](crate::FolioClientBuilder::deadline): for a list, of each of its pages.
        pub fn deadline(mut $this, deadline: ::std::time::Duration) -> Self {
            $request.set_deadline(deadline);
            $this
        }

        /// The idle timeout of one attempt, in place of the client's
        /// [`read_timeout`](crate::FolioClientBuilder::read_timeout).
        pub fn read_timeout(mut $this, timeout: ::std::time::Duration) -> Self {
            $request.set_read_timeout(timeout);
            $this
        }
    };
    (@tenant $this:ident $request:expr) => {
        /// The tenant of the request, in place of the client's.
        pub fn tenant(mut $this, tenant: &str) -> Self {
            $request.set_tenant(tenant);
            $this
        }
    };
    (@param $this:ident $request:expr) => {
        /// Adds a parameter of the query string. It may be added several times.
        pub fn param(
            mut $this,
            name: impl ::core::convert::Into<::std::string::String>,
            value: impl ::core::fmt::Display,
        ) -> Self {
            $request.add_query(name.into(), value.to_string());
            $this
        }
    };
    (@query $this:ident $request:expr) => {
        /// Selects records: a query in CQL. It replaces an earlier one.
        pub fn query(mut $this, query: impl ::core::convert::Into<$crate::Cql>) -> Self {
            $request.set_query("query", query.into().to_string());
            $this
        }
    };
    (@body $this:ident $request:expr) => {
        /// Sets a JSON body. It is serialized immediately; a serialization error is returned when
        /// the request is sent.
        pub fn json<B: ::serde::Serialize + ?Sized>(mut $this, body: &B) -> Self {
            $request.set_json("application/json", body);
            $this
        }

        /// Sets the body and its media type: bytes, text, or a [`Body`](crate::Body) that is read
        /// while it is sent.
        pub fn body(
            mut $this,
            body: impl ::core::convert::Into<$crate::Body>,
            content_type: &str,
        ) -> Self {
            $request.set_body(content_type, body.into());
            $this
        }

        /// Sets a form of fields and files as the body (`multipart/form-data`).
        pub fn multipart(mut $this, form: $crate::Multipart) -> Self {
            $request.set_multipart(form);
            $this
        }

        /// Sets a form of pairs as the body (`application/x-www-form-urlencoded`).
        pub fn form<N: ::core::convert::AsRef<str>, V: ::core::convert::AsRef<str>>(
            mut $this,
            pairs: impl ::core::iter::IntoIterator<Item = (N, V)>,
        ) -> Self {
            $request.set_form_of_pairs(pairs);
            $this
        }
    };
    (@write $this:ident $request:expr) => {
        /// Declares whether the request is idempotent, regardless of its method and of the known
        /// facts. A POST that only reads (`…/retrieve`) is. A POST that stores its record under the
        /// `id` in its body needs no declaration if the operation is known to do so
        /// ([`Creates::Record`](crate::Creates::Record)): see [`RetryPolicy`](crate::RetryPolicy).
        pub fn idempotent(mut $this, idempotent: bool) -> Self {
            $request.set_idempotent(idempotent);
            $this
        }

        /// Confirms a deletion of records by a query. Without it a `DELETE` with a `query` is not
        /// sent: see [`Deletion`](crate::Deletion).
        pub fn confirm(mut $this, deletion: $crate::Deletion) -> Self {
            $request.set_deletion(deletion);
            $this
        }
    };
}
pub(crate) use request_setters;
