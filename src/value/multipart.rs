//! A form of several parts: fields and files (RFC 7578).

use std::fmt;

use bytes::Bytes;

use crate::value::body::Body;

/// A `multipart/form-data` body: fields, and files that are read while they are sent.
///
/// It can be sent again if all its files can, see [`Body`].
///
/// ```
/// use folio_sdk::{Body, Multipart};
///
/// let form = Multipart::new()
///     .text("comment", "July")
///     .file("file", "users.csv", Body::from("barcode\n1\n"), "text/csv");
/// ```
#[derive(Clone)]
#[must_use = "a form has no effect before it is the body of a request"]
pub struct Multipart {
    boundary: String,
    parts: Vec<Body>,
    names: Vec<String>,
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Multipart {
    /// A form without parts.
    pub fn new() -> Self {
        Self {
            // Long enough not to occur in a file by chance.
            boundary: format!("folio-{}", uuid::Uuid::new_v4().simple()),
            parts: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Adds a field.
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.part(name, "", Body::from(value.into()))
    }

    /// Adds a file: the name of the field, the file name that is sent to the server, the content,
    /// and its media type (`application/octet-stream` if it is unknown).
    pub fn file(self, name: &str, file_name: &str, content: Body, media_type: &str) -> Self {
        let about = format!(
            "; filename=\"{}\"\r\nContent-Type: {}",
            quoted(file_name),
            media_type.replace(['\r', '\n'], " ")
        );
        self.part(name, &about, content)
    }

    fn part(mut self, name: &str, about: &str, content: Body) -> Self {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"{about}\r\n\r\n",
            self.boundary,
            quoted(name)
        );
        self.names.push(name.to_owned());
        self.parts
            .extend([Body::from(head), content, Body::from("\r\n")]);
        self
    }

    pub(crate) fn media_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(crate) fn into_body(mut self) -> Body {
        self.parts
            .push(Body::from(format!("--{}--\r\n", self.boundary)));
        if self.parts.iter().all(|part| part.as_bytes().is_some()) {
            let whole: Vec<u8> = self
                .parts
                .iter()
                .filter_map(Body::as_bytes)
                .flat_map(Bytes::as_ref)
                .copied()
                .collect();
            return Body::from(whole);
        }
        Body::chain(self.parts)
    }
}

impl fmt::Debug for Multipart {
    /// Shows the names of the fields, and no content.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Multipart").field(&self.names).finish()
    }
}

/// A name within quotation marks, escaped as browsers do (HTML, "multipart/form-data encoding
/// algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
