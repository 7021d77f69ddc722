//! Calls a closure with each record of a harvest, in several tasks.

use std::future::Future;

use serde::de::DeserializeOwned;

#[cfg(feature = "blocking")]
use super::blocking_task::blocking;
use super::builder::Harvest;
use super::for_each::ForEach;
use super::map_stream::MapStream;
use super::work_run::TaskSettings;
use super::work_source::asynchronous;
#[cfg(feature = "blocking")]
use crate::call::mode::Mode;
use crate::wire::error::{Error, Result};

impl<T: DeserializeOwned + Send + 'static> Harvest<T> {
    /// Calls a closure with each record, on all threads of the runtime: each page is decoded,
    /// processed and dropped in one task. At most `n` records are being processed at once, by as many
    /// tasks as the runtime has threads; so `n` is the number of cores for work that only computes,
    /// and larger for closures that wait. It is independent of the number of requests in flight
    /// ([`parallel`](Self::parallel)).
    ///
    /// - The closure gets what the [stream](crate::HarvestStream) returns: a record, or the error in
    ///   the place of an unreadable one. `record?` ends the harvest at such a record.
    /// - **An error of the closure ends the harvest**, and is returned. Records that are being
    ///   processed are finished before, and no others are begun. So are they if the list fails. A
    ///   closure that collects its errors instead returns `Ok`.
    /// - The [checkpoint](ForEach::checkpoint) contains every record for which the closure has not
    ///   returned `Ok`.
    /// - A panic of the closure is a panic of the future that is awaited here; the other tasks are
    ///   aborted. Dropping the future aborts all tasks, each where its closure waits.
    /// - With [`ordered`](Self::ordered), records are begun about in the order of their ids; with
    ///   `n` = 1 exactly in this order.
    ///
    /// A list that is not read by id ([`is_parallel`](Self::is_parallel)) is decoded where the
    /// future is polled, and its records are processed in tasks, 64 in each.
    ///
    /// ```no_run
    /// # async fn index(instance: &serde_json::Value) -> Result<(), folio_sdk::Error> { Ok(()) }
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use folio_sdk::{CheckpointFile, Error};
    /// use serde_json::Value;
    ///
    /// let file = CheckpointFile::open("instances.checkpoint.json")?;
    /// let list = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").by_id().limit(1000);
    /// let mut harvest = folio.harvest(list).parallel(16);
    /// if let Some(checkpoint) = file.load()? {
    ///     harvest = harvest.resume(checkpoint);
    /// }
    /// let mut run = harvest.for_each_concurrent(8, |instance| async move {
    ///     index(&instance?).await?;
    ///     Ok::<_, Error>(())
    /// });
    /// let mut often = tokio::time::interval(Duration::from_secs(10));
    /// let outcome = loop {
    ///     tokio::select! {
    ///         outcome = &mut run => break outcome,
    ///         _ = often.tick() => file.save(&run.checkpoint())?,
    ///     }
    /// };
    /// file.save(&run.checkpoint())?;
    /// outcome?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each_concurrent<E, W, F>(self, n: usize, work: W) -> ForEach<E>
    where
        E: From<Error> + Send + 'static,
        W: Fn(Result<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        ForEach::new(self.run(asynchronous(work), tasks(n, false)).1)
    }

    /// Calls a closure with each record, as
    /// [`for_each_concurrent`](Self::for_each_concurrent) does, and returns its results as a stream:
    /// page by page as their tasks end, or in the order of the ids after
    /// [`ordered`](Self::ordered). The results of a page are always in the order of its records.
    ///
    /// An error of the closure ends the stream in the place of its result, after the results of the
    /// records before it on the page; other tasks are aborted. To continue after errors, return them
    /// as results: `Ok(Err(…))`.
    ///
    /// Results wait until they are taken. Their pages count for
    /// [`max_buffered_bytes`](Self::max_buffered_bytes) meanwhile, so that a slow caller stops the
    /// tasks.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::Error;
    /// use serde_json::Value;
    ///
    /// let list = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").by_id().limit(1000);
    /// let mut titles = folio.harvest(list).map(4, |instance| async move {
    ///     Ok::<_, Error>(instance?["title"].as_str().unwrap_or_default().to_lowercase())
    /// });
    /// while let Some(title) = titles.next().await {
    ///     println!("{}", title?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<U, E, W, F>(self, n: usize, work: W) -> MapStream<U, E>
    where
        U: Send + 'static,
        E: From<Error> + Send + 'static,
        W: Fn(Result<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<U, E>> + Send + 'static,
    {
        MapStream::new(self.run(asynchronous(work), tasks(n, true)).1)
    }
}

#[cfg(feature = "blocking")]
impl<T: DeserializeOwned + Send + 'static, M: Mode> Harvest<T, M> {
    /// The twin of `for_each_concurrent` whose closure blocks, on `n` threads.
    pub(crate) fn for_each_on_threads<E, W>(self, n: usize, work: W) -> M::Stream<ForEach<E>>
    where
        E: From<Error> + Send + 'static,
        W: Fn(Result<T>) -> Result<(), E> + Send + Sync + 'static,
    {
        let (mode, run) = self.run(blocking(work), threads(n, false));
        mode.stream(ForEach::new(run))
    }

    /// The twin of `map` whose closure blocks, on `n` threads.
    pub(crate) fn map_on_threads<U, E, W>(self, n: usize, work: W) -> M::Stream<MapStream<U, E>>
    where
        U: Send + 'static,
        E: From<Error> + Send + 'static,
        W: Fn(Result<T>) -> Result<U, E> + Send + Sync + 'static,
    {
        let (mode, run) = self.run(blocking(work), threads(n, true));
        mode.stream(MapStream::new(run))
    }
}

/// As many threads decode as records are processed.
#[cfg(feature = "blocking")]
fn threads(records: usize, returns: bool) -> TaskSettings {
    TaskSettings {
        decoders: Some(records),
        ..tasks(records, returns)
    }
}

fn tasks(records: usize, returns: bool) -> TaskSettings {
    TaskSettings {
        records,
        decoders: None,
        returns,
    }
}
