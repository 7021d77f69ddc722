//! Filters of DataFusion as conditions on fields.

use datafusion::arrow::datatypes::{DataType, Field as ArrowField, FieldRef, SchemaRef, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{Between, BinaryExpr, Cast, Expr, Operator};

use super::condition::{Condition, Field, Kind, Literal, Pushed};
use super::division;
use super::rules;
use super::text;
use crate::facts;

/// The extension types of columns.
const EXTENSION: &str = "ARROW:extension:name";
const JSON: &str = "arrow.json";
const UUID: &str = "arrow.uuid";

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A table, as its filters name it.
#[derive(Clone, Debug)]
pub(crate) struct Target<'a> {
    /// The path of the list.
    pub(crate) path: &'a str,
    /// The unique field by which the list can be read.
    pub(crate) key: Option<&'a str>,
    /// The columns.
    pub(crate) schema: &'a SchemaRef,
    /// The field of the record in each column; none if the column is no field.
    pub(crate) fields: &'a [Option<String>],
}

impl Target<'_> {
    /// A query for a superset of the records of which a filter is true; none if CQL has no such
    /// query but that for all records.
    pub(crate) fn push(&self, filter: &Expr) -> Option<Pushed> {
        self.query(filter, true)
    }

    /// Disjoint queries for a list of values that is too long for one query.
    pub(crate) fn divide(&self, filter: &Expr) -> Option<Vec<Pushed>> {
        let Expr::InList(list) = filter else {
            return None;
        };
        let elements = list.list.iter();
        let values: Option<Vec<Literal>> = elements
            .map(|element| self.literal(&list.expr, element))
            .collect();
        division::divide(&self.field(&list.expr)?, &values.filter(|_| !list.negated)?)
    }

    /// The records of which an expression has this value. (Those of which it is unknown belong to
    /// neither.)
    fn query(&self, expression: &Expr, value: bool) -> Option<Pushed> {
        match expression {
            Expr::Alias(alias) => self.query(&alias.expr, value),
            Expr::Not(inner) => self.query(inner, !value),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (op, value) {
                (Operator::And, true) | (Operator::Or, false) => {
                    Pushed::and(self.query(left, value), self.query(right, value))
                }
                // `x in ('a', null)` is `x = 'a' or null`: the null is never true.
                (Operator::And, false) | (Operator::Or, true) => {
                    match (never(left, value), never(right, value)) {
                        (true, _) => self.query(right, value),
                        (_, true) => self.query(left, value),
                        _ => Pushed::or(self.query(left, value), self.query(right, value)),
                    }
                }
                _ => self.comparison(left, *op, right, value),
            },
            Expr::IsTrue(inner) => self.is(inner, true, value),
            Expr::IsFalse(inner) => self.is(inner, false, value),
            Expr::IsNotTrue(inner) => self.is(inner, true, !value),
            Expr::IsNotFalse(inner) => self.is(inner, false, !value),
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => {
                self.decide(inner, Some(Condition::Null), value)
            }
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => {
                self.decide(inner, Some(Condition::Null), !value)
            }
            Expr::InList(list) => self.in_list(list, value),
            Expr::Between(between) => self.between(between, value),
            Expr::Like(like) => self.like(like, value),
            Expr::ScalarFunction(function) if function.name() == "array_has" => {
                let [list, element] = &function.args[..] else {
                    return None;
                };
                let element = self.literal(list, element).map(Condition::Has);
                self.decide(list, element, value)
            }
            Expr::Column(_) | Expr::ScalarFunction(_) => {
                let is_true = Condition::Equal(Literal::Boolean(true));
                let field = self.field(expression)?;
                if field.kind != Kind::Boolean {
                    return None;
                }
                self.decide(expression, Some(is_true), value)
            }
            _ => None,
        }
    }

    /// `p is true` where `wanted` is true: this has no unknown value. Where it is false, `p` is
    /// something else or unknown.
    fn is(&self, inner: &Expr, wanted: bool, value: bool) -> Option<Pushed> {
        let holds = self.query(inner, wanted)?;
        match value {
            true => Some(holds),
            false => holds.complement(),
        }
    }

    fn decide(&self, operand: &Expr, condition: Option<Condition>, value: bool) -> Option<Pushed> {
        let (field, condition) = (self.field(operand)?, condition?);
        let condition = if value {
            condition
        } else {
            condition.negated()
        };
        rules::decide(&field, &condition)
    }

    fn comparison(&self, left: &Expr, op: Operator, right: &Expr, value: bool) -> Option<Pushed> {
        let (operand, op, literal) = match (self.field(left), self.field(right)) {
            (Some(_), None) => (left, op, right),
            (None, Some(_)) => (right, op.swap()?, left),
            _ => return None,
        };
        let literal = self.literal(operand, literal)?;
        let condition = match op {
            Operator::Eq => Condition::Equal(literal),
            Operator::NotEq => Condition::Differs(literal),
            Operator::Lt | Operator::LtEq => Condition::Less {
                than: literal,
                or_equal: op == Operator::LtEq,
            },
            Operator::Gt | Operator::GtEq => Condition::Greater {
                than: literal,
                or_equal: op == Operator::GtEq,
            },
            // These have no unknown value: where one is false, the field differs or is absent.
            Operator::IsNotDistinctFrom | Operator::IsDistinctFrom => {
                let equal = self.decide(operand, Some(Condition::Equal(literal)), true)?;
                return match (op == Operator::IsNotDistinctFrom) == value {
                    true => Some(equal),
                    false => equal.complement(),
                };
            }
            _ => return None,
        };
        self.decide(operand, Some(condition), value)
    }

    fn in_list(&self, list: &InList, value: bool) -> Option<Pushed> {
        let mut literals = Vec::with_capacity(list.list.len());
        let mut has_null = false;
        for element in &list.list {
            match element {
                Expr::Literal(scalar, _) if scalar.is_null() => has_null = true,
                element => literals.push(self.literal(&list.expr, element)?),
            }
        }
        // `x in (…, null)` is true or unknown, never false.
        let is_positive = value != list.negated;
        if literals.is_empty() || has_null && !is_positive {
            return None;
        }
        self.decide(&list.expr, Some(Condition::OneOf(literals)), is_positive)
    }

    fn between(&self, between: &Between, value: bool) -> Option<Pushed> {
        let bound = |bound: &Expr| self.literal(&between.expr, bound);
        let (low, high) = (bound(&between.low), bound(&between.high));
        let from = low.map(|than| Condition::Greater {
            than,
            or_equal: true,
        });
        let to = high.map(|than| Condition::Less {
            than,
            or_equal: true,
        });
        match value != between.negated {
            true => Pushed::and(
                self.decide(&between.expr, from, true),
                self.decide(&between.expr, to, true),
            ),
            false => Pushed::or(
                self.decide(&between.expr, from, false),
                self.decide(&between.expr, to, false),
            ),
        }
    }

    fn like(&self, like: &Like, value: bool) -> Option<Pushed> {
        let Expr::Literal(pattern, _) = &*like.pattern else {
            return None;
        };
        let Literal::Text(pattern) = literal_of(Kind::Text, pattern)? else {
            return None;
        };
        // The only escape character that DataFusion evaluates.
        if like.escape_char.is_some_and(|escape| escape != '\\') {
            return None;
        }
        let condition = Condition::Like {
            pattern: text::pieces(&pattern),
            ignores_case: like.case_insensitive,
        };
        self.decide(&like.expr, Some(condition), value != like.negated)
    }

    /// The field that an expression is.
    fn field(&self, expression: &Expr) -> Option<Field> {
        match expression {
            Expr::Alias(alias) => self.field(&alias.expr),
            Expr::Column(column) => self
                .column(column)
                .map(|(path, field)| self.of(path, &field)),
            Expr::ScalarFunction(function) if function.name() == "lower" => {
                let field = self.field(function.args.first()?)?;
                let is_text = field.kind == Kind::Text;
                is_text.then_some(Field {
                    is_lowered: true,
                    ..field
                })
            }
            Expr::ScalarFunction(_) => {
                let (path, field) = self.member(expression)?;
                Some(self.of(path, &field))
            }
            Expr::Cast(Cast {
                expr,
                field: target,
            }) => {
                let field = self.field(expr)?;
                let kind = cast(&field, self.data_type(expr).as_ref(), target.data_type())?;
                Some(Field { kind, ..field })
            }
            _ => None,
        }
    }

    fn of(&self, path: String, field: &ArrowField) -> Field {
        Field {
            kind: kind_of(field),
            evaluation: facts::evaluation(self.path, self.key, &path),
            is_lowered: false,
            path,
        }
    }

    fn column(&self, column: &Column) -> Option<(String, FieldRef)> {
        let index = self.schema.index_of(&column.name).ok()?;
        let path = self.fields.get(index)?.clone()?;
        Some((path, self.schema.fields().get(index).cloned()?))
    }

    /// A field of a struct: `personal['lastName']`.
    fn member(&self, expression: &Expr) -> Option<(String, FieldRef)> {
        match expression {
            Expr::Column(column) => self.column(column),
            Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "get_field" => {
                let (base, names) = args.split_first()?;
                let (mut path, mut field) = self.member(base)?;
                for name in names {
                    let Expr::Literal(name, _) = name else {
                        return None;
                    };
                    let name = name.try_as_str()??;
                    let DataType::Struct(fields) = field.data_type() else {
                        return None;
                    };
                    let (_, member) = fields.find(name)?;
                    // A dot in a name would be a step into a record.
                    if name.contains('.') {
                        return None;
                    }
                    path = format!("{path}.{name}");
                    field = FieldRef::clone(member);
                }
                Some((path, field))
            }
            _ => None,
        }
    }

    /// The type of a field, before a cast.
    fn data_type(&self, expression: &Expr) -> Option<DataType> {
        let (_, field) = self.member(expression)?;
        Some(field.data_type().clone())
    }

    fn literal(&self, operand: &Expr, literal: &Expr) -> Option<Literal> {
        let Expr::Literal(value, _) = literal else {
            return None;
        };
        literal_of(self.field(operand)?.kind, value)
    }
}

