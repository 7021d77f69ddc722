//! A cache with a TTL and a size limit, shared by all handles of a client, for values that are
//! needed often.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::wire::error::{Error, Result};

/// The maximum number of cached values.
const MOST_VALUES: usize = 512;

/// The maximum number of records of all cached values. The least recently used value is evicted
/// first.
const MOST_RECORDS: usize = 200_000;

/// The key of a cached value: values are never shared between tenants or between types.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    tenant: String,
    what: String,
    kind: TypeId,
}

impl CacheKey {
    pub(crate) fn new<T: 'static>(tenant: &str, what: impl Into<String>) -> Self {
        Self {
            tenant: tenant.to_owned(),
            what: what.into(),
            kind: TypeId::of::<T>(),
        }
    }
}

type CacheOutcome = Result<Arc<dyn Any + Send + Sync>>;

/// A value, or one that is being loaded. Concurrent callers wait for the same load.
struct CacheSlot {
    begun: Instant,
    outcome: OnceCell<CacheOutcome>,
}

struct CacheEntry {
    slot: Arc<CacheSlot>,
    used: u64,
    records: usize,
}

#[derive(Default)]
struct Entries {
    map: HashMap<CacheKey, CacheEntry>,
    uses: u64,
}

/// The values of a client. The lock is never held across an await.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Entries>);

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of `key` if it was loaded no longer than `max_age` ago, otherwise the result of
    /// `load`, with the number of its records. One of several concurrent callers loads; if it is
    /// cancelled, another one takes over. An error is returned to all waiting callers and is not
    /// cached.
    pub(crate) async fn get<T: Send + Sync + 'static>(
        &self,
        key: CacheKey,
        max_age: Duration,
        load: impl Future<Output = Result<(T, usize)>> + Send,
    ) -> Result<Arc<T>> {
        let slot = self.slot(&key, max_age);
        let mut records = None;
        let outcome = slot
            .outcome
            .get_or_init(|| async {
                let (value, count) = load.await?;
                records = Some(count);
                Ok(Arc::new(value) as Arc<dyn Any + Send + Sync>)
            })
            .await;
        if let Some(records) = records {
            self.settle(&key, &slot, records);
        }
        match outcome {
            Ok(value) => Arc::clone(value).downcast().map_err(|_| {
                // The type is part of the key.
                Error::lookup(
                    "the type of a cached value differs from the one that its key states"
                        .to_owned(),
                )
            }),
            Err(error) => {
                self.remove(&key, &slot);
                Err(error.duplicate())
            }
        }
    }

    fn slot(&self, key: &CacheKey, max_age: Duration) -> Arc<CacheSlot> {
        let now = Instant::now();
        let mut entries = self.entries();
        entries.uses += 1;
        let used = entries.uses;
        if let Some(entry) = entries.map.get_mut(key)
            && now.saturating_duration_since(entry.slot.begun) < max_age
        {
            entry.used = used;
            return Arc::clone(&entry.slot);
        }
        let slot = Arc::new(CacheSlot {
            begun: now,
            outcome: OnceCell::new(),
        });
        let entry = CacheEntry {
            slot: Arc::clone(&slot),
            used,
            records: 0,
        };
        entries.map.insert(key.clone(), entry);
        entries.shrink();
        slot
    }

    /// Records the size of a value.
    fn settle(&self, key: &CacheKey, slot: &Arc<CacheSlot>, records: usize) {
        let mut entries = self.entries();
        if let Some(entry) = entries.map.get_mut(key)
            && Arc::ptr_eq(&entry.slot, slot)
        {
            entry.records = records;
            entries.shrink();
        }
    }

    fn remove(&self, key: &CacheKey, slot: &Arc<CacheSlot>) {
        let mut entries = self.entries();
        if entries
            .map
            .get(key)
            .is_some_and(|entry| Arc::ptr_eq(&entry.slot, slot))
        {
            entries.map.remove(key);
        }
    }

    /// Invalidates one value.
    pub(crate) fn forget_one(&self, key: &CacheKey) {
        self.entries().map.remove(key);
    }

    /// Invalidates the values of a tenant.
    pub(crate) fn forget(&self, tenant: &str) {
        self.entries().map.retain(|key, _| key.tenant != tenant);
    }

    /// Invalidates all values.
    pub(crate) fn clear(&self) {
        self.entries().map.clear();
    }
}

impl Entries {
    fn shrink(&mut self) {
        let mut records: usize = self.map.values().map(|entry| entry.records).sum();
        while self.map.len() > MOST_VALUES || records > MOST_RECORDS {
            let Some(key) = self
                .map
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone())
            else {
                return;
            };
            let gone = self.map.remove(&key);
            records -= gone.map_or(0, |entry| entry.records);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    async fn get(cache: &Cache, what: &str, records: usize, loads: &AtomicUsize) -> Arc<String> {
        cache
            .get(CacheKey::new::<String>("diku", what), MINUTE, async {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok((what.to_owned(), records))
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_is_used_least_goes_when_there_is_too_much() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        get(&cache, "old", 1, &loads).await;
        get(&cache, "used", 1, &loads).await;
        for n in 0..MOST_VALUES - 1 {
            get(&cache, "used", 1, &loads).await;
            get(&cache, &n.to_string(), 1, &loads).await;
        }
        assert_eq!(cache.entries().map.len(), MOST_VALUES);
        let before = loads.load(Ordering::SeqCst);
        get(&cache, "used", 1, &loads).await;
        assert_eq!(loads.load(Ordering::SeqCst), before);
        get(&cache, "old", 1, &loads).await;
        assert_eq!(loads.load(Ordering::SeqCst), before + 1);
    }

    #[tokio::test]
    async fn the_records_of_all_values_have_a_limit() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        for n in 0..10 {
            get(&cache, &n.to_string(), MOST_RECORDS / 4, &loads).await;
        }
        assert_eq!(cache.entries().map.len(), 4);
        // A value larger than the limit is returned but not cached.
        assert_eq!(*get(&cache, "huge", MOST_RECORDS + 1, &loads).await, "huge");
        assert_eq!(cache.entries().map.len(), 0);
    }

    #[tokio::test]
    async fn when_the_one_that_loads_gives_up_another_goes_on() {
        let cache = Cache::default();
        let key = || CacheKey::new::<u8>("diku", "x");
        let gives_up = cache.get(key(), MINUTE, std::future::pending::<Result<(u8, usize)>>());
        let waits = cache.get(key(), MINUTE, async { Ok((7_u8, 1)) });
        let (gave_up, value) = tokio::join!(
            tokio::time::timeout(Duration::from_millis(20), gives_up),
            waits
        );
        assert!(gave_up.is_err());
        assert_eq!(*value.unwrap(), 7);
    }
}
