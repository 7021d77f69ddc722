//! Uploads a MARC file, starts the import with a job profile, and follows it to its end.

use std::path::Path;
use std::time::Duration;

use folio_sdk::data_import::JobProfile;
use folio_sdk::source_record_manager::JobExecution;
use folio_sdk::{Error, FolioClient, Id};

use crate::{Outcome, recipes};

/// Imports a file; gives the job as it ended.
///
/// # Errors
/// A request failed, the file cannot be read, or the job does not end within `patience`.
pub async fn run(
    folio: &FolioClient,
    file: &Path,
    profile: JobProfile,
    patience: Duration,
) -> Outcome<JobExecution> {
    let job = recipes::data_import::start(folio, file, profile).await?;
    Ok(follow(folio, &job, patience).await?)
}

/// Waits until the job has ended, whatever became of it: the caller looks at its status. The
/// statuses are those of mod-source-record-manager.
async fn follow(folio: &FolioClient, job: &Id, patience: Duration) -> Result<JobExecution, Error> {
    let jobs = folio.source_record_manager();
    let mut wait = jobs.get_job_execution(job).until_done().timeout(patience);
    for failed in ["ERROR", "CANCELLED", "DISCARDED"] {
        wait = wait.stop_at(failed);
    }
    wait.on_progress(|status| println!("{status}")).await
}