/// Whether an expression never has this value: it is unknown, or the other one.
fn never(expression: &Expr, value: bool) -> bool {
    match expression {
        Expr::Literal(ScalarValue::Boolean(known), _) => *known != Some(value),
        Expr::Literal(ScalarValue::Null, _) => true,
        _ => false,
    }
}

fn kind_of(field: &ArrowField) -> Kind {
    let extension = field.metadata().get(EXTENSION).map(String::as_str);
    match (field.data_type(), extension) {
        (_, Some(JSON)) => Kind::Other,
        (DataType::FixedSizeBinary(16), Some(UUID)) => Kind::Uuid,
        (data_type, _) => match data_type {
            DataType::Boolean => Kind::Boolean,
            DataType::Float64 => Kind::Float,
            DataType::Timestamp(..) | DataType::Date32 => Kind::Time,
            data_type if data_type.is_integer() => Kind::Exact,
            DataType::Decimal128(..) => Kind::Exact,
            DataType::List(element) => match kind_of(element) {
                Kind::Text => Kind::Texts,
                Kind::Uuid => Kind::Uuids,
                _ => Kind::Other,
            },
            data_type if is_text(data_type) => Kind::Text,
            _ => Kind::Other,
        },
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        data_type => data_type.is_string(),
    }
}

