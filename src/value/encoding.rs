//! The content codings of response bodies: gzip (also `x-gzip`) and deflate, decoded while the body
//! arrives.
//!
//! RFC 1952 allows several concatenated gzip members, which some proxies and storage services send.
//! The decoders of tower-http read the first member and drop the rest without an error,
//! so the SDK decodes the body itself, with `flate2`. A body that is truncated, damaged, followed
//! by other bytes or not compressed at all results in an error that states the reason.

use std::io::Write;
use std::mem;

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue};

/// The codings that the client accepts. Okapi and RMB modules compress with gzip and deflate
/// (real-facts, section 1); either one is sufficient.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip");

/// The number of bytes decoded at once. deflate expands at most about 1,000 times, so a decoded
/// piece is at most about 4 MB.
pub(crate) const STEP: usize = 4 * 1024;

/// Why a body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body ended too early.
    CutShort(String),
    /// A retry would not help.
    Wrong(String),
}

/// Decodes the body of one response.
pub(crate) struct Decoder {
    coding: Coding,
    /// The first bytes, until the format of the body is known.
    head: Vec<u8>,
    /// The number of encoded bytes received.
    received: u64,
}

enum Coding {
    /// gzip, before its first bytes were received.
    Gzip,
    /// deflate, before its first bytes were received: with zlib's frame (RFC 9110) or without it
    /// (as some servers send it).
    Deflate,
    Members(Box<MultiGzDecoder<Vec<u8>>>),
    Inflate {
        stream: Box<Decompress>,
        ended: bool,
        /// The start of a body that looks like text.
        text: Option<String>,
    },
    /// A coding that this client does not support. An empty body has none.
    Unknown(String),
}

/// The decoder that a response needs, or none if its body is not encoded. It removes the headers
/// that no longer describe the body.
pub(crate) fn decoder(headers: &mut HeaderMap) -> Option<Decoder> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    let listed: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "" | "identity" | "none"))
        .collect();
    let coding = match &listed[..] {
        [] => return None,
        [name] if matches!(name.as_str(), "gzip" | "x-gzip") => Coding::Gzip,
        [name] if name == "deflate" => Coding::Deflate,
        names => Coding::Unknown(names.join(", ")),
    };
    for name in [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE] {
        headers.remove(name);
    }
    Some(Decoder {
        coding,
        head: Vec::new(),
        received: 0,
    })
}

impl Decoder {
    /// Decodes a piece of at most [`STEP`] bytes.
    pub(crate) fn decode(&mut self, piece: &[u8]) -> Result<Vec<u8>, Fault> {
        let begun;
        let mut input = piece;
        self.received += input.len() as u64;
        if matches!(self.coding, Coding::Gzip | Coding::Deflate) {
            self.head.extend_from_slice(input);
            if self.head.len() < 2 {
                return Ok(Vec::new());
            }
            begun = mem::take(&mut self.head);
            self.begin(&begun)?;
            input = &begun;
        }
        match &mut self.coding {
            Coding::Gzip | Coding::Deflate => Ok(Vec::new()),
            Coding::Unknown(names) => Err(Fault::Wrong(format!(
                "the response has the content coding `{names}`, which this client does not support and did not request (it accepts gzip and deflate)"
            ))),
            Coding::Members(members) => {
                let written = members.write_all(input).and_then(|()| members.flush());
                written.map_err(|error| {
                    Fault::Wrong(format!(
                        "the gzip body of the response is damaged, or other bytes follow it, within its first {} bytes: {error}",
                        self.received
                    ))
                })?;
                Ok(mem::take(members.get_mut()))
            }
            Coding::Inflate {
                stream,
                ended,
                text,
            } => inflate(stream, ended, input, self.received)
                .map_err(|fault| text.as_ref().map_or(fault, |text| plain("deflate", text))),
        }
    }

