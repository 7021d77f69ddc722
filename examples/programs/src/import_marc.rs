//! Uploads a MARC file, starts the import with a job profile, and follows it to its end.

use std::path::Path;
use std::time::Duration;

use folio_sdk::data_import::{FileDefinition, JobProfile, ProcessFilesRqDto, UploadDefinition};
use folio_sdk::source_record_manager::JobExecution;
use folio_sdk::{Body, Error, FolioClient};

use crate::Outcome;

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
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let import = folio.data_import();
    let defined = FileDefinition::builder().name(name).build();
    let upload = UploadDefinition {
        file_definitions: [defined].into(),
        ..UploadDefinition::default()
    };
    let upload = import
        .create_upload_definition()
        .body(&upload)
        .send()
        .await?;
    let upload_id = upload.id.clone().unwrap_or_default();
    let definition = upload.file_definitions.first();
    let file_id = definition
        .and_then(|file| file.id.clone())
        .unwrap_or_default();

    // The file is read as it is sent.
    let upload = import
        .upload_definition_file(&upload_id, &file_id)
        .body(Body::file(file))
        .send()
        .await?;
    let definition = upload.file_definitions.first();
    let job = definition
        .and_then(|file| file.job_execution_id.clone())
        .unwrap_or_default();
    let process = ProcessFilesRqDto::builder()
        .upload_definition(upload)
        .job_profile_info(profile)
        .build();
    import
        .process_upload_definition_files(&upload_id)
        .body(&process)
        .send()
        .await?;
    Ok(follow(folio, job.as_ref(), patience).await?)
}

/// Waits until the job has ended, whatever became of it: the caller looks at its status. The
/// statuses are those of mod-source-record-manager.
async fn follow(folio: &FolioClient, job: &str, patience: Duration) -> Result<JobExecution, Error> {
    let jobs = folio.source_record_manager();
    let mut wait = jobs.get_job_execution(job).until_done().timeout(patience);
    for failed in ["ERROR", "CANCELLED", "DISCARDED"] {
        wait = wait.stop_at(failed);
    }
    wait.on_progress(|status| println!("{status}")).await
}
