//! The interface of the generated program: the inputs of calls, and their outputs.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use folio_sdk::{Body, Error, Multipart, Records, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use folio_sdk::{Deletion, FolioClient};

/// A call of the program.
pub type Call = fn(&FolioClient, &Input) -> Result<Step, String>;

/// A call in progress. Without the types of the operation: all calls share it.
pub type Step = Pin<Box<dyn Future<Output = Result<Received, Error>> + Send>>;

/// The inputs, by the names in the document.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The parameters of the path.
    pub path: Vec<(String, String)>,
    /// The parameters of the query; of a list its elements.
    pub query: Vec<(String, Vec<String>)>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Media type and content of the body.
    pub body: Option<(String, Sent)>,
    /// The requested media type, if there are several.
    pub accept: String,
}

/// A body.
#[derive(Clone, Debug)]
pub enum Sent {
    /// JSON of a record.
    Json(String),
    /// Bytes or text.
    Bytes(Vec<u8>),
    /// Name, file name and content of the parts of a form.
    Form(Vec<(String, Option<String>, String)>),
}

impl Input {
    pub(crate) fn path(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, values)| values.clone())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.and_then(|(_, values)| values.first().map(String::as_str))
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn count(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn body(&self, media_type: &str) -> Option<&Sent> {
        let (name, body) = self.body.as_ref()?;
        (name == media_type).then_some(body)
    }

    pub(crate) fn asks_for(&self, media_type: &str) -> bool {
        self.accept == media_type
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

/// The output of a call, serialized again.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// Nothing, as described.
    Nothing,
    /// A record, as the SDK writes it.
    Json(String),
    /// The records of a response with one record per line.
    Lines(Vec<String>),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values without a type in the SDK.
    Raw(u16, Vec<u8>),
}

pub(crate) fn record_of<T: DeserializeOwned>(sent: &Sent) -> Result<T, String> {
    match sent {
        // Of bytes, as responses are: each source of JSON is another copy of all code that reads.
        Sent::Json(json) => serde_json::from_slice(json.as_bytes())
            .map_err(|error| format!("the body is not read as its record: {error}")),
        other => Err(format!("JSON was expected, not {other:?}")),
    }
}

pub(crate) fn list_of<T: DeserializeOwned>(sent: &Sent) -> Result<Vec<T>, String> {
    record_of(sent)
}

pub(crate) fn bytes_of(sent: &Sent) -> Body {
    match sent {
        Sent::Bytes(bytes) => Body::from(bytes.clone()),
        Sent::Json(json) => Body::from(json.clone()),
        Sent::Form(_) => Body::default(),
    }
}

pub(crate) fn form_of(sent: &Sent) -> Multipart {
    let mut form = Multipart::new();
    if let Sent::Form(parts) = sent {
        for (name, file, content) in parts {
            form = match file {
                Some(file) => form.file(name, file, Body::from(content.clone()), "text/csv"),
                None => form.text(name, content.clone()),
            };
        }
    }
    form
}

pub(crate) fn step(future: impl Future<Output = Result<Received, Error>> + Send + 'static) -> Step {
    Box::pin(future)
}

pub(crate) fn written<T: Serialize>(record: &T) -> Received {
    match serde_json::to_string(record) {
        Ok(json) => Received::Json(json),
        Err(error) => Received::Text(format!("not written: {error}")),
    }
}

pub(crate) fn raw(response: &Response) -> Received {
    Received::Raw(response.status().as_u16(), response.body().to_vec())
}

/// The future of a call, with any output.
type ResponseFuture<T> = folio_sdk::ResponseFuture<T>;

pub(crate) fn json<T: Serialize + Send + 'static>(sent: ResponseFuture<T>) -> Step {
    step(async move { Ok(written(&sent.await?)) })
}

pub(crate) fn maybe_json<T: Serialize + Send + 'static>(sent: ResponseFuture<Option<T>>) -> Step {
    step(async move {
        Ok(match sent.await? {
            Some(record) => written(&record),
            None => Received::Nothing,
        })
    })
}

pub(crate) fn text(sent: ResponseFuture<String>) -> Step {
    step(async move { Ok(Received::Text(sent.await?)) })
}

#[allow(dead_code, reason = "not in each release")]
pub(crate) fn maybe_text(sent: ResponseFuture<Option<String>>) -> Step {
    step(async move { Ok(sent.await?.map_or(Received::Nothing, Received::Text)) })
}

pub(crate) fn bytes(sent: ResponseFuture<Bytes>) -> Step {
    step(async move { Ok(Received::Bytes(sent.await?.to_vec())) })
}

#[allow(dead_code, reason = "not in each release")]
pub(crate) fn maybe_bytes(sent: ResponseFuture<Option<Bytes>>) -> Step {
    step(async move {
        let bytes = sent.await?;
        Ok(bytes.map_or(Received::Nothing, |bytes| Received::Bytes(bytes.to_vec())))
    })
}

pub(crate) fn nothing(sent: ResponseFuture<()>) -> Step {
    step(async move {
        sent.await?;
        Ok(Received::Nothing)
    })
}

pub(crate) fn response(sent: ResponseFuture<Response>) -> Step {
    step(async move { Ok(raw(&sent.await?)) })
}

pub(crate) fn lines<T>(sent: ResponseFuture<Records<T>>) -> Step
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    step(async move {
        let mut records = sent.await?;
        let mut lines = Vec::new();
        while let Some(record) = records.next().await {
            match written(&record?) {
                Received::Json(line) => lines.push(line),
                other => return Ok(other),
            }
        }
        Ok(Received::Lines(lines))
    })
}
