//! The calls beside those of the modules: each waits for the asynchronous one of its name.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use http::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::FolioClient;
use super::iter::Iter;
use super::wait::Blocking;
use crate::call::by_path::GetAllRequest;
use crate::call::mode::Mode;
use crate::harvest::{Harvest, HarvestStream, ProgressStream};
use crate::paging::RecordStream;
use crate::poll::UntilDone;
use crate::record::scalar::Id;
use crate::tenant::circulation_rules::{AppliedPolicy, CirculationRules, RuleParameters};
use crate::tenant::compatibility::Compatibility;
use crate::tenant::consortium::{Consortium, Member};
use crate::tenant::modules::Modules;
use crate::tenant::reference::{ReferenceData, ReferenceList, ReferenceRecords};
use crate::tenant::reference_lists::reference_lists;
use crate::wire::error::{Error, Result};
use crate::wire::long_running::JobStatus;
use crate::write::collection::{Collection, Stored};
use crate::write::update::Update;
use crate::write::{Upsert, UpsertReport};

/// Something that the asynchronous client gives, whose calls wait here. What does not wait is
/// reached by [`Deref`], what is set by [`with`](Self::with).
#[derive(Clone)]
#[must_use = "it asks for nothing by itself"]
pub struct Handle<H> {
    inner: H,
    mode: Blocking,
}

impl<H> Handle<H> {
    /// Sets what the asynchronous one has setters for.
    ///
    /// ```no_run
    /// # fn example(folio: folio_sdk::blocking::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let list = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").by_id();
    /// for instance in folio.harvest(list).with(|harvest| harvest.parallel(16)).stream() {
    ///     println!("{}", instance?["title"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with(self, set: impl FnOnce(H) -> H) -> Self {
        Self {
            inner: set(self.inner),
            mode: self.mode,
        }
    }

    /// The asynchronous one.
    pub fn into_inner(self) -> H {
        self.inner
    }
}

impl<H> Deref for Handle<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.inner
    }
}

impl<H: fmt::Debug> fmt::Debug for Handle<H> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(out)
    }
}

/// Defines calls that wait for the asynchronous ones of their names.
macro_rules! twins {
    ($of:ident, $twin:ty, $field:ident {
        $($name:ident $([$($generics:tt)*])? ($($argument:ident: $type:ty),*) -> $answer:ty;)*
    }) => {
        impl $twin {
            $(
                #[doc = concat!("Waits for [`", stringify!($of), "::", stringify!($name), "`](crate::", stringify!($of), "::", stringify!($name), ").")]
                ///
                /// # Errors
                /// Those of the asynchronous call;
                /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in asynchronous
                /// code.
                pub fn $name$(<$($generics)*>)?(&self, $($argument: $type),*) -> Result<$answer> {
                    self.mode.wait(self.$field.$name($($argument),*))
                }
            )*
        }
    };
}

twins!(FolioClient, FolioClient, folio {
    current_user_id() -> Id;
    current_user[T: DeserializeOwned]() -> T;
    folio_headers() -> HeaderMap;
    modules() -> Modules;
    compatibility() -> Compatibility;
    module_version(name: &str) -> String;
    update_with[T: Stored](id: impl fmt::Display + Send, change: impl FnMut(&mut T) + Send) -> Update<T>;
    update_at[T: Serialize + DeserializeOwned + Send](path: impl AsRef<str> + Send, change: impl FnMut(&mut T) + Send) -> Update<T>;
});

