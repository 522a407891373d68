"""The dashboard in a real browser, over a real engine.

Every page that `opened` opens is looked at in the end: no error in its console or its scripts, no
violation of its security policy, no request to another host.
"""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import PATIENCE, Server, all_trained, engine
from playwright.sync_api import expect

WIDTHS = {"wide": 1440, "narrow": 360}
SALE = {"quantity": 7, "price": 2.5, "month": 6, "day": 11, "hour": 14}


def count(number):
    return f"{number:,}"


def ready(page):
    expect(page.locator("#tile-read .value")).not_to_have_text("–")
    expect(page.locator("#models-table tbody")).to_have_count(3)
    return page


def until(page, expression):
    """Waits until an expression is true in the page. Playwright's own wait takes `eval`, which the page forbids."""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def fill(page, **values):
    for name, value in values.items():
        page.fill(f"#field-{name}", str(value))


def predict(page, **values):
    fill(page, **values)
    page.click("#predict")


def test_the_numbers_are_those_of_the_api(opened, finished):
    page = ready(opened(finished.url))
    status = finished.get("/status/batches")
    assert page.title() == "Retail analytics"
    expect(page.locator("#state")).to_have_text("All read")
    expect(page.locator("#connection")).to_have_text("Live")
    for tile, number in [
        ("read", status["rows_read"]),
        ("kept", status["rows_kept"]),
        ("rejected", status["rows_read"] - status["rows_kept"]),
        ("batches", status["batches"]),
    ]:
        expect(page.locator(f"#tile-{tile} .value")).to_have_text(count(number))
    reasons = [rows for rows in status["rejected"].values() if rows]
    expect(page.locator("#rejected-list tbody tr")).to_have_count(len(reasons))
    assert page.locator("#rejected-list tbody td:nth-child(2)").all_inner_texts() == [
        count(rows) for rows in sorted(reasons, reverse=True)
    ]
    models = finished.get("/models")["models"]
    rows = page.locator("#models-table tbody tr:not(.group)")
    expect(rows).to_have_count(len(models))
    for row, model in zip(rows.all(), models):
        text = row.inner_text()
        assert model["name"] in text and f"revision {model['revision']} " in text
        assert f"{count(model['slice']['rows'])} sales" in text and model["slice"]["window"] in text
    trainings = finished.get("/status/history")["trainings"]
    names = page.locator("#trainings-table tbody td:nth-child(2)").all_inner_texts()
    assert names == [training["model"] for training in trainings[:-13:-1]]


def test_numbers_and_plots_follow_a_running_stream(opened, replay):
    page = ready(opened(replay.url))
    expect(page.locator("#state")).to_have_text("Reading")
    before = replay.get("/status/batches")["rows_read"]
    shown = "Number(document.querySelector('#tile-read .value').textContent.replaceAll(',', ''))"
    until(page, f"{shown} > {before}")
    until(page, f"{shown} > {before} + 2000")
    # A speed is known after the second look.
    expect(page.locator("#tile-rate .note")).to_have_text("records a second")
    assert float(page.inner_text("#tile-rate .value").replace(",", "")) > 0
    bars = "Number(document.querySelector('#revenue-plot .canvas').ariaLabel.match(/over (\\d+) batches/)[1])"
    drawn = page.evaluate(bars)
    until(page, f"{bars} > {drawn}")
    newest = "document.querySelector('#trainings-table time').dateTime"
    before = page.evaluate(newest)
    until(page, f"{newest} > '{before}'")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_reloaded_page_has_its_plots_at_once(opened, finished):
    page = ready(opened(finished.url))
    page.reload()
    ready(page)
    expect(page.locator(".canvas canvas")).to_have_count(4)
    history = finished.get("/status/history")
    revenue = page.locator("#revenue-plot .canvas").get_attribute("aria-label")
    assert f"over {len(history['batches'])} batches" in revenue
    assert f"last {history['batches'][-1]['revenue']:,.2f}," in revenue
    # The same in a table.
    page.click("#revenue-plot summary")
    rows = page.locator("#revenue-plot .listed tbody tr td").all_inner_texts()
    assert rows == [f"{batch['revenue']:,.2f}" for batch in history["batches"][:-11:-1]]
    # Another measure of a target.
    plot = page.locator("#quality-plots .plot").first
    plot.locator("select").select_option("rmse")
    expect(plot.locator(".canvas")).to_have_attribute("aria-label", re.compile("RMSE"))


