"""The page at `/docs/`, Swagger UI, in a real browser, over a real engine.

As for the dashboard, `opened` looks in the end whether anything went wrong, or another host was asked.
"""

import json

from playwright.sync_api import expect

METHODS = {"get", "post", "put", "delete"}


def operation(page, method, path):
    """The part of the page about an operation."""
    return page.locator(f'.opblock-{method}:has([data-path="{path}"])')


def answer(page, method, path):
    """Opens an operation, sends what stands there as an example, and returns what the page shows of the answer."""
    part = operation(page, method, path)
    part.locator(".opblock-summary-control").click()
    part.locator("button.execute").click()
    shown = part.locator(".live-responses-table tbody tr").first
    expect(shown.locator(".response-col_status")).to_have_text("200")
    return json.loads(shown.locator(".response-col_description pre").first.inner_text())


def test_every_operation_of_the_document_is_shown(opened, finished):
    page = opened(finished.url + "/docs/")
    paths = finished.get("/openapi.json")["paths"]
    operations = [(path, method) for path, item in paths.items() for method in METHODS & item.keys()]
    expect(page.locator(".opblock")).to_have_count(len(operations))
    for path, method in operations:
        expect(operation(page, method, path)).to_have_count(1)
    expect(page.locator(".info .title")).to_contain_text("Retail analytics")
    # Nothing about a document that cannot be read or resolved.
    expect(page.locator(".errors-wrapper")).to_have_count(0)


def test_a_request_can_be_tried_and_its_answer_is_shown(opened, finished):
    page = opened(finished.url + "/docs/")
    health = answer(page, "get", "/health")
    assert health == finished.get("/health")
    said = answer(page, "post", "/predict/total_amount/{version}")
    # The examples of the parameters are sent, too.
    path = "/predict/total_amount/v1?interval=0.9&explain=true"
    assert said == finished.post(path, said["features_used"])
