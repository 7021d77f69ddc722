//! Functions of SQL for UUIDs that are stored as 16 bytes.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use uuid::Uuid;

/// The bytes of a UUID.
const WIDTH: i32 = 16;

/// The functions of SQL for UUIDs that are stored as 16 bytes: `uuid` and `uuid_text`.
/// [`register`](crate::register) adds them to a session; a process that runs parts of a plan needs
/// them, too.
pub fn uuid_functions() -> Vec<ScalarUDF> {
    let bytes = vec![DataType::FixedSizeBinary(WIDTH)];
    vec![
        ScalarUDF::from(ToBytes {
            signature: Signature::string(1, Volatility::Immutable),
        }),
        ScalarUDF::from(ToText {
            signature: Signature::exact(bytes, Volatility::Immutable),
        }),
    ]
}

/// `uuid('5bf370e0-8cca-4d9c-82e4-5170ab2a0a39')`
#[derive(Debug, PartialEq, Eq, Hash)]
struct ToBytes {
    signature: Signature,
}

impl ScalarUDFImpl for ToBytes {
    fn name(&self) -> &str {
        "uuid"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::FixedSizeBinary(WIDTH))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        convert(&arguments, |array| {
            let texts = datafusion::arrow::compute::cast(array, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            let mut uuids = FixedSizeBinaryBuilder::with_capacity(texts.len(), WIDTH);
            for text in texts {
                match text {
                    None => uuids.append_null(),
                    Some(text) => {
                        let uuid = Uuid::try_parse(text).map_err(|error| {
                            DataFusionError::Execution(format!("`{text}` is not a UUID: {error}"))
                        })?;
                        uuids.append_value(uuid.as_bytes())?;
                    }
                }
            }
            Ok(Arc::new(uuids.finish()))
        })
    }
}

/// `uuid_text(id)`
#[derive(Debug, PartialEq, Eq, Hash)]
struct ToText {
    signature: Signature,
}

impl ScalarUDFImpl for ToText {
    fn name(&self) -> &str {
        "uuid_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        convert(&arguments, |array| {
            let Some(uuids) = array.as_fixed_size_binary_opt() else {
                return exec_err!("uuid_text takes the 16 bytes of a UUID");
            };
            let mut texts = StringBuilder::new();
            for bytes in uuids {
                texts.append_option(
                    bytes.and_then(|bytes| Some(Uuid::from_slice(bytes).ok()?.to_string())),
                );
            }
            Ok(Arc::new(texts.finish()))
        })
    }
}

/// Applies a function to the one argument.
fn convert(
    arguments: &ScalarFunctionArgs,
    function: impl Fn(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let Some(argument) = arguments.args.first() else {
        return exec_err!("the function takes one argument");
    };
    let array = function(&argument.to_array(arguments.number_rows)?)?;
    Ok(match argument {
        ColumnarValue::Scalar(_) if !array.is_empty() => {
            ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&array, 0)?)
        }
        _ => ColumnarValue::Array(array),
    })
}
