"""What is shown next to somebody who rates."""

from bot.rating_queue import queue
from bot.rating_store import Seen

FAR_APART = "0123456789abcdef"


def seen(
    verdict_id: int, author: str, *, face: str = "", whole: bool = False, spoiler: bool = False
) -> Seen:
    face_hash = (face or FAR_APART[verdict_id]) * 16
    return Seen(verdict_id, author, face_hash, whole, spoiler, agreed=True)


def ids(queued: list[Seen]) -> list[int]:
    return [each.verdict_id for each in queued]


def test_newest_first_but_not_one_author_in_a_row() -> None:
    posted = [seen(9, "ann"), seen(8, "ann"), seen(7, "ann"), seen(6, "bea"), seen(5, "cho")]
    assert ids(queue(posted, ())) == [9, 6, 8, 5, 7]


def test_what_was_rated_is_left_out_and_spoilers_come_last() -> None:
    posted = [seen(4, "ann", spoiler=True), seen(3, "bea"), seen(2, "cho"), seen(1, "ann")]
    assert ids(queue(posted, {2})) == [3, 1, 4]


def test_of_near_duplicates_one_is_enough() -> None:
    twice = [seen(3, "ann", face="3"), seen(2, "bea", face="3"), seen(1, "cho", face="c")]
    assert ids(queue(twice, ())) == [3, 1]
    assert ids(queue(twice, {2})) == [1]


def test_a_face_is_no_duplicate_of_a_whole_picture() -> None:
    assert ids(queue([seen(2, "a", face="3", whole=True), seen(1, "b", face="3")], ())) == [2, 1]
