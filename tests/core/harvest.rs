//! Harvests: complete in parallel, and resumed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::users::Usergroup;
use folio_sdk::{
    Checkpoint, CheckpointFile, Error, ErrorKind, FolioClient, GetAllRequest, HarvestStream,
    RetryPolicy,
};
use folio_test_support::clock::Clock;
use folio_test_support::files::scratch;
use folio_test_support::sandbox::admin;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use folio_test_support::server::{Folio, Reply};

/// Ids as servers make them: random, but the same in every run.
fn random_ids(count: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(count);
    (0..count)
        .map(|_| {
            uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes())
                .into_uuid()
                .to_string()
        })
        .collect()
}

/// Ids one after the other: all in a tiny part of what could be ids.
fn dense_ids(count: u64) -> Vec<String> {
    (0..count)
        .map(|number| format!("5bf370e0-8cca-4d9c-82e4-{number:012x}"))
        .collect()
}

async fn sandbox(ids: &[String]) -> Sandbox {
    let sandbox = Sandbox::builder()
        .keep_exchanges(100_000)
        .start()
        .await
        .unwrap();
    let groups = ids
        .iter()
        .map(|id| json!({"id": id, "group": format!("group {id}")}))
        .collect();
    sandbox.load("diku", "/groups", groups).unwrap();
    sandbox
}

async fn connect(sandbox: &Sandbox) -> FolioClient {
    admin(sandbox)
        .retry(
            RetryPolicy::default()
                .initial_backoff(Duration::from_millis(2))
                .max_attempts(12),
        )
        .connect()
        .await
        .unwrap()
}

fn groups(folio: &FolioClient, limit: u32) -> GetAllRequest<Value> {
    folio
        .folio_get_all("/groups", "usergroups")
        .by_id()
        .limit(limit)
}

