"""Versions on disk: what readers see, what rollback and forgetting do, what a kill leaves."""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from models.learned import Learned, Recipe
from models.registry import Registry, Version, VersionError, scopes

SCOPE, HEAD = "discord:42", "idol"


def learned(mark: float, unknowns: frozenset[int] = frozenset()) -> Learned:
    """Two people's templates, with a mark to know them by."""
    templates = np.full((2, 3), mark, dtype=np.float32)
    return Learned(templates, ((1, 2, 3), (4, 5)), unknowns, Recipe(20.0, mark))


def version(
    mark: float,
    last_label: int = 0,
    replaces: int | None = None,
    unknowns: frozenset[int] = frozenset(),
) -> Version:
    return Version(
        fingerprint="test-0",
        last_label=last_label,
        replaces=replaces,
        made="2026-11-21T00:00:00+00:00",
        scores={"labels": last_label},
        learned=learned(mark, unknowns),
    )


def promoted(registry: Registry, mark: float, last_label: int = 0) -> int:
    """Save and promote a version, as training does."""
    number = registry.save(version(mark, last_label, registry.current_number()))
    registry.promote(number)
    return number


@pytest.fixture
async def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path, SCOPE, HEAD)
    async with made.locked():  # makes the folder
        return made


def mark(registry: Registry) -> float | None:
    current = registry.current()
    return current.learned.recipe.pull if current else None


# reading


def test_nothing_is_promoted_in_a_place_that_does_not_exist(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "nowhere", SCOPE, HEAD)
    assert registry.current() is None
    assert registry.numbers() == []
    assert scopes(tmp_path / "nowhere", HEAD) == []
    assert not (tmp_path / "nowhere").exists()


def test_a_version_comes_back_as_it_was_saved(registry: Registry) -> None:
    number = registry.save(version(0.5, last_label=7, replaces=None))
    loaded = registry.load(number)
    assert loaded.learned.labels == ((1, 2, 3), (4, 5))
    assert (loaded.learned.unknowns, loaded.learned.recipe) == (frozenset(), Recipe(20.0, 0.5))
    assert (loaded.fingerprint, loaded.last_label, loaded.replaces) == ("test-0", 7, None)
    assert loaded.scores == {"labels": 7}
    np.testing.assert_array_equal(loaded.learned.templates, np.full((2, 3), 0.5, np.float32))


def test_saving_is_not_promoting(registry: Registry) -> None:
    registry.save(version(0.5))
    assert registry.current() is None


def test_a_scope_is_found_under_its_own_name(tmp_path: Path, registry: Registry) -> None:
    assert scopes(tmp_path, HEAD) == [SCOPE]
    assert scopes(tmp_path, "character") == []


def test_two_promotions_within_one_tick_of_the_clock_are_told_apart(
    tmp_path: Path, registry: Registry
) -> None:
    answering = Registry(tmp_path, SCOPE, HEAD)
    pointer = tmp_path / "discord%3A42" / HEAD / "current"
    for wanted in (0.1, 0.2, 0.3, 0.4):
        promoted(registry, wanted)
        os.utime(pointer, ns=(1, 1))  # a clock that stands still
        assert mark(answering) == wanted


def test_an_unchanged_version_is_not_read_again(registry: Registry) -> None:
    promoted(registry, 0.5)
    assert registry.current() is registry.current()


def test_what_answers_survives_a_version_that_vanished(
    tmp_path: Path, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    number = promoted(registry, 0.5)
    shutil.rmtree(tmp_path / "discord%3A42" / HEAD / str(number))
    answering = Registry(tmp_path, SCOPE, HEAD)
    with caplog.at_level(logging.WARNING):
        assert [answering.current() for _ in range(3)] == [None] * 3
    assert [r.getMessage() for r in caplog.records if "no version 1" in r.getMessage()] == [
        f"{tmp_path / 'discord%3A42' / HEAD}: there is no version 1; the gallery answers without it"
    ]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("current", b"not a number"),
        ("current", b"\xff\xfe"),
        ("current", b""),
        ("forgotten.json", b"{"),
        ("1/meta.json", b"{"),
        ("1/meta.json", b"{}"),
        ("1/weights.safetensors", b"\0" * 4),
        ("1/weights.safetensors", safetensors.numpy.save({"templates": np.zeros((3, 3), "f4")})),
    ],
)
def test_what_answers_survives_a_damaged_file(
    tmp_path: Path, registry: Registry, file: str, content: bytes
) -> None:
    promoted(registry, 0.5)
    (tmp_path / "discord%3A42" / HEAD / file).write_bytes(content)
    assert Registry(tmp_path, SCOPE, HEAD).current() is None


def test_many_threads_see_only_whole_versions_and_the_last_one_at_the_end(
    tmp_path: Path, registry: Registry
) -> None:
    answering, done, torn = Registry(tmp_path, SCOPE, HEAD), threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            current = answering.current()
            if current is not None and not np.all(
                current.learned.templates == np.float32(current.learned.recipe.pull)
            ):
                torn.append(current)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(1, 31):
        promoted(registry, n / 100, last_label=n)
        if n % 7 == 0:
            registry.remove_since(n, "a test")
    done.set()
    for thread in threads:
        thread.join()
    assert not torn
    assert mark(answering) == mark(registry) == 0.3


