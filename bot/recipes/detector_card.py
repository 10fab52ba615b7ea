"""The card of a detector of drawn faces, from what was noted when it was trained."""

from typing import Any

_CARD = """# Detector of drawn faces

| | |
| --- | --- |
| files | `weights.safetensors`: half precision; `meta.json`: threshold, size, figures; \
`holdout.txt`: the pictures that were held out |
| made by | `python -m bot.retrain --head illustration-detector --data DIR`: {steps:,} steps, \
{cpu_minutes:.0f} minutes of one CPU core |
| started from | {started_from} |
| learned from | {pictures:,} pictures with {faces:,} faces{extras} |
| terms | {terms} |
| used in | `models/detectors/illustration.py`, `models/detection_network.py` |

**For** finding faces in drawings and animation: a box from brow to chin, and a score.

**Not for** saying who somebody is, nor for photographs: what kind of picture it is, another network
says.

| on {held_out[pictures]:,} held-out pictures, {held_out[faces]:,} faces | |
| --- | --- |
| AP50 | {held_out[ap50]:.3f} |
| AP50-95 | {held_out[ap50_95]:.3f} |
| precision, from a score of {min_score} | {held_out[precision]:.3f} |
| recall | {held_out[recall]:.3f} |
| F1 | {held_out[f1]:.3f} |

The held-out pictures are whole groups of near duplicates (perceptual hash), in the order of the
SHA-256 of each group's first file name. The threshold was not chosen on them.

**Known weakness.** Faces below a twentieth of the picture's width, faces from behind or half
covered, and animals and machines with a face that only their story tells of.
"""

_EXTRAS = (
    ", {cuttings:,} head crops whose faces the half-trained network marked itself, and "
    "{photographs:,} photographs as examples of no drawn face"
)

_PUBLISHED = (
    "iCartoonFace (a subset; research; frames of their owners), animeface-character-dataset (none "
    "stated), stickers of 26 characters (art by SEGA), Labeled Faces in the Wild (research). The "
    "weights hold no picture"
)
_OWN = "those of the operator's own pictures"


def card(meta: dict[str, Any]) -> str:
    """The text of `card.md`.

    Args:
        meta: what `meta.json` holds.
    """
    learned = meta["learned_from"]
    published = learned["photographs"] or learned["cuttings"]
    return _CARD.format(
        **meta,
        **learned,
        extras=_EXTRAS.format(**learned) if published else "",
        terms=_PUBLISHED if published else _OWN,
    )