async fn ids_of(stream: HarvestStream<Value>) -> Vec<String> {
    stream
        .map(|group| group.unwrap()["id"].as_str().unwrap().to_owned())
        .collect()
        .await
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// How many requests for groups came.
fn asked(sandbox: &Sandbox) -> usize {
    sandbox
        .exchanges()
        .iter()
        .filter(|exchange| exchange.path == "/groups")
        .count()
}

#[tokio::test]
async fn a_harvest_reads_everything_once_whatever_the_ids_are_like() {
    for (ids, most) in [
        (random_ids(3_000), 85),
        (dense_ids(3_000), 95),
        (random_ids(0), 1),
        (random_ids(1), 3),
    ] {
        for ordered in [false, true] {
            let sandbox = sandbox(&ids).await;
            let folio = connect(&sandbox).await;
            let harvest = folio.harvest(groups(&folio, 50)).parallel(8);
            assert!(harvest.is_parallel());
            let harvest = if ordered { harvest.ordered() } else { harvest };
            let came = ids_of(harvest.stream()).await;
            if ordered {
                assert!(came.is_sorted());
            }
            assert_eq!(came.len(), ids.len());
            assert_eq!(sorted(came), sorted(ids.clone()));
            // 60 pages, and what it costs to know that there is no more.
            let most = if ordered { most * 2 } else { most };
            assert!(asked(&sandbox) <= most, "{} requests", asked(&sandbox));
        }
    }
}

#[tokio::test]
async fn a_harvest_has_many_requests_on_their_way_and_no_more_than_it_may() {
    let ids = sorted(random_ids(2_000));
    let came: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let log = Arc::clone(&came);
    let server = Folio::start(move |asked, _| {
        (asked.path() == "/things").then(|| {
            log.lock().unwrap().push(Instant::now());
            let query = asked.param("query").unwrap();
            let bound = |sign: &str| {
                let (_, rest) = query.split_once(sign)?;
                Some(rest[..36].to_owned())
            };
            let (after, until) = (bound("id>\""), bound("id<=\""));
            let things: Vec<Value> = ids
                .iter()
                .filter(|id| after.as_ref().is_none_or(|after| *id > after))
                .filter(|id| until.as_ref().is_none_or(|until| *id <= until))
                .take(asked.number("limit"))
                .map(|id| json!({"id": id}))
                .collect();
            Reply::json(json!({"things": things})).after(LATENCY)
        })
    })
    .await;
    const LATENCY: Duration = Duration::from_millis(60);
    let folio = server.connect().await;
    let clock = Clock::stop();
    for (parallel, least) in [(1, 1), (8, 7)] {
        came.lock().unwrap().clear();
        let list = folio
            .folio_get_all::<Value>("/things", "things")
            .by_id()
            .limit(50);
        let stream = folio.harvest(list).parallel(parallel).stream();
        let all = clock.run(Duration::from_millis(1), ids_of(stream)).await;
        assert_eq!(all.len(), 2_000);
        // Each takes at least this long: requests that arrive in less time are concurrent.
        let came = came.lock().unwrap();
        let together = came.iter().map(|start| {
            let within = |other: &&Instant| {
                (Duration::ZERO..LATENCY).contains(&other.saturating_duration_since(*start))
                    && *other >= start
            };
            came.iter().filter(within).count()
        });
        let most = together.max().unwrap();
        assert!((least..=parallel).contains(&most), "{most} of {parallel}");
    }
}

#[tokio::test]
async fn typed_lists_are_harvested_too_with_a_query() {
    let ids = random_ids(500);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let list = folio
        .users()
        .list_groups()
        .query("group==\"group a*\" or group==\"group b*\"")
        .limit(20);
    let mut came: Vec<String> = folio
        .harvest(list.stream())
        .stream()
        .map(|group: Result<Usergroup, Error>| group.unwrap().id.unwrap().to_string())
        .collect()
        .await;
    came.sort();
    let wanted = ids
        .iter()
        .filter(|id| id.starts_with(['a', 'b']))
        .cloned()
        .collect();
    assert_eq!(came, sorted(wanted));
}

#[tokio::test]
async fn a_checkpoint_taken_anywhere_leaves_nothing_out_and_nothing_twice() {
    let ids = random_ids(400);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    sandbox.fault(
        Fault::new(Effect::NullElement)
            .path("/groups")
            .probability(0.2),
    );
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..30 {
        let ordered = round % 2 == 0;
        let mut came = Vec::new();
        let mut text: Option<String> = None;
        loop {
            let mut harvest = folio.harvest(groups(&folio, 20)).parallel(5);
            if ordered {
                harvest = harvest.ordered();
            }
            if let Some(text) = &text {
                harvest = harvest.resume(serde_json::from_str(text).unwrap());
            }
            let mut stream = harvest.stream();
            // It ends anywhere, also at once.
            for _ in 0..random.usize(0..150) {
                match stream.next().await {
                    Some(group) => came.push(group.unwrap()["id"].as_str().unwrap().to_owned()),
                    None => break,
                }
            }
            let checkpoint = stream.checkpoint();
            assert_eq!(checkpoint.records(), came.len() as u64);
            text = Some(serde_json::to_string(&checkpoint).unwrap());
            if checkpoint.is_finished() {
                break;
            }
        }
        if ordered {
            assert!(came.is_sorted());
        }
        assert_eq!(sorted(came), sorted(ids.clone()));
    }
}

#[tokio::test]
async fn a_plan_is_worked_off_by_several_and_each_part_can_be_gone_on_with() {
    let ids = random_ids(1_000);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let mut begun = folio.harvest(groups(&folio, 30)).stream();
    let mut came = Vec::new();
    for _ in 0..100 {
        came.push(
            begun.next().await.unwrap().unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    // A plan of all, and one of the remaining part.
    for (plan, mut came) in [
        (
            folio.harvest(groups(&folio, 30)).checkpoint().split(7),
            Vec::new(),
        ),
        (begun.checkpoint().split(5), came),
    ] {
        let plan: Vec<Checkpoint> =
            serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert!(plan.len() >= 5);
        for part in plan {
            let mut stream = folio.harvest(groups(&folio, 30)).resume(part).stream();
            let mut share = 0;
            for _ in 0..20 {
                if let Some(group) = stream.next().await {
                    came.push(group.unwrap()["id"].as_str().unwrap().to_owned());
                    share += 1;
                }
            }
            let rest = folio
                .harvest(groups(&folio, 30))
                .resume(stream.checkpoint())
                .stream();
            let rest = ids_of(rest).await;
            share += rest.len();
            came.extend(rest);
            assert!((60..300).contains(&share), "{share} of 1,000");
        }
        assert_eq!(sorted(came), sorted(ids.clone()));
    }
}

#[tokio::test]
async fn an_error_ends_it_and_the_checkpoint_says_what_is_left() {
    let ids = random_ids(600);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    sandbox.fault(
        Fault::new(Effect::status(500, "Internal Server Error"))
            .path("/groups")
            .after(9)
            .times(1),
    );
    let mut stream = folio.harvest(groups(&folio, 20)).stream();
    let mut came = Vec::new();
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(group) => came.push(group["id"].as_str().unwrap().to_owned()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
    assert!(stream.next().await.is_none());
    assert!(!stream.progress().is_complete);
    let checkpoint = stream.checkpoint();
    assert!(!checkpoint.is_finished());
    came.extend(
        ids_of(
            folio
                .harvest(groups(&folio, 20))
                .resume(checkpoint)
                .stream(),
        )
        .await,
    );
    assert_eq!(sorted(came), sorted(ids));
}

#[tokio::test]
async fn a_bad_record_stands_in_its_place_and_is_counted() {
    let mut ids = random_ids(300);
    let sandbox = sandbox(&ids).await;
    let bad = ids.swap_remove(17);
    sandbox
        .load("diku", "/groups", vec![json!({"id": bad, "group": 7})])
        .unwrap();
    let folio = connect(&sandbox).await;
    #[derive(serde::Deserialize)]
    struct Group {
        #[serde(rename = "group")]
        _group: String,
    }
    let groups = folio.folio_get_all::<Group>("/groups", "usergroups");
    let mut stream = folio.harvest(groups.limit(50).stream()).stream();
    let mut errors = Vec::new();
    while let Some(group) = stream.next().await {
        if let Err(error) = group {
            errors.push(error);
        }
    }
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].record_id(), Some(bad.as_str()));
    let progress = stream.progress();
    assert_eq!(
        (progress.records, progress.bad, progress.is_complete),
        (299, 1, true)
    );
    assert!(stream.checkpoint().is_finished());
}

#[tokio::test]
async fn a_server_that_ignores_the_upper_bound_of_a_range_repeats_nothing() {
    let ids = sorted(random_ids(300));
    let all = ids.clone();
    let server = Folio::start(move |asked, _| {
        (asked.path() == "/things").then(|| {
            let query = asked.param("query").unwrap();
            let after = query
                .strip_prefix("id>\"")
                .map(|rest| rest[..36].to_owned());
            let things: Vec<Value> = all
                .iter()
                .filter(|id| after.as_ref().is_none_or(|after| *id > after))
                .take(asked.number("limit"))
                .map(|id| json!({"id": id}))
                .collect();
            Reply::json(json!({"things": things, "zeta": [{"id": "not this one"}]}))
        })
    })
    .await;
    let folio = server.connect().await;
    for ordered in [false, true] {
        let list = folio
            .folio_get_all::<Value>("/things", "things")
            .by_id()
            .limit(10);
        let harvest = folio.harvest(list);
        let harvest = if ordered { harvest.ordered() } else { harvest };
        let came = ids_of(harvest.stream()).await;
        assert_eq!(sorted(came), ids);
    }
}

#[tokio::test]
async fn what_cannot_be_read_in_parallel_is_read_from_beginning_to_end_and_gone_on_with() {
    let ids = random_ids(250);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let list = || {
        folio
            .folio_get_all::<Value>("/groups", "usergroups")
            .query("cql.allRecords=1 sortBy group/sort.descending")
            .limit(40)
    };
    sandbox.fault(Fault::new(Effect::NullElement).path("/groups").times(1));
    assert!(!folio.harvest(list()).is_parallel());
    let mut stream = folio.harvest(list()).stream();
    let mut came = Vec::new();
    for _ in 0..95 {
        came.push(
            stream.next().await.unwrap().unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let progress = stream.progress();
    assert!(progress.done.is_some_and(|done| done > 0.3 && done < 0.9));
    let checkpoint = stream.checkpoint();
    assert_eq!(checkpoint.clone().split(3).len(), 1);
    let mut stream = folio.harvest(list()).resume(checkpoint).stream();
    while let Some(group) = stream.next().await {
        came.push(group.unwrap()["id"].as_str().unwrap().to_owned());
    }
    assert!(stream.checkpoint().is_finished());
    let mut wanted = sorted(ids);
    wanted.reverse();
    assert_eq!(came, wanted);
}

#[tokio::test]
async fn a_checkpoint_of_another_list_is_refused() {
    let sandbox = sandbox(&random_ids(3)).await;
    let folio = connect(&sandbox).await;
    let before = sandbox.exchanges().len();
    let checkpoint = folio.harvest(groups(&folio, 10)).checkpoint();
    let others = [
        groups(&folio, 10).query("group==a*"),
        folio.folio_get_all("/users", "users").by_id(),
    ];
    for list in others {
        let mut stream = folio.harvest(list).resume(checkpoint.clone()).stream();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(
            error
                .to_string()
                .contains("the checkpoint belongs to another list: it is for /groups"),
            "{error}"
        );
        assert!(stream.next().await.is_none());
        assert_eq!(stream.checkpoint(), checkpoint);
    }
    // The same list by offset.
    let list = folio.folio_get_all::<Value>("/groups", "usergroups");
    let mut stream = folio.harvest(list.unsorted()).resume(checkpoint).stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("read in another way"), "{error}");
    assert_eq!(sandbox.exchanges().len(), before);
}

#[tokio::test]
async fn a_list_by_offset_is_gone_on_with_where_it_ended_whatever_was_deleted_meanwhile() {
    let ids = random_ids(300);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let list = || {
        let list = folio.folio_get_all::<Value>("/groups", "usergroups");
        list.by_offset().limit(20)
    };
    let id = |group: Value| group["id"].as_str().unwrap().to_owned();
    let mut stream = folio.harvest(list()).stream();
    let mut came = Vec::new();
    for _ in 0..95 {
        came.push(id(stream.next().await.unwrap().unwrap()));
    }
    let text = serde_json::to_string(&stream.checkpoint()).unwrap();
    drop(stream);
    // Of those that came, the last three among them.
    let doomed: Vec<String> = came
        .iter()
        .rev()
        .take(3)
        .chain(came.iter().take(40).step_by(2))
        .cloned()
        .collect();
    for id in &doomed {
        folio.folio_delete(format!("/groups/{id}")).await.unwrap();
    }
    let checkpoint: Checkpoint = serde_json::from_str(&text).unwrap();
    let mut stream = folio.harvest(list()).resume(checkpoint).stream();
    while let Some(group) = stream.next().await {
        came.push(id(group.unwrap()));
    }
    assert!(stream.checkpoint().is_finished());
    came.sort_unstable();
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(came, expected);
}

#[tokio::test]
async fn figures_tell_how_far_it_is() {
    let ids = random_ids(2_000);
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let mut stream = folio.harvest(groups(&folio, 50)).parallel(2).stream();
    let mut figures = stream.watch(Duration::from_millis(1));
    let watcher = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(progress) = figures.next().await {
            seen.push(progress);
        }
        seen
    });
    let clock = Clock::stop();
    let mut middle = None;
    for taken in 0.. {
        if stream.next().await.is_none() {
            break;
        }
        if taken == 1_000 {
            middle = Some(stream.progress());
        }
        if taken % 100 == 0 {
            clock.advance(Duration::from_millis(2)).await;
        }
    }
    let middle = middle.unwrap();
    assert!(
        middle.done.is_some_and(|done| (0.4..0.65).contains(&done)),
        "{middle:?}"
    );
    assert!(
        middle
            .expected()
            .is_some_and(|count| (1_500..2_600).contains(&count)),
        "{middle:?}"
    );
    assert!(middle.rate() > 0.0 && middle.time_left().is_some());
    let seen = clock.run(Duration::from_millis(1), watcher).await.unwrap();
    let last = seen.last().unwrap();
    assert_eq!(
        (last.records, last.done, last.is_complete),
        (2_000, Some(1.0), true)
    );
    assert_eq!(last.time_left(), Some(Duration::ZERO));
    assert!(seen.len() > 3);
    assert!(seen.is_sorted_by_key(|progress| progress.records));
    assert!(last.to_string().starts_with("2000 records, "));
    // Dropping the harvest ends the figures.
    let stream = folio.harvest(groups(&folio, 50)).stream();
    let mut figures = stream.watch(Duration::from_millis(1));
    drop(stream);
    let rest = async { (figures.next().await, figures.next().await) };
    let (last, after) = clock.run(Duration::from_millis(1), rest).await;
    assert!(last.is_some() && after.is_none());
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sandbox = runtime.block_on(sandbox(&random_ids(3)));
    let folio = runtime.block_on(connect(&sandbox));
    let mut harvest = folio.harvest(groups(&folio, 10)).stream();
    let mut by_ids = folio.folio_get_by_ids::<Value>("/groups", "usergroups", random_ids(2));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for next in [
        harvest.poll_next_unpin(&mut context),
        by_ids.poll_next_unpin(&mut context),
    ] {
        match next {
            std::task::Poll::Ready(Some(Err(error))) => {
                assert!(error.to_string().contains("tokio runtime"), "{error}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_checkpoint_is_a_file_that_is_whole() {
    let folder = scratch();
    let path = folder.path().join("groups.checkpoint");
    assert!(Checkpoint::load(&path).unwrap().is_none());
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .credentials("a", "b")
        .build()
        .unwrap();
    let checkpoint = folio
        .harvest(groups(&folio, 10))
        .checkpoint()
        .with_position(17);
    checkpoint.save(&path).unwrap();
    checkpoint.save(&path).unwrap();
    assert_eq!(Checkpoint::load(&path).unwrap(), Some(checkpoint));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    std::fs::write(&path, "{\"version\":\"2\"}").unwrap();
    let error = Checkpoint::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("groups.checkpoint cannot be loaded: unknown variant `2`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_finished_checkpoint_begins_again_and_a_part_of_a_plan_with_its_part() {
    let ids = sorted(random_ids(300));
    let sandbox = sandbox(&ids).await;
    let folio = connect(&sandbox).await;
    let mut finished = folio.harvest(groups(&folio, 50)).checkpoint();
    for night in 0..3 {
        let harvest = folio.harvest(groups(&folio, 50)).resume(finished);
        assert_eq!(harvest.checkpoint().position(), 0, "night {night}");
        let mut stream = harvest.stream();
        let mut came = Vec::new();
        while let Some(group) = stream.next().await {
            came.push(group.unwrap()["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(sorted(came), ids, "night {night}");
        finished = stream.checkpoint().with_position(17);
        assert!(finished.is_finished());
        assert_eq!(finished.records(), 300);
    }
    let plan = folio.harvest(groups(&folio, 50)).checkpoint().split(3);
    let mut all = Vec::new();
    for part in plan {
        let mut nights = Vec::new();
        let mut part = part;
        for _ in 0..2 {
            // Also if it was written in between.
            part = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
            let mut stream = folio.harvest(groups(&folio, 50)).resume(part).stream();
            let mut came = Vec::new();
            while let Some(group) = stream.next().await {
                came.push(group.unwrap()["id"].as_str().unwrap().to_owned());
            }
            part = stream.checkpoint();
            assert!(part.is_finished());
            nights.push(sorted(came));
        }
        assert_eq!(nights[0], nights[1]);
        assert!(nights[0].len() < 200);
        all.extend(nights.swap_remove(0));
    }
    assert_eq!(sorted(all), ids);
    // Of a list by offset too.
    let list = || {
        folio
            .folio_get_all::<Value>("/groups", "usergroups")
            .query("cql.allRecords=1 sortBy group")
            .limit(50)
    };
    let mut stream = folio.harvest(list()).stream();
    while let Some(group) = stream.next().await {
        group.unwrap();
    }
    assert!(stream.checkpoint().is_finished());
    let again = folio.harvest(list()).resume(stream.checkpoint()).stream();
    assert_eq!(ids_of(again).await.len(), 300);
}

#[tokio::test]
async fn a_checkpoint_that_contradicts_itself_says_what_is_wrong() {
    let sandbox = sandbox(&random_ids(20)).await;
    let folio = connect(&sandbox).await;
    let whole = folio.harvest(groups(&folio, 10)).checkpoint();
    let list = serde_json::to_value(&whole).unwrap()["list"].clone();
    let (low, middle, high) = (
        "20000000-0000-4000-8000-000000000000",
        "80000000-0000-4000-8000-000000000000",
        "c0000000-0000-4000-8000-000000000000",
    );
    let checkpoint = |fields: Value| {
        let mut checkpoint = json!({"version": "1", "list": list, "records": 0, "position": 0});
        for (name, value) in fields.as_object().unwrap() {
            checkpoint[name] = value.clone();
        }
        checkpoint
    };
    let folder = scratch();
    let path = folder.path().join("groups.checkpoint");
    for (fields, expected) in [
        (json!({}), "neither the ranges that remain"),
        (json!({"remaining": []}), "neither the ranges that remain"),
        (
            json!({"finished": true, "remaining": [{"after": low}]}),
            "finished, but contains ranges that remain",
        ),
        (
            json!({"remaining": [{}], "offset": 3}),
            "both ranges and an offset",
        ),
        (json!({"remaining": [{}], "last": [low]}), "no offset"),
        (
            json!({"remaining": [{"after": high, "until": low}]}),
            "inverted or empty",
        ),
        (
            json!({"remaining": [{"after": low, "until": low}]}),
            "inverted or empty",
        ),
        (
            json!({"remaining": [{"until": middle}, {"until": middle}]}),
            "overlaps another",
        ),
        (
            json!({"remaining": [{"after": low, "until": high}, {"after": middle}]}),
            "overlaps another",
        ),
        (
            json!({"remaining": [{}, {"after": middle}]}),
            "overlaps another",
        ),
        (
            json!({"remaining": [{"after": "", "until": low}]}),
            "blank bound",
        ),
        (
            json!({"remaining": [{"until": "not-a-uuid"}]}),
            "not a UUID",
        ),
        (
            json!({"remaining": [{}], "records": u64::MAX}),
            "`records` is 18446744073709551615",
        ),
        (
            json!({"remaining": [{}], "position": u64::MAX}),
            "`position` is 18446744073709551615",
        ),
        (
            json!({"offset": u64::MAX}),
            "its offset is 18446744073709551615",
        ),
        (
            json!({"remaining": [{}], "origin": [{"after": high, "until": low}]}),
            "`origin` is wrong",
        ),
    ] {
        let text = checkpoint(fields.clone()).to_string();
        std::fs::write(&path, &text).unwrap();
        let error = Checkpoint::load(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{fields}: {error}");
        let read: Checkpoint = serde_json::from_str(&text).unwrap();
        let before = asked(&sandbox);
        let mut stream = folio.harvest(groups(&folio, 10)).resume(read).stream();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains(expected), "{fields}: {error}");
        assert!(stream.next().await.is_none());
        assert!(!stream.progress().is_complete);
        assert_eq!(asked(&sandbox), before);
        let _ = stream.checkpoint();
    }
    // As large as can be is no panic.
    let read = checkpoint(json!({"remaining": [{}], "records": i64::MAX}));
    let read: Checkpoint = serde_json::from_value(read).unwrap();
    let stream = folio.harvest(groups(&folio, 10)).resume(read).stream();
    assert_eq!(ids_of(stream).await.len(), 20);
}

#[test]
fn the_file_of_a_checkpoint_has_one_user() {
    let folder = scratch();
    let path = folder.path().join("groups.checkpoint");
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .token("token")
        .build()
        .unwrap();
    let checkpoint = folio
        .harvest(groups(&folio, 10))
        .checkpoint()
        .with_position(3);
    let first = CheckpointFile::open(&path).unwrap();
    assert!(first.load().unwrap().is_none());
    first.save(&checkpoint).unwrap();
    for error in [
        CheckpointFile::open(&path).unwrap_err(),
        checkpoint.save(&path).unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains("another program uses it"), "{error}");
    }
    drop(first);
    let second = CheckpointFile::open(&path).unwrap();
    assert_eq!(second.load().unwrap(), Some(checkpoint.clone()));
    drop(second);
    checkpoint.save(&path).unwrap();
}
