//! The guide: how the SDK is used, page by page.
//!
//! | page | subject |
//! |---|---|
//! | [`asynchronous_use`] | from the first call to services and jobs that run for months |
//! | [`recipes`] | whole programs for common work |
//! | [`records`] | how records are read, made and written back |
//! | [`reliability`] | what the SDK guarantees, and the test that proves it |
//! | [`gateways`] | timeouts, limits and proxies between the client and FOLIO |
//! | [`environment`] | settings read from environment variables, and your own documents |
//! | [`names`] | how operations and types are named |
//! | [`facts`] | what servers do, by operation |
//! | [`from_folioclient`] | for users of the Python package FolioClient |
//!
//! # In the repository
//!
//! The repository has programs that run, with their tests: `examples/quickstart.rs`,
//! `examples/harvest.rs` (a list into a file of JSON Lines), `examples/axum` and
//! `examples/actix-web` (web services), `examples/jobs` (a worker and a report),
//! `examples/middleware` (services and layers of tower) and `examples/programs` (ten programs of
//! the kind people write). Its folder `docs/` has the pages for maintainers:
//! `canonical-documents.md`, `regenerate.md`, `glossary.md` and `architecture.md`.

/// The pages are the files of `docs/`. They name each other by reference links, `[text][names.md]`:
/// here the names lead to the modules, since the first definition of a name counts.
macro_rules! pages {
    ($($name:ident = $file:literal;)*) => {$(
        #[doc = "[`HttpError`]: crate::HttpError"]
        #[doc = "[`HttpService`]: crate::HttpService"]
        #[doc = "[`Id`]: crate::Id"]
        #[doc = "[names.md]: crate::guide::names"]
        #[doc = "[async-usage.md]: crate::guide::asynchronous_use"]
        #[doc = "[recipes.md]: crate::guide::recipes"]
        #[doc = "[records.md]: crate::guide::records"]
        #[doc = "[reliability.md]: crate::guide::reliability"]
        #[doc = "[gateways.md#timeouts]: crate::guide::gateways#timeouts"]
        #[doc = "[regenerate.md]: crate::guide#in-the-repository"]
        #[doc = "[gateways.md#rate-limits]: crate::guide::gateways#rate-limits"]
        #[doc = "[folioclient.md]: crate::guide::from_folioclient"]
        #[doc = "[facts.md]: crate::guide::facts"]
        #[doc = "[facts.md#fields-that-are-not-sent]: crate::guide::facts#fields-that-are-not-sent"]
        #[doc = "[environment.md]: crate::guide::environment"]
        #[doc = "[canonical-documents.md]: crate::guide#in-the-repository"]
        #[doc = "[../examples/actix-web/src/lib.rs]: crate::guide#in-the-repository"]
        #[doc = "[../examples/axum/src/lib.rs]: crate::guide#in-the-repository"]
        #[doc = "[../examples/harvest.rs]: crate::guide#in-the-repository"]
        #[doc = "[../examples/jobs/src]: crate::guide#in-the-repository"]
        #[doc = "[../examples/middleware]: crate::guide#in-the-repository"]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $name {}
    )*};
}

pages! {
    asynchronous_use = "async-usage.md";
    recipes = "recipes.md";
    records = "records.md";
    reliability = "reliability.md";
    gateways = "gateways.md";
    environment = "environment.md";
    names = "names.md";
    facts = "facts.md";
    from_folioclient = "folioclient.md";
}
