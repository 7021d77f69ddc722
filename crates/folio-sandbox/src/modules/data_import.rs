//! Data import: upload definitions and files (mod-data-import), and the jobs that they start
//! (mod-source-record-manager). Nothing of it was recorded: it follows the modules' sources, 3.4.0
//! and 4.0.5.
//!
//! Records are counted, and neither stored nor mapped to instances. A real job advances with time;
//! here it advances with each read of it, so that tests need no clock.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

const UPLOADS: &str = "/data-import/uploadDefinitions";
const JOBS: &str = "/change-manager/jobExecutions";

/// What was found in the file of a job: not part of the job that clients see.
const FILES: &str = "/change-manager/jobExecutions/{id}/file";

/// What ends a MARC record (ISO 2709).
const RECORD_TERMINATOR: u8 = 0x1d;

/// A job is done after it was read so many times.
const READS: u64 = 2;

/// The response of what this file has; none of other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let work = DataImport { state, caller };
    Some(match (&*request.method, segments.as_slice()) {
        ("POST", ["data-import", "uploadDefinitions"]) => work.define(request),
        ("POST", ["data-import", "uploadDefinitions", upload, "files", file]) => {
            work.upload(request, upload, file)
        }
        ("POST", ["data-import", "uploadDefinitions", upload, "processFiles"]) => {
            work.process(request, upload)
        }
        ("GET", ["change-manager", "jobExecutions", job]) => work.job(job),
        ("GET", ["change-manager", "jobExecutions", job, "children"]) => work.children(job),
        ("GET", ["metadata-provider", "jobSummary", job]) => work.summary(job),
        _ => return None,
    })
}

struct DataImport<'a> {
    state: &'a State,
    caller: &'a Caller,
}

