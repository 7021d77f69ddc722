//! The due date of a loan: from its policy, its schedules, and the hours of the service point.

use jiff::Timestamp;
use serde_json::Value;

use crate::modules::circulation::calendar::around;
use crate::modules::circulation::closed::{Strategy, absent_timetable, before};
use crate::modules::circulation::rules::routes::ChosenPolicy;
use crate::modules::library::Library;
use crate::modules::reply::{Block, Step, ValidationError};
use crate::value::java::{end_of_date, later, moment, now};
use crate::value::json::text_at;

const SCHEDULES: &str = "/fixed-due-date-schedule-storage/fixed-due-date-schedules";

/// Why a due date cannot be determined: the message, which the policy's name and id go with.
pub(crate) type Undetermined = String;

/// A loan policy with its schedules.
#[derive(Clone, Debug)]
pub(crate) struct LoanPolicy {
    pub(crate) record: Value,
    pub(crate) given: Option<ChosenPolicy>,
    schedules: Option<Value>,
    renewal_schedules: Option<Value>,
}

impl LoanPolicy {
    pub(crate) fn of(
        library: &Library<'_>,
        record: Value,
        given: Option<ChosenPolicy>,
    ) -> Step<Self> {
        Ok(Self {
            schedules: library.referred(
                SCHEDULES,
                &record,
                "loansPolicy.fixedDueDateScheduleId",
            )?,
            renewal_schedules: library.referred(
                SCHEDULES,
                &record,
                "renewalsPolicy.alternateFixedDueDateScheduleId",
            )?,
            record,
            given,
        })
    }

    fn at(&self, path: &str) -> Option<&Value> {
        self.record.pointer(path)
    }

