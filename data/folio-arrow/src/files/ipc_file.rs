//! An Arrow IPC file.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions};
use arrow_schema::SchemaRef;

use super::cause::Cause;
use super::dictionaries::Dictionaries;
use super::format::Format;
use super::options::{IpcCompression, IpcOptions};

/// A file, and the dictionaries that it has so far.
pub(super) struct IpcFile {
    writer: FileWriter<std::io::BufWriter<File>>,
    dictionaries: Dictionaries,
}

impl IpcFile {
    pub(super) fn create(
        file: File,
        schema: &SchemaRef,
        options: &IpcOptions,
    ) -> Result<Self, Cause> {
        let compression = match options.compression {
            IpcCompression::None => None,
            IpcCompression::Lz4 => Some(CompressionType::LZ4_FRAME),
            IpcCompression::Zstd => Some(CompressionType::ZSTD),
        };
        // A file has one dictionary per column, to which values can only be appended.
        let options = IpcWriteOptions::default()
            .with_dictionary_handling(DictionaryHandling::Delta)
            .try_with_compression(compression)?;
        let file = std::io::BufWriter::new(file);
        Ok(Self {
            writer: FileWriter::try_new_with_options(file, schema, options)?,
            dictionaries: Dictionaries::new(schema),
        })
    }
}

impl Format for IpcFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Cause> {
        let batch = self.dictionaries.unify(batch)?;
        Ok(self.writer.write(&batch)?)
    }

    fn finish(mut self: Box<Self>, _is_ordered: bool) -> Result<(), Cause> {
        self.writer.finish()?;
        Ok(())
    }

    fn memory(&self) -> usize {
        self.dictionaries.memory()
    }
}
