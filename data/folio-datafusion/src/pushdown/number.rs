//! Conditions on numbers: with `/number`, the server compares them as decimals of any precision.
//!
//! An integer or decimal column holds exactly what is stored (other values are not in the column). A
//! column of 64-bit floats holds the nearest float, so that the bounds of a query are floats
//! beyond those of the filter.
//!
//! A number that is no number for the server would be an error, for the whole query: the fields are
//! numbers by the descriptions, and RMB rejects others when it stores a record (recorded).

use folio_sdk::cql::{Relation, all};

use super::condition::{Field, Literal, Pushed};

/// The numbers in a range; each bound states whether it is included.
pub(super) fn between(
    field: &Field,
    from: Option<(&Literal, bool)>,
    to: Option<(&Literal, bool)>,
) -> Option<Pushed> {
    let mut query = all();
    for (bound, inner, outer, is_lower) in [
        (from, Relation::Gt, Relation::Ge, true),
        (to, Relation::Lt, Relation::Le, false),
    ] {
        let Some((value, is_included)) = bound else {
            continue;
        };
        let (text, relation) = match value {
            Literal::Float(value) => (widened(*value, is_lower)?, outer),
            Literal::Number { digits, scale } => {
                let relation = if is_included { outer } else { inner };
                (decimal(*digits, *scale)?, relation)
            }
            _ => return None,
        };
        query = query.and(field.cql().number().compare(relation, text));
    }
    Some(Pushed::superset(query))
}

/// The number equals a value.
pub(super) fn equal(field: &Field, value: &Literal) -> Option<Pushed> {
    match value {
        Literal::Number { digits, scale } => {
            let text = decimal(*digits, *scale)?;
            Some(Pushed::superset(field.cql().number().eq(text)))
        }
        Literal::Float(_) => between(field, Some((value, true)), Some((value, true))),
        _ => None,
    }
}

/// The second next float beyond a bound: each decimal whose float is within the bound is within this
/// one, also where the float is not the nearest one, but a neighbour (a decimal column that is cast).
fn widened(value: f64, is_lower: bool) -> Option<String> {
    let beyond = match is_lower {
        true => value.next_down().next_down(),
        false => value.next_up().next_up(),
    };
    beyond.is_finite().then(|| format!("{beyond:?}"))
}

/// A decimal as text.
fn decimal(digits: i128, scale: i8) -> Option<String> {
    let sign = if digits < 0 { "-" } else { "" };
    let text = digits.unsigned_abs().to_string();
    let Ok(scale) = usize::try_from(scale) else {
        let zeros = usize::from(scale.unsigned_abs());
        return Some(format!("{sign}{text}{}", "0".repeat(zeros)));
    };
    if scale == 0 {
        return Some(format!("{sign}{text}"));
    }
    let text = format!("{text:0>width$}", width = scale + 1);
    let (whole, fraction) = text.split_at_checked(text.len() - scale)?;
    Some(format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_exactly() {
        let written = |digits, scale| decimal(digits, scale).unwrap_or_default();
        assert_eq!(written(1205, 2), "12.05");
        assert_eq!(written(-5, 3), "-0.005");
        assert_eq!(written(7, 0), "7");
        assert_eq!(written(7, -2), "700");
        assert_eq!(written(i128::MIN, 0), i128::MIN.to_string());
    }

    #[test]
    fn bounds_of_floats_are_the_next_floats() {
        let low: f64 = widened(0.1, true)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        assert!(low < 0.1 && low.next_up().next_up() == 0.1);
        assert_eq!(widened(f64::MAX, false), None);
        assert_eq!(widened(f64::NAN, true), None);
    }
}