/// The kind of a field after a cast that changes no comparison by more than the rules allow for.
fn cast(field: &Field, from: Option<&DataType>, to: &DataType) -> Option<Kind> {
    match field.kind {
        Kind::Text if is_text(to) => Some(Kind::Text),
        // Smaller units could round by more than a day's margin allows for.
        Kind::Time => matches!(
            to,
            DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) | DataType::Date32
        )
        .then_some(Kind::Time),
        Kind::Exact | Kind::Float if *to == DataType::Float64 => Some(Kind::Float),
        Kind::Exact if from.is_some_and(DataType::is_integer) => {
            let is_wider = matches!(to, DataType::Int64 | DataType::Decimal128(_, 0..));
            is_wider.then_some(Kind::Exact)
        }
        _ => None,
    }
}

/// A literal for a field of a kind; none if it is null, or of another kind.
fn literal_of(kind: Kind, value: &ScalarValue) -> Option<Literal> {
    if let ScalarValue::Dictionary(_, value) = value {
        return literal_of(kind, value);
    }
    match kind {
        Kind::Text | Kind::Texts => value
            .try_as_str()?
            .map(|text| Literal::Text(text.to_owned())),
        Kind::Boolean => match value {
            ScalarValue::Boolean(value) => value.map(Literal::Boolean),
            _ => None,
        },
        Kind::Uuid | Kind::Uuids => match value {
            ScalarValue::FixedSizeBinary(16, Some(bytes)) => {
                let bytes = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
                Some(Literal::Uuid(u128::from_be_bytes(bytes)))
            }
            _ => None,
        },
        Kind::Exact => match value {
            ScalarValue::Decimal128(Some(digits), _, scale) => Some(Literal::Number {
                digits: *digits,
                scale: *scale,
            }),
            value => whole(value).map(|digits| Literal::Number { digits, scale: 0 }),
        },
        Kind::Float => match value {
            ScalarValue::Float64(value) => value.map(Literal::Float),
            _ => None,
        },
        Kind::Time => micros(value).map(Literal::Micros),
        Kind::Other => None,
    }
}

fn whole(value: &ScalarValue) -> Option<i128> {
    match value {
        ScalarValue::Int8(value) => value.map(i128::from),
        ScalarValue::Int16(value) => value.map(i128::from),
        ScalarValue::Int32(value) => value.map(i128::from),
        ScalarValue::Int64(value) => value.map(i128::from),
        ScalarValue::UInt8(value) => value.map(i128::from),
        ScalarValue::UInt16(value) => value.map(i128::from),
        ScalarValue::UInt32(value) => value.map(i128::from),
        ScalarValue::UInt64(value) => value.map(i128::from),
        _ => None,
    }
}

fn micros(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::TimestampSecond(value, _) => (*value)?.checked_mul(MICROS_PER_SECOND),
        ScalarValue::TimestampMillisecond(value, _) => (*value)?.checked_mul(1_000),
        ScalarValue::TimestampMicrosecond(value, _) => *value,
        ScalarValue::TimestampNanosecond(value, _) => Some((*value)?.div_euclid(1_000)),
        ScalarValue::Date32(value) => i64::from((*value)?).checked_mul(MICROS_PER_DAY),
        _ => None,
    }
}