    fn flag(&self, path: &str) -> bool {
        self.at(path).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn id(&self) -> Option<String> {
        text_at(&self.record, "id")
    }

    pub(crate) fn name(&self) -> Option<String> {
        text_at(&self.record, "name")
    }

    pub(crate) fn is_loanable(&self) -> bool {
        self.flag("/loanable")
    }

    pub(crate) fn is_renewable(&self) -> bool {
        self.flag("/renewable")
    }

    pub(crate) fn item_limit(&self) -> Option<u64> {
        self.at("/loansPolicy/itemLimit").and_then(Value::as_u64)
    }

    fn is_profile(&self, profile: &str) -> bool {
        text_at(&self.record, "loansPolicy.profileId")
            .is_some_and(|own| own.eq_ignore_ascii_case(profile))
    }

    pub(crate) fn is_fixed(&self) -> bool {
        self.is_profile("Fixed")
    }

    pub(crate) fn has_alternate_renewal_for_holds(&self) -> bool {
        self.at("/requestManagement/holds/alternateRenewalLoanPeriod")
            .is_some()
    }

    pub(crate) fn has_renewal_period(&self) -> bool {
        self.differs() && self.at("/renewalsPolicy/period").is_some()
    }

    pub(crate) fn renews_with_hold(&self) -> bool {
        self.flag("/requestManagement/holds/renewItemsWithRequest")
    }

    /// Whether a loan has been renewed as often as it may.
    pub(crate) fn limit_reached(&self, renewals: u64) -> bool {
        let allowed = self.at("/renewalsPolicy/numberAllowed");
        self.is_renewable()
            && renewals >= allowed.and_then(Value::as_u64).unwrap_or(0)
            && !self.flag("/renewalsPolicy/unlimited")
    }

    fn differs(&self) -> bool {
        self.flag("/renewalsPolicy/differentPeriod")
    }

    /// A rejection that names the policy.
    pub(crate) fn rejection(&self, message: &str) -> ValidationError {
        ValidationError::with(
            message,
            &[
                ("loanPolicyId", self.id().as_deref()),
                ("loanPolicyName", self.name().as_deref()),
            ],
        )
    }

    /// The same, which names the item too.
    pub(crate) fn rejection_of(&self, message: &str, barcode: Option<&str>) -> ValidationError {
        ValidationError::sized(
            message,
            &[
                ("itemBarcode", barcode),
                ("loanPolicyId", self.id().as_deref()),
                ("loanPolicyName", self.name().as_deref()),
            ],
            4,
        )
    }

    /// A moment later by a period of the policy; `words` are those of its messages.
    fn after(
        &self,
        from: Timestamp,
        path: &str,
        words: &PeriodMessages,
    ) -> Result<Timestamp, Undetermined> {
        let period = self.at(path);
        let interval = period.and_then(|period| text_at(period, "intervalId"));
        let duration = period.and_then(|period| period.get("duration")?.as_i64());
        let (Some(interval), Some(duration)) = (interval, duration) else {
            return Err(words.period.to_owned());
        };
        if duration <= 0 {
            return Err(words.duration.replace("%s", &duration.to_string()));
        }
        later(from, duration, &interval).ok_or_else(|| words.interval.replace("%s", &interval))
    }

    /// The due date of a new loan, before the hours of the service point are applied. `held` states
    /// that another patron waits for the item.
    pub(crate) fn first(
        &self,
        loan_date: Timestamp,
        held: bool,
    ) -> Result<Timestamp, Undetermined> {
        const OUTSIDE: &str = "loan date falls outside of the date ranges in the loan policy";
        const ALTERNATE: &str = "/requestManagement/holds/alternateCheckoutLoanPeriod";
        let alternate = held && self.at(ALTERNATE).is_some();
        let path = if alternate {
            ALTERNATE
        } else {
            "/loansPolicy/period"
        };
        if self.is_profile("Rolling") || self.is_fixed() && alternate {
            let due = self.after(loan_date, path, &PeriodMessages::LOAN)?;
            return truncated(due, loan_date, self.schedules.as_ref())
                .ok_or_else(|| OUTSIDE.to_owned());
        }
        if self.is_fixed() {
            return due_of(self.schedules.as_ref(), loan_date).ok_or_else(|| OUTSIDE.to_owned());
        }
        Err(self.unknown_profile("profile \"%s\" in the loan policy is not recognised"))
    }

    fn unknown_profile(&self, message: &str) -> Undetermined {
        let profile = text_at(&self.record, "loansPolicy.profileId");
        message.replace("%s", &profile.unwrap_or_default())
    }

    /// Whether a waiting request changes the first period.
    pub(crate) fn has_alternate_period(&self) -> bool {
        self.at("/requestManagement/holds/alternateCheckoutLoanPeriod")
            .is_some()
    }

    /// When a loan is due after it is renewed.
    pub(crate) fn renewed(
        &self,
        due: Timestamp,
        at: Timestamp,
        held: bool,
    ) -> Result<Timestamp, Undetermined> {
        let schedules = if !self.differs() || self.renewal_schedules.is_none() && !self.is_fixed() {
            self.schedules.as_ref()
        } else {
            self.renewal_schedules.as_ref()
        };
        if self.is_profile("Rolling") {
            let from = match text_at(&self.record, "renewalsPolicy.renewFromId").as_deref() {
                Some("CURRENT_DUE_DATE") => due,
                Some("SYSTEM_DATE") => at,
                _ => return Err("cannot determine when to renew from".to_owned()),
            };
            let path = if held && self.has_alternate_renewal_for_holds() {
                "/requestManagement/holds/alternateRenewalLoanPeriod"
            } else if self.differs() {
                "/renewalsPolicy/period"
            } else {
                "/loansPolicy/period"
            };
            let due = self.after(from, path, &PeriodMessages::LOAN)?;
            return truncated(due, from, schedules).ok_or_else(|| {
                "renewal date falls outside of date ranges in the loan policy".to_owned()
            });
        }
        if self.is_fixed() {
            return due_of(schedules, at).ok_or_else(|| {
                "renewal date falls outside of date ranges in fixed loan policy".to_owned()
            });
        }
        Err(self.unknown_profile("profile \"%s\" in the loan policy is not recognised"))
    }

    /// When a loan is due after it is recalled; the policy may protect it for a time.
    pub(crate) fn recalled(
        &self,
        loan_date: Timestamp,
        due: Timestamp,
    ) -> Result<Timestamp, Undetermined> {
        const RECALLS: &str = "/requestManagement/recalls";
        let has = |name: &str| self.at(&format!("{RECALLS}/{name}")).is_some();
        let now = now();
        let period = |name: &str, from: Timestamp| {
            let words = PeriodMessages::of(name);
            self.after(from, &format!("{RECALLS}/{name}"), &words.borrowed())
        };
        let guaranteed = if has("minimumGuaranteedLoanPeriod") {
            Some(period("minimumGuaranteedLoanPeriod", loan_date)?)
        } else {
            None
        };
        let extends = self.flag(&format!("{RECALLS}/allowRecallsToExtendOverdueLoans"));
        let overdue = due < now;
        let name = if overdue && extends && has("alternateRecallReturnInterval") {
            "alternateRecallReturnInterval"
        } else {
            "recallReturnInterval"
        };
        let recall = if has(name) { period(name, now)? } else { now };
        if !extends && (overdue || recall > due) {
            return Ok(due);
        }
        Ok(guaranteed.map_or(recall, |guaranteed| recall.max(guaranteed)))
    }

    /// The end that a schedule sets to a loan.
    fn limit(&self, loan_date: Timestamp, renewed_at: Option<Timestamp>) -> Option<Timestamp> {
        match renewed_at {
            None => due_of(self.schedules.as_ref(), loan_date),
            Some(at) => {
                let own = self.renewal_schedules.as_ref();
                let schedules = match (self.differs(), self.is_fixed()) {
                    (false, _) => self.schedules.as_ref(),
                    (true, true) => own,
                    (true, false) => own.or(self.schedules.as_ref()),
                };
                due_of(schedules, at)
            }
        }
    }

    /// Moves a due date according to the policy if the library is closed then. A patron who leaves
    /// earlier must return it earlier: the second part states that.
    pub(crate) fn in_open_hours(
        &self,
        library: &Library<'_>,
        due: Timestamp,
        of: &Circumstances<'_>,
    ) -> Step<(Timestamp, bool)> {
        let zone = library.zone()?;
        let date = due.to_zoned(zone.clone()).date();
        let days = around(library, of.service_point, date)?;
        let started = of.renewed_at.unwrap_or(of.started);
        let mut moved = self
            .strategy()
            .applied(due, &days, started, &zone, self.offset())?;
        if let Some(limit) = self.limit(of.loan_date, of.renewed_at)
            && moved.to_zoned(zone.clone()).date() > limit.to_zoned(zone.clone()).date()
        {
            let back = if self.is_short_term() {
                Strategy::EndOfCurrentHours
            } else {
                Strategy::EndOfPreviousDay
            };
            moved = back.applied(limit, &days, started, &zone, self.offset())?;
        }
        let Some(end) = of.patron_expires.filter(|end| *end < moved) else {
            return Ok((moved, false));
        };
        let date = end.to_zoned(zone.clone()).date();
        let days = around(library, of.service_point, date)?;
        let moved = match self.strategy() {
            Strategy::EndOfPreviousDay | Strategy::EndOfNextDay if days.previous.is_open() => {
                end_of_date(days.previous.date, &zone).unwrap_or(end)
            }
            Strategy::EndOfCurrentHours | Strategy::BeginningOfNextHours => {
                before(end, &days, &zone).ok_or_else(absent_timetable)?
            }
            Strategy::EndOfPreviousDay | Strategy::EndOfNextDay => {
                return Err(absent_timetable().into());
            }
            Strategy::KeepDate | Strategy::KeepTime => end,
        };
        Ok((moved, true))
    }

    fn is_short_term(&self) -> bool {
        let interval = text_at(&self.record, "loansPolicy.period.intervalId");
        interval.is_some_and(|interval| {
            interval.eq_ignore_ascii_case("hours") || interval.eq_ignore_ascii_case("minutes")
        })
    }

    /// The interval after opening to which the due date is moved.
    fn offset(&self) -> Option<(i64, String)> {
        let offset = self.at("/loansPolicy/openingTimeOffset")?;
        Some((
            offset.get("duration")?.as_i64()?,
            text_at(offset, "intervalId")?,
        ))
    }

    fn strategy(&self) -> Strategy {
        if self.at("/loansPolicy").is_none() {
            return Strategy::KeepTime;
        }
        let managed = text_at(&self.record, "loansPolicy.closedLibraryDueDateManagementId");
        Strategy::of(managed.as_deref().unwrap_or_default())
    }
}

/// The other inputs of a due date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) service_point: &'a str,
    pub(crate) loan_date: Timestamp,
    /// When the loan begins, or the moment of the request.
    pub(crate) started: Timestamp,
    pub(crate) renewed_at: Option<Timestamp>,
    pub(crate) patron_expires: Option<Timestamp>,
}

