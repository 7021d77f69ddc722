//! The calls beside those of the modules: each waits for the asynchronous one of its name.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::Stream;
use http::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::FolioClient;
use super::iter::Iter;
use super::wait::Blocking;
use crate::call::mode::Mode;
use crate::client::marker::Async;
use crate::harvest::Harvest;
use crate::paging::RecordStream;
use crate::poll::UntilDone;
use crate::record::scalar::Id;
use crate::tenant::circulation_rules::{AppliedPolicy, CirculationPolicies, RuleParameters};
use crate::tenant::compatibility::Compatibility;
use crate::tenant::consortium::{Member, TenantConsortium};
use crate::tenant::modules::Modules;
use crate::tenant::reference::{ReferenceData, ReferenceList, ReferenceRecords};
use crate::tenant::reference_lists::reference_lists;
use crate::tenant::tenancy::Tenancy;
use crate::wire::error::{Error, Result};
use crate::wire::long_running::JobStatus;
use crate::write::collection::{Collection, Stored};
use crate::write::update::Update;
use crate::write::{Upsert, UpsertReport};

/// Defines calls that wait for the asynchronous ones of their names.
macro_rules! waiting {
    ($of:ident, $blocking:ty {
        $($name:ident $([$($generics:tt)*])? ($($argument:ident: $type:ty),*) -> $output:ty;)*
    }) => {
        impl $blocking {
            $(
                #[doc = concat!("Waits for [`", stringify!($of), "::", stringify!($name), "`](crate::", stringify!($of), "::", stringify!($name), ").")]
                ///
                /// # Errors
                /// Those of the asynchronous call;
                /// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) in asynchronous code.
                pub fn $name$(<$($generics)*>)?(&self, $($argument: $type),*) -> Result<$output> {
                    self.mode.wait(self.as_async().$name($($argument),*))
                }
            )*
        }
    };
}

waiting!(FolioClient, FolioClient {
    current_user_id() -> Id;
    current_user[T: DeserializeOwned]() -> T;
    folio_headers() -> HeaderMap;
    modules() -> Modules;
    compatibility() -> Compatibility;
    tenancy() -> Tenancy;
    module_version(name: &str) -> String;
    update_with[T: Stored](id: impl fmt::Display + Send, change: impl FnMut(&mut T) + Send) -> Update<T>;
    update_at[T: Serialize + DeserializeOwned + Send](path: impl AsRef<str> + Send, change: impl FnMut(&mut T) + Send) -> Update<T>;
});

