"""What a running engine says at /metrics, as Prometheus and its Python client read it.

RETAIL_TEST_ENGINE names the program. What takes `promtool`, of Prometheus, is left out where it is not
installed.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import starmap
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

EXAMPLES = Path(__file__).parents[2] / "examples" / "prometheus"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# What Prometheus sends.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
SALE = {"quantity": 10, "price": 25.5, "month": 6, "day": 11, "hour": 14}

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")


def promtool(*arguments: str, text: str = "") -> str:
    """Runs it, and expects that it has nothing to complain about."""
    done = subprocess.run(
        ["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine that has read a stream, and a few requests to it."""
    data = tmp_path_factory.mktemp("engine")
    # At a pace at which models are trained, and scored on the next batches, meanwhile.
    command = [os.environ["RETAIL_TEST_ENGINE"], "--rows", "20000", "--speed", "50"]
    command += ["--data-dir", str(data / "data")]
    log = data / "log"
    with log.open("w") as stderr:
        engine = subprocess.Popen([*command, "--bind", "127.0.0.1:0"], stderr=stderr)
    try:
        patience = time.monotonic() + 120
        while "the source is exhausted" not in log.read_text():
            assert engine.poll() is None and time.monotonic() < patience, log.read_text()
            time.sleep(0.05)
        found = re.search(r"serving on (http://[0-9.:]+)", log.read_text())
        assert found, log.read_text()
        for path, body in [
            ("/predict/total_amount/v1", SALE),
            ("/predict/total_amount/v3", SALE),
            ("/predict/total_amount/v9", SALE),
            ("/predict/total_amount/v1", {}),
            ("/health", None),
            ("/feedback", SALE | {"target": "total_amount", "version": "v1", "truth": 255.0}),
            ("/feedback", SALE | {"target": "high_value_customer", "truth": True}),
            ("/feedback", {"request_id": "nobody", "truth": 1}),
        ]:
            ask(found[1] + path, body)
        yield found[1]
    finally:
        engine.terminate()
        engine.wait(30)


def ask(url: str, body: object = None, accept: str = "*/*") -> tuple[str, str]:
    """The content type and the text of an answer, of whichever status."""
    headers = {"accept": accept, "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.headers["content-type"], answer.read().decode()


def families(url: str, accept: str) -> dict[str, Metric]:
    """The metrics by name, read by the parser for the content type."""
    kind, text = ask(f"{url}/metrics", accept=accept)
    parse = openmetrics if kind == OPEN_METRICS else prometheus
    found = list(parse.text_string_to_metric_families(text))
    names = [family.name for family in found]
    assert len(names) == len(set(names)), names
    return {family.name: family for family in found}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (ACCEPT, OPEN_METRICS),
        ("application/openmetrics-text", OPEN_METRICS),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_both_parsers_read_the_numbers_of_the_engine(url: str, accept: str, expected: str) -> None:
    assert ask(f"{url}/metrics", accept=accept)[0] == expected
    found = families(url, accept)
    status = json.loads(ask(f"{url}/status/batches")[1])

    def value(name: str, **labels: str) -> float:
        of = {sample.name: sample for family in found.values() for sample in family.samples
              if labels.items() <= sample.labels.items()}
        number: float = of[name].value
        return number

    assert value("retail_rows_read_total") == status["rows_read"] == 20_000
    assert value("retail_rows_kept_total") == status["rows_kept"]
    assert value("retail_batches_saved_total") == status["batches"]
    for reason, count in status["rejected"].items():
        assert value("retail_rows_rejected_total", reason=reason) == count
    assert value("retail_engine_running") == 0
    assert abs(value("retail_batch_saved_timestamp_seconds") - time.time()) < 600
    assert len(found["retail_model_served"].samples) == 9
    for name, model in status["models"].items():
        assert value("retail_model_revision", model=name) == model["revision"]
        assert value("retail_model_training_duration_seconds", model=name) == model["seconds"]
        for over in ["recent", "overall"]:
            for measure, expected_value in model["prequential"][over].items():
                if measure in ("rows", "confusion", "positive_share"):
                    continue
                # The AUC of all batches together cannot be told from those of each.
                if (measure, over) != ("auc", "overall") or expected_value is not None:
                    series = f"retail_model_prequential_{measure}"
                    assert value(series, model=name, over=over) == expected_value
        scored = model["prequential"]["batches"]
        assert value("retail_model_scored_batches_total", model=name) == scored > 0
    for family in found.values():
        assert family.documentation
        for sample in family.samples:
            assert math.isfinite(sample.value), sample


def test_both_forms_have_the_same_series(url: str) -> None:
    forms = [families(url, accept) for accept in (ACCEPT, "*/*")]

    def label(key: str, text: str) -> str:
        # The bounds of buckets are written in two ways.
        return f"{key}={float(text) if key == 'le' else text}"

    def series(found: dict[str, Metric]) -> set[tuple[str, ...]]:
        return {
            (sample.name, *sorted(starmap(label, sample.labels.items())))
            for family in found.values()
            for sample in family.samples
            # Asking is counted only afterwards.
            if sample.labels.get("route") != "/metrics"
        }

    assert series(forms[0]) == series(forms[1])
    kinds = [{name: family.type for name, family in found.items()} for found in forms]
    # What the first form calls an information is a gauge of the value 1 to the second.
    assert kinds[0].pop("retail_build") == "info"
    assert kinds[1].pop("retail_build_info") == "gauge"
    assert kinds[0] == kinds[1]


def test_requests_are_counted_by_route_and_status(url: str) -> None:
    found = families(url, ACCEPT)["retail_http_request_duration_seconds"]
    assert found.type == "histogram" and found.unit == "seconds"
    counts = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in found.samples
        if sample.name.endswith("_count")
    }
    predict = "/predict/{target}/{version}"
    assert (counts[predict, "200"], counts[predict, "404"], counts[predict, "400"]) == (2, 1, 1)
    assert counts["/health", "200"] == 1


