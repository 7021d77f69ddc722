//! Compresses the data of `data/`, which becomes a part of the program.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=data");
    let out = std::env::var("OUT_DIR")?;
    for entry in fs::read_dir("data")? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let name = path.with_extension("deflate");
        let name = name.file_name().ok_or("a file without a name")?;
        let target = File::create(Path::new(&out).join(name))?;
        let mut encoder = DeflateEncoder::new(target, Compression::best());
        std::io::copy(&mut File::open(&path)?, &mut encoder)?;
        encoder.finish()?;
    }
    Ok(())
}