    /// Decides by the first two bytes.
    fn begin(&mut self, head: &[u8]) -> Result<(), Fault> {
        let (first, second) = match head {
            [first, second, ..] => (*first, *second),
            _ => return Ok(()),
        };
        let is_gzip = (first, second) == (0x1f, 0x8b);
        match self.coding {
            Coding::Gzip if !is_gzip => return Err(plain("gzip", &beginning(head))),
            // Some servers say deflate and send gzip.
            Coding::Gzip | Coding::Deflate if is_gzip => {
                self.coding = Coding::Members(Box::new(MultiGzDecoder::new(Vec::new())));
            }
            Coding::Deflate => {
                // RFC 1950: the method is 8, and the two bytes as one number are a multiple of 31.
                let has_frame = first & 0x0f == 8
                    && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
                let is_text = !has_frame && matches!(first, b'{' | b'[' | b'<' | b'"');
                self.coding = Coding::Inflate {
                    stream: Box::new(Decompress::new(has_frame)),
                    ended: false,
                    text: is_text.then(|| beginning(head)),
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// The remaining output at the end of the body.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, Fault> {
        let cut = |name: &str, received: u64| {
            Fault::CutShort(format!(
                "the {name} body of the response is incomplete or damaged: it ended after {received} bytes without its end mark or checksum"
            ))
        };
        match &mut self.coding {
            // HEAD, 204 and empty bodies: nothing was compressed.
            Coding::Gzip | Coding::Deflate | Coding::Unknown(_) if self.received == 0 => {
                Ok(Vec::new())
            }
            Coding::Gzip => Err(cut("gzip", self.received)),
            Coding::Deflate => Err(cut("deflate", self.received)),
            Coding::Unknown(_) => Ok(Vec::new()),
            Coding::Members(members) => {
                members
                    .try_finish()
                    .map_err(|_| cut("gzip", self.received))?;
                Ok(mem::take(members.get_mut()))
            }
            Coding::Inflate {
                stream,
                ended,
                text,
            } => {
                let rest = inflate(stream, ended, &[], self.received);
                match (rest, text) {
                    (Ok(rest), _) if *ended => Ok(rest),
                    (_, Some(text)) => Err(plain("deflate", text)),
                    (Ok(_), None) => Err(cut("deflate", self.received)),
                    (Err(fault), None) => Err(fault),
                }
            }
        }
    }
}

/// The body does not match its header.
fn plain(coding: &str, text: &str) -> Fault {
    Fault::Wrong(format!(
        "the response has the header `Content-Encoding: {coding}`, but its body is not {coding} (it starts with {text:?}): a proxy or module sets the header by mistake"
    ))
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..20).unwrap_or(body)).into_owned()
}

fn inflate(
    stream: &mut Decompress,
    ended: &mut bool,
    input: &[u8],
    received: u64,
) -> Result<Vec<u8>, Fault> {
    let start = stream.total_in();
    let mut out = Vec::new();
    while !*ended {
        let used = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX);
        let rest = input.get(used..).unwrap_or_default();
        out.reserve(32 * 1024);
        let before = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress_vec(rest, &mut out, FlushDecompress::Sync)
            .map_err(|error| {
                Fault::Wrong(format!(
                    "the deflate body of the response is damaged within its first {received} bytes: {error}"
                ))
            })?;
        if status == Status::StreamEnd {
            *ended = true;
        } else if before == (stream.total_in(), stream.total_out()) {
            break;
        }
    }
    let used = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX);
    if *ended && used < input.len() {
        return Err(Fault::Wrong(
            "other bytes follow the deflate body of the response".to_owned(),
        ));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(text: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(coding: &str, pieces: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        let mut decoder = decoder(&mut headers).unwrap();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(decoder.decode(piece)?);
        }
        all.extend(decoder.finish()?);
        Ok(all)
    }

    proptest! {
        #[test]
        fn any_text_in_any_pieces_comes_back(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3000), 1..4),
            at in 1_usize..200,
        ) {
            let text = parts.concat();
            let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
            for (coding, body) in [("gzip", members.clone()), ("X-GZIP", members), ("deflate", zlib(&text)), ("deflate", raw(&text))] {
                let pieces: Vec<&[u8]> = body.chunks(at).collect();
                prop_assert_eq!(decode(coding, &pieces).unwrap(), text.clone(), "{}", coding);
            }
        }

        #[test]
        fn a_body_that_is_cut_anywhere_is_never_whole(text in proptest::collection::vec(any::<u8>(), 1..500), at in any::<prop::sample::Index>()) {
            for (coding, body) in [("gzip", gzip(&text)), ("deflate", zlib(&text)), ("deflate", raw(&text))] {
                let cut = at.index(body.len() - 1) + 1;
                if cut < body.len() {
                    prop_assert!(decode(coding, &[&body[..cut]]).is_err(), "{coding} {cut} of {}", body.len());
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |result: Result<Vec<u8>, Fault>| match result.unwrap_err() {
            Fault::CutShort(message) => format!("cut short: {message}"),
            Fault::Wrong(message) => message,
        };
        let body = gzip(b"{\"users\":[]}");
        let two = [body.clone(), body.clone()].concat();
        let mut damaged = body.clone();
        damaged[15] ^= 0xff;
        insta::assert_debug_snapshot!([
            message(decode("gzip", &[&two[..two.len() - 9]])),
            message(decode("gzip", &[&two, b"more"])),
            message(decode(
                "gzip",
                &[&two, b"and more than a header of gzip is long"]
            )),
            message(decode("gzip", &[&damaged])),
            message(decode("gzip", &[b"{\"users\":[]}"])),
            message(decode("deflate", &[b"{\"users\":[]}"])),
            message(decode("deflate", &[&zlib(b"text"), b"more"])),
            message(decode("deflate", &[&zlib(b"text")[..6]])),
            message(decode("br", &[b"\x0b\x05\x80"])),
            message(decode("gzip, gzip", &[&body])),
        ]);
        assert_eq!(decode("gzip", &[]).unwrap(), b"");
        assert_eq!(decode("br", &[]).unwrap(), b"");
        assert_eq!(decode("deflate", &[&body]).unwrap(), b"{\"users\":[]}");
    }
}
