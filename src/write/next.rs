//! Decides the step after a failed write: a pure function, tested by a table.

use crate::write::verdict::Verdict;

/// The maximum number of tries of a request with an unknown outcome before its records are divided.
const TRIES: u32 = 2;

/// The maximum number of tries after a 403: it may be transient.
const TRIES_OF_FORBIDDEN: u32 = 3;

/// The maximum number of conflicts before a record is given up.
const CONFLICTS: u32 = 8;

/// The number of consecutive failed writes after which the run is stopped: of single records, and
/// of batches, in which the search for one bad record among 10,000 takes 16. For status 500, with
/// which a module may respond to each bad record, more.
const FAILING: u32 = 10;
const FAILING_BATCHES: u32 = 20;
const FAILING_INSIDE: u32 = 100;

/// The inputs of the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteSituation {
    pub(super) verdict: Verdict,
    /// Whether the request had one record.
    pub(super) is_one: bool,
    /// The number of earlier tries of these records without a definite response.
    pub(super) tries: u32,
    /// Whether records are sent in batches.
    pub(super) is_batched: bool,
    /// The maximum number of conflicts of a record of the request, not including this one.
    pub(super) conflicts: u32,
    /// Whether the rejected record did not exist, and may exist now: because of this client, or of
    /// another one.
    pub(super) may_exist: bool,
    /// Whether a record may have been written by this request or the last one.
    pub(super) is_in_doubt: bool,
    /// The number of consecutive failed writes, including this one.
    pub(super) failing: u32,
    /// Whether the failure is the module's own (500), caused by something in the request.
    pub(super) is_inside: bool,
    /// Whether the server does not work at all, so that smaller requests do not help.
    pub(super) is_down: bool,
    /// Whether a record was given up after all tries, and no write has succeeded since.
    pub(super) has_given_up: bool,
    /// Whether the client's policy or budget allows no retry.
    pub(super) is_retry_denied: bool,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteStep {
    /// Sends the same records again.
    Again(Retry),
    /// Sends each half by itself, after a lookup.
    Divide(Retry),
    /// Sends each half by itself, and fewer records in the requests that follow.
    DivideForNumber,
    /// Sends each half by itself, and fewer bytes in the requests that follow.
    DivideForSize,
    /// Sends each half by itself; a single record is the bad one.
    Reject,
    /// Sends the records one by one, because the module does not support batches.
    Singly,
    /// Checks whether there was a concurrent change, and then tries again.
    Compare,
    /// A final lookup; nothing is sent again.
    LookLast,
    /// The records fail, and others are written.
    Fail,
    /// The records fail, and no others are taken.
    Stop,
    /// As [`Stop`](Self::Stop), because of too many consecutive failures.
    StopFailing(u32),
}

/// Another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retry {
    /// The number of tries so far.
    pub(super) tries: u32,
    /// The number of the retry that the client's policy and budget must permit; none needs no
    /// permission.
    pub(super) permission: Option<u32>,
    /// The number of the retry that determines the wait.
    pub(super) backoff: u32,
    /// Whether a lookup is done first.
    pub(super) looks: bool,
}

impl WriteStep {
    /// The number of the retry that the client's policy and budget must permit.
    pub(super) fn permission(self) -> Option<u32> {
        match self {
            Self::Again(retry) | Self::Divide(retry) => retry.permission,
            _ => None,
        }
    }
}

