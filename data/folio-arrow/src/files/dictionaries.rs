//! One dictionary per column for all batches of a file.
//!
//! Each batch has its own dictionaries, in which the values are in any order. Those of a file only
//! grow: a value stays at its place, so that the keys of earlier batches stay valid.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, LargeListArray, ListArray, PrimitiveArray, RecordBatch,
    StringArray, StructArray, downcast_dictionary_array,
};
use arrow_buffer::ArrowNativeType as _;
use arrow_schema::{DataType, Field, Schema};

use super::cause::Cause;

/// The dictionaries of a file so far, by the path of their column.
#[derive(Debug)]
pub(super) struct Dictionaries {
    known: HashMap<Vec<usize>, Dictionary>,
    /// Whether the schema has dictionaries.
    has_any: bool,
}

/// The dictionary of a column.
#[derive(Debug)]
struct Dictionary {
    places: HashMap<String, usize>,
    /// The values, which are the same array as before unless one was added: then nothing is written.
    values: ArrayRef,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            values: Arc::new(StringArray::new_null(0)),
        }
    }
}

impl Dictionary {
    /// The place of each value of a batch's dictionary. A null, to which no key of a value points,
    /// has none.
    fn places(&mut self, values: &StringArray) -> Vec<Option<usize>> {
        let before = self.places.len();
        let places = values
            .iter()
            .map(|value| {
                let value = value?;
                Some(match self.places.get(value) {
                    Some(place) => *place,
                    None => {
                        let place = self.places.len();
                        self.places.insert(value.to_owned(), place);
                        place
                    }
                })
            })
            .collect();
        if self.places.len() > before {
            let mut all: Vec<(&String, &usize)> = self.places.iter().collect();
            all.sort_by_key(|(_, place)| **place);
            let mut values = StringBuilder::new();
            for (value, _) in all {
                values.append_value(value);
            }
            self.values = Arc::new(values.finish());
        }
        places
    }
}

impl Dictionaries {
    pub(super) fn new(schema: &Schema) -> Self {
        let has_any = schema.fields().iter().any(|field| has_dictionary(field));
        Self {
            known: HashMap::new(),
            has_any,
        }
    }

    /// The batch with the dictionaries of the file.
    pub(super) fn unify(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Cause> {
        if !self.has_any {
            return Ok(batch.clone());
        }
        let columns = batch.columns().iter().enumerate().map(|(at, column)| {
            let mut path = vec![at];
            self.array(&mut path, column)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    }

    /// The memory of the dictionaries, in bytes.
    pub(super) fn memory(&self) -> usize {
        let sizes = self.known.values().map(|dictionary| {
            // The text is there twice.
            2 * dictionary.values.get_buffer_memory_size()
        });
        sizes.sum()
    }

    fn array(&mut self, path: &mut Vec<usize>, array: &ArrayRef) -> Result<ArrayRef, Cause> {
        Ok(match array.data_type() {
            DataType::Dictionary(..) => self.dictionary(path, array)?,
            DataType::Struct(fields) => {
                let array = array.as_struct();
                let columns = array.columns().iter().enumerate().map(|(at, column)| {
                    path.push(at);
                    let column = self.array(path, column);
                    path.pop();
                    column
                });
                let columns = columns.collect::<Result<Vec<_>, _>>()?;
                let nulls = array.nulls().cloned();
                let (fields, rows) = (fields.clone(), array.len());
                Arc::new(StructArray::try_new_with_length(
                    fields, columns, nulls, rows,
                )?)
            }
            DataType::List(element) => {
                let array = array.as_list::<i32>();
                let values = self.element(path, array.values())?;
                let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
                let element = Arc::clone(element);
                Arc::new(ListArray::try_new(element, offsets, values, nulls)?)
            }
            DataType::LargeList(element) => {
                let array = array.as_list::<i64>();
                let values = self.element(path, array.values())?;
                let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
                let element = Arc::clone(element);
                Arc::new(LargeListArray::try_new(element, offsets, values, nulls)?)
            }
            _ => Arc::clone(array),
        })
    }

    fn element(&mut self, path: &mut Vec<usize>, values: &ArrayRef) -> Result<ArrayRef, Cause> {
        path.push(0);
        let values = self.array(path, values);
        path.pop();
        values
    }

    fn dictionary(&mut self, path: &[usize], array: &ArrayRef) -> Result<ArrayRef, Cause> {
        downcast_dictionary_array!(
            array => {
                let values = array.values().as_string_opt::<i32>().ok_or_else(|| {
                    Cause::Data(format!("dictionaries of {} are not supported", array.values().data_type()))
                })?;
                let known = self.known.entry(path.to_vec()).or_default();
                let places = known.places(values);
                with_places(array, &places, &known.values)
            },
            other => Err(Cause::Data(format!("dictionaries of the type {other} are not supported"))),
        )
    }
}

/// The array with the values of the file's dictionary, and the keys for it.
fn with_places<K: ArrowDictionaryKeyType>(
    array: &DictionaryArray<K>,
    places: &[Option<usize>],
    values: &ArrayRef,
) -> Result<ArrayRef, Cause> {
    let is_same = places
        .iter()
        .enumerate()
        .all(|(at, place)| *place == Some(at));
    if is_same {
        let (keys, values) = (array.keys().clone(), Arc::clone(values));
        return Ok(Arc::new(DictionaryArray::try_new(keys, values)?));
    }
    let key = |key: K::Native| -> Result<Option<K::Native>, Cause> {
        let Some(place) = places.get(key.as_usize()).copied().flatten() else {
            return Ok(None);
        };
        let key = K::Native::from_usize(place).ok_or_else(|| {
            let (most, keys) = (values.len(), K::DATA_TYPE);
            Cause::Data(format!(
                "a dictionary with keys of {keys} cannot have {most} values"
            ))
        })?;
        Ok(Some(key))
    };
    let keys = array.keys().iter().map(|value| value.map_or(Ok(None), key));
    let keys = keys.collect::<Result<PrimitiveArray<K>, Cause>>()?;
    Ok(Arc::new(DictionaryArray::try_new(
        keys,
        Arc::clone(values),
    )?))
}

fn has_dictionary(field: &Field) -> bool {
    match field.data_type() {
        DataType::Dictionary(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_dictionary(field)),
        DataType::List(element) | DataType::LargeList(element) => has_dictionary(element),
        _ => false,
    }
}
