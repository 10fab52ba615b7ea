"""Faces that nobody named → clusters of the same person, around what people decided by hand.

HDBSCAN finds the groups. It knows no absolute distance, so that in a crowd of strangers it also
groups who is merely less unlike; what it finds is therefore trimmed until every face is like the
others. A mixed cluster is worse than a missed one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.types import Vectors

Ids = NDArray[np.intp]
"""Shape (n,): the id of each face's cluster, or `NOWHERE`."""

NOWHERE = -1

LEAST = 3
"""Faces that make a cluster."""

Transform = Callable[[Vectors], Vectors]
"""Brings all embeddings of one pool, shape (n, dimensions), to where a dot product tells people
apart: rows of length 1 around the origin."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The faces to cluster, and what is decided of them. All of one embedder.

    Attributes:
        vectors: shape (n, dimensions).
        clusters: where each face is now.
        pinned: shape (n,); faces that stay where they are, because somebody has decided so.
        apart: pairs of a face (its row) and a cluster to which it must not come back.
    """

    vectors: Vectors
    clusters: Ids
    pinned: NDArray[np.bool_]
    apart: frozenset[tuple[int, int]] = frozenset()


def centred(vectors: Vectors) -> Vectors:
    """The default `Transform`: around the mean of the pool itself.

    Some embedders (dlib's) put all faces into a narrow cone far off the origin.
    """
    return _normalised(vectors - vectors.mean(axis=0))


def as_they_are(vectors: Vectors) -> Vectors:
    """The `Transform` for embedders that spread faces around the origin by themselves."""
    return vectors


@dataclass(frozen=True, slots=True)
class Measure:
    """How to tell people apart by the vectors of one embedder.

    Attributes:
        alike: least mean similarity (-1..1) of a face to the others of its cluster.
        transform: applied before anything is compared.
    """

    alike: float
    transform: Transform = centred


MEASURED = {
    "dlib": Measure(0.62),
    "onnx": Measure(0.42, as_they_are),
    "facenet": Measure(0.60, as_they_are),
    "drawn": Measure(0.47, as_they_are),
}
"""`python -m benchmarks.clusters` prints what those of people rest on; docs/quality.md quotes it.
That of `facenet` is assumed: its weights could not be had for measuring. That of `drawn` was chosen
so that no cluster of characters whom training had not seen is mixed; it finds one pair in ten."""


def measured(embedder: str) -> Measure:
    """The measure to take for an embedder, by its family."""
    return MEASURED[embedder]


def join(pool: Pool, measure: Measure) -> Ids:
    """Where faces that are nowhere come to: into the nearest cluster, if it is near enough."""
    found = pool.clusters.copy()
    present = _present(pool.clusters)
    if not present:
        return found
    vectors = measure.transform(pool.vectors)
    means = np.stack([vectors[pool.clusters == each].mean(axis=0) for each in present])
    for face in np.flatnonzero(pool.clusters == NOWHERE).tolist():
        for nearest in np.argsort(-(means @ vectors[face])).tolist():
            if float(means[nearest] @ vectors[face]) < measure.alike:
                break
            if (face, present[nearest]) not in pool.apart:
                found[face] = present[nearest]
                break
    return found


def recluster(pool: Pool, measure: Measure) -> Ids:
    """Cluster everything anew, but keep what is decided.

    Pinned faces stay, and draw the free faces of their group to them. A group without any keeps
    the id of the cluster that most of its faces were in; no id is given twice.

    Returns:
        `NOWHERE`, the id of a present cluster, or, for new clusters, -2, -3, …
    """
    vectors = measure.transform(pool.vectors)
    found = np.where(pool.pinned, pool.clusters, NOWHERE)
    free = [_drawn(group, pool, vectors, found) for group in groups(vectors, measure.alike)]
    taken = set(_present(found))
    fresh = NOWHERE
    for group, cluster in _continued(free, pool, taken):
        if cluster is None:
            fresh -= 1
        found[group] = fresh if cluster is None else cluster
    return join(replace(pool, vectors=vectors, clusters=found), _alike(measure.alike))


def groups(vectors: Vectors, alike: float) -> Iterator[Ids]:
    """Rows of faces that are one person's, at least `LEAST` a group, no row twice.

    Args:
        vectors: already transformed.
        alike: see `Measure`.
    """
    left = np.arange(len(vectors))
    while len(left) >= LEAST:
        tight = [_trimmed(each, vectors, alike) for each in _dense(left, vectors)]
        tight = [each for each in tight if len(each) >= LEAST]
        if not tight:
            return
        yield from tight
        left = np.setdiff1d(left, np.concatenate(tight))


def _dense(rows: Ids, vectors: Vectors) -> list[Ids]:
    """What HDBSCAN takes for groups; all rows where it finds none, as with one person alone."""
    from sklearn.cluster import HDBSCAN  # takes a second to import

    # "brute" is many times as fast as trees in so many dimensions, and hardly holds the GIL.
    hdbscan = HDBSCAN(min_cluster_size=LEAST, min_samples=LEAST, algorithm="brute", copy=True)
    found = hdbscan.fit_predict(vectors[rows])
    labels = range(found.max() + 1)
    return [rows[found == label] for label in labels] or [rows]


def _trimmed(rows: Ids, vectors: Vectors, alike: float) -> Ids:
    """Without the faces that are not like the others, the least alike first."""
    similarity = vectors[rows] @ vectors[rows].T
    np.fill_diagonal(similarity, 0)
    sums = similarity.sum(axis=1)
    kept = np.ones(len(rows), dtype=np.bool_)
    for others in range(len(rows) - 1, 0, -1):
        worst = int(np.argmin(np.where(kept, sums, np.inf)))
        if sums[worst] >= alike * others:
            return rows[kept]
        kept[worst] = False
        sums -= similarity[worst]
    return rows[:0]


def _drawn(group: Ids, pool: Pool, vectors: Vectors, found: Ids) -> Ids:
    """Send free faces to the pinned ones of their group; returns those that are sent nowhere.

    Being of one group is enough: the faces of a merged cluster may be less alike than others.
    """
    pinned = pool.pinned[group]
    anchors = Pool(vectors[group], found[group], pinned, _apart_in(group, pool.apart))
    found[group] = join(anchors, _alike(-1.0))
    left: Ids = group[found[group] == NOWHERE]
    return left


def _apart_in(group: Ids, apart: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    row_of = {face: row for row, face in enumerate(group.tolist())}
    return frozenset((row_of[face], cluster) for face, cluster in apart if face in row_of)


def _continued(free: list[Ids], pool: Pool, taken: set[int]) -> Iterator[tuple[Ids, int | None]]:
    """Each group that is large enough, with the cluster that it continues, if any."""
    groups = [group for group in free if len(group) >= LEAST]
    origins = [
        (count, -cluster, number)
        for number, group in enumerate(groups)
        for cluster, count in Counter(pool.clusters[group].tolist()).items()
        if cluster not in taken and cluster != NOWHERE
    ]
    continued: dict[int, int] = {}
    for _, negative, number in sorted(origins, reverse=True):
        if number not in continued and -negative not in continued.values():
            continued[number] = -negative
    for number, group in enumerate(groups):
        cluster = continued.get(number)
        kept = [face for face in group.tolist() if (face, cluster) not in pool.apart]
        yield np.array(kept, dtype=np.intp), cluster


def _alike(least: float) -> Measure:
    """Of vectors that are transformed already."""
    return Measure(least, as_they_are)


def _present(clusters: Ids) -> list[int]:
    return [each for each in np.unique(clusters).tolist() if each != NOWHERE]


def _normalised(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