/// The step after a request whose records were not written, as far as is known.
pub(super) fn next(now: &WriteSituation) -> WriteStep {
    match now.verdict {
        Verdict::Forbidden if now.tries + 1 < TRIES_OF_FORBIDDEN && !now.is_retry_denied => {
            let tries = now.tries + 1;
            WriteStep::Again(Retry {
                tries,
                permission: Some(tries),
                backoff: tries,
                looks: false,
            })
        }
        Verdict::Stop | Verdict::Forbidden => WriteStep::Stop,
        Verdict::NoEndpoint if now.is_batched => WriteStep::Singly,
        // A record that was deleted meanwhile was changed by another client.
        Verdict::NoEndpoint | Verdict::Conflict if now.conflicts < CONFLICTS => WriteStep::Compare,
        Verdict::Rejected if now.is_one && now.may_exist && now.conflicts < CONFLICTS => {
            WriteStep::Compare
        }
        Verdict::TooMany if !now.is_one => WriteStep::DivideForNumber,
        Verdict::TooLarge if !now.is_one => WriteStep::DivideForSize,
        Verdict::NoEndpoint
        | Verdict::Conflict
        | Verdict::Rejected
        | Verdict::TooMany
        | Verdict::TooLarge => WriteStep::Reject,
        Verdict::Unknown | Verdict::Unsent => without_answer(now),
    }
}