# promoting and rolling back


def test_rollback_leads_back_step_by_step(registry: Registry) -> None:
    promoted(registry, 0.1)
    promoted(registry, 0.2)
    assert (registry.rollback(), mark(registry)) == (1, 0.1)
    assert (registry.rollback(), mark(registry)) == (None, None)
    with pytest.raises(VersionError, match="no version is promoted"):
        registry.rollback()


def test_rollback_skips_what_was_rolled_back_before(registry: Registry) -> None:
    """3 replaced 1 because 2 was bad; to go back from 3 to 2 would bring the bad one back."""
    promoted(registry, 0.1)
    promoted(registry, 0.2)
    registry.rollback()
    assert promoted(registry, 0.3) == 3
    assert registry.rollback() == 1


def test_rollback_to_a_number_of_ones_own_choice(registry: Registry) -> None:
    for each in (0.1, 0.2, 0.3):
        promoted(registry, each)
    assert (registry.rollback(1), mark(registry)) == (1, 0.1)
    assert (registry.rollback(3), mark(registry)) == (3, 0.3)
    with pytest.raises(VersionError, match="there is no version 9"):
        registry.rollback(9)
    assert mark(registry) == 0.3


# forgetting


def test_forgetting_removes_what_saw_the_label_and_nothing_else(
    tmp_path: Path, registry: Registry
) -> None:
    for each in (10, 20, 30):
        promoted(registry, each / 100, last_label=each)
    assert registry.remove_since(20, "somebody was forgotten") == [2, 3]
    assert mark(registry) == 0.1
    assert registry.numbers() == [1]
    assert not (tmp_path / "discord%3A42" / HEAD / "2").exists()
    for gone in (2, 3):
        with pytest.raises(VersionError, match=f"version {gone} was removed: somebody was forg"):
            registry.rollback(gone)


def test_when_all_are_forgotten_rollback_says_why_there_is_none(registry: Registry) -> None:
    promoted(registry, 0.1, last_label=10)
    registry.remove_since(10, "somebody was forgotten")
    assert registry.current() is None
    with pytest.raises(VersionError, match="version 1 was removed: somebody was forgotten"):
        registry.rollback()


def test_a_number_is_never_used_twice(registry: Registry) -> None:
    promoted(registry, 0.1, last_label=10)
    promoted(registry, 0.2, last_label=20)
    registry.remove_since(5, "a test")
    assert promoted(registry, 0.3, last_label=30) == 3


def test_a_damaged_version_may_have_seen_anything(tmp_path: Path, registry: Registry) -> None:
    promoted(registry, 0.1, last_label=10)
    (tmp_path / "discord%3A42" / HEAD / "1" / "meta.json").write_text("{")
    assert registry.remove_since(11, "a test") == [1]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"times": 1, "versions": {"x": "why"}}']
)
def test_when_nobody_can_tell_what_was_forgotten_all_versions_go(
    tmp_path: Path, registry: Registry, damage: bytes
) -> None:
    promoted(registry, 0.1, last_label=10)
    registry.remove_since(11, "a test")
    before = registry.state()
    promoted(registry, 0.2, last_label=20)
    (tmp_path / "discord%3A42" / HEAD / "forgotten.json").write_bytes(damage)
    assert registry.remove_since(30, "a test") == [1, 2]
    assert registry.current() is None
    assert registry.state() != before
    assert promoted(registry, 0.3, last_label=30) == 3


@pytest.mark.parametrize("damage", [b"", b"not a number", b"\xff\xfe"])
def test_forgetting_mends_a_damaged_pointer(
    tmp_path: Path, registry: Registry, damage: bytes
) -> None:
    promoted(registry, 0.1, last_label=10)
    promoted(registry, 0.2, last_label=20)
    (tmp_path / "discord%3A42" / HEAD / "current").write_bytes(damage)
    assert registry.remove_since(20, "a test") == [2]
    assert registry.current_number() is None
    assert registry.rollback(1) == 1


def test_a_version_that_does_not_say_what_it_saw_goes(tmp_path: Path, registry: Registry) -> None:
    promoted(registry, 0.1, last_label=10)
    meta = tmp_path / "discord%3A42" / HEAD / "1" / "meta.json"
    meta.write_text(meta.read_text().replace('"last_label": 10', '"last_label": null'))
    assert registry.remove_since(30, "a test") == [1]


def test_training_is_told_of_a_forgetting_even_when_no_version_had_to_go(
    registry: Registry,
) -> None:
    before = registry.state()
    assert registry.remove_since(1, "a test") == []
    assert registry.state() != before


