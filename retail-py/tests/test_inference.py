"""The clients of other servers ask an engine by the Open Inference Protocol."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import retail_analytics as ra

VERSIONS = ["1", "2", "3"]
TARGETS = ["total_amount", "quantity_category", "high_value_customer"]
every_model = pytest.mark.parametrize(
    ("target", "version"), [(target, version) for target in TARGETS for version in VERSIONS]
)


@pytest.fixture(scope="module")
def url(engine: ra.Engine) -> Iterator[str]:
    with engine.serve(port=0) as server:
        yield server.url


def rows(names: list[str], count: int = 50) -> Any:
    """Legal rows, whose products are right."""
    draw = np.random.default_rng(3)
    drawn = {
        "quantity": draw.integers(1, 60, count).astype(float),
        "price": draw.integers(1, 3_000, count) / 100,
        "month": draw.integers(1, 13, count).astype(float),
        "day": draw.integers(1, 29, count).astype(float),
        "hour": draw.integers(0, 24, count).astype(float),
    }
    drawn["total_amount"] = drawn["quantity"] * drawn["price"]
    return np.column_stack([drawn[name] for name in names])


def predicted(url: str, target: str, version: str, names: list[str], table: Any) -> list[Any]:
    """What `/predict` says."""
    body = [dict(zip(names, row, strict=True)) for row in table.tolist()]
    request = urllib.request.Request(
        f"{url}/predict/{target}/v{version}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[Any] = json.load(answer)
        return found


def check(target: str, output: Any, said: list[Any]) -> None:
    """The tensors, by name, hold what `/predict` says, to the bit."""
    if target == "total_amount":
        assert output("prediction").tolist() == [row["prediction"] for row in said]
    elif target == "high_value_customer":
        assert output("probability").tolist() == [row["probability"] for row in said]
        assert output("is_high_value_customer").tolist() == [
            row["is_high_value_customer"] for row in said
        ]
    else:
        shares = [list(row["probabilities"].values()) for row in said]
        assert output("probabilities").tolist() == shares
        assert output("confidence").tolist() == [row["confidence"] for row in said]
        categories = [row["predicted_category"] for row in said]
        assert [str(name) for name in output("predicted_category").tolist()] == categories


@every_model
def test_triton(url: str, target: str, version: str) -> None:
    http = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    client = http.InferenceServerClient(url.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(target, version)
    metadata = client.get_model_metadata(target, version)
    assert metadata["versions"] == VERSIONS
    names = [tensor["name"] for tensor in metadata["inputs"]]
    table = rows(names)
    said = predicted(url, target, version, names, table)

    whole = http.InferInput("rows", list(table.shape), "FP64")
    whole.set_data_from_numpy(table, binary_data=False)
    columns = []
    for at, name in enumerate(names):
        column = http.InferInput(name, [len(table)], "FP64")
        column.set_data_from_numpy(np.ascontiguousarray(table[:, at]), binary_data=False)
        columns.append(column)
    wanted = [
        http.InferRequestedOutput(tensor["name"], binary_data=False) for tensor in metadata["outputs"]
    ]
    before = client.get_inference_statistics(target, version)["model_stats"][0]
    for inputs in [[whole], columns]:
        answer = client.infer(target, inputs, version, outputs=wanted, request_id="7")
        assert answer.get_response()["id"] == "7"
        check(target, answer.as_numpy, said)
    after = client.get_inference_statistics(target, version)["model_stats"][0]
    assert after["inference_count"] - before["inference_count"] == 2 * len(table)
    index = client.get_model_repository_index()
    assert {"name": target, "version": version, "state": "READY", "reason": ""} in index
    with pytest.raises(Exception, match="expected one of 1, 2, 3, got 9"):
        client.infer(target, [whole], "9")
    client.close()


@pytest.mark.parametrize("target", TARGETS)
def test_kserve(url: str, target: str) -> None:
    kserve = pytest.importorskip("kserve", reason="kserve is not installed")

    async def ask() -> None:
        config = kserve.RESTConfig(protocol="v2", retries=0)
        client = kserve.InferenceRESTClient(config)
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, target)
        with urllib.request.urlopen(f"{url}/v2/models/{target}", timeout=30) as answer:
            names = [tensor["name"] for tensor in json.load(answer)["inputs"]]
        table = rows(names)
        tensor = kserve.InferInput("rows", list(table.shape), "FP64")
        tensor.set_data_from_numpy(table, binary_data=False)
        request = kserve.InferRequest(model_name=target, infer_inputs=[tensor])
        answer = await client.infer(url, request, model_name=target)
        by_name = {output.name: output.as_numpy() for output in answer.outputs}
        assert answer.model_name == target
        # Without a version, the newest model answers.
        check(target, by_name.__getitem__, predicted(url, target, "3", names, table))
        await client.close()

    asyncio.run(ask())
