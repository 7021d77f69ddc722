//! Reads the list, and passes its records to the writer.

use std::pin::pin;
use std::time::Duration;

use folio_sdk::{FolioClient, GetAllRequest, Harvest, HarvestStream};
use serde_json::value::RawValue;
use tokio::time::{MissedTickBehavior, interval};

use super::state::State;
use super::writer::Writer;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::jobs::list::List;
use crate::output::progress::Progress;

/// How often the progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// The settings of a scan.
pub(crate) struct Scan {
    pub(crate) parallel: usize,
    pub(crate) page_size: u32,
    pub(crate) ordered: bool,
    pub(crate) checkpoint_every: Duration,
}

/// How a scan ended.
pub(crate) struct Scanned {
    /// The state as it was saved.
    pub(crate) state: State,
    /// What the SDK notes about the list.
    pub(crate) note: Option<String>,
    pub(crate) elapsed: Duration,
    /// The number of records that this run has read.
    pub(crate) records: u64,
}

impl Scan {
    pub(crate) fn harvest(
        &self,
        folio: &FolioClient,
        list: &List,
        query: Option<&str>,
    ) -> Harvest<Box<RawValue>> {
        let mut records: GetAllRequest<Box<RawValue>> = folio
            .folio_get_all(&list.path, list.key.as_deref())
            .limit(self.page_size);
        if let Some(query) = query {
            records = records.query(query);
        }
        let harvest = folio.harvest(records).parallel(self.parallel);
        match self.ordered {
            true => harvest.ordered(),
            false => harvest,
        }
    }

    /// Reads what remains of the list.
    ///
    /// # Errors
    /// The list cannot be read, the records cannot be written, or the user interrupted it. What was
    /// read is saved.
    pub(crate) async fn run(
        &self,
        context: &Context,
        harvest: Harvest<Box<RawValue>>,
        mut writer: Writer,
        before: &State,
    ) -> Result<Scanned, CliError> {
        let earlier = before.checkpoint.records();
        let progress = context.console.progress(None, "export");
        let mut stream = harvest.resume(before.checkpoint.clone()).stream();
        let ended = self
            .records(context, &mut stream, &mut writer, before, &progress)
            .await;
        drop(progress);
        // After an error, too: the next run continues here.
        let (checkpoint, now) = (stream.checkpoint(), stream.progress());
        if checkpoint.records() == earlier + now.records {
            let unreadable = before.unreadable + now.bad;
            writer.checkpoint(checkpoint, unreadable).await;
        } else {
            // Records are missing, and it is not known where: this run does not count.
            writer.back(before.checkpoint.clone()).await;
        }
        let state = writer.end().await?;
        let saved = match state.checkpoint.records() {
            0 => "no records were read, and no file was written".to_owned(),
            count => format!("{count} records are saved; run the same command again to continue"),
        };
        match ended {
            End::Complete => Ok(Scanned {
                state,
                note: stream.note().map(str::to_owned),
                elapsed: stream.progress().elapsed,
                records: stream.progress().records,
            }),
            End::Interrupted => {
                let message = "interrupted before the export was complete";
                Err(CliError::new(Exit::Interrupted, message).with_help(saved))
            }
            End::Failed(error) => Err(CliError::from(error).with_help(saved)),
            // Without an error of the writer it is not possible.
            End::Unwritten => Err(CliError::other(format!(
                "the records could not be written after {earlier} records"
            ))),
        }
    }

    async fn records(
        &self,
        context: &Context,
        stream: &mut HarvestStream<Box<RawValue>>,
        writer: &mut Writer,
        before: &State,
        progress: &Progress,
    ) -> End {
        let mut interruption = pin!(context.interrupt.wait());
        let mut checkpoints = interval(self.checkpoint_every);
        checkpoints.set_missed_tick_behavior(MissedTickBehavior::Delay);
        checkpoints.reset();
        let mut shown = interval(SHOWN_EVERY);
        shown.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let record = tokio::select! {
                biased;
                () = &mut interruption => return End::Interrupted,
                _ = checkpoints.tick() => {
                    let unreadable = before.unreadable + stream.progress().bad;
                    if !writer.checkpoint(stream.checkpoint(), unreadable).await {
                        return End::Unwritten;
                    }
                    continue;
                }
                _ = shown.tick() => {
                    let now = stream.progress();
                    progress.set_total(now.expected());
                    progress.set(now.records);
                    continue;
                }
                record = stream.next() => record,
            };
            match record {
                Some(Ok(record)) => {
                    if !writer.write(record).await {
                        return End::Unwritten;
                    }
                }
                Some(Err(error)) if error.record_json().is_some() => {
                    context
                        .console
                        .warning(format_args!("a record is not exported: {error}"));
                }
                Some(Err(error)) => return End::Failed(error),
                None => return End::Complete,
            }
        }
    }
}

/// How the reading ended.
enum End {
    Complete,
    Interrupted,
    Failed(folio_sdk::Error),
    /// The writer has failed.
    Unwritten,
}