impl DataImport<'_> {
    /// Ids and statuses are the server's, and each file has a job
    /// (UploadDefinitionServiceImpl.addUploadDefinition, createJobExecutions).
    fn define(&self, request: &HttpRequest) -> HandlerResult {
        let mut upload = match jackson::parse(&request.body) {
            Ok(Value::Object(upload)) => upload,
            Ok(_) => {
                return Ok(HttpResponse::bad_request(
                    "Object to validate must not be null",
                ));
            }
            Err(response) => return Ok(response),
        };
        let id = random_id();
        let mut files = match upload.remove("fileDefinitions") {
            Some(Value::Array(files)) => files,
            _ => Vec::new(),
        };
        let several = files.len() > 1;
        let parent = random_id();
        for file in files.iter_mut().filter_map(Value::as_object_mut) {
            let name = text(file, "name").to_owned();
            let (job, kind) = match several {
                true => (random_id(), "CHILD"),
                false => (parent.clone(), "PARENT_SINGLE"),
            };
            self.create_job(&job, &parent, kind, "NEW", &name)?;
            file.insert("id".to_owned(), random_id().into());
            file.insert("status".to_owned(), "NEW".into());
            file.insert("createDate".to_owned(), rmb::now().into());
            file.insert("uploadDefinitionId".to_owned(), id.clone().into());
            file.insert("jobExecutionId".to_owned(), job.into());
        }
        if several {
            self.create_job(&parent, &parent, "PARENT_MULTIPLE", "PARENT", "")?;
        }
        if files.is_empty() {
            // checkUploadDefinitionBeforeSave: no job, no definition.
            return Ok(HttpResponse::bad_request("Bad Request"));
        }
        upload.insert("id".to_owned(), id.clone().into());
        upload.insert("metaJobExecutionId".to_owned(), parent.into());
        upload.insert("status".to_owned(), "NEW".into());
        upload.insert("createDate".to_owned(), rmb::now().into());
        upload.insert("fileDefinitions".to_owned(), files.into());
        let upload = Value::Object(upload);
        self.write(UPLOADS, &upload)?;
        Ok(rmb::json_response(StatusCode::CREATED, &upload))
    }

    fn create_job(
        &self,
        id: &str,
        parent: &str,
        kind: &str,
        status: &str,
        file: &str,
    ) -> rusqlite::Result<()> {
        let number = self.state.store.next(&self.caller.tenant, "jobExecution")?;
        let job = json!({
            "id": id, "hrId": number, "parentJobId": parent, "subordinationType": kind,
            "sourcePath": file, "fileName": file, "userId": self.caller.user,
            "startedDate": rmb::now(), "status": status, "uiStatus": ui_status(status),
            // buildNewJobExecution
            "progress": {"jobExecutionId": id, "current": 0, "total": 100},
        });
        self.write(JOBS, &job)
    }

    /// The file is counted; the definition is LOADED when all of its files are there
    /// (FileUploadLifecycleServiceImpl.afterFileSave).
    fn upload(&self, request: &HttpRequest, upload: &str, file: &str) -> HandlerResult {
        let Some(mut definition) = self.get(UPLOADS, upload)? else {
            return Ok(not_found(&format!(
                "Upload Definition with id '{upload}' not found"
            )));
        };
        let mut files = definition["fileDefinitions"].as_array_mut();
        let files = files.iter_mut().flat_map(|files| files.iter_mut());
        let mut found = files
            .filter_map(Value::as_object_mut)
            .find(|known| text(known, "id") == file);
        let Some(found) = &mut found else {
            return Ok(not_found(&format!(
                "FileDefinition not found. FileDefinition ID: {file}"
            )));
        };
        found.insert("status".to_owned(), "UPLOADED".into());
        found.insert("uploadedDate".to_owned(), rmb::now().into());
        let path = format!("./storage/upload/{upload}/{file}/{}", text(found, "name"));
        found.insert("sourcePath".to_owned(), path.into());
        let job = text(found, "jobExecutionId").to_owned();
        let (records, broken) = count(&request.body);
        let counted = json!({"id": job, "records": records, "broken": broken});
        self.write(FILES, &counted)?;
        if let Some(mut job) = self.get(JOBS, &job)? {
            set_status(&mut job, "FILE_UPLOADED");
            self.write(JOBS, &job)?;
        }
        let files = definition["fileDefinitions"].as_array();
        let is_loaded = files
            .into_iter()
            .flatten()
            .all(|file| file["status"] == "UPLOADED");
        definition["status"] = if is_loaded { "LOADED" } else { "IN_PROGRESS" }.into();
        self.write(UPLOADS, &definition)?;
        Ok(rmb::json_response(StatusCode::OK, &definition))
    }

    /// 204 at once; the jobs of the files of the body begin
    /// (ParallelFileChunkingProcessor.process), and the definition is COMPLETED when they have
    /// begun. A file without a record is an error of its job (processFile).
    fn process(&self, request: &HttpRequest, upload: &str) -> HandlerResult {
        let body = match jackson::parse(&request.body) {
            Ok(body) => body,
            Err(response) => return Ok(response),
        };
        let files = body["uploadDefinition"]["fileDefinitions"].as_array();
        for file in files.into_iter().flatten() {
            let id = file["jobExecutionId"].as_str().unwrap_or_default();
            let Some(mut job) = self.get(JOBS, id)? else {
                continue;
            };
            job["jobProfileInfo"] = body["jobProfileInfo"].clone();
            let counted = self.get(FILES, id)?;
            let records = counted.and_then(|counted| counted["records"].as_u64());
            match records.unwrap_or_default() {
                0 => {
                    job["errorStatus"] = "FILE_PROCESSING_ERROR".into();
                    job["progress"]["total"] = 0.into();
                    set_status(&mut job, "ERROR");
                }
                records => {
                    job["progress"] = json!({"jobExecutionId": id, "current": 0, "total": records});
                    set_status(&mut job, "PARSING_IN_PROGRESS");
                }
            }
            self.write(JOBS, &job)?;
        }
        if let Some(mut definition) = self.get(UPLOADS, upload)? {
            definition["status"] = "COMPLETED".into();
            self.write(UPLOADS, &definition)?;
        }
        Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
    }

    /// A job as it is, which then advances. It ends as COMMITTED, or as ERROR if one record failed
    /// (JobExecutionProgressVerticle.updateJobExecutionWithSnapshotStatus).
    fn job(&self, id: &str) -> HandlerResult {
        let Some(mut job) = self.get(JOBS, id)? else {
            return Ok(not_found(&format!(
                "JobExecution with id '{id}' was not found"
            )));
        };
        let response = rmb::json_response(StatusCode::OK, &job);
        if job["status"] == "PARSING_IN_PROGRESS" {
            let total = job["progress"]["total"].as_u64().unwrap_or_default();
            let current = job["progress"]["current"].as_u64().unwrap_or_default();
            let current = (current + total.div_ceil(READS)).min(total);
            job["progress"]["current"] = current.into();
            if current == total {
                let counted = self.get(FILES, id)?;
                let broken = counted.and_then(|counted| counted["broken"].as_u64());
                let is_whole = broken.unwrap_or_default() == 0;
                set_status(&mut job, if is_whole { "COMMITTED" } else { "ERROR" });
            }
            self.write(JOBS, &job)?;
        }
        Ok(response)
    }

    fn children(&self, parent: &str) -> HandlerResult {
        let jobs = self.state.store.all(&self.caller.tenant, JOBS)?;
        let children: Vec<Value> = jobs
            .into_iter()
            .filter(|job| job["parentJobId"] == parent && job["id"] != parent)
            .collect();
        let list = json!({"jobExecutions": children, "totalRecords": children.len()});
        Ok(rmb::json_response(StatusCode::OK, &list))
    }

    /// How many records there were, and how many of them failed.
    fn summary(&self, id: &str) -> HandlerResult {
        let Some(counted) = self.get(FILES, id)? else {
            return Ok(not_found(&format!(
                "JobExecutionSummaryDto with jobExecutionId '{id}' was not found"
            )));
        };
        let records = counted["records"].as_u64().unwrap_or_default();
        let broken = counted["broken"].as_u64().unwrap_or_default();
        let summary = json!({
            "jobExecutionId": id, "totalErrors": broken,
            "sourceRecordSummary": {
                "totalCreatedEntities": records - broken, "totalUpdatedEntities": 0,
                "totalDiscardedEntities": broken, "totalErrors": broken,
            },
        });
        Ok(rmb::json_response(StatusCode::OK, &summary))
    }

    fn get(&self, collection: &str, id: &str) -> rusqlite::Result<Option<Value>> {
        self.state.store.get(&self.caller.tenant, collection, id)
    }

    /// Stores a record under its `id`.
    fn write(&self, collection: &str, record: &Value) -> rusqlite::Result<()> {
        let id = record["id"].as_str().unwrap_or_default();
        let tenant = &self.caller.tenant;
        self.state.store.write(tenant, collection, id, record)
    }
}