twins!(ReferenceData, Handle<ReferenceData>, inner {
    list[T: DeserializeOwned + Send + Sync + 'static](list: &ReferenceList) -> Arc<ReferenceRecords<T>>;
    id_of(list: &ReferenceList, text: &str) -> Id;
    location_id(code: &str) -> Id;
});

twins!(CirculationRules, Handle<CirculationRules>, inner {
    loan_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    request_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    notice_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    overdue_fine_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    lost_item_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
});

twins!(Consortium, Handle<Consortium>, inner {
    members() -> Vec<Member>;
});

impl FolioClient {
    fn handle<H>(&self, inner: H) -> Handle<H> {
        Handle {
            inner,
            mode: self.mode.clone(),
        }
    }

    /// The reference data of this handle's tenant: see
    /// [`folio_sdk::FolioClient::reference`](crate::FolioClient::reference).
    pub fn reference_data(&self) -> Handle<ReferenceData> {
        self.handle(self.folio.reference_data())
    }

    /// The policies that apply: see
    /// [`folio_sdk::FolioClient::circulation_rules`](crate::FolioClient::circulation_rules).
    pub fn circulation_rules(&self) -> Handle<CirculationRules> {
        self.handle(self.folio.circulation_rules())
    }

    /// The consortium of this handle's tenant: see
    /// [`folio_sdk::FolioClient::consortium`](crate::FolioClient::consortium).
    ///
    /// # Errors
    /// Those of the asynchronous call.
    pub fn consortium(&self) -> Result<Option<Handle<Consortium>>> {
        let consortium = self.mode.wait(self.folio.consortium())?;
        Ok(consortium.map(|consortium| self.handle(consortium)))
    }

    /// Reads a whole list in parallel: see
    /// [`folio_sdk::FolioClient::harvest`](crate::FolioClient::harvest).
    pub fn harvest<T: DeserializeOwned + Send + 'static>(
        &self,
        list: impl Into<RecordStream<T>>,
    ) -> Handle<Harvest<T>> {
        self.handle(self.folio.harvest(list))
    }

    /// Writes records: see [`folio_sdk::FolioClient::upsert`](crate::FolioClient::upsert).
    pub fn upsert<T: Stored>(
        &self,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Handle<Upsert<T>> {
        self.handle(self.folio.upsert(records))
    }

    /// Writes records into any collection: see
    /// [`folio_sdk::FolioClient::upsert_at`](crate::FolioClient::upsert_at).
    pub fn upsert_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Handle<Upsert<T>> {
        self.handle(self.folio.upsert_at(collection, records))
    }

    /// Writes records that come as a stream: see
    /// [`folio_sdk::FolioClient::upsert_stream`](crate::FolioClient::upsert_stream). What an
    /// iterator gives, also that of a list, is for [`upsert`](Self::upsert).
    pub fn upsert_stream<T: Stored>(
        &self,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Handle<Upsert<T>> {
        self.handle(self.folio.upsert_stream(records))
    }

    /// Writes records that come as a stream into any collection: see
    /// [`folio_sdk::FolioClient::upsert_stream_at`](crate::FolioClient::upsert_stream_at).
    pub fn upsert_stream_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Handle<Upsert<T>> {
        self.handle(self.folio.upsert_stream_at(collection, records))
    }

    /// Waits for something on the server that no single operation shows as a job: see
    /// [`folio_sdk::FolioClient::poll`](crate::FolioClient::poll). `read` is called on a thread for
    /// blocking work, so that it makes blocking calls.
    ///
    /// ```no_run
    /// # fn example(folio: folio_sdk::blocking::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::{JobPhase, JobStatus};
    /// use serde_json::Value;
    ///
    /// let read = |folio: &folio_sdk::blocking::FolioClient| folio.folio_get::<Value>("/my-jobs/5", None).send();
    /// let job = folio.poll(read, |job| match &job["state"] {
    ///     Value::String(state) if state == "ready" => JobStatus::new("ready", JobPhase::Done),
    ///     state => JobStatus::new(state.to_string(), JobPhase::Running),
    /// });
    /// println!("{}", job.send()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll<T: Send + 'static>(
        &self,
        read: impl FnMut(&Self) -> Result<T> + Send + 'static,
        status: impl Fn(&T) -> JobStatus + Send + Sync + Clone + 'static,
    ) -> UntilDone<T, Blocking> {
        let client = self.clone();
        let read = Arc::new(Mutex::new(read));
        let read = move |_| {
            let (client, read) = (client.clone(), Arc::clone(&read));
            let work = tokio::task::spawn_blocking(move || {
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                read(&client)
            });
            async move {
                match work.await {
                    Ok(value) => value,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => Err(Error::no_runtime()),
                    },
                }
            }
        };
        let wait = self.folio.poll(read, status);
        wait.in_mode(self.mode.clone())
    }

    /// Closes the client when `work` has ended, with a value, an error or a panic.
    ///
    /// Gives what `work` gives. A logout that fails is only logged, since `work` has done what it
    /// should.
    pub fn scoped<T>(self, work: impl FnOnce(&Self) -> T) -> T {
        struct Close(FolioClient);
        impl Drop for Close {
            fn drop(&mut self) {
                if let Err(error) = self.0.close() {
                    tracing::warn!(error = %error, "not logged out");
                }
            }
        }
        let close = Close(self);
        work(&close.0)
    }
}

