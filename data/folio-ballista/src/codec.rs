//! Scans of FOLIO in the plans that are sent to the scheduler and to executors.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use folio_datafusion::{ClientProvider, FolioExec, ScanDescription};
use folio_sdk::FolioClient;

use crate::clients::no_credentials;

/// Begins a scan of FOLIO. No message of Ballista begins like this: the first byte would be a field
/// of a wire type that does not exist.
const MARK: &[u8] = b"FOLIO scan\n";

/// Encodes scans of FOLIO as their [`ScanDescription`], and all else as Ballista does.
///
/// A description contains the name of credentials, never a secret.
#[derive(Clone)]
pub struct FolioCodec {
    others: Arc<dyn PhysicalExtensionCodec>,
    provider: Arc<dyn ClientProvider>,
}

impl FolioCodec {
    /// The codec of executors, which read with the clients of the provider.
    pub fn new(provider: Arc<dyn ClientProvider>) -> Self {
        Self {
            others: Arc::new(BallistaPhysicalExtensionCodec::default()),
            provider,
        }
    }

    /// The codec of processes that only send plans on: the scheduler and the session.
    pub fn without_clients() -> Self {
        Self::new(Arc::new(NoClients))
    }
}

impl PhysicalExtensionCodec for FolioCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(json) = bytes.strip_prefix(MARK) else {
            return self.others.try_decode(bytes, inputs, context, converter);
        };
        let description: ScanDescription = serde_json::from_slice(json).map_err(|error| {
            DataFusionError::Plan(format!(
                "cannot decode a scan of FOLIO: {error}. The session, the scheduler and the executors must have the same version of folio-ballista"
            ))
        })?;
        let scan = FolioExec::with_provider(Arc::clone(&self.provider), description)?;
        Ok(Arc::new(scan))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(scan) = node.downcast_ref::<FolioExec>() else {
            return self.others.try_encode(node, bytes, converter);
        };
        let description = scan.description();
        if description.credentials.is_none() {
            return Err(DataFusionError::Plan(no_credentials(&description.path)));
        }
        bytes.extend_from_slice(MARK);
        serde_json::to_writer(bytes, description)
            .map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

impl fmt::Debug for FolioCodec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioCodec")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// The clients of a process that reads nothing.
#[derive(Debug)]
struct NoClients;

#[async_trait]
impl ClientProvider for NoClients {
    async fn client(&self, description: &ScanDescription) -> Result<FolioClient> {
        Err(DataFusionError::Execution(format!(
            "this process does not read from FOLIO, so it cannot read {}: executors do",
            description.path
        )))
    }
}
