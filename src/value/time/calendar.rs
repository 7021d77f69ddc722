//! Dates of the proleptic Gregorian calendar as days.

pub(super) const DAY: i64 = 86_400;

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of 400 years of the Gregorian calendar.
const CYCLE: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const TO_EPOCH: i64 = 719_468;

/// Days since 1970 of a date of the proleptic Gregorian calendar. Years count from March, so that
/// the leap day is the last of a year.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    // Months of 30.6 days, rounded, have the lengths of March to February.
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    cycle * CYCLE + year * 365 + year / 4 - year / 100 + day_of_year - TO_EPOCH
}

/// The date that is so many days after 1970: the inverse of [`days`].
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + TO_EPOCH;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (cycle * 400 + year + i64::from(month < 3), month, day)
}