struct PeriodMessages<'a> {
    period: &'a str,
    interval: &'a str,
    duration: &'a str,
}

struct OwnedWords {
    period: String,
    interval: String,
    duration: String,
}

impl PeriodMessages<'_> {
    const LOAN: PeriodMessages<'static> = PeriodMessages {
        period: "the loan period in the loan policy is not recognised",
        interval: "the interval \"%s\" in the loan policy is not recognised",
        duration: "the duration \"%s\" in the loan policy is invalid",
    };

    fn of(name: &str) -> OwnedWords {
        OwnedWords {
            period: format!("the \"{name}\" in the loan policy is not recognized"),
            interval: format!("the interval \"%s\" in \"{name}\" is not recognized"),
            duration: format!("the duration \"%s\" in \"{name}\" is invalid"),
        }
    }
}

impl OwnedWords {
    fn borrowed(&self) -> PeriodMessages<'_> {
        PeriodMessages {
            period: &self.period,
            interval: &self.interval,
            duration: &self.duration,
        }
    }
}

/// The due date of the first schedule that has a moment.
fn due_of(schedules: Option<&Value>, at: Timestamp) -> Option<Timestamp> {
    let list = schedules?.get("schedules")?.as_array()?;
    let read = |schedule: &Value, field: &str| moment(&text_at(schedule, field)?).ok();
    let schedule = list.iter().find(|schedule| {
        read(schedule, "from").is_some_and(|from| from <= at)
            && read(schedule, "to").is_some_and(|to| to >= at)
    })?;
    read(schedule, "due")
}

/// A due date no later than the schedules allow; none where they have no range for the start.
fn truncated(due: Timestamp, from: Timestamp, schedules: Option<&Value>) -> Option<Timestamp> {
    if schedules.is_none() {
        return Some(due);
    }
    due_of(schedules, from).map(|limit| due.min(limit))
}

/// The rejection of a renewal whose due date cannot be determined, or would be no later.
pub(crate) fn due_date_required(
    rejection: ValidationError,
    lacks: Option<&'static str>,
) -> ValidationError {
    rejection.block(Block::RenewalDueDateRequired, lacks)
}