/// Sets the status of a job; COMMITTED and ERROR are its end.
fn set_status(job: &mut Value, status: &str) {
    job["status"] = status.into();
    job["uiStatus"] = ui_status(status).into();
    if matches!(status, "COMMITTED" | "ERROR") {
        job["completedDate"] = rmb::now().into();
    }
}

/// What users see of a status (Status.java).
fn ui_status(status: &str) -> &'static str {
    match status {
        "PARENT" => "PARENT",
        "NEW" | "FILE_UPLOADED" => "INITIALIZATION",
        "COMMITTED" => "RUNNING_COMPLETE",
        "ERROR" => "ERROR",
        _ => "RUNNING",
    }
}

/// The MARC records of a file, and how many of them do not have the length that their leader
/// states. That these are the ones which fail is a guess: a server fails records for many reasons.
fn count(file: &[u8]) -> (u64, u64) {
    let records = file.split_inclusive(|byte| *byte == RECORD_TERMINATOR);
    let mut counts = (0, 0);
    for record in records.filter(|record| !record.trim_ascii().is_empty()) {
        let length = record
            .get(..5)
            .and_then(|length| std::str::from_utf8(length).ok()?.parse::<usize>().ok());
        counts.0 += 1;
        counts.1 += u64::from(length != Some(record.len()));
    }
    counts
}

fn text<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn random_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn not_found(text: &str) -> HttpResponse {
    HttpResponse::text(StatusCode::NOT_FOUND, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_and_those_of_a_wrong_length_are_broken() {
        for (file, expected) in [
            (&b""[..], (0, 0)),
            (b"\n", (0, 0)),
            (b"00007x\x1d", (1, 0)),
            (b"00007x\x1d00007y\x1d\n", (2, 0)),
            (b"00007x\x1d00009y\x1d", (2, 1)),
            (b"hello", (1, 1)),
        ] {
            assert_eq!(count(file), expected, "{file:?}");
        }
    }
}
