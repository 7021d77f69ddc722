//! The handles of modules that are not part of a build: to call one is an error of the compiler
//! that names the feature.

use crate::document::feature_of;
use crate::module_name::rust_name;
use crate::names::pascal;
use crate::template::{Code, fill, literal};
use folio_sdk_build::DisabledModule;

const DISABLED: &str = r#"
    /// What makes the handles of modules that are not part of this build fail to compile: each needs a trait that nothing implements, whose
    /// message names the feature. The handle is generic, so that the compiler finds the function first, and reports the trait.
    #[allow(dead_code, missing_docs, unreachable_pub)]
    mod disabled {
        pub struct Module;
        pub trait Client<T> {}
        impl Client<Module> for crate::FolioClient {}
        #[cfg(feature = "blocking")]
        impl Client<Module> for crate::blocking::FolioClient {}
        {traits}
    }
    #[allow(missing_docs)]
    impl crate::FolioClient {
        {handles}
    }
    #[cfg(feature = "blocking")]
    #[allow(missing_docs)]
    impl crate::blocking::FolioClient {
        {handles}
    }
"#;

const TRAIT: &str = "
    #[diagnostic::on_unimplemented(message = {message}, label = {label}, note = {note})]
    pub trait {name} {
        type Handle;
        fn handle() -> Self::Handle;
    }
";

const HANDLE: &str = "
    #[doc(hidden)]
    pub fn {function}<T: disabled::{name}>(&self) -> T::Handle
    where
        Self: disabled::Client<T>,
    {
        T::handle()
    }
";

/// The file of the handles that do not compile.
pub fn disabled(modules: &[DisabledModule]) -> String {
    file(modules, false)
}

/// The same for all modules, each under the condition that it is not in the build.
pub(crate) fn disabled_if_not_built(modules: &[DisabledModule]) -> String {
    file(modules, true)
}

fn file(modules: &[DisabledModule], is_conditional: bool) -> String {
    let mut traits = Code::default();
    let mut handles = Code::default();
    for module in modules {
        let DisabledModule {
            module,
            feature,
            release,
            others,
        } = module;
        let function = rust_name(feature_of(module));
        let name = pascal(&function);
        let (message, label, note) = match (release, others.last()) {
            (Some(release), Some(other)) => (
                format!("the release {release} of FOLIO has no {module}"),
                format!(
                    "it is in {}: needs the features `{other}` and `{feature}` of folio-sdk",
                    others.join(" and ")
                ),
                format!(
                    "to build that release: `cargo add folio-sdk --features {other},{feature}`"
                ),
            ),
            _ => (
                format!("{module} is not part of this build of folio-sdk"),
                format!("needs the feature `{feature}` of folio-sdk"),
                format!(
                    "to enable it: `cargo add folio-sdk --features {feature}`. Without it, endpoints are called by path: `folio_get`"
                ),
            ),
        };
        let texts = [message, label, note].map(|text| literal(&text));
        let [message, label, note] = &texts;
        // No build of the release has a module that the release lacks.
        let when = |code: Code| match is_conditional && release.is_none() {
            true => code.without(module),
            false => code,
        };
        let mut code = Code::default();
        fill!(
            &mut code,
            TRAIT,
            message = *message,
            label = *label,
            note = *note,
            name
        );
        traits.append(&when(code));
        let mut code = Code::default();
        fill!(&mut code, HANDLE, function, name);
        handles.append(&when(code));
    }
    let mut out = Code::default();
    fill!(&mut out, DISABLED, traits, handles);
    out.into_string()
}