def test_the_form_shows_what_the_api_answers(opened, finished):
    page = ready(opened(finished.url))
    predict(page, **SALE)
    expect(page.locator(".answers")).to_have_count(3)
    expect(page.locator("#asked")).to_have_text("9 of 9 models have answered.")
    expected = finished.post("/compare/models", SALE)["predictions"]
    for card in page.locator(".answers").all():
        target = card.locator("h3").inner_text().lower().replace(" ", "_")
        for item, (version, answer) in zip(card.locator("li").all(), expected[target].items(), strict=True):
            assert item.locator(".version b").inner_text() == version
            shown = [float(data.get_attribute("value")) for data in item.locator("data").all()]
            said = item.locator(".said").inner_text()
            if "prediction" in answer:
                assert shown == [answer["prediction"]]
                assert said == f"{answer['prediction']:,.2f}".replace("-", "−")
                path = f"/predict/{target}/{version}?interval=0.9"
                interval = finished.post(path, SALE)["interval"]
                upper = f"{interval['upper']:,.2f}".replace("-", "−")
                assert f"and {upper} with 90 % probability" in item.inner_text()
            elif "probabilities" in answer:
                assert shown == list(answer["probabilities"].values())
                assert said == answer["predicted_category"]
            else:
                assert shown == [answer["probability"]]
                assert said == ("Yes" if answer["is_high_value_customer"] else "No")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("month", "13", "Expected a whole number from 1 to 12, got 13."),
        ("quantity", "2.5", "Expected a whole number from 1 to 1000000, got 2.5."),
        ("price", "cheap", 'Expected a number from 0.001 to 1000000, got the string "cheap".'),
        ("hour", "", "Expected a whole number from 0 to 23, got nothing."),
    ],
)
def test_an_error_stands_at_the_field_that_it_names(opened, finished, field, value, message):
    opened.expected += ["status of 400", "status of 422"]
    page = ready(opened(finished.url))
    predict(page, **{**SALE, field: value})
    wrong = page.locator(f"#field-{field}")
    expect(page.locator(f"#field-{field}-error")).to_have_text(message)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    assert f"field-{field}-error" in wrong.get_attribute("aria-describedby")
    expect(page.locator(".field .error:visible")).to_have_count(1)
    predict(page, **{field: SALE[field]})
    expect(page.locator(".answers")).to_have_count(3)
    expect(page.locator(".field .error:visible")).to_have_count(0)
    assert wrong.get_attribute("aria-invalid") is None


