//! The functions of SQL that all processes know.

use std::sync::Arc;

use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use datafusion::common::Result;
use datafusion::execution::{FunctionRegistry as _, SessionState};
use datafusion::prelude::SessionConfig;
use folio_datafusion::uuid_functions;

/// A session with the functions of Ballista and of FOLIO's tables.
pub(crate) fn session_state(config: SessionConfig) -> Result<SessionState> {
    let mut state = default_session_builder(config)?;
    for function in uuid_functions() {
        state.register_udf(Arc::new(function))?;
    }
    Ok(state)
}

/// The functions of executors.
pub(crate) fn registry() -> BallistaFunctionRegistry {
    let mut registry = BallistaFunctionRegistry::default();
    for function in uuid_functions() {
        let name = function.name().to_owned();
        registry.scalar_functions.insert(name, Arc::new(function));
    }
    registry
}
