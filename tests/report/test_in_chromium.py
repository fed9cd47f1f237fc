"""The page in headless Chromium: silent, alone, no wider than a phone, whole on paper."""

import json
import re
import shutil
import subprocess

import pytest
from synthetic_study import EVERY_VERDICT

FEW = tuple(plan for plan in EVERY_VERDICT if plan.name in ("is_supported", "is_unconverged", "is_not_measured"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.parametrize("study", [FEW], indirect=True, ids=["few"], scope="session"),
]

# Injected into a copy alone: Chromium has no window narrower than 500, but a frame can be.
MEASURE = """<script>
for (const details of document.querySelectorAll("details")) details.open = true;
const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, svg")
  && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className);
parent.postMessage(JSON.stringify({window: innerWidth, page: document.documentElement.scrollWidth, wide}), "*");
</script>"""
FRAME = """<!DOCTYPE html><body><iframe src="measured.html" width="{width}" height="800" style="border:0"></iframe>
<pre></pre><script>onmessage = e => document.querySelector("pre").textContent += e.data;</script>"""


def chromium(folder, *words):
    """Run it on a profile of its own; what it printed."""
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ]
    done = subprocess.run(
        [*command, f"--user-data-dir={folder / 'profile'}", *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def requests(folder, page):
    """What a page asked for while Chromium showed it, and what the browser said; its own requests are no page's."""
    log = folder / "net.json"
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking")
    done = chromium(folder, *offline, f"--log-net-log={log}", "--virtual-time-budget=3000", "--dump-dom", page.as_uri())
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    return {event["url"] for event in events if "url" in event and event.get("initiator") == "null"}, done


def test_nothing_on_the_console_and_no_request_but_the_file(report, tmp_path):
    asked, done = requests(tmp_path, report / "report.html")
    assert "What the measurements say" in done.stdout
    assert "CONSOLE" not in done.stderr
    assert not asked
    noisy = tmp_path / "noisy.html"  # else the test would see nothing whatever there was
    noisy.write_text('<!DOCTYPE html><img src="http://example.org/a.png"><script>console.error("x")</script>')
    asked, done = requests(tmp_path, noisy)
    assert asked == {"http://example.org/a.png"}
    assert "CONSOLE" in done.stderr


def test_no_overflow_at_the_width_of_a_phone(report, tmp_path):
    text = (report / "report.html").read_text(encoding="utf-8")
    without_policy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    (tmp_path / "measured.html").write_text(without_policy.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    for width in (360, 768):
        (tmp_path / "frame.html").write_text(FRAME.format(width=width))
        done = chromium(tmp_path, "--virtual-time-budget=3000", "--dump-dom", (tmp_path / "frame.html").as_uri())
        (said,) = re.findall(r"<pre>(.*?)</pre>", done.stdout)
        assert json.loads(said) == {"window": width, "page": width, "wide": []}


def test_every_claim_is_printed_open(report, judged, tmp_path):
    paper = tmp_path / "page.pdf"
    chromium(tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer", (report / "report.html").as_uri())
    closed = tmp_path / "closed.html"
    text = (report / "report.html").read_text(encoding="utf-8")
    closed.write_text(text.replace("details::details-content", "details::no-such-part"), encoding="utf-8")
    less = tmp_path / "closed.pdf"
    chromium(tmp_path, f"--print-to-pdf={less}", "--no-pdf-header-footer", closed.as_uri())
    assert pages(paper) >= pages(less) + len(judged.manifest.claims)  # each claim takes a page or more


def pages(paper):
    """How many pages a PDF file has."""
    return int(max(re.findall(rb"/Count (\d+)", paper.read_bytes()), key=int))


def test_a_folded_part_has_its_figures_once_it_is_opened(report, tmp_path):
    page = report / "report.html"
    found = re.search(r'<details id="(claim-[^"]+-0-[^"]+)">.*?data-figure="(f\d+)"', page.read_text("utf-8"), re.S)
    assert found
    address = f"{page.as_uri()}#{found[1]}"
    shown = chromium(tmp_path, "--virtual-time-budget=3000", "--dump-dom", address).stdout
    assert f'data-figure="{found[2]}"' not in shown
    assert "data-figure=" in shown  # those of closed parts are still packed