def test_the_keyboard_alone_suffices(opened, finished):
    page = ready(opened(finished.url))
    press = page.keyboard.press
    press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    focused = "document.activeElement.id"
    for _ in range(60):
        if page.evaluate(focused) == "field-quantity":
            break
        press("Tab")
        # Whoever sees the page sees where they are.
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none", page.evaluate("document.activeElement.outerHTML")
    assert page.evaluate(focused) == "field-quantity"
    for name, value in SALE.items():
        expect(page.locator(f"#field-{name}")).to_be_focused()
        press("ControlOrMeta+a")
        page.keyboard.type(str(value))
        press("Tab")
    expect(page.locator("#predict")).to_be_focused()
    press("Shift+Tab")
    press("Enter")
    expect(page.locator(".answers")).to_have_count(3)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_fits_and_is_worth_looking_at(opened, finished, screenshots, scheme, width):
    page = ready(opened(finished.url, WIDTHS[width], scheme))
    expect(page.locator(".canvas canvas")).to_have_count(4)
    assert page.evaluate("window.shifts") < 0.01
    predict(page, **SALE)
    expect(page.locator(".answers")).to_have_count(3)
    page.mouse.move(0, 0)
    page.screenshot(path=screenshots / f"{scheme}_{width}.png", full_page=True)
    for summary in page.locator("summary").all():
        summary.click()
    opened.expected += ["status of 422"]
    predict(page, month=13)
    expect(page.locator("#field-month-error")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_theme_that_was_chosen_stays(opened, finished):
    page = ready(opened(finished.url))
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    ready(page)
    assert page.evaluate(background) == dark
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()


def test_a_server_that_goes_away_is_waited_for(opened, tmp_path):
    opened.expected += ["net::ERR"]
    arguments = ["--rows", "3000"]
    server = engine(tmp_path, *arguments)
    server.wait_until(all_trained)
    page = ready(opened(server.url))
    address = server.address
    server.stop()
    expect(page.locator("#away")).to_contain_text("The server does not answer.")
    expect(page.locator("#state")).to_have_text("Server away")
    expect(page.locator("#connection")).to_have_text("Not connected")
    # What was known stays.
    expect(page.locator("#tile-read .value")).to_have_text("3,000")
    predict(page, **SALE)
    expect(page.locator("#form-error")).to_contain_text("The server does not answer.")
    again = engine(tmp_path, *arguments, bind=address)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#away")).to_be_hidden()
    again.stop()


@pytest.mark.parametrize(
    ("left_out", "hidden", "shown"),
    [
        ("**/status/*", ["#stream", "#flow", "#quality", "#trainings"], ["#models", "#try"]),
        ("**/models", ["#models", "#try", "#quality"], ["#stream", "#flow"]),
    ],
)
def test_parts_that_an_embedder_has_left_out_are_not_missed(opened, finished, left_out, hidden, shown):
    opened.expected += ["status of 404"]
    error = {"error": {"code": "unknown_path", "message": "there is no such path"}}
    asked = []

    def nothing(route):
        asked.append(route.request.url)
        route.fulfill(status=404, json=error)

    page = opened(finished.url, before=lambda page: page.route(left_out, nothing))
    for section in shown:
        expect(page.locator(section)).to_be_visible()
    for section in hidden:
        expect(page.locator(section)).to_be_hidden()
    expect(page.locator("#connection")).to_have_text("Live")
    # It is not asked for again.
    with page.expect_response("**/models" if "status" in left_out else "**/status/batches"):
        pass
    assert len(asked) == len(set(asked))


def test_a_server_of_models_alone_shows_no_stream(opened, tmp_path):
    server = engine(tmp_path, "--rows", "3000")
    server.wait_until(all_trained)
    server.stop()
    server = Server("http_server", "--models", tmp_path / "models")
    page = opened(server.url)
    expect(page.locator("#state")).to_have_text("No stream")
    expect(page.locator("#models-table tbody tr:not(.group)")).to_have_count(9)
    for section in ["#stream", "#flow", "#quality", "#trainings"]:
        expect(page.locator(section)).to_be_hidden()
    predict(page, **SALE)
    expect(page.locator(".answers")).to_have_count(3)
    page.close()
    opened.pages.remove(page)
    server.stop()


def test_explanations_are_those_of_the_api(opened, finished):
    page = ready(opened(finished.url))
    predict(page, **SALE)
    expect(page.locator(".answers .why")).to_have_count(9)
    expected = finished.post("/compare/models?explain=true", SALE)["predictions"]
    for card in page.locator(".answers").all():
        target = card.locator("h3").inner_text().lower().replace(" ", "_")
        for item, answer in zip(card.locator("li").all(), expected[target].values(), strict=True):
            given = answer["explanation"]
            if "predicted_category" in answer:
                given = given["classes"][answer["predicted_category"]]
            most_first = sorted(given["contributions"].values(), key=abs, reverse=True)
            shown = item.locator(".why td.number").all_inner_texts()
            assert len(shown) == len(most_first)
            for text, value in zip(shown, most_first, strict=True):
                assert text.startswith("+" if value > 0 else "−") or (text in ["0", "0 %"] and abs(value) < 0.001)
            bars = [bar.bounding_box()["width"] for bar in item.locator(".why i").all()]
            longest = abs(most_first[0])
            for width, value in zip(bars, most_first, strict=True):
                assert abs(width - bars[0] * abs(value) / longest) < 1


def test_an_event_of_the_server_leads_to_a_look_at_once(opened, finished):
    looks, held = [], []

    def pushing(page):
        def listed(route):
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace(" /models ", " /models /events "))

        page.route(finished.url + "/", listed)
        page.route("**/events", lambda route: held.append(route))
        page.clock.install()

    page = ready(opened(finished.url, before=pushing))
    while not held:
        page.wait_for_timeout(50)
    # From here on time stands still: no other look is due.
    page.clock.pause_at(time.time() + 3600)
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: looks.append(request.url))
    stream = "retry: 600000\nevent: batch\ndata: {}\n\nevent: metric\ndata: {}\n\n"
    held[0].fulfill(content_type="text/event-stream", body=stream)
    while finished.url + "/models" not in looks:
        page.wait_for_timeout(50)
        page.clock.run_for(100)
    # Both events led to one look, sooner than the next one would have been due.
    assert looks.count(finished.url + "/models") == 1


def test_without_events_there_is_no_question_for_them(opened, finished):
    asked = []
    page = opened(finished.url, before=lambda page: page.on("request", lambda request: asked.append(request.url)))
    ready(page)
    listed = page.locator("meta[name=api-paths]").get_attribute("content").split(" ")
    with page.expect_response("**/status/batches"):
        pass
    assert any(url.endswith("/events") for url in asked) == ("/events" in listed)