/// The server failed to execute the request, or the outcome is unknown.
fn without_answer(now: &WriteSituation) -> WriteStep {
    let most = if now.is_inside {
        FAILING_INSIDE
    } else if now.is_batched && !now.is_down {
        FAILING_BATCHES
    } else {
        FAILING
    };
    if now.failing >= most {
        return WriteStep::StopFailing(now.failing);
    }
    let tries = now.tries + 1;
    // One record may be the reason, or there are too many for the server's time limit.
    let divides = !now.is_one && tries >= TRIES && !now.is_down;
    let permission = match divides {
        // The module works, and gets fewer records each time.
        true if now.is_inside => None,
        true => Some(1),
        false => Some(tries),
    };
    let is_denied = permission.is_some() && now.is_retry_denied || !divides && now.has_given_up;
    match (is_denied, divides) {
        (true, _) if now.is_in_doubt => WriteStep::LookLast,
        (true, _) => WriteStep::Fail,
        (false, true) => WriteStep::Divide(Retry {
            tries: TRIES - 1,
            permission,
            backoff: tries,
            looks: true,
        }),
        (false, false) => WriteStep::Again(Retry {
            tries,
            permission,
            backoff: tries,
            looks: now.is_in_doubt,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: WriteSituation = WriteSituation {
        verdict: Verdict::Unknown,
        is_one: false,
        tries: 0,
        is_batched: true,
        conflicts: 0,
        may_exist: false,
        is_in_doubt: true,
        failing: 1,
        is_inside: false,
        is_down: false,
        has_given_up: false,
        is_retry_denied: false,
    };

    const ONE: WriteSituation = WriteSituation {
        is_one: true,
        is_batched: false,
        ..BATCH
    };

    fn again(tries: u32, looks: bool) -> WriteStep {
        WriteStep::Again(Retry {
            tries,
            permission: Some(tries),
            backoff: tries,
            looks,
        })
    }

    fn divided(permission: Option<u32>, backoff: u32) -> WriteStep {
        WriteStep::Divide(Retry {
            tries: 1,
            permission,
            backoff,
            looks: true,
        })
    }

    #[test]
    fn a_request_without_an_answer() {
        let denied = WriteSituation {
            is_retry_denied: true,
            ..ONE
        };
        let unsent = WriteSituation {
            verdict: Verdict::Unsent,
            is_in_doubt: false,
            is_down: true,
            ..BATCH
        };
        let inside = WriteSituation {
            is_inside: true,
            tries: 1,
            ..BATCH
        };
        #[rustfmt::skip]
        let table = [
            ("one record: looked up, then again", ONE, again(1, true)),
            ("the same, later", WriteSituation { tries: 3, ..ONE }, again(4, true)),
            ("the policy or budget denies it", denied, WriteStep::LookLast),
            ("denied, and certainly not written", WriteSituation { is_in_doubt: false, ..denied }, WriteStep::Fail),
            ("another record was given up", WriteSituation { has_given_up: true, ..ONE }, WriteStep::LookLast),
            ("a batch is tried as a whole first", BATCH, again(1, true)),
            ("then it is divided", WriteSituation { tries: 1, ..BATCH }, divided(Some(1), 2)),
            ("though a record was given up", WriteSituation { tries: 1, has_given_up: true, ..BATCH }, divided(Some(1), 2)),
            ("unless that is denied", WriteSituation { tries: 1, is_retry_denied: true, ..BATCH }, WriteStep::LookLast),
            ("after a 500 the division needs no leave", inside, divided(None, 2)),
            ("and is not denied", WriteSituation { is_retry_denied: true, ..inside }, divided(None, 2)),
            ("never sent: nothing is looked up", unsent, again(1, false)),
            ("and a batch is not divided", WriteSituation { tries: 5, ..unsent }, again(6, false)),
            ("denied", WriteSituation { is_retry_denied: true, ..unsent }, WriteStep::Fail),
            ("too many failures of single records", WriteSituation { failing: 10, ..ONE }, WriteStep::StopFailing(10)),
            ("of batches more", WriteSituation { failing: 19, ..BATCH }, again(1, true)),
            ("but not for ever", WriteSituation { failing: 20, ..BATCH }, WriteStep::StopFailing(20)),
            ("a server that is down", WriteSituation { failing: 10, is_down: true, ..BATCH }, WriteStep::StopFailing(10)),
            ("500 is often one record's", WriteSituation { failing: 99, ..inside }, divided(None, 2)),
            ("but not a hundred times", WriteSituation { failing: 100, ..inside }, WriteStep::StopFailing(100)),
        ];
        for (case, now, step) in table {
            assert_eq!(next(&now), step, "{case}");
        }
    }

    #[test]
    fn a_request_that_was_rejected() {
        let of = |verdict| WriteSituation { verdict, ..BATCH };
        let one = |verdict| WriteSituation { verdict, ..ONE };
        let existing = WriteSituation {
            may_exist: true,
            ..one(Verdict::Rejected)
        };
        #[rustfmt::skip]
        let table = [
            ("a bad record is searched", of(Verdict::Rejected), WriteStep::Reject),
            ("and found", one(Verdict::Rejected), WriteStep::Reject),
            ("it may exist by now", existing, WriteStep::Compare),
            ("but not repeatedly", WriteSituation { conflicts: 8, ..existing }, WriteStep::Reject),
            ("of several it is not known which", WriteSituation { is_one: false, ..existing }, WriteStep::Reject),
            ("others were faster", of(Verdict::Conflict), WriteStep::Compare),
            ("eight times", WriteSituation { conflicts: 7, ..of(Verdict::Conflict) }, WriteStep::Compare),
            ("not nine times", WriteSituation { conflicts: 8, ..of(Verdict::Conflict) }, WriteStep::Reject),
            ("the record is gone", one(Verdict::NoEndpoint), WriteStep::Compare),
            ("there are no batches", of(Verdict::NoEndpoint), WriteStep::Singly),
            ("too many records", of(Verdict::TooMany), WriteStep::DivideForNumber),
            ("one is not many", one(Verdict::TooMany), WriteStep::Reject),
            ("too many bytes", of(Verdict::TooLarge), WriteStep::DivideForSize),
            ("one record is too large", one(Verdict::TooLarge), WriteStep::Reject),
            ("forbidden may be transient", of(Verdict::Forbidden), again(1, false)),
            ("twice", WriteSituation { tries: 1, ..of(Verdict::Forbidden) }, again(2, false)),
            ("not three times", WriteSituation { tries: 2, ..of(Verdict::Forbidden) }, WriteStep::Stop),
            ("not without the policy", WriteSituation { is_retry_denied: true, ..of(Verdict::Forbidden) }, WriteStep::Stop),
            ("nothing would succeed", of(Verdict::Stop), WriteStep::Stop),
        ];
        for (case, now, step) in table {
            assert_eq!(next(&now), step, "{case}");
        }
    }
}
