//! The file that holds all modules, and their handles on the clients.

use super::docs::sentence_of_module;
use crate::conditions::Conditions;
use crate::document::Document;
use crate::module_name::{handle_name, rust_name};
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
    {docs}
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub mod {name} {
        include!(concat!(env!("OUT_DIR"), "/{name}.rs"));
    }
"#;

const HANDLE: &str = "
    /// {docs}
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub fn {name}(&self) -> {name}::{handle}<crate::Async> {
        {name}::{handle} { client: self.clone(), mode: crate::Async }
    }
";

const BLOCKING_HANDLE: &str = "
    /// {docs}
    #[cfg_attr(docsrs, doc(cfg(feature = {feature})))]
    pub fn {name}(&self) -> {name}::{handle}<crate::blocking::Blocking> {
        {name}::{handle} { client: self.as_async().clone(), mode: self.mode() }
    }
";

/// The file of the modules.
pub(crate) fn api(documents: &[Document], conditions: &Conditions) -> String {
    let when = |module: &Document, code| conditions.when_built([&*module.name], code);
    let mut modules = Code::default();
    let mut handles = Code::default();
    let mut blocking_handles = Code::default();
    for module in documents {
        let name = rust_name(module.feature());
        let feature = literal(module.feature());
        let handle = handle_name(module.feature());
        let mut about = sentence_of_module(module);
        let docs = about.first().cloned().unwrap_or_default();
        about.push(String::new());
        about.push(format!("Operations: [`{handle}`]({name}::{handle}), by `folio.{name}()`. Their builders, with the parameters: [`operation`]({name}::operation). All other types are records."));
        let mut code = Code::default();
        let text = Code::docs(about);
        fill!(&mut code, MODULE, docs = text, name, feature);
        modules.append(&when(module, code));
        let mut code = Code::default();
        fill!(&mut code, HANDLE, docs, name, handle, feature);
        handles.append(&when(module, code));
        let mut code = Code::default();
        fill!(&mut code, BLOCKING_HANDLE, docs, name, handle, feature);
        blocking_handles.append(&when(module, code));
    }
    let mut out = Code::default();
    fill!(&mut out, API, modules, handles, blocking_handles);
    out.into_string()
}
