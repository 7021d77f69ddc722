//! The retry budget of a client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::wire::retry::{Budget, RetryPolicy};

/// The remaining budget of a client: a token bucket that calls and time fill, and retries empty.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    budget: Budget,
    /// Never held across an await.
    left: Mutex<(f64, Instant)>,
    /// Whether a deposit has an effect: usually it has none, and calls need not contend for the
    /// lock.
    is_short: AtomicBool,
}

impl RetryBudget {
    pub(crate) fn of(policy: &RetryPolicy) -> Self {
        let budget = policy.client_budget();
        Self {
            budget,
            left: Mutex::new((f64::from(budget.burst), Instant::now())),
            is_short: AtomicBool::new(false),
        }
    }

    /// Records a call.
    pub(crate) fn deposit(&self) {
        if !self.is_short.load(Ordering::Relaxed) {
            return;
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.0 = (left.0 + self.budget.ratio).min(f64::from(self.budget.burst));
        if left.0 >= f64::from(self.budget.burst) {
            self.is_short.store(false, Ordering::Relaxed);
        }
    }

    /// Takes a retry out of the budget, if one is left.
    pub(crate) fn withdraw(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = now.saturating_duration_since(left.1).as_secs_f64();
        *left = ((left.0 + since).min(f64::from(self.budget.burst)), now);
        if left.0 < 1.0 {
            return false;
        }
        left.0 -= 1.0;
        self.is_short.store(true, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_spent_and_grows_by_calls_and_by_time() {
        let budget = RetryBudget::of(&RetryPolicy::default().budget(0.5, 2));
        assert_eq!([(); 3].map(|()| budget.withdraw()), [true, true, false]);
        budget.deposit();
        budget.deposit();
        assert_eq!([(); 2].map(|()| budget.withdraw()), [true, false]);
        tokio::time::advance(SECOND).await;
        assert_eq!([(); 2].map(|()| budget.withdraw()), [true, false]);
        tokio::time::advance(100 * SECOND).await;
        assert_eq!([(); 3].map(|()| budget.withdraw()), [true, true, false]);
        let without = RetryBudget::of(&RetryPolicy::default().without_budget());
        assert!((0..10_000).all(|_| without.withdraw()));
    }
}
