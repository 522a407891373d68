//! `GET /metrics`, in both of its forms.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use retail_http::{AppState, metrics_router, prediction_router, router};
use tower::ServiceExt;

use crate::support::{FULL_SALE, LINEAR, app, call, gated, get, post, registry, slot};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

pub(crate) async fn scraped(app: &Router, path: &str, accept: &str) -> (HeaderMap, String) {
    let request = Request::get(path).header("accept", accept);
    let request = request.body(Body::empty()).unwrap();
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    assert_eq!(head.status, 200);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// The samples in the text format of Prometheus, by name and labels.
pub(crate) async fn samples(app: &Router) -> BTreeMap<String, f64> {
    let (_, text) = scraped(app, "/metrics", "text/plain").await;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// The series that begin like this.
pub(crate) fn of<'a>(samples: &'a BTreeMap<String, f64>, start: &str) -> Vec<(&'a str, f64)> {
    let found = samples
        .iter()
        .filter(|(series, _)| series.starts_with(start));
    found
        .map(|(series, value)| (series.as_str(), *value))
        .collect()
}

#[tokio::test]
async fn the_client_chooses_the_form() {
    let app = app();
    let (headers, text) = scraped(&app, "/metrics", "*/*").await;
    assert_eq!(
        headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(headers["vary"], "accept");
    assert!(headers.contains_key("x-request-id"));
    assert!(text.contains("\n# TYPE retail_rows_read_total counter\nretail_rows_read_total 0\n"));
    assert!(text.contains("# TYPE retail_build_info gauge\nretail_build_info{version=\""));
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));

    let (headers, text) = scraped(&app, "/metrics", OPEN_METRICS).await;
    assert_eq!(
        headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(text.contains("\n# TYPE retail_rows_read counter\nretail_rows_read_total 0\n"));
    assert!(text.contains("# TYPE retail_build info\nretail_build_info{version=\""));
    assert!(text.contains("# UNIT retail_http_request_duration_seconds seconds\n"));
    assert!(text.ends_with("\n# EOF\n"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[tokio::test]
async fn only_get_and_head_are_taken() {
    let (status, headers, answer) = call(&app(), Method::POST, "/metrics", Body::empty()).await;
    assert_eq!(status, 405);
    assert_eq!(headers["allow"], "GET,HEAD");
    assert_eq!(answer["error"]["code"], "method_not_allowed");
    let head = Request::head("/metrics").body(Body::empty()).unwrap();
    assert_eq!(app().oneshot(head).await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let app = app();
    for _ in 0..3 {
        post(&app, LINEAR, FULL_SALE).await;
    }
    post(&app, "/predict/total_amount/v2", FULL_SALE).await;
    post(&app, LINEAR, "{").await;
    post(&app, "/predict/total_amount/v9", FULL_SALE).await;
    get(&app, "/health").await;
    call(&app, Method::PUT, "/health", Body::empty()).await;
    get(&app, "/v2").await;
    let all = samples(&app).await;
    let name = "retail_http_request_duration_seconds";
    let counts: Vec<_> = of(&all, &format!("{name}_count"));
    let series =
        |route: &str, status| format!("{name}_count{{route=\"{route}\",status=\"{status}\"}}");
    let predict = "/predict/{target}/{version}";
    let expected = [
        (series("/health", 200), 1.0),
        (series("/health", 405), 1.0),
        (series(predict, 200), 4.0),
        (series(predict, 400), 1.0),
        (series(predict, 404), 1.0),
        (series("/v2", 200), 1.0),
    ];
    assert_eq!(
        counts,
        expected.each_ref().map(|(series, n)| (&**series, *n))
    );
    // The scrape before this one has been answered; this one is under way.
    assert_eq!(all["retail_http_requests_in_flight"], 1.0);
    let all = samples(&app).await;
    assert_eq!(all[&series("/metrics", 200)], 1.0);
}

#[tokio::test]
async fn the_buckets_sums_and_counts_of_a_histogram_agree() {
    let app = app();
    for rows in [1, 10, 100, 1000] {
        let body = format!("[{}]", vec![FULL_SALE; rows].join(","));
        assert_eq!(post(&app, LINEAR, body).await.0, 200);
    }
    let all = samples(&app).await;
    let labels = "route=\"/predict/{target}/{version}\",status=\"200\"";
    let name = "retail_http_request_duration_seconds";
    let mut buckets: Vec<(f64, f64)> = of(&all, &format!("{name}_bucket{{{labels}"))
        .into_iter()
        .map(|(series, count)| {
            let (_, le) = series.split_once("le=\"").unwrap();
            (le.trim_end_matches("\"}").parse().unwrap(), count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), 20);
    assert!(buckets.is_sorted_by_key(|bucket| bucket.1), "{buckets:?}");
    assert_eq!(buckets[19], (f64::INFINITY, 4.0));
    assert_eq!(all[&format!("{name}_count{{{labels}}}")], 4.0);
    // The sum lies between what the bounds of the buckets allow.
    let (mut least, mut most, mut below, mut bound) = (0.0, 0.0, 0.0, 0.0);
    for (upper, count) in buckets {
        least += (count - below) * bound;
        most += if count > below {
            (count - below) * upper
        } else {
            0.0
        };
        (below, bound) = (count, upper);
    }
    let sum = all[&format!("{name}_sum{{{labels}}}")];
    assert!((least..=most).contains(&sum), "{least} <= {sum} <= {most}");
}

#[tokio::test]
async fn paths_that_nobody_knows_are_one_series() {
    let app = app();
    post(&app, "/nowhere", "").await;
    let before = samples(&app).await.len();
    for number in 0..1000 {
        let path = format!("/unknown/{number}");
        assert_eq!(post(&app, &path, "").await.0, 404);
        // So are the parts of a path that a route leaves open.
        let path = format!("/predict/target_{number}/v1");
        assert_eq!(post(&app, &path, FULL_SALE).await.0, 404);
    }
    let all = samples(&app).await;
    let unmatched =
        "retail_http_request_duration_seconds_count{route=\"unmatched\",status=\"404\"}";
    assert_eq!(all[unmatched], 1001.0);
    // Those of `/metrics` itself, and of the unknown targets.
    let series_of_one = 22;
    assert_eq!(all.len(), before + 2 * series_of_one);
    assert!(
        all.keys()
            .all(|series| !series.contains("unknown/") && !series.contains("target_"))
    );
}

#[tokio::test]
async fn a_route_has_one_name_wherever_it_is_nested() {
    let state = AppState::new(registry(|_| true));
    let inner = Router::new().nest("/deep/{tenant}", router(state.clone()));
    let app = Router::new()
        .nest("/shop", inner)
        .nest_service("/service", router(state.clone()))
        .merge(prediction_router(state.clone()));
    for prefix in ["/shop/deep/a", "/shop/deep/b", "/service", ""] {
        assert_eq!(get(&app, &format!("{prefix}/health")).await.0, 200);
    }
    for prefix in ["/shop/deep/a", "/service"] {
        let unknown = Request::get(format!("{prefix}/nowhere"));
        let unknown = unknown.body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(unknown).await.unwrap();
        assert_eq!(answer.status(), 404, "{prefix}");
    }
    let all = samples(&metrics_router(state)).await;
    let counts = of(&all, "retail_http_request_duration_seconds_count");
    let series = |route: &str, status| {
        format!(
            "retail_http_request_duration_seconds_count{{route=\"{route}\",status=\"{status}\"}}"
        )
    };
    let expected = [
        (series("/health", 200), 4.0),
        (series("unmatched", 404), 2.0),
    ];
    assert_eq!(
        counts,
        expected.each_ref().map(|(series, n)| (&**series, *n))
    );
}

#[tokio::test]
async fn a_request_is_in_flight_until_it_is_answered_or_given_up() {
    let (model, mut gate) = gated();
    let app = {
        let registry = crate::support::empty_registry();
        let artefact = crate::support::artefact(&slot("linear_model_1"), Arc::new(model));
        registry.publish(artefact).unwrap().unwrap();
        router(AppState::new(Arc::new(registry)))
    };
    // Larger than what is worked on where it arrives, so that it can be given up.
    let body = format!("[{}]", vec![FULL_SALE; 400].join(","));
    let asked = tokio::spawn({
        let app = app.clone();
        async move { post(&app, LINEAR, body).await }
    });
    gate.entered().await;
    assert_eq!(samples(&app).await["retail_http_requests_in_flight"], 2.0);
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    let all = samples(&app).await;
    assert_eq!(all["retail_http_requests_in_flight"], 1.0);
    assert!(
        of(
            &all,
            "retail_http_request_duration_seconds_count{route=\"/predict"
        )
        .is_empty()
    );
    gate.open();
}

#[tokio::test]
async fn each_router_has_its_own_routes_and_they_count_together() {
    let state = AppState::new(registry(|_| true));
    let app = prediction_router(state.clone()).merge(metrics_router(state));
    assert_eq!(get(&app, "/health").await.0, 200);
    let all = samples(&app).await;
    let series = "retail_http_request_duration_seconds_count{route=\"/health\",status=\"200\"}";
    assert_eq!(all[series], 1.0);
    let request = Request::get("/v2").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 404);
}
