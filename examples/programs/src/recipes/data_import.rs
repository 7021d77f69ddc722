//! Data import: a MARC file is uploaded, imported, and followed to the end of its job.

use std::path::Path;
use std::time::Duration;

use folio_sdk::data_import::{FileDefinition, JobProfile, ProcessFilesRqDto, UploadDefinition};
use folio_sdk::source_record_manager::JobExecution;
use folio_sdk::{Body, Error, FolioClient, Id, List};
use futures_util::TryStreamExt;

use crate::Outcome;

/// Uploads a file and starts its import; gives the id of the job. To be called once per file: a
/// second call imports the file a second time.
///
/// # Errors
/// A request failed, or the file cannot be read.
pub async fn start(folio: &FolioClient, file: &Path, profile: JobProfile) -> Outcome<Id> {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let imports = folio.data_import();
    let upload = UploadDefinition {
        file_definitions: List::from([FileDefinition::builder().name(name).build()]),
        ..UploadDefinition::default()
    };
    let upload = imports
        .create_upload_definition()
        .body(&upload)
        .send()
        .await?;
    let upload_id = upload.id.clone().ok_or("the upload has no id")?;
    let defined = upload.file_definitions.first();
    let file_id = defined
        .and_then(|file| file.id.clone())
        .ok_or("the upload has no file")?;
    // The file is read while it is sent.
    let upload = imports
        .upload_definition_file(&upload_id, &file_id)
        .body(Body::file(file))
        .send()
        .await?;
    let loaded = upload.file_definitions.first();
    let job = loaded
        .and_then(|file| file.job_execution_id.clone())
        .ok_or("the file has no job")?;
    let process = ProcessFilesRqDto::builder()
        .upload_definition(upload)
        .job_profile_info(profile)
        .build();
    imports
        .process_upload_definition_files(&upload_id)
        .body(&process)
        .send()
        .await?;
    Ok(job)
}

/// What became of an import.
#[derive(Debug)]
pub struct Import {
    /// The job as it ended.
    pub job: JobExecution,
    /// How many records failed.
    pub errors: i64,
    /// The statuses of the parts of the file, where the server has divided it.
    pub parts: Vec<String>,
}

impl Import {
    /// Whether all records were imported.
    pub fn is_complete(&self) -> bool {
        let is_committed = |status: &String| status == "COMMITTED";
        self.errors == 0
            && is_committed(&self.job.status.to_string())
            && self.parts.iter().all(is_committed)
    }
}

/// Follows a job to its end, at most three hours. It can be called again with the same id, by
/// another process too.
///
/// # Errors
/// The job was cancelled or discarded, did not end in time, or a request failed.
pub async fn follow(folio: &FolioClient, job: &Id) -> Result<Import, Error> {
    let jobs = folio.source_record_manager();
    let ended = jobs
        .get_job_execution(job)
        .until_done()
        .timeout(Duration::from_secs(3 * 3600))
        .on_progress(|status| eprintln!("{status}"))
        // One failed record is enough for this state; the others were imported.
        .stop_at("ERROR")
        .await?;
    let summary = jobs.get_job_summary(job).send().await?;
    // A file that was divided is COMMITTED even if a part of it failed.
    let parts = jobs.list_job_execution_children(job).stream();
    let parts = parts.map_ok(|part| part.status.to_string());
    Ok(Import {
        job: ended,
        errors: summary.total_errors.unwrap_or_default(),
        parts: parts.try_collect().await?,
    })
}
