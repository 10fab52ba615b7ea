"""How fast somebody confirms names on the page /teach/confirm, in Chromium, on a slow network.

The real bot serves a store with thousands of drawn faces that wait; a browser presses the keys of
somebody who knows everybody, and slips now and then. Measured is the time from a key to the frame
in which the next picture is painted, with added network latency; and the same for a page that
votes, asks and loads one after the other.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Page, async_playwright

from benchmarks.drawn_people import name_of, settle_in
from benchmarks.report import ROOT, Table, arguments, publish
from benchmarks.retraining import fingerprint_of
from bot.settings import Settings

PEOPLE, KNOWN = 60, 1200
SLIP = 50
"""Of so many answers one is wrong, undone, and given again."""

PACES = {"at once": 0, "after 0.3 s": 300}
"""Milliseconds between a painted picture and the next key."""

_NO_LIMIT = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}

_WATCH = """
  // Two frames: the first still belongs to the change, the second begins after it was painted.
  window.painted = () =>
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  window.took = [];
  let pressed = null;
  addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
  addEventListener("DOMContentLoaded", () => {
    const frame = document.querySelector("#picture");
    if (!frame) return;
    new MutationObserver(async () => {
      const from = pressed;
      await document.querySelector("#picture img").decode();
      await painted();
      if (from !== null) took.push(performance.now() - from);
    }).observe(frame, { childList: true });
  });
"""

_QUESTION = """[
  Number(document.querySelector("#view").dataset.id),
  document.querySelector("#question").textContent,
  !document.querySelector("#yes-no").hidden,
]"""

_NAIVE = """
  async (times) => {
    const { token } = JSON.parse(document.querySelector("#data").textContent);
    const headers = { "X-Hantei-Token": token, "Content-Type": "application/json" };
    const next = async () => {
      const page = await (await fetch("/teach/confirm/waiting")).json();
      const image = Object.assign(new Image(), { src: `/rate/${page.questions[0].id}.jpg` });
      await image.decode();
      document.querySelector("#picture").replaceChildren(image);
      await painted();
      return page.questions[0];
    };
    const took = [];
    let asked = await next();
    for (let n = 0; n < times; n++) {
      const from = performance.now();
      const body = JSON.stringify({ answer: "not", head: asked.head, name: asked.name });
      await fetch(`/teach/confirm/${asked.id}`, { method: "POST", headers, body });
      asked = await next();
      took.push(performance.now() - from);
    }
    return took;
  }
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What a session of confirming came to; times in milliseconds."""

    took: Sequence[float]
    keys: int
    answered: int


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The bot on a free port; the address of its page."""
    config = folder.parent / "config.toml"
    config.write_text(f'[store]\ndata_dir = "{folder}"\n[web]\nport = 0\n')
    command = [sys.executable, "bot.py", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as bot:
        try:
            told = (re.search(r"is at (http\S+)", line) for line in bot.stdout or ())
            yield next(found[1] for found in told if found)
        finally:
            bot.terminate()


async def confirm(page: Page, times: int, pause: int, shown: Sequence[int]) -> Session:
    """Answer questions truthfully, but for slips.

    Args:
        pause: milliseconds from a painted picture to the next key.
        shown: who each face shows, by the number of its verdict less one.
    """
    await page.goto("/teach/confirm")
    await page.wait_for_selector('#view[aria-busy="false"]')
    await page.evaluate("painted().then(() => { took.length = 0; })")
    keys = 0

    async def press(key: str) -> None:
        nonlocal keys
        keys += 1
        await page.keyboard.press(key)
        await page.wait_for_function("keys => took.length >= keys", arg=keys)
        await page.wait_for_timeout(pause)

    answered = 0
    while answered < times:
        asked, question, named = await page.evaluate(_QUESTION)
        if not named:
            await press("s")
            continue
        right = name_of(shown[asked - 1]) in question
        answered += 1
        if answered % SLIP == 0:
            await press("n" if right else "y")
            await press("u")
        await press("y" if right else "n")
    return Session(await page.evaluate("took"), keys, answered)


async def measure(url: str, times: int, latency: int, shown: Sequence[int]) -> list[list[Any]]:
    """A row for each pace, and one for the naive page."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    rows: list[list[Any]] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = await browser.new_context(
            base_url=url, locale="en", viewport={"width": 390, "height": 844}
        )
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        network = await context.new_cdp_session(page)
        await network.send("Network.enable")
        await page.goto("/")
        conditions = {**_NO_LIMIT, "latency": latency}
        await network.send("Network.emulateNetworkConditions", conditions)
        for pace, pause in PACES.items():
            session = await confirm(page, times, pause, shown)
            keys = session.keys / session.answered
            rows.append([f"next key {pace}", len(session.took), *_percentiles(session.took), keys])
        await page.goto("/teach/confirm")
        await page.wait_for_selector('#view[aria-busy="false"]')
        naive = await page.evaluate(_NAIVE, times // 4)
        rows.append(["without preloading", len(naive), *_percentiles(naive), None])
        await browser.close()
    return rows


def _percentiles(took: Sequence[float]) -> list[float]:
    return [float(each) for each in np.percentile(took, (50, 95, 100))]


def main() -> None:
    """Fill a store, serve it, confirm, print what it took."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--waiting", type=int, default=10_000, help="faces in the queue")
    parser.add_argument("--times", type=int, default=200, help="confirmations at each pace")
    parser.add_argument("--latency", type=int, default=50, help="of the network, in milliseconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        settings = Settings.model_validate({"store": {"data_dir": folder}})
        shown = settle_in(
            folder, fingerprint_of(settings), people=PEOPLE, known=KNOWN, waiting=given.waiting
        )
        with served(folder) as url:
            rows = asyncio.run(measure(url, given.times, given.latency, shown))
    columns = ("confirming", "keys", "p50, ms", "p95, ms", "slowest, ms", "keys a confirmation")
    note = f"{given.waiting} faces wait; {given.latency} ms of network latency"
    publish([Table("From a key to the next picture", columns, rows, note)], given.json)


if __name__ == "__main__":
    main()
