//! The common methods of lookups by many values: `next`, `missing`, `invalid`.

/// Implements them for a type that wraps a `Lookup`. `$values` is the name of its values;
/// `$invalid` describes the values that are not sent.
macro_rules! lookup_stream {
    ($name:ident, $values:literal, $invalid:literal) => {
        impl<T> Unpin for $name<T> {}

        impl<T: DeserializeOwned + Send + 'static> futures_core::Stream for $name<T> {
            type Item = Result<T>;

            fn poll_next(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Option<Result<T>>> {
                self.0.poll_next(context)
            }
        }

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.show(out, stringify!($name))
            }
        }

        impl<T: DeserializeOwned + Send + 'static> $name<T> {
            /// The next record; none at the end.
            pub async fn next(&mut self) -> Option<Result<T>> {
                std::future::poll_fn(|context| self.0.poll_next(context)).await
            }

            #[doc = concat!("The ", $values, " for which the server has no record, as far as they were requested; at the end,")]
            /// all of them. Those that are [`invalid`](Self::invalid) are among them.
            pub fn missing(&self) -> &[String] {
                &self.0.missing
            }

            #[doc = concat!($invalid, ": known from the start.")]
            pub fn invalid(&self) -> &[String] {
                &self.0.invalid
            }
        }
    };
}

pub(super) use lookup_stream;
