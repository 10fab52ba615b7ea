import hashlib
import io
from collections import defaultdict
from pathlib import Path
from random import Random

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets import folders, split
from datasets.samples import Sample

VECTOR = np.ones(1, dtype=np.float32)


def sample(post: str, picture_hash: int, face_hash: int, name: str | None = "Ann") -> Sample:
    return Sample(VECTOR, name, frozenset(), post, f"{picture_hash:016x}", f"{face_hash:016x}")


def linked(one: Sample, other: Sample) -> bool:
    """The rule, said once more and slowly."""
    pairs = ((one.picture_hash, other.picture_hash), (one.face_hash, other.face_hash))
    near = any((int(a, 16) ^ int(b, 16)).bit_count() <= split.DUPLICATE_BITS for a, b in pairs)
    return one.post == other.post or near


HASHES = st.one_of(
    st.integers(0, 2**64 - 1),  # strangers
    st.lists(st.integers(0, 63), max_size=9).map(lambda bits: sum({1 << b for b in bits})),  # kin
)
SAMPLES = st.lists(st.builds(sample, st.integers(0, 12).map(str), HASHES, HASHES), max_size=24)


@settings(deadline=None)
@given(SAMPLES)
def test_groups_are_exactly_what_hangs_together(samples: list[Sample]) -> None:
    of_group = split.groups(samples)
    assert of_group.shape == (len(samples),)
    members: dict[int, set[int]] = defaultdict(set)
    for i, group in enumerate(of_group.tolist()):
        members[group].add(i)
    for i, one in enumerate(samples):
        for j, other in enumerate(samples):
            if linked(one, other):
                assert of_group[i] == of_group[j]
    for group in members.values():  # from any member one can walk to all others, over links
        start = min(group)
        reached, frontier = {start}, [start]
        while frontier:
            here = frontier.pop()
            steps = {i for i in group - reached if linked(samples[here], samples[i])}
            reached |= steps
            frontier += steps
        assert reached == group


@settings(deadline=None)
@given(SAMPLES)
def test_near_duplicates_and_faces_of_one_post_are_never_on_both_sides(
    samples: list[Sample],
) -> None:
    aside = split.held_out(samples, split.groups(samples))
    for i, one in enumerate(samples):
        for j, other in enumerate(samples):
            if linked(one, other):
                assert aside[i] == aside[j]


@settings(deadline=None)
@given(SAMPLES, st.randoms(use_true_random=False))
def test_the_side_depends_on_the_samples_and_not_on_their_order(
    samples: list[Sample], random: Random
) -> None:
    shuffled = list(range(len(samples)))
    random.shuffle(shuffled)
    reordered = [samples[i] for i in shuffled]
    aside = split.held_out(samples, split.groups(samples))
    again = split.held_out(reordered, split.groups(reordered))
    assert [bool(aside[i]) for i in shuffled] == again.tolist()


def test_links_across_blocks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    hashes = [int(h) for h in rng.integers(0, 2**63, 40)]
    samples = [sample(str(i), h, ~h & (2**64 - 1)) for i, h in enumerate([*hashes, *hashes[::-1]])]
    whole = split.groups(samples)
    monkeypatch.setattr(split, "_ROWS", 7)
    assert split.groups(samples).tolist() == whole.tolist()
    assert whole.max() == 39


def test_about_a_quarter_is_held_out() -> None:
    rng = np.random.default_rng(2)
    hashes = rng.integers(0, 2**63, (2000, 2)).tolist()
    samples = [sample(f"post {i}", a, b) for i, (a, b) in enumerate(hashes)]
    share = split.held_out(samples, split.groups(samples)).mean()
    assert share == pytest.approx(split.HELD_OUT, abs=0.03)


def copies(picture: Image.Image) -> list[Image.Image]:
    """The same picture as people pass it on."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=35)
    smaller = picture.resize((picture.width // 2, picture.height // 2))
    paler = picture.point(lambda value: 30 + value * 0.8)
    return [picture, Image.open(file), smaller, paler]


def test_copies_of_real_pictures_stay_together(data: Path) -> None:
    files = [file for _, file in folders.people(data / "faces" / "lfw_known")][:200]
    samples, origin, rng = [], [], np.random.default_rng(3)
    for n, file in enumerate(files):
        for copy in copies(Image.open(file).convert("RGB")):
            picture_hash = int(str(imagehash.phash(copy)), 16)
            # Hashes of faces at random, so that only the picture's can join the copies.
            samples.append(sample(str(len(samples)), picture_hash, int(rng.integers(2**63))))
            origin.append(n)
    of_group = split.groups(samples)
    for n in range(len(files)):
        assert len({int(of_group[i]) for i in range(len(samples)) if origin[i] == n}) == 1
    assert np.bincount(of_group).max() <= 12  # three pictures' copies: chance chains no more


def test_copies_are_groups_of_their_own_kind() -> None:
    hashes = [f"{each:016x}" for each in (0, 2**64 - 1, 0b111111, 0b111111111111)]
    assert split.copies(hashes).tolist() == [0, 1, 0, 0]


def test_whole_groups_are_kept_aside_in_an_order_of_their_names() -> None:
    names = [f"{n}.jpg" for n in range(20)]
    of_group = np.arange(20) // 2
    aside = split.first_aside(names, of_group, 5)
    assert aside.sum() == 6
    assert (aside[::2] == aside[1::2]).all()
    chosen = {name for name, is_aside in zip(names, aside.tolist(), strict=True) if is_aside}
    first = sorted(names[::2], key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    assert set(first[:3]) == {name for name in chosen if name in names[::2]}

    back = split.first_aside(names[::-1], of_group[::-1], 5)
    assert back[::-1].tolist() == aside.tolist()
    assert set(np.flatnonzero(aside)) <= set(np.flatnonzero(split.first_aside(names, of_group, 9)))


def test_copies_of_aligned_faces_are_told_by_their_pixels() -> None:
    random = np.random.default_rng(0)
    faces = [random.integers(0, 256, (80, 80, 3)).astype(np.uint8) for _ in range(4)]
    brighter = (faces[1] * 0.8 + 30).astype(np.uint8)
    brighter[:10] = 0  # cut out otherwise
    found = split.aligned_copies([*faces, brighter])
    assert found.tolist() == [0, 1, 2, 3, 1]
