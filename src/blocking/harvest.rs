//! Harvests on the calling thread and on others.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::iter::Iter;
use super::wait::Blocking;
use crate::call::mode::Mode;
use crate::harvest::{ForEach, Harvest, HarvestStream, MapStream, ProgressStream};
use crate::wire::error::{Error, Result};

impl<T: DeserializeOwned + Send + 'static> Harvest<T, Blocking> {
    /// Calls a closure with each record, on `n` threads: each page is decoded, processed and dropped
    /// on one of them. The closure may block, and may use this client. Errors, checkpoints and order
    /// are those of the asynchronous [`for_each_concurrent`](crate::Harvest::for_each_concurrent).
    ///
    /// Nothing happens before [`run`](Iter::run). Dropping it ends the threads before their next
    /// record.
    ///
    /// ```no_run
    /// # fn index(instance: &serde_json::Value) -> Result<(), folio_sdk::Error> { Ok(()) }
    /// # fn example(folio: folio_sdk::blocking::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use folio_sdk::CheckpointFile;
    /// use serde_json::Value;
    ///
    /// let file = CheckpointFile::open("instances.checkpoint.json")?;
    /// let list = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").by_id().limit(1000);
    /// let mut run = folio.harvest(list).for_each_concurrent(4, |instance| index(&instance?));
    /// let outcome = loop {
    ///     match run.run_for(Duration::from_secs(10)) {
    ///         Some(outcome) => break outcome,
    ///         None => file.save(&run.checkpoint())?,
    ///     }
    /// };
    /// file.save(&run.checkpoint())?;
    /// outcome?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each_concurrent<E, W>(self, n: usize, work: W) -> Iter<ForEach<E>>
    where
        E: From<Error> + Send + 'static,
        W: Fn(Result<T>) -> Result<(), E> + Send + Sync + 'static,
    {
        self.for_each_on_threads(n, work)
    }

    /// Calls a closure with each record, on `n` threads, and returns its results: see the
    /// asynchronous [`map`](crate::Harvest::map).
    pub fn map<U, W>(self, n: usize, work: W) -> Iter<MapStream<U, Error>>
    where
        U: Send + 'static,
        W: Fn(Result<T>) -> Result<U> + Send + Sync + 'static,
    {
        self.map_on_threads(n, work)
    }
}

impl<S> Iter<S> {
    /// The progress of a run, which waits with the clock of the runtime.
    fn watched(&self, watch: impl FnOnce(&S) -> ProgressStream) -> Iter<ProgressStream> {
        let _context = self.mode.enter();
        self.mode.stream(watch(&self.stream))
    }
}

impl<E: From<Error> + Send + 'static> Iter<ForEach<E>> {
    /// Processes all records.
    ///
    /// # Errors
    /// The first error of the closure or of the list;
    /// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) in asynchronous code.
    pub fn run(&mut self) -> Result<(), E> {
        let Self { stream, mode, .. } = self;
        mode.wait(async { Ok(stream.await) })?
    }

    /// As [`run`](Self::run), for at most this long; none if records remain. Until the next call, the
    /// pages that were begun are processed, and no others.
    pub fn run_for(&mut self, period: Duration) -> Option<Result<(), E>> {
        let Self { stream, mode, .. } = self;
        let outcome = mode.wait(async { Ok(tokio::time::timeout(period, stream).await.ok()) });
        outcome.unwrap_or_else(|error| Some(Err(error.into())))
    }

    /// The progress, each `period`: see [`ForEach::watch`].
    pub fn watch(&self, period: Duration) -> Iter<ProgressStream> {
        self.watched(|run| run.watch(period))
    }
}

impl<U: Send + 'static> Iter<MapStream<U, Error>> {
    /// The progress, each `period`: see [`MapStream::watch`].
    pub fn watch(&self, period: Duration) -> Iter<ProgressStream> {
        self.watched(|run| run.watch(period))
    }
}

impl<T: DeserializeOwned + Send + 'static> Iter<HarvestStream<T>> {
    /// How far it is, each `period`: see [`HarvestStream::watch`]. It is for another thread than
    /// that which reads.
    pub fn watch(&self, period: Duration) -> Iter<ProgressStream> {
        self.watched(|run| run.watch(period))
    }
}
