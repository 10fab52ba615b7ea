"""Files that a table names: they have to be there before minutes of work begin."""

from collections.abc import Iterable
from pathlib import Path

from bot.errors import SettingsError

_MOST_NAMED = 3
"""Missing files that the error names; of the others it says how many."""


def refuse_missing(told_by: str, names: Iterable[str], folder: Path) -> None:
    """Refuse a table that names files which are not in a folder.

    Args:
        told_by: the option that names the table.

    Raises:
        SettingsError: some are missing; the sentence says how many, and which first.
    """
    wanted = list(dict.fromkeys(names))
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        named = ", ".join(missing[:_MOST_NAMED]) + " …" * (len(missing) > _MOST_NAMED)
        raise SettingsError(
            f"{folder}: {len(missing)} of the {len(wanted)} files that {told_by} names are not "
            f"there: {named}"
        )