def test_a_forgotten_face_that_nobody_had_named_takes_what_learned_from_it(
    registry: Registry,
) -> None:
    promoted(registry, 0.1, last_label=10)
    number = registry.save(version(0.2, 20, 1, unknowns=frozenset({7, 8})))
    registry.promote(number)
    assert registry.remove_since(None, "somebody was forgotten", [9]) == []
    assert registry.remove_since(None, "somebody was forgotten", [8]) == [2]
    assert mark(registry) == 0.1


# the lock


async def test_two_in_one_process_take_turns(tmp_path: Path) -> None:
    order = []

    async def take(name: str, seconds: float) -> None:
        async with Registry(tmp_path, SCOPE, HEAD).locked():
            order.append(name)
            await asyncio.sleep(seconds)
            order.append(name)

    await asyncio.gather(take("a", 0.05), take("b", 0.05), take("c", 0))
    assert order[0::2] == order[1::2]
    assert sorted(order[::2]) == ["a", "b", "c"]


async def test_the_lock_holds_against_another_process_and_dies_with_it(tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"""
import asyncio, sys
from pathlib import Path
from models.registry import Registry
async def main():
    async with Registry(Path({str(tmp_path)!r}), {SCOPE!r}, {HEAD!r}).locked():
        print("locked", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
""",
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"locked\n"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), Registry(tmp_path, SCOPE, HEAD).locked():
            pass
    holder.kill()
    async with asyncio.timeout(10), Registry(tmp_path, SCOPE, HEAD).locked():
        pass
    await holder.wait()


# killed at every boundary

KILLER = """
import asyncio, os, shutil, signal, sys
from pathlib import Path

import models.registry as registry_module
from tests.models.test_registry import HEAD, SCOPE, Registry, version

def promote(registry):
    registry.promote(registry.save(version(0.3, 30, registry.current_number())))

def roll_back(registry):
    registry.rollback()

def forget(registry):
    registry.remove_since(20, "a test")

def write_in_two(file, content):  # so that a kill can fall into the middle of a write
    with file.open("wb", buffering=0) as stream:
        stream.write(content[: len(content) // 2])
        step("half written")
        stream.write(content[len(content) // 2 :])
        os.fsync(stream.fileno())

steps = 0
def step(what):
    global steps
    steps += 1
    if steps == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
def hook(event, arguments):
    if event in WATCHED and "versions" in str(arguments[0]):
        step(event)

def watched_child(act, root):
    registry = Registry(root, SCOPE, HEAD)
    registry_module._write = write_in_two
    flush = os.fsync
    def fsync(handle):
        step("before fsync")
        flush(handle)
        step("after fsync")
    os.fsync = fsync
    sys.addaudithook(hook)
    act(registry)
    step("done")

folder = Path(sys.argv[1])
act = dict(promote=promote, roll_back=roll_back, forget=forget)[sys.argv[2]]
kill_at = 0
while True:
    kill_at += 1
    root = folder / str(kill_at) / "versions"
    shutil.copytree(folder / "versions", root)
    child = os.fork()
    if child == 0:
        watched_child(act, root)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        shutil.rmtree(folder / str(kill_at))
        sys.exit(os.WEXITSTATUS(status))
    assert os.WTERMSIG(status) == signal.SIGKILL
"""


@pytest.mark.parametrize(
    ("act", "outcomes", "boundaries"),
    [
        ("promote", {0.2, 0.3}, 20),
        ("roll_back", {0.2, 0.1}, 6),
        ("forget", {0.2, 0.1}, 14),
    ],
)
def test_killed_anywhere_the_old_or_the_new_answers_whole(
    tmp_path: Path, act: str, outcomes: set[float | None], boundaries: int
) -> None:
    before = Registry(tmp_path / "versions", SCOPE, HEAD)
    asyncio.run(_two_versions(before))
    driver = tmp_path / "killer.py"
    driver.write_text(KILLER)
    subprocess.run(
        [sys.executable, driver, tmp_path, act],
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )

    killed = [each for each in tmp_path.iterdir() if each.name.isdigit()]
    assert len(killed) >= boundaries
    seen = set()
    for each in killed:
        registry = Registry(each / "versions", SCOPE, HEAD)
        seen.add(mark(registry))
        for number in registry.numbers():
            whole = registry.load(number).learned
            assert np.all(whole.templates == np.float32(whole.recipe.pull))
        _goes_on(registry, act)
    assert seen == outcomes


async def _two_versions(registry: Registry) -> None:
    async with registry.locked():
        promoted(registry, 0.1, last_label=10)
        promoted(registry, 0.2, last_label=20)


def _goes_on(registry: Registry, act: str) -> None:
    """What was cut short can be done again, and nothing half done lies about."""
    if act == "forget":
        registry.remove_since(20, "a test")
        assert (registry.numbers(), mark(registry)) == ([1], 0.1)
    promoted(registry, 0.4, last_label=40)
    assert mark(registry) == 0.4
    names = {each.name for each in registry._folder.iterdir()} - {"lock", "forgotten.json"}
    assert names == {"current", *(str(number) for number in registry.numbers())}
