use std::fmt;

use super::families::Families;
use crate::requests::Requests;

pub(super) fn encode(
    families: &mut Families<'_>,
    requests: &Requests,
    readers: usize,
) -> fmt::Result {
    families.latencies(
        "retail_http_request_duration_seconds",
        "How long answers took until they were ready to be sent, by route and status.",
        requests,
    )?;
    families.gauge(
        "retail_http_requests_in_flight",
        "Requests whose answer is not ready yet, this one included.",
        requests.in_flight(),
    )?;
    families.gauge(
        "retail_event_readers",
        "Clients that read events.",
        readers as u64,
    )
}
