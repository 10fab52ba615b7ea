"""Pages as files, for the operator alone: they show people, and fetch nothing from anywhere."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill one of `bot/pages/templates`; whatever is filled in is words, not markup."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bot", "pages/templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
    )
    return environment.get_template(template).render(context)


def write(file: Path, text: str) -> None:
    """Written aside and renamed, readable by nobody else from the first byte on."""
    aside = file.with_name(f"{file.name}.writing")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    aside.replace(file)
