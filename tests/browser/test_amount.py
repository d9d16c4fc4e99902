"""Ten thousand calls: how long until they are seen, and until they are scrolled, narrowed, searched."""

from __future__ import annotations

import sys

import pytest

from tests.browser import documents

NUMBER = 10_000
MOST = 10.0  # seconds for anything, on a machine that does much else
FRAMES = """async (act) => {
    const slow = [];
    let last = performance.now(), going = true;
    const frame = (now) => { slow.push(now - last); last = now; if (going) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    const begun = performance.now();
    await eval(`(async () => { ${act} })()`);
    const took = performance.now() - begun;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    going = false;
    return [took / 1000, Math.max(...slow.slice(1)) / 1000];
}"""
SETTLED = "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));"
SEARCH = """const field = document.querySelector('#search'); field.value = %r; field.dispatchEvent(new Event('input'));
    while (!document.querySelector('[role=status]').textContent.startsWith(%r) || document.querySelector('[role=status]').textContent.includes('search')) { await new Promise((done) => setTimeout(done, 20)); }"""
ACTS = {
    "scrolled through": "const list = document.querySelector('#calls'); for (let at = 0; at < 60; at += 1) { list.scrollTop = list.scrollHeight * at / 60; await new Promise(requestAnimationFrame); }",
    "narrowed by a status": f"location.hash = '#status=failed'; {SETTLED}",
    "searched in everything": SEARCH % ("x-9999", "1 of"),
    "drawn in lanes": f"location.hash = '#page=timeline'; {SETTLED}",
    "summed by test": f"location.hash = '#page=usage&by=test'; {SETTLED}",
}


@pytest.fixture(scope="module")
def report():
    """The calls, and the page's size."""
    return documents.many(NUMBER)


def test_ten_thousand_calls_do_not_stall(look, report, capsys):
    """The figures are printed; the bounds are far, since this is no benchmark."""
    page = look(report)
    paint = page.evaluate("() => performance.getEntriesByType('paint').map(({ startTime }) => startTime / 1000)")
    shown = page.evaluate("() => performance.getEntriesByName('llm-intercept shown')[0].startTime / 1000")
    figures = {"first paint": max(paint), "list shown": shown}
    slowest = {}
    for name, act in ACTS.items():
        page.evaluate("() => { location.hash = ''; }")
        page.wait_for_timeout(50)
        figures[name], slowest[name] = page.evaluate(FRAMES, act)
    lines = [f"\n{NUMBER:,} calls, in seconds:"]
    for name, took in figures.items():
        lines.append(f"  {name}: {took:.2f}" + (f", slowest frame {slowest[name]:.3f}" if name in slowest else ""))
    with capsys.disabled():
        sys.stdout.write("\n".join(lines))
    assert max(figures.values()) < MOST
    assert max(slowest.values()) < MOST / 5


def test_only_what_is_in_sight_is_made(look, report):
    """Wherever the list is."""
    page = look(report)
    for at in (0, 0.5, 1):
        page.evaluate(
            f"() => {{ const list = document.querySelector('#calls'); list.scrollTop = list.scrollHeight * {at}; }}"
        )
        page.wait_for_timeout(50)
        assert 10 < page.locator(".item").count() < 80
    page.wait_for_function("() => [...document.querySelectorAll('.item')].at(-1).textContent.startsWith('#10000')")
