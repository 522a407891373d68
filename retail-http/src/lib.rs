//! An embeddable [axum] router that serves the models of a [`Registry`].
//!
//! | request | answer |
//! |---|---|
//! | `POST /predict/{target}/{version}` | what one model says of one row, or of an array of rows |
//! | `POST /compare/models` | what all models say of one row |
//! | `GET /models` | what each model is and where it comes from |
//! | `GET /status/batches` | what the engine has read, saved and trained |
//! | `GET /status/history` | the newest batches, scores and trainings, for plots |
//! | `GET /` | the [dashboard](#dashboard), a page that shows all of this |
//! | `GET /health` | that the process serves, and how many models it has |
//! | `POST /feedback`, `GET /feedback` | takes what turned out to be true, and says how good the answers were |
//! | `GET /metrics` | [numbers for Prometheus](#metrics) |
//! | `GET /events` | [what happens, while it happens](#events) |
//! | `GET /openapi.json` | the [OpenAPI document](#openapi) of all of this |
//! | `GET /docs` | a page to read it and to try the API, with the feature `docs-page` |
//! | `/v2/…` | the same models by the [Open Inference Protocol](#open-inference-protocol) |
//! | `/admin/…` | [which revisions are served](#administration), for those who have the token |
//!
//! Nothing here knows a particular model. Paths come from the registry's slots; inputs, their order
//! and their legal ranges from the feature schema inside each artefact; the form of an answer from
//! the artefact's task. Every number in an answer is the model's.
//!
//! # Embedding
//! ```
//! use std::sync::Arc;
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
//! use retail_core::registry::{Registry, RegistryOptions, standard_slots};
//! use retail_core::train::ModelFormats;
//! use retail_http::{AppState, router};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = RegistryOptions {
//!     formats: ModelFormats::empty(), ..RegistryOptions::default()
//! };
//! let registry = Arc::new(Registry::open(standard_slots(), options)?);
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "my shop" }))
//!     .nest("/analytics", router(AppState::new(registry)));
//!
//! let health = Request::get("/analytics/health").body(Body::empty())?;
//! assert_eq!(app.oneshot(health).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```
//! The routes of the host may have a state of their own; [`router`] goes with any:
//! ```
//! # use std::sync::Arc;
//! # use axum::{Router, extract::State, routing::get};
//! # use retail_core::registry::{Registry, RegistryOptions, standard_slots};
//! # use retail_http::{AppState, router};
//! #[derive(Clone)]
//! struct Shop { name: &'static str }
//!
//! # let registry = Arc::new(Registry::open(standard_slots(), RegistryOptions::default())?);
//! let app: Router = Router::new()
//!     .route("/", get(|State(shop): State<Shop>| async move { shop.name }))
//!     .nest("/analytics", router(AppState::new(registry)))
//!     .with_state(Shop { name: "my shop" });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! Nest the router under a prefix, or serve it alone. Do not `merge` it into another one: it has a
//! fallback, so that unknown paths get an answer in JSON too. [`prediction_router`], [`inference_router`],
//! [`feedback_router`], [`dashboard_router`], [`openapi_router`], [`metrics_router`], [`events_router`] and
//! [`admin_router`] are parts of it without a fallback, which can be merged, for those who want only some. Give them
//! clones of one state, so that the metrics count the requests to all of them. The Tokio runtime needs its time
//! enabled. [`serve`] runs
//! any router with bounds on connections, a look at the `Host` and a graceful end.
//!
//! # Predictions
//! The body is JSON: an object with the model's features as numbers
//! (`{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}`), or an array of such objects,
//! which is answered by an array in the same order. Keys that the model does not use are passed
//! over, so that one body serves all models; a key that it uses must not be there twice.
//!
//! - Its `Content-Type` is `application/json`, `text/json` or one that ends in `+json`; or there is
//!   none.
//! - It may be compressed with `Content-Encoding: gzip`, `deflate`, `br` or `zstd` (in windows of up
//!   to 8 MiB). [`Limits::max_body_bytes`] bounds it both as it is sent and as it is read.
//! - It is UTF-8 throughout, what is passed over included. A byte order mark before it is skipped.
//! - `NaN`, `Infinity` and `-Infinity`, which Python writes although they are no JSON, count as `null`.
//!
//! A feature that is left out is computed from the fields of the sale, by the function that computed
//! it for training:
//! - `month`, `day` and `hour` from `invoice_date` (`2010-12-01 08:26:00` or `12/1/2010 8:26`);
//! - `total_amount` and `quantity_times_price` from `quantity` and `price`;
//! - features of users by their extractors ([`AppState::with_extractors`]), which may also look at
//!   `invoice`, `stock_code`, `description`, `country` (texts) and `customer_id` (a whole number).
//!
//! If one of the first two kinds is given although it can be computed, it must agree to 1e-9 of its
//! size; a given feature of users is taken as it is. A field of the sale that no feature needs is
//! passed over, whatever it holds.
//!
//! | key of the answer | of | meaning |
//! |---|---|---|
//! | `model` | all | the slot, for example `linear_model_1` |
//! | `model_version` | all | `v1`, `v2`, … |
//! | `revision` | all | which training of the slot answered, from 1 |
//! | `features_used` | all | what the model saw, by name, in the order of its schema |
//! | `prediction` | regression | the predicted number |
//! | `interval` | regression, if asked for | see below |
//! | `predicted_category` | several classes | the most probable class; of equals the first |
//! | `probabilities` | several classes | the probability of each class |
//! | `confidence` | several classes | the probability of the predicted class |
//! | `is_high_value_customer` | yes or no | whether `probability` ≥ `threshold`; `is_` and the target's name |
//! | `probability` | yes or no | the probability of yes |
//! | `threshold` | yes or no | 0.5 |
//!
//! With `?interval=0.9` a regression also says where the target lies with that probability:
//! `"interval":{"level":0.9,"lower":…,"upper":…}`. The engine's linear models can, unless they were
//! trained on too few rows.
//!
//! With `?explain=true` the key `explanation` says what each feature contributes: the
//! Shapley values of [`Model::contributions`](retail_core::train::Model::contributions). `base` and the
//! contributions sum to the answer on the `scale` that is named.
//!
//! | model | `explanation` |
//! |---|---|
//! | linear | `{"scale":"value","base":…,"contributions":{"quantity":…,…}}`; the base is the prediction for the means of the training rows |
//! | logistic | the same with `"scale":"log_odds"`, of yes |
//! | forest | `{"scale":"probability","classes":{"small":{"base":…,"contributions":{…}},…}}`; of yes or no: as above, of yes |
//!
//! # Serving
//! [`serve`] runs a router on a [`Listener`]: a TCP port or a Unix socket, over TLS if it is given a certificate
//! (`Tls`, with the feature `tls`). HTTP/1 and HTTP/2 are served on the same port. The limits of [`ServeOptions`]
//! hold for both, a handshake included, and a client that loses its connection to them can connect again.
//!
//! | feature | what it adds |
//! |---|---|
//! | `tls` | TLS 1.2 and 1.3 by rustls with ring: 8 packages, and C code that is compiled |
//! | `trace-context` | requests belong to the [traces](#request-ids) of their clients: 6 packages |
//! | `docs-page` | the page at `/docs`: 4 packages, 14 more to build them, and files of 4.3 MB |
//!
//! # Request ids
//! Every answer of the router has the header `x-request-id`: that of the request, if it is one of up to 128
//! visible characters of ASCII, and a new one otherwise. If a model fails, the cause is logged in the span
//! `request{id=…}` of [tracing](https://docs.rs/tracing). At the level `DEBUG`, so is everything else that is logged
//! while a request is answered, on whichever thread that is; at others it is not, for a span takes as long as all of a
//! prediction. There is also an event `answered` for each request then, with `method`, `path`, `status` and `seconds`,
//! and what a model is asked is in the span `predict{model=… revision=… rows=…}`. With the feature `trace-context`, the
//! span of a request belongs to the trace that its header `traceparent` names, if the program has set a
//! [propagator](https://docs.rs/opentelemetry/latest/opentelemetry/global/fn.set_text_map_propagator.html) for it, and
//! has the attributes of OpenTelemetry's conventions for HTTP servers.
//!
//! # Comparison
//! `POST /compare/models` takes one object that serves all trained models and answers
//! `{"predictions":{"total_amount":{"v1":…,"v2":…},…}}`. A trained model's entry is its answer
//! to `/predict`; the others have `model`, `model_version` and the `error` that `/predict` would
//! have given. If nothing is trained at all, the answer is 503. `?interval=0.9` and `?explain=true` are for
//! the models that can say them; the others answer without.
//!
//! # Feedback
//! With [`AppState::with_feedback`] answers are kept for a while, those of comparisons and of the Open Inference
//! Protocol too, and can be compared with the truth once it is known. `POST /feedback` takes an object, or an
//! array of such objects:
//!
//! | key | meaning |
//! |---|---|
//! | `truth` | what turned out to be true: a number, the name of a class, or `true` or `false` |
//! | `request_id` | the `x-request-id` of the answer; of several answers with one id the newest counts |
//! | `row` | which row of an array, from 0; 0 if it is left out |
//! | `target`, `version` | which of the answers, `total_amount` and `v3`; they may be left out if there is one target, and for all its versions |
//!
//! In place of `request_id` there may be features, as in `/predict`, beside `target`: the truth is then compared
//! with what the models say of them now. The answer counts what became of the truths,
//! `{"accepted":1,"unknown":0,"late":0,"duplicate":0}`: `unknown` is an id or a row that there was not, `late` one
//! whose answer is no longer kept, and `duplicate` one whose truth was known already; the first counts. If an
//! object cannot be used, none of the array counts.
//!
//! `GET /feedback` has the same counts since the start, `rows_kept`, and for each of the `models` the metrics of what
//! was `served`, by revision, the newest first, beside the `prequential` ones of the stream. They have no AUC,
//! which would need every answer.
//!
//! # Open Inference Protocol
//! Version 2 of the protocol over REST, which KServe, Triton, MLServer and others speak. A model is a target
//! (`total_amount`), its versions are numbers (`3`).
//!
//! | request | answer |
//! |---|---|
//! | `GET /v2` | name, version and extensions of the server |
//! | `GET /v2/health/live` | `{"live":true}` |
//! | `GET /v2/health/ready` | `{"live":true,"ready":…}`: 200 once any model can answer, 503 before |
//! | `GET /v2/models/{name}[/versions/{version}]` | the tensors that it takes and gives |
//! | `GET /v2/models/{name}[/versions/{version}]/ready` | 200 if it can answer, 503 if not |
//! | `POST /v2/models/{name}[/versions/{version}]/infer` | its predictions |
//! | `POST /v2/repository/index` | all models, or with `{"ready":true}` those that can answer (Triton) |
//! | `GET /v2/models/{name}[/versions/{version}]/stats`, `/v2/models/stats` | how often it was asked by this protocol, and how long that took (Triton) |
//!
//! Without a version, the newest one that is trained answers.
//!
//! - The inputs are one tensor `[n, k]` of any name with all features in the order of the metadata; or one
//!   tensor `[n]` or `[n, 1]` for each, by name. Of the latter, those that can be computed may be left out,
//!   as in `/predict`; they may be fields of a sale, too, whose texts are `BYTES`. Other names are refused.
//! - Types are `FP64`, `FP32`, `INT64`, `INT32` and `BYTES`, in JSON. A number of `FP32` is rounded to
//!   single precision, as the client's own is. `data` is flat or nested as `shape` says.
//! - `outputs` chooses tensors and their order. They are called like the keys of `/predict`:
//!   `prediction`; `predicted_category`, `probabilities` (`[n, classes]`) and `confidence`;
//!   `is_high_value_customer` and `probability`. The numbers are those of `/predict`, to the bit.
//! - `id` is echoed if it is given. `parameters` of a request are passed over, and those of an answer
//!   have the `revision`.
//! - Errors are `{"error":"text"}`, with the statuses below, but 400 in place of 422.
//!
//! # Metrics
//! `GET /metrics` answers in the text format of Prometheus (0.0.4), or in OpenMetrics (1.0.0) if `Accept` says that
//! the client would rather have it. `examples/prometheus` has a dashboard for Grafana and rules for alerts.
//!
//! | metric | labels | meaning |
//! |---|---|---|
//! | `retail_http_request_duration_seconds` | `route`, `status` | a histogram: how long answers took until they were ready to be sent |
//! | `retail_http_requests_in_flight` | | requests whose answer is not ready yet |
//! | `retail_event_readers` | | clients that read `/events` |
//! | `retail_engine_running`, `retail_engine_failed` | | whether a source is being read, and whether an error ended the last run |
//! | `retail_rows_read_total`, `retail_rows_kept_total` | | records read and saved, and those of them that were kept |
//! | `retail_rows_rejected_total` | `reason` | records dropped |
//! | `retail_rows_late_total` | `pipeline` | rows that all their windows were closed for; only of pipelines that rows can be late for |
//! | `retail_batches_saved_total` | | batches saved |
//! | `retail_batch_saved_timestamp_seconds` | | when the newest batch was saved, if this engine has saved one |
//! | `retail_stream_timestamp_seconds` | | stream time of the newest saved record |
//! | `retail_model_served` | *model* | 1 if there is a model to predict with, otherwise 0 |
//! | `retail_model_revision`, `retail_model_rows` | *model* | which training of the model is being served, and how many rows it has learned from |
//! | `retail_model_timestamp_seconds` | *model* | when that revision was published, or its file written |
//! | `retail_model_training_duration_seconds` | *model* | how long the last training and evaluation took |
//! | `retail_model_scored_batches_total` | *model* | batches that were predicted before any model learned from them |
//! | `retail_model_prequential_…` | *model*, `over` | how well: `rmse`, `mae`, `r2`; `accuracy`, `macro_f1`, `log_loss`; `auc`, `brier`. `over` is `recent` (20 batches) or `overall` |
//! | `retail_model_holdout_…` | *model* | the same on the hold-out rows of the model's slice |
//! | `retail_split_requests_total` | `model`, `to`, `by` | requests to a model that is [split](#splits-and-shadows); `by` is `other`, `model`, `no_key` or `no_other` |
//! | `retail_shadow_rows_total`, `…_different_…`, `…_skipped_…`, `…_failed_…`, `retail_shadow_mean_difference` | `model`, `shadow` | how the answers of a shadow compare |
//! | `retail_feedback_truths_total` | `outcome` | truths that were [reported](#feedback): `accepted`, `unknown`, `late` or `duplicate`; this and what follows only with [`AppState::with_feedback`] |
//! | `retail_feedback_rows_kept` | | rows whose answers are kept |
//! | `retail_feedback_scored_rows_total` | *model*, `revision` | answers that were compared with their truth, of the newest 5 revisions that have any |
//! | `retail_feedback_…` | *model*, `revision` | how good those answers were: the measures above without `auc` |
//! | `retail_source_lag_records` | `partition` | records that have not been taken yet, if the source says so ([`AppState::with_source`]) |
//! | `retail_source_messages_total`, `…_bytes_total`, `…_rebalances_total`, `…_retries_total` | | what a Kafka source has done |
//! | `retail_source_dead_letters_total` | `reason` | messages that could not be used |
//! | `retail_build_info` | `version` | 1 |
//! | `process_…` | | `cpu_seconds_total`, `resident_memory_bytes`, `virtual_memory_bytes`, `start_time_seconds`, `open_fds`, `max_fds`; on Linux only |
//!
//! *model* stands for `model` (the slot), `target` and `version`. `route` is the path as in the tables here,
//! without what the router is nested under; requests to paths that there are not are `unmatched`. So the number of
//! series does not depend on what clients send. Times are in seconds since 1970. What is not known is not there.
//!
//! Counting a request takes a few atomic additions. Everything else is read when it is asked for, off the network
//! threads, and no prediction waits for it.
//!
//! # Events
//! `GET /events` is a stream of [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html),
//! for `EventSource` in a browser. Each event has a name, an id and a JSON object:
//!
//! | event | fields | when |
//! |---|---|---|
//! | `batch` | `batch`, `rows`, `read`, `rejected`, `closed_by`, `stream_time` | a batch is saved; fields as in `/status/batches` |
//! | `reject` | `batch`, `records`, `reasons` | a batch is saved for which records were dropped: how many, and by reason |
//! | `metric` | `model`, `batches`, `recent`, `overall` | a model was scored on batches before any model learned from them |
//! | `training` | `model`, `changed`, `rows`, `status`, `holdout` and `baseline` or `why` and `message`, `revision`, `seconds`, `prequential` | a model was trained, or could not be; `changed` says whether a new revision is served |
//! | `swap` | `model`, `revision`, `previous` | another revision is being served, for whatever reason; `previous` is null for the first |
//! | `lag` | `partitions`, `total` | once a second, if the source has a lag ([`AppState::with_source`]) |
//!
//! `batch`, `reject`, `metric` and `training` come from an engine that has the same [`Events`] as an observer as the
//! state ([`AppState::with_events`]). `swap` and `lag` are there without one: while somebody reads, the registry and
//! the source are looked at once a second.
//!
//! `/openapi.json` has a schema of the data of each, with an example.
//!
//! - The ids are whole numbers, each one more than the one before. Nothing is told again: `Last-Event-ID` is passed
//!   over, and `/status/batches` and `/models` have the state.
//! - A client that is more than 4,096 events behind ([`Events::with_capacity`]) loses its stream. A comment says so
//!   before the end. Nobody else waits for it, and neither does the engine.
//! - Every 5 s of silence there is an empty comment, which shows who has gone.
//! - At most [`Limits::max_event_readers`] clients read at the same time.
//! - [`serve`] ends the streams when it shuts down. Other servers do if [`Events::end_streams`] is called.
//!
//! # Splits and shadows
//! A candidate can be tried on real requests, to `/predict` and to the Open Inference Protocol:
//! `PUT /admin/models/linear_model_1/traffic` takes
//!
//! ```json
//! {"split":{"to":{"alias":"candidate"},"share":0.1,"header":"x-customer-id"},"shadows":[{"version":"v2"}]}
//! ```
//!
//! Somebody is `{"revision":3}`, `{"alias":"candidate"}`, whichever revision has this name at the time, or
//! `{"version":"v2"}`, another version of the same target.
//!
//! - **Split.** Of requests that have the header, those with a share of its values are answered by the other one,
//!   always the same values: the fraction of a key is FNV-1a (64 bits) of the model's name, a null byte and the
//!   key, mixed by MurmurHash3's finaliser, of which the upper 53 bits count; it goes to the other one if that is
//!   below `share`. Requests without the header, or with several, are the model's own. Answers name the model and
//!   the revision that gave them.
//! - **Shadows.** Up to five answer what the model was asked, after it and on a thread of their own. Their answers
//!   are compared and never sent: `different` counts rows with another class, or a value that is off by more than
//!   a millionth. A shadow takes the features of the model. What comes faster than shadows answer is `skipped`, as
//!   are arrays of more than 256 rows.
//! - A plan is saved beside the revisions of its model (`models/linear_model_1/traffic`) before it is answered, and
//!   survives a restart. It is read when [`AppState::new`] is called; what another process saves is seen at the next
//!   start. Counts begin anew. The revisions that a plan names by their numbers are kept. Where nothing can be saved,
//!   with a registry in memory or a folder that is read only, a plan lasts until the restart, and `saved` is false.
//! - If somebody in a plan is gone, a model that is not trained, an alias that no revision has, or a revision whose
//!   file is lost or damaged, the model answers in its place. `GET` has the `problem`, the log a warning at the
//!   start, and the count `without_other` how often. The same holds for a file that is damaged: `active` is false
//!   then, and a new plan replaces it.
//!
//! # OpenAPI
//! `GET /openapi.json` is the OpenAPI 3.1 document of these paths, for clients, generators and tests. It describes
//! the models that are served at the time: there is a path for each target (`/predict/total_amount/{version}`) with
//! its versions, the features of its models with their ranges, and the form of its answers. It changes with them, so
//! it has an `ETag` and `Cache-Control: no-cache`. Its server is `.`, the folder that it is in, and so it is right
//! below any prefix.
//!
//! - Every operation has examples of its requests and answers, and every error with its status and code.
//! - `/feedback` and `/admin` are in it if the server has them. What is below `/admin` has the security scheme
//!   `adminToken`, an HTTP bearer token.
//! - What JSON Schema cannot say is said in words: that products and dates have to agree with the rest of a sale, and
//!   shapes of tensors with their elements.
//! - Versions of one target share a description. Where their features differ, it is that of a row for all of them.
//! - Dates have a pattern of the usual forms. Others are read, too.
//!
//! With the feature `docs-page` there is also `GET /docs`: Swagger UI, with all its files in the library. It loads
//! nothing from other hosts, which its `Content-Security-Policy` also forbids.
//!
//! # State
//! - `GET /health`: `{"status":"ok","engine_version":…,"models_trained":…,"models_total":…}`.
//! - `GET /status/batches`: the [`EngineStatus`] that the engine published last; without an engine
//!   ([`AppState::with_status`] was not called) one with `"running":false` and zeros. With
//!   [`AppState::with_source`] there is also a key `source` with what the source says of itself, for
//!   example its lag and throughput.
//! - `GET /status/history`: `{"batches":[…],"scores":{…},"trainings":[…]}`, each list oldest first. `batches`
//!   are the newest 300, as in the status: with their `revenue`, the sum of quantity × price of the kept rows,
//!   and their `watermark`, the latest invoice date so far. `scores` has for each model how well it predicted
//!   those batches before any model learned from them: `batch`, `revision`, `rows` and `metrics`. `trainings`
//!   are the newest 50: `at` (UTC), `model`, `rows`, `seconds`, `revision`, `changed`, and `status` with
//!   `holdout` and `baseline`, or `message`. With `?after=7`, batches and scores begin after that batch. A restart of the
//!   engine keeps the batches.
//! - `GET /models`: `{"models":[…]}`, for each slot `name`, `target`, `version` (`v1`, …) and
//!   `trained`; then `revision`, `trainer`, `hyper_parameters`, `seed`, `task`, `label`,
//!   `features`, `slice`, `holdout`, `baseline` and `engine_version`, or the `reason` why it is not trained,
//!   if one is known. `holdout` are metrics on the last fifth of the slice, of a model of the rows before.
//!   `baseline` are those of the naive prediction on the same rows, which says the same of each: the mean
//!   `Σ y / n` of the targets before them, or for classes their shares `n_c / n`, so that the commonest one is
//!   predicted. What a model is worth is how far it gets beyond that.
//!
//! # Dashboard
//! One page for those who look after a stream: what is read, kept and rejected, the models and how well they
//! predict, the last trainings, and a form that asks all models about one sale. It follows the routes above by
//! asking every two seconds, less often in a tab that nobody sees. A part that is not served beside it is not
//! shown.
//!
//! Its files are within the program, below `/dashboard/`. It asks nothing of any other host, works without a
//! network, and its `Content-Security-Policy` allows nothing else. Files have an `ETag`, and are sent again only
//! if they have changed.
//!
//! Addresses on the page are relative, so it can be nested. `.nest("/analytics", router(state))` serves it at
//! `/analytics`, `.nest("/analytics/", …)` at `/analytics/`, and `.nest_service("/analytics", …)` at both.
//!
//! # Administration
//! The requests below `/admin` are there only if [`AppState::with_admin`] has set a token; otherwise
//! their paths are unknown ones. A model is named by its slot (`linear_model_1`), as in `GET /models`.
//!
//! | request | body | what it does |
//! |---|---|---|
//! | `GET /admin/models` | | for each model which revision is served, whether it is pinned, and its aliases |
//! | `GET /admin/models/{model}/revisions` | | the revisions on disk, newest first, each with `slice`, `holdout` metrics and their `baseline`; up to 100 besides those that are served or have an alias |
//! | `POST /admin/models/{model}/promote` | a revision | serves it until the next training |
//! | `POST /admin/models/{model}/rollback` | | serves the newest sound revision before the one served |
//! | `POST /admin/models/{model}/pin` | a revision, or nothing for the one served | serves it and goes on serving it: later trainings are saved and not served |
//! | `DELETE /admin/models/{model}/pin` | | takes the pin off; the revision is served until the next training |
//! | `PUT /admin/models/{model}/aliases/{alias}` | a revision | gives it the name `champion` or `candidate` |
//! | `DELETE /admin/models/{model}/aliases/{alias}` | | takes the name away |
//! | `GET /admin/models/{model}/traffic` | | [who answers besides the model](#splits-and-shadows), and what came of it |
//! | `PUT /admin/models/{model}/traffic` | a split, shadows or both | lets others answer besides it |
//! | `DELETE /admin/models/{model}/traffic` | | the model alone answers |
//! | `POST /admin/retrain` | `{"model":…}`, or nothing for all | asks the engine to train on the batches saved so far, without waiting for a batch; answers 202 |
//!
//! A revision is `{"revision":3}`, or `{"alias":"candidate"}` for the one that has this name. An alias
//! is a label: it changes nothing about what is served, and stays with its revision until it is moved.
//! Revisions that are pinned or have an alias are kept for as long.
//!
//! The answer to a change has `model`, `changed`, and the state `before` and `after`:
//! `{"revision":5,"pinned":false,"aliases":{"champion":3}}`. What is so already is answered 200 with
//! `"changed":false`. A change is on disk before it is answered, and survives a restart.
//! [`Registry`] has the rules.
//!
//! - **Token.** Each request has the header `Authorization: Bearer TOKEN`, with the one [`AdminToken`].
//!   Without it the answer is 401 with `WWW-Authenticate: Bearer`, always the same, before the body
//!   is read. The token is compared in constant time and is never shown.
//! - **Browsers.** Pages of other origins are let to none of these requests, whatever
//!   [`AppState::with_cors`] says. A server bound to a loopback address refuses requests for a foreign
//!   `Host` here as everywhere ([`Hosts`]).
//! - **Audit.** Everything that changes something, or is refused, is an event of tracing with the target
//!   `audit`, and a line of JSON in the log of [`Admin::with_audit`]: `time` (UTC), `request` (the id),
//!   `peer` (with [`serve`], or axum's `ConnectInfo`), `action`, `model`, `before`, `after`, `outcome`
//!   (`done`, `unchanged`, `accepted` or `refused`), `status` and the `code` of an error. Reading is
//!   not written down. What has begun is finished and written down even if the client hangs up. Of
//!   requests without the token, 60 a minute are written down; the next line says in `skipped` how
//!   many are not.
//! - Bodies have up to 4 KiB. Unknown keys are refused.
//!
//! # Errors
//! `{"error":{"code:…,"message":…}}` and, if they apply, `field`, `expected`, `got` (texts),
//! `row` (index within the array, from 0), `line` and `column` (from 1).
//!
//! | status | code | when |
//! |---|---|---|
//! | 400 | `malformed_json` | the body is not JSON or not UTF-8, or a number in it is too large for a 64-bit float; for a form, several values in a row and Python's text, `got` says which |
//! | 400 | `wrong_type` | the body, a row, a feature or a value of the query is of another type |
//! | 400 | `missing_field` | a feature is missing, and so is what it would be computed from |
//! | 400 | `duplicate_field` | a feature, or a field that one is computed from, is given twice |
//! | 400 | `unknown_field` | the request does not know a key of the body (below `/admin`) |
//! | 400 | `empty_array` | the array has no rows |
//! | 400 | `unreadable_body` | the connection broke within the body |
//! | 400 | `damaged_body` | the body cannot be decompressed |
//! | 400 | `unclear_host` | there is no `Host`, or more than one, or none that is a host's (from [`serve`]) |
//! | 401 | `unauthorized` | the admin token is missing or another one |
//! | 404 | `unknown_path`, `unknown_target`, `unknown_version` | there is no such thing; `expected` says what there is |
//! | 404 | `unknown_model`, `unknown_revision`, `unknown_alias` | the same, below `/admin` |
//! | 404 | `unset_alias` | no revision of the model has this alias |
//! | 405 | `method_not_allowed` | the path takes other methods, listed in `Allow` |
//! | 408 | `request_timeout` | the body took too long |
//! | 409 | `pinned` | the model is pinned to another revision |
//! | 409 | `no_earlier_revision` | there is nothing to roll back to |
//! | 409 | `damaged` | the revision, or the file of aliases, is damaged |
//! | 409 | `other_features` | a shadow takes other features than the model |
//! | 409 | `no_engine` | a training is asked for where nothing trains |
//! | 413 | `body_too_large`, `too_many_rows` | more than [`Limits`] allow |
//! | 415 | `unsupported_type` | the `Content-Type` is not JSON's |
//! | 415 | `unsupported_encoding` | the `Content-Encoding` is another one; `Accept-Encoding` lists those that are read |
//! | 421 | `foreign_host` | the `Host` is none of the server's [`Hosts`] (from [`serve`]) |
//! | 422 | `out_of_range` | a feature is outside the legal range of the model's schema, or the level of an interval is no probability |
//! | 422 | `contradiction` | a product or a calendar field is not the one that follows from the rest of the sale |
//! | 422 | `no_interval` | an interval is asked for, and the model gives none |
//! | 422 | `no_explanation` | an explanation is asked for, and the model gives none: a forest saved by an early version, or a model of your own without [`Model::contributions`](retail_core::train::Model::contributions) |
//! | 422 | `too_much_to_explain` | explanations of so many rows would take too long with so large a forest; `expected` says how many will do |
//! | 429 | `too_many_connections` | one address has more than [`ServeOptions`] allow (from [`serve`]) |
//! | 500 | `model_failed` | the model panicked, or its answer does not fit its task; never because of the input |
//! | 500 | `storage_failed` | a change cannot be written to disk; the log has the cause |
//! | 501 | `unsupported_coding` | the `Transfer-Encoding` is not `chunked` alone (from [`serve`]) |
//! | 503 | `not_trained` | the model is not trained yet; the message says why, if that is known |
//! | 503 | `busy` | a large request waited too long for its turn, or for room for its answer |
//! | 503 | `too_many_readers` | as many clients read `/events` as may |
//!
//! Of several faults the first in this order is reported: host, transfer coding, path, method, query, content type,
//! encoding, size in bytes, training, decompression, JSON, size in rows, types and presence, ranges
//! and contradictions; within the last two, the first row.
//!
//! # Pages of other origins
//! A browser lets a page read the answers only if it is of the same origin, or of one of
//! [`AppState::with_cors`]. Preflight requests are answered then, for `GET` and `POST` with
//! `Content-Type`, `Content-Encoding` and `x-request-id`.
//!
//! [axum]: https://docs.rs/axum
//! [`Registry`]: retail_core::registry::Registry
//! [`EngineStatus`]: retail_core::engine::EngineStatus
#![forbid(unsafe_code)]

