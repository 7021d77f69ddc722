//! The columns of a result: one name for each, and batches that have them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

/// The columns of a result.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    schema: SchemaRef,
    /// The columns that have another name, because one before has theirs.
    pub(crate) renamed: Vec<String>,
}

impl Columns {
    /// Of a result, whose columns may have equal names: `id` of two tables. The second one is `id_2`.
    /// The field of a struct is named by its path, as in CSV.
    pub(crate) fn of(result: &Schema) -> Self {
        let fields = result.fields().iter().map(|field| {
            let name = match field.name().as_str() {
                // A column without a name cannot be shown.
                "" => "column".to_owned(),
                name => path_of(name).unwrap_or_else(|| name.to_owned()),
            };
            Field::clone(field).with_name(name)
        });
        Self::unique(&Schema::new(fields.collect::<Vec<_>>()))
    }

    fn unique(result: &Schema) -> Self {
        let mut known: HashSet<String> = HashSet::new();
        let taken: HashSet<&str> = result
            .fields()
            .iter()
            .map(|it| it.name().as_str())
            .collect();
        let mut renamed = Vec::new();
        let fields = result.fields().iter().map(|field| {
            // Whether a value is null is known only for the result that the plan expects.
            let field = Field::clone(field).with_nullable(true);
            if known.insert(field.name().clone()) {
                return field;
            }
            let mut number = 2_u32;
            let mut name = format!("{}_{number}", field.name());
            while taken.contains(name.as_str()) || !known.insert(name.clone()) {
                number += 1;
                name = format!("{}_{number}", field.name());
            }
            renamed.push(name.clone());
            field.with_name(name)
        });
        let fields: Vec<Field> = fields.collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            renamed,
        }
    }

    /// The schema.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A batch of the result with these columns.
    ///
    /// # Errors
    /// The batch has other columns.
    pub(crate) fn name(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema(), batch.columns().to_vec(), &options)
    }
}

/// `personal.lastName` for DataFusion's name of the expression, `users.users.personal[lastName]`.
fn path_of(name: &str) -> Option<String> {
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|it| it.is_alphanumeric() || it == '_');
    let (column, fields) = name.split_once('[')?;
    let fields: Vec<&str> = fields.strip_suffix(']')?.split("][").collect();
    let column = column.rsplit('.').next()?;
    let is_path = is_name(column) && fields.iter().all(|field| is_name(field));
    is_path.then(|| format!("{column}.{}", fields.join(".")))
}

#[cfg(test)]
mod tests {
    use arrow_schema::DataType;

    use super::*;

    #[test]
    fn columns_of_one_name_get_another() {
        let fields = ["id", "id", "id_2", "a", "id"];
        let fields = fields.map(|name| Field::new(name, DataType::Utf8, false));
        let columns = Columns::of(&Schema::new(fields.to_vec()));
        let schema = columns.schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|it| it.name().as_str())
            .collect();
        assert_eq!(names, ["id", "id_3", "id_2", "a", "id_4"]);
        assert_eq!(columns.renamed, ["id_3", "id_4"]);
    }

    #[test]
    fn fields_of_structs_are_named_by_their_path() {
        for (name, expected) in [
            ("users.users.personal[lastName]", Some("personal.lastName")),
            ("u.a[b][c]", Some("a.b.c")),
            ("count(users.users.personal[lastName])", None),
            ("users.users.notes[Int64(1)]", None),
            ("a[b] + Int64(1)", None),
            ("username", None),
        ] {
            assert_eq!(path_of(name).as_deref(), expected, "{name}");
        }
    }
}