waiting!(ReferenceData, ReferenceData<Blocking> {
    list[T: DeserializeOwned + Send + Sync + 'static](list: &ReferenceList) -> Arc<ReferenceRecords<T>>;
    id_of(list: &ReferenceList, text: &str) -> Id;
    location_id(code: &str) -> Id;
});

waiting!(CirculationPolicies, CirculationPolicies<Blocking> {
    loan_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    request_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    notice_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    overdue_fine_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
    lost_item_policy(parameters: &RuleParameters) -> Arc<AppliedPolicy>;
});

waiting!(TenantConsortium, TenantConsortium<Blocking> {
    members() -> Vec<Member>;
});

impl FolioClient {
    /// The reference data of this handle's tenant: see
    /// [`folio_sdk::FolioClient::reference_data`](crate::FolioClient::reference_data).
    pub fn reference_data(&self) -> ReferenceData<Blocking> {
        self.folio.reference_data().in_mode(self.mode())
    }

    /// The policies that apply: see
    /// [`folio_sdk::FolioClient::circulation_rules`](crate::FolioClient::circulation_rules).
    pub fn circulation_rules(&self) -> CirculationPolicies<Blocking> {
        self.folio.circulation_rules().in_mode(self.mode())
    }

    /// The consortium of this handle's tenant: see
    /// [`folio_sdk::FolioClient::consortium`](crate::FolioClient::consortium).
    ///
    /// # Errors
    /// Those of the asynchronous call.
    pub fn consortium(&self) -> Result<Option<TenantConsortium<Blocking>>> {
        let consortium = self.mode.wait(self.folio.consortium())?;
        Ok(consortium.map(|consortium| consortium.in_mode(self.mode())))
    }

    /// Reads a whole list in parallel: see
    /// [`folio_sdk::FolioClient::harvest`](crate::FolioClient::harvest).
    pub fn harvest<T: DeserializeOwned + Send + 'static>(
        &self,
        list: impl Into<RecordStream<T>>,
    ) -> Harvest<T, Blocking> {
        self.folio.harvest(list).in_mode(self.mode())
    }

    /// Writes records: see [`folio_sdk::FolioClient::upsert`](crate::FolioClient::upsert).
    pub fn upsert<T: Stored>(
        &self,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Upsert<T, Blocking> {
        self.folio.upsert(records).in_mode(self.mode())
    }

    /// Writes records into any collection: see
    /// [`folio_sdk::FolioClient::upsert_at`](crate::FolioClient::upsert_at).
    pub fn upsert_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Upsert<T, Blocking> {
        self.folio
            .upsert_at(collection, records)
            .in_mode(self.mode())
    }

    /// Writes records that come as a stream: see
    /// [`folio_sdk::FolioClient::upsert_stream`](crate::FolioClient::upsert_stream). What an
    /// iterator gives, also that of a list, is for [`upsert`](Self::upsert).
    pub fn upsert_stream<T: Stored>(
        &self,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Upsert<T, Blocking> {
        self.folio.upsert_stream(records).in_mode(self.mode())
    }

    /// Writes records that come as a stream into any collection: see
    /// [`folio_sdk::FolioClient::upsert_stream_at`](crate::FolioClient::upsert_stream_at).
    pub fn upsert_stream_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Upsert<T, Blocking> {
        self.folio
            .upsert_stream_at(collection, records)
            .in_mode(self.mode())
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
        wait.in_mode(self.mode())
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
                    tracing::warn!(error = %error, "logout failed");
                }
            }
        }
        let close = Close(self);
        work(&close.0)
    }
}

/// Defines the asynchronous one of the same settings, whose calls those of this file wait for.
macro_rules! as_async {
    ($($name:ident),*) => {
        $(impl $name<Blocking> {
            /// The same with calls that are awaited.
            pub fn as_async(&self) -> $name {
                self.clone().in_mode(Async)
            }
        })*
    };
}

as_async!(ReferenceData, CirculationPolicies, TenantConsortium);

impl TenantConsortium<Blocking> {
    /// A client for the central tenant, with the same login.
    pub fn central(&self) -> FolioClient {
        FolioClient {
            folio: self.as_async().central(),
            mode: self.mode.clone(),
        }
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Upsert<T, Blocking> {
    /// Writes all records and gives the sum: see [`Upsert::run`].
    ///
    /// # Errors
    /// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) in asynchronous code. The report has the
    /// result of each record.
    pub fn run(self) -> Result<UpsertReport> {
        let mode = self.mode.clone();
        let run = self.in_mode(Async).run();
        mode.wait(async move { Ok(run.await) })
    }

    /// The results of the records, one after the other: an error only in asynchronous code.
    /// [`Upsert::stopped`] states at the end whether the run was stopped, and why.
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
        let mode = self.mode.clone();
        mode.stream(self.in_mode(Async))
    }
}

impl<T: DeserializeOwned + Send + 'static> From<Iter<RecordStream<T>>> for RecordStream<T> {
    fn from(list: Iter<Self>) -> Self {
        list.into_inner()
    }
}

/// Defines a function for each list of reference data.
macro_rules! list_calls {
    ($($(#[$meta:meta])* $constant:ident $function:ident $path:literal $items:literal $($by_id:ident)?;)*) => {
        impl ReferenceData<Blocking> {
            $(
                #[doc = concat!("The records of `", $path, "`, as [`list`](Self::list) returns them.")]
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

reference_lists!(list_calls);
