//! The file that holds all modules, and their handles on the clients.

use super::docs::plain;
use crate::document::Document;
use crate::module_name::rust_name;
use crate::template::{Code, fill, literal};

const API: &str = r#"
    /// Records of one content that several modules have.
    pub mod common {
        include!(concat!(env!("OUT_DIR"), "/common.rs"));
    }
    {modules}
    impl crate::FolioClient {
        {handles}
    }
    #[cfg(feature = "blocking")]
    impl crate::blocking::FolioClient {
        {blocking_handles}
    }
"#;

const MODULE: &str = r#"
    /// `{document}` {version}: its records, and its operations in [`call::Api`]({name}::call::Api).
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub mod {name} {
        include!(concat!(env!("OUT_DIR"), "/{name}.rs"));
    }
"#;

const HANDLE: &str = "
    /// The operations of `{document}`.
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub fn {name}(&self) -> {name}::call::Api<crate::Async> {
        {name}::call::Api { client: self.clone(), mode: crate::Async }
    }
";

const BLOCKING_HANDLE: &str = "
    /// The operations of `{document}`.
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub fn {name}(&self) -> {name}::call::Api<crate::blocking::Blocking> {
        {name}::call::Api { client: self.as_async().clone(), mode: self.mode() }
    }
";

/// The file of the modules.
pub(crate) fn api(documents: &[Document]) -> String {
    let mut modules = Code::default();
    let mut handles = Code::default();
    let mut blocking_handles = Code::default();
    for module in documents {
        let document = &*module.name;
        let name = rust_name(module.feature());
        let feature = literal(module.feature());
        let version = plain(module.version().unwrap_or_default());
        fill!(&mut modules, MODULE, document, version, name, feature);
        fill!(&mut handles, HANDLE, document, name, feature);
        fill!(
            &mut blocking_handles,
            BLOCKING_HANDLE,
            document,
            name,
            feature
        );
    }
    let mut out = Code::default();
    fill!(&mut out, API, modules, handles, blocking_handles);
    out.into_string()
}
