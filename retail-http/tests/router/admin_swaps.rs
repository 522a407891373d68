//! A thousand swaps of a model while it is asked: no answer is lost, and each is that of the revision
//! that it names.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::Array2;
use retail_core::registry::Artefact;
use retail_core::train::Prediction;
use retail_http::{Admin, AppState, ServeOptions, router};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::admin_support::{MODEL, TOKEN, formats, publish, registry_in, token};
use crate::server::{prediction, response, start};
use crate::support::SALE;

const SWAPS: u64 = 1_000;
const CLIENTS: usize = 2;

/// What a client was told: a revision, and the numbers that it gave.
type Told = (u64, u64);

fn told(answer: &str) -> Told {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer: Value = serde_json::from_str(body).unwrap();
    let number = answer["prediction"].as_f64().unwrap();
    (answer["revision"].as_u64().unwrap(), number.to_bits())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_under_load_lose_no_answer_and_mix_none_up() {
    let dir = tempfile::tempdir().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let registry = registry_in(dir.path());
    // What a revision's file held when it was published: retention removes some on the way.
    let keep = |revision: u64| {
        let name = format!("revision_{revision}.json");
        let from = dir.path().join(MODEL).join(&name);
        std::fs::copy(from, copies.path().join(name)).unwrap();
    };
    for number in 1..=3 {
        keep(publish(&registry, f64::from(number) / 7.0));
    }
    let state = AppState::new(Arc::clone(&registry)).with_admin(Admin::new(token()));
    let server = start(router(state), ServeOptions::default()).await;

    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (mut stream, is_over) = (server.connect().await, Arc::clone(&is_over));
        clients.spawn(async move {
            let request = prediction(SALE);
            let mut all = Vec::new();
            while !is_over.load(Ordering::Acquire) {
                stream.write_all(request.as_bytes()).await.unwrap();
                all.push(told(&response(&mut stream).await.unwrap()));
            }
            all
        });
    }

    let mut admin = server.connect().await;
    let (mut swaps, mut published, mut step) = (0, 3_u32, 0_u32);
    while swaps < SWAPS {
        let before = registry.get(MODEL).unwrap().revision;
        step += 1;
        if step % 10 == 0 {
            published += 1;
            keep(publish(&registry, f64::from(published) / 7.0));
        } else {
            let kept = registry.revisions(MODEL).unwrap();
            let other = kept.iter().copied().find(|&revision| revision != before);
            let (action, body) = match step % 3 {
                0 => ("rollback", String::new()),
                1 => ("promote", format!("{{\"revision\":{}}}", other.unwrap())),
                _ => (
                    "promote",
                    format!("{{\"revision\":{}}}", kept.last().unwrap()),
                ),
            };
            let request = format!(
                "POST /admin/models/{MODEL}/{action} HTTP/1.1\r\nhost: localhost\r\n\
                 authorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            admin.write_all(request.as_bytes()).await.unwrap();
            let answer = response(&mut admin).await.unwrap();
            let is_refused = answer.starts_with("HTTP/1.1 409 ") && action == "rollback";
            assert!(
                answer.starts_with("HTTP/1.1 200 ") || is_refused,
                "{answer}"
            );
        }
        swaps += u64::from(registry.get(MODEL).unwrap().revision != before);
    }
    is_over.store(true, Ordering::Release);
    let all: Vec<Told> = clients.join_all().await.concat();
    server.stop().await;

    // Offline: from the files alone, without the registry that served.
    let mut numbers = HashMap::new();
    let row = Array2::from_shape_vec((1, 5), vec![10.0, 25.5, 6.0, 11.0, 14.0]).unwrap();
    for (revision, bits) in &all {
        let expected = numbers.entry(*revision).or_insert_with(|| {
            let path = copies.path().join(format!("revision_{revision}.json"));
            let artefact = Artefact::decode(&std::fs::read(&path).unwrap(), &path, &formats());
            let predicted = artefact.unwrap().model.predict(row.view()).unwrap();
            let Prediction::Values(values) = predicted else {
                panic!("a regression")
            };
            values[0].to_bits()
        });
        assert_eq!(expected, bits, "revision {revision}");
    }
    assert!(
        all.len() > 100 && numbers.len() > 10,
        "{} answers of {} revisions",
        all.len(),
        numbers.len()
    );
    let distinct: std::collections::HashSet<_> = numbers.values().collect();
    assert_eq!(
        distinct.len(),
        numbers.len(),
        "each revision has numbers of its own"
    );
}