def test_the_answers_of_each_revision_are_as_feedback_says(url: str) -> None:
    found = families(url, ACCEPT)
    told = json.loads(ask(f"{url}/feedback")[1])
    truths = {sample.labels["outcome"]: sample.value for sample in found["retail_feedback_truths"].samples}
    assert truths == {outcome: told[outcome] for outcome in ("accepted", "unknown", "late", "duplicate")}
    assert truths["accepted"] == 2 and truths["unknown"] == 1
    shown = {
        (family, sample.labels["model"], sample.labels["revision"]): sample.value
        for family, metric in found.items() if family.startswith("retail_feedback_")
        for sample in metric.samples if "revision" in sample.labels
    }
    for model in told["models"]:
        for served in model["served"]:
            of = (model["name"], str(served["revision"]))
            for measure, value in served["metrics"].items():
                if measure in ("auc", "confusion", "positive_share") or value is None:
                    continue
                name = "scored_rows" if measure == "rows" else measure
                assert shown.pop((f"retail_feedback_{name}", *of)) == value
    assert not shown


@needs_promtool
def test_promtool_has_no_complaints(url: str) -> None:
    text = ask(f"{url}/metrics")[1]
    assert promtool("check", "metrics", text=text) == ""


@needs_promtool
def test_the_rules_are_sound_and_fire_when_they_should() -> None:
    assert "SUCCESS: 1 rule files found" in promtool("check", "config", str(EXAMPLES / "prometheus.yml"))
    rules = str(EXAMPLES / "alerts.yml")
    assert "SUCCESS: 11 rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", rules)
    assert "SUCCESS" in promtool("test", "rules", str(EXAMPLES / "alerts_test.yml"))
    # Each of them has a test.
    named = {file: set(re.findall(r"(?:alert|alertname): (\w+)", (EXAMPLES / file).read_text()))
             for file in ("alerts.yml", "alerts_test.yml")}
    assert named["alerts.yml"] == named["alerts_test.yml"]


@needs_promtool
def test_every_query_of_the_dashboard_can_be_run(tmp_path: Path) -> None:
    dashboard = json.loads((EXAMPLES / "dashboard.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(panels) > 20
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "1m").replace("$instance", ".*")}
        for number, query in enumerate(queries)
    ]
    # YAML takes JSON.
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", "--lint=none", str(file))
    # No two panels lie over each other.
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, panel["title"]
                taken.add((x, y))
        assert place["x"] + place["w"] <= 24
