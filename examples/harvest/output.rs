//! JSON Lines consistent with a checkpoint: whenever the program dies, the file up to the
//! checkpoint's position contains exactly the records that the checkpoint has passed.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;

use flate2::Compression;
use flate2::write::GzEncoder;
use folio_sdk::{CheckpointFile, Harvest, HarvestStream, Progress};
use serde_json::value::RawValue;

/// A harvest into a file: `.jsonl`, `.jsonl.gz` or `.jsonl.zst`.
pub(crate) struct Job<'a> {
    pub(crate) output: &'a Path,
    /// The number of records after which the file is synced and the checkpoint saved.
    pub(crate) every: u64,
}

impl Job<'_> {
    /// The path of the checkpoint: next to the output.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        let mut path = self.output.as_os_str().to_owned();
        path.push(".checkpoint");
        path.into()
    }

    /// Resumes or starts the harvest; after a finished run, it starts again with an empty file. It
    /// ends when all is read or when `stop` completes. Only one program at a time can hold the
    /// checkpoint.
    pub(crate) async fn run(
        &self,
        mut harvest: Harvest<Box<RawValue>>,
        stop: impl Future<Output = ()>,
        begun: impl FnOnce(&HarvestStream<Box<RawValue>>),
    ) -> Result<Progress, Box<dyn Error + Send + Sync>> {
        let left = CheckpointFile::open(self.checkpoint())?;
        match left.load()? {
            Some(checkpoint) => harvest = harvest.resume(checkpoint),
            None if self.output.exists() => {
                let output = self.output.display();
                return Err(format!("{output} exists, but its checkpoint does not").into());
            }
            None => left.save(&harvest.checkpoint())?,
        }
        // For a finished checkpoint it is 0.
        let mut lines = Lines::open(self.output, harvest.checkpoint().position())?;
        let mut stream = harvest.stream();
        begun(&stream);
        let mut stop = pin!(stop);
        let mut written = 0;
        let outcome = loop {
            let record = tokio::select! {
                biased;
                () = &mut stop => break Ok(()),
                record = stream.next() => record,
            };
            match record {
                Some(Ok(record)) => lines.write(&record)?,
                Some(Err(error)) if error.record_json().is_some() => eprintln!("{error}"),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
            written += 1;
            if written % self.every == 0 {
                let mark = lines.make_safe()?;
                left.save(&stream.checkpoint().with_position(mark))?;
            }
        };
        let mark = lines.make_safe()?;
        left.save(&stream.checkpoint().with_position(mark))?;
        outcome?;
        Ok(stream.progress())
    }
}

/// A file of lines, compressed depending on its name. It consists of separately compressed pieces,
/// so that the file can be truncated between them.
struct Lines {
    path: PathBuf,
    encoder: Option<Encoder>,
    file: File,
    line: Vec<u8>,
}

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Lines {
    /// Opens it and truncates it to the position.
    fn open(path: &Path, mark: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)?;
        if file.metadata()?.len() < mark {
            let problem = format!(
                "{} is shorter than the position of its checkpoint",
                path.display()
            );
            return Err(io::Error::other(problem));
        }
        file.set_len(mark)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            path: path.into(),
            encoder: None,
            file,
            line: Vec::new(),
        })
    }

    fn write(&mut self, record: &RawValue) -> io::Result<()> {
        self.line.clear();
        one_line(record.get(), &mut self.line);
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => {
                let file = BufWriter::with_capacity(1 << 18, self.file.try_clone()?);
                match self.path.extension().and_then(|name| name.to_str()) {
                    Some("gz") => Encoder::Gzip(GzEncoder::new(file, Compression::default())),
                    Some("zst") => Encoder::Zstd(zstd::Encoder::new(file, 0)?),
                    _ => Encoder::Plain(file),
                }
            }
        };
        match self.encoder.insert(encoder) {
            Encoder::Plain(out) => out.write_all(&self.line),
            Encoder::Gzip(out) => out.write_all(&self.line),
            Encoder::Zstd(out) => out.write_all(&self.line),
        }
    }

    /// Ends the piece and waits until it is on the disk. Returns the size of the file.
    fn make_safe(&mut self) -> io::Result<u64> {
        if let Some(encoder) = self.encoder.take() {
            let mut out = match encoder {
                Encoder::Plain(out) => out,
                Encoder::Gzip(out) => out.finish()?,
                Encoder::Zstd(out) => out.finish()?,
            };
            out.flush()?;
        }
        self.file.sync_all()?;
        self.file.stream_position()
    }
}

/// JSON without white space between its parts: RMB writes a record in many lines.
fn one_line(json: &str, line: &mut Vec<u8>) {
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        if in_text {
            in_text = byte != b'"' || is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
        } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            continue;
        } else {
            in_text = byte == b'"';
        }
        line.push(byte);
    }
    line.push(b'\n');
}
