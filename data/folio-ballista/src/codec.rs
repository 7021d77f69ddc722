//! Scans of FOLIO in the plans that are sent to the scheduler and to executors.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use folio_datafusion::{ClientProvider, FolioExec, ScanDescription};
use folio_sdk::FolioClient;

use crate::clients::no_credentials;
use crate::parts::PartsExec;

/// Begins a scan of FOLIO. No message of Ballista begins like this: the first byte would be a field
/// of a wire type that does not exist.
const SCAN: &[u8] = b"FOLIO scan\n";

/// Begins some parts of a scan.
const PARTS: &[u8] = b"FOLIO parts\n";

/// Encodes scans of FOLIO as their [`ScanDescription`], and all else as Ballista does. A scan is
/// decoded to a plan of which Ballista can assign parts to tasks.
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
        let provider = Arc::clone(&self.provider);
        if let Some(json) = bytes.strip_prefix(SCAN) {
            return Ok(Arc::new(PartsExec::of(&description(json)?, provider)?));
        }
        let Some(json) = bytes.strip_prefix(PARTS) else {
            return self.others.try_decode(bytes, inputs, context, converter);
        };
        let [input] = inputs else {
            return plan_err!("the parts of a scan of FOLIO have {} inputs", inputs.len());
        };
        let parts = PartsExec::new(description(json)?, Arc::clone(input), provider)?;
        Ok(Arc::new(parts))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let (mark, description) = if let Some(scan) = node.downcast_ref::<FolioExec>() {
            (SCAN, scan.description())
        } else if let Some(parts) = node.downcast_ref::<PartsExec>() {
            (PARTS, parts.common())
        } else {
            return self.others.try_encode(node, bytes, converter);
        };
        if description.credentials.is_none() {
            return Err(DataFusionError::Plan(no_credentials(&description.path)));
        }
        bytes.extend_from_slice(mark);
        serde_json::to_writer(bytes, description)
            .map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

fn description(json: &[u8]) -> Result<ScanDescription> {
    serde_json::from_slice(json).map_err(|error| {
        DataFusionError::Plan(format!(
            "cannot decode a scan of FOLIO: {error}. The session, the scheduler and the executors must have the same version of folio-ballista"
        ))
    })
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