impl Handle<Consortium> {
    /// A client for the central tenant, with the same login.
    pub fn central(&self) -> FolioClient {
        FolioClient {
            folio: self.inner.central(),
            mode: self.mode.clone(),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Handle<Harvest<T>> {
    /// The records: see [`Harvest::stream`].
    pub fn stream(self) -> Iter<HarvestStream<T>> {
        let _context = self.mode.enter();
        let stream = self.inner.stream();
        self.mode.stream(stream)
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Handle<Upsert<T>> {
    /// Writes all records and gives the sum: see [`Upsert::run`].
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in asynchronous code. What
    /// became of the records is in the report.
    pub fn run(self) -> Result<UpsertReport> {
        let run = self.inner.run();
        self.mode.wait(async move { Ok(run.await) })
    }

    /// What became of the records, one after the other: an error only in asynchronous code. Whether
    /// it was stopped, and by what, says [`Upsert::stopped`] at the end.
    ///
    /// ```no_run
    /// # fn example(folio: folio_sdk::blocking::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::Collection;
    /// use serde_json::json;
    ///
    /// let groups = ["staff", "students"].map(|group| json!({"group": group}));
    /// let mut outcomes = folio.upsert_at(Collection::new("/groups", "usergroups"), groups).stream();
    /// for outcome in &mut outcomes {
    ///     println!("{:?}", outcome?);
    /// }
    /// if let Some(error) = outcomes.stopped() {
    ///     eprintln!("{error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> Iter<Upsert<T>> {
        self.mode.stream(self.inner)
    }
}

impl<T: DeserializeOwned + Send + 'static> Iter<HarvestStream<T>> {
    /// How far it is, each `period`: see [`HarvestStream::watch`]. It is for another thread than
    /// that which reads.
    pub fn watch(&self, period: Duration) -> Iter<ProgressStream> {
        let _context = self.mode.enter();
        self.mode.stream(self.stream.watch(period))
    }
}

impl<T: DeserializeOwned + Send + 'static> From<Iter<RecordStream<T>>> for RecordStream<T> {
    fn from(list: Iter<Self>) -> Self {
        list.into_inner()
    }
}

impl<T: DeserializeOwned + Send + 'static> From<GetAllRequest<T, Blocking>> for RecordStream<T> {
    fn from(list: GetAllRequest<T, Blocking>) -> Self {
        list.stream().into_inner()
    }
}

/// Defines a function for each list of reference data.
macro_rules! list_twins {
    ($($(#[$meta:meta])* $constant:ident $function:ident $path:literal $items:literal $($by_id:ident)?;)*) => {
        impl Handle<ReferenceData> {
            $(
                #[doc = concat!("The records of `", $path, "`, as [`list`](Self::list) gives them.")]
                ///
                /// # Errors
                /// As [`list`](Self::list).
                pub fn $function<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<ReferenceRecords<T>>> {
                    self.list(&ReferenceData::$constant)
                }
            )*
        }
    };
}

reference_lists!(list_twins);
