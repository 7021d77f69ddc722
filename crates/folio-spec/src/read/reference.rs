//! References of sources: relative to their file, percent-encoded, some of them without a slash.

use std::path::Path;

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::files::clean;

/// Makes the references of a schema absolute: `file#/pointer`.
pub(super) fn absolute(value: &mut Value, file: &Path, depth: usize) -> Result<()> {
    if depth > 128 {
        return Err(Error::file(file, "nested deeper than 128 levels"));
    }
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = resolve(reference, file);
            }
            if let Some(Value::Object(mapping)) = map
                .get_mut("discriminator")
                .and_then(|d| d.get_mut("mapping"))
            {
                for target in mapping.values_mut() {
                    if let Value::String(name) = target {
                        let local = !name.contains(['#', '/', '.']);
                        *name = resolve(
                            &if local {
                                format!("#/components/schemas/{name}")
                            } else {
                                name.clone()
                            },
                            file,
                        );
                    }
                }
            }
            for (key, value) in map {
                if !matches!(key.as_str(), "example" | "examples" | "enum" | "default") {
                    absolute(value, file, depth + 1)?;
                }
            }
        }
        Value::Array(list) => {
            for value in list {
                absolute(value, file, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn resolve(reference: &str, file: &Path) -> String {
    let (target, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    // A reference is a URI: both parts may be percent-encoded.
    let (target, pointer) = (&*decoded(target), &*decoded(pointer));
    let path = match target {
        "" => file.to_path_buf(),
        // A name of a RAML type that was declared beside the schema is tried later, under the file
        // it would be.
        target => clean(
            &file
                .parent()
                .unwrap_or(Path::new(""))
                .join(target.strip_prefix("file:").unwrap_or(target)),
        ),
    };
    // A pointer without its first slash is a mistake that several modules make and every tool of
    // theirs takes.
    let slash = if pointer.is_empty() || pointer.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("{}#{slash}{pointer}", path.display())
}

/// Text without its percent-encoding; invalid encodings are unchanged.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        let encoded = hex(0)
            .zip(hex(1))
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match encoded.filter(|_| byte == b'%') {
            Some(encoded) => {
                bytes.push(encoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_made_absolute() {
        let file = Path::new("/m/ramls/a.json");
        for (reference, expected) in [
            ("b.json", "/m/ramls/b.json#"),
            ("../c.json#/definitions/D", "/m/c.json#/definitions/D"),
            ("#/definitions/D", "/m/ramls/a.json#/definitions/D"),
            ("#definitions/D", "/m/ramls/a.json#/definitions/D"),
            ("file:b.json", "/m/ramls/b.json#"),
            ("a%20b.json#/x%2Fy", "/m/ramls/a b.json#/x/y"),
            ("100%.json", "/m/ramls/100%.json#"),
        ] {
            assert_eq!(resolve(reference, file), expected);
        }
    }

    #[test]
    fn examples_and_values_have_no_references() {
        let file = Path::new("/m/a.yaml");
        let mut schema = json!({
            "items": {"$ref": "#/x"}, "example": {"$ref": "#/x"}, "enum": [{"$ref": "#/x"}],
            "discriminator": {"mapping": {"a": "A", "b": "b.yaml#/B"}},
        });
        absolute(&mut schema, file, 0).unwrap();
        assert_eq!(schema["items"]["$ref"], "/m/a.yaml#/x");
        assert_eq!(schema["example"]["$ref"], "#/x");
        assert_eq!(schema["enum"][0]["$ref"], "#/x");
        let mapping = json!({"a": "/m/a.yaml#/components/schemas/A", "b": "/m/b.yaml#/B"});
        assert_eq!(schema["discriminator"]["mapping"], mapping);
    }
}