// A request passes serve and routes, which hand it on: body, query and work, then parse, sale and
// features, then predict, then answer. Truths go the same way to feedback. Data flows in that order; state,
// statistics, requests, events, traffic, feedback, access, cors, error, setting, openapi, paths, json, etag,
// classes and memory know none of them. Inference is another way through the same rooms, and admin, which lets
// in only those whom access knows, a way to the registry. Metrics reads the state, and requests counts all that
// passes routes. The dashboard is files, embedded as those of /docs are, and asks for the rest over HTTP.
mod access;
mod admin;
mod answer;
mod body;
mod classes;
mod cors;
mod dashboard;
mod embedded;
mod error;
mod etag;
mod events;
mod explanation;
mod features;
mod feedback;
mod inference;
mod json;
mod keyed;
mod memory;
mod metrics;
mod openapi;
mod parse;
mod paths;
mod per_thread;
mod place;
mod predict;
mod query;
mod request_id;
mod requests;
mod routes;
mod sale;
mod serve;
mod setting;
mod state;
mod statistics;
mod trace;
mod traffic;
mod truths;
mod work;

pub use access::{Admin, AdminToken};
pub use cors::CorsOrigins;
pub use events::Events;
pub use feedback::FeedbackOptions;
pub use routes::{
    admin_router, dashboard_router, events_router, feedback_router, inference_router,
    metrics_router, openapi_router, prediction_router, router,
};
#[cfg(feature = "tls")]
pub use serve::Tls;
pub use serve::{Hosts, Listener, ServeOptions, serve};
pub use setting::SettingError;
pub use state::{AppState, Limits};

/// The Rust code of the README, compiled as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
