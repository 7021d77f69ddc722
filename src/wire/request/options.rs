//! What a caller can set on a request: the one place where it is written and documented. Each
//! builder of calls has these methods by this macro, and keeps its request for itself.

/// Defines setters that take and give `self`. The first part is how the request is reached in it:
/// `request_setters!(self => self.request; sending query)`.
macro_rules! request_setters {
    ($this:ident => $request:expr; $($group:ident)*) => {
        $($crate::wire::request::request_setters!(@$group $this $request);)*
    };
    (@sending $this:ident $request:expr) => {
        /// A header; it replaces what the client would send. `x-okapi-tenant` sends the request to another tenant; with `x-okapi-token`
        /// it goes without the client's own token.
        pub fn header(mut $this, name: &str, value: &str) -> Self {
            $request.set_header(name, value);
            $this
        }

        /// When this request is retried, in place of the client's policy.
        pub fn retry(mut $this, policy: $crate::RetryPolicy) -> Self {
            $request.set_retry(policy);
            $this
        }

        /// How long one attempt may take, in place of the client's timeout.
        pub fn timeout(mut $this, timeout: ::std::time::Duration) -> Self {
            $request.set_timeout(timeout);
            $this
        }

        /// How long the whole call may take, in place of the client's [`deadline`](crate::FolioClientBuilder::deadline): of a list, each
        /// of its pages.
        pub fn deadline(mut $this, deadline: ::std::time::Duration) -> Self {
            $request.set_deadline(deadline);
            $this
        }

        /// How long the server may send nothing during one attempt, in place of the client's
        /// [`read_timeout`](crate::FolioClientBuilder::read_timeout).
        pub fn read_timeout(mut $this, timeout: ::std::time::Duration) -> Self {
            $request.set_read_timeout(timeout);
            $this
        }
    };
    (@tenant $this:ident $request:expr) => {
        /// The tenant that the request goes to, in place of the client's.
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
        /// Which records: a query in CQL. It replaces an earlier one.
        pub fn query(mut $this, query: impl ::core::convert::Into<$crate::Cql>) -> Self {
            $request.set_query("query", query.into().to_string());
            $this
        }
    };
    (@body $this:ident $request:expr) => {
        /// The body, as JSON. It is serialized at once; what cannot be serialized is an error when the request is sent.
        pub fn json<B: ::serde::Serialize + ?Sized>(mut $this, body: &B) -> Self {
            $request.set_json("application/json", body);
            $this
        }

        /// The body as it is, and its media type: bytes, text, or a [`Body`](crate::Body) that is sent while it is read.
        pub fn body(
            mut $this,
            body: impl ::core::convert::Into<$crate::Body>,
            content_type: &str,
        ) -> Self {
            $request.set_body(content_type, body.into());
            $this
        }

        /// The body, as a form of fields and files (`multipart/form-data`).
        pub fn multipart(mut $this, form: $crate::Multipart) -> Self {
            $request.set_multipart(form);
            $this
        }

        /// The body, as a form of pairs (`application/x-www-form-urlencoded`).
        pub fn form<N: ::core::convert::AsRef<str>, V: ::core::convert::AsRef<str>>(
            mut $this,
            pairs: impl ::core::iter::IntoIterator<Item = (N, V)>,
        ) -> Self {
            $request.set_form_of_pairs(pairs);
            $this
        }
    };
    (@write $this:ident $request:expr) => {
        /// States whether the request may be carried out twice without harm, whatever its method and whatever is known of the operation.
        /// A POST that only asks (`…/retrieve`) may. A POST that stores its record under the `id` in its body need not state it, where the
        /// operation is known to do so ([`Creates::Record`](crate::Creates::Record)): see [`RetryPolicy`](crate::RetryPolicy).
        pub fn idempotent(mut $this, idempotent: bool) -> Self {
            $request.set_idempotent(idempotent);
            $this
        }

        /// Confirms that records are to be deleted by a query. Without it a `DELETE` with a `query` is not sent: see
        /// [`Deletion`](crate::Deletion).
        pub fn confirm(mut $this, deletion: $crate::Deletion) -> Self {
            $request.set_deletion(deletion);
            $this
        }
    };
}
pub(crate) use request_setters;
