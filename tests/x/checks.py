"""Whether a request's parameters and body are what the published document allows."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tests.x.problems import Problem, invalid
from tests.x.words import MEDIA_FIELDS, PLACE_FIELDS, POLL_FIELDS, Words

Rule = Callable[[str, str], None]
"""Raises Problem for a value (second argument) that a parameter (first) does not take."""

_ID = r"[0-9]{1,19}"


def one_of(values: frozenset[str] | set[str]) -> Rule:
    """A list of some of `values`, separated by commas."""

    def rule(name: str, value: str) -> None:
        for each in value.split(","):
            if each not in values:
                raise _refused(name, each, f"is not one of [{','.join(sorted(values))}]")

    return rule


def between(low: int, high: int) -> Rule:
    """An integer."""

    def rule(name: str, value: str) -> None:
        if not re.fullmatch(r"-?\d{1,9}", value):
            raise _refused(name, value, "is not a valid integer")
        if not low <= int(value) <= high:
            raise _refused(name, value, f"is not between {low} and {high}")

    return rule


def matching(pattern: str) -> Rule:
    """All of the value."""

    def rule(name: str, value: str) -> None:
        if not re.fullmatch(pattern, value):
            raise _refused(name, value, f"does not match ^{pattern}$")

    return rule


def date_time(name: str, value: str) -> None:
    """YYYY-MM-DDTHH:mm:ssZ."""
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        raise _refused(name, value, "is not a valid date-time") from None


def ids(name: str, value: str) -> None:
    """1 to 100, separated by commas."""
    given = value.split(",")
    if len(given) > 100:
        raise _refused(name, value, "has more than 100 values")
    for each in given:
        matching(_ID)(name, each)


def anything(name: str, value: str) -> None:
    """Opaque, or checked where it is used."""


post_id = matching(_ID)


def post_parameters(words: Words) -> dict[str, Rule]:
    """What every endpoint takes that answers posts."""
    return {
        words.fields: one_of(words.post_fields),
        "expansions": one_of(words.post_expansions),
        "user.fields": one_of(words.user_fields),
        "media.fields": one_of(MEDIA_FIELDS),
        "poll.fields": one_of(POLL_FIELDS),
        "place.fields": one_of(PLACE_FIELDS),
    }


def user_parameters(words: Words) -> dict[str, Rule]:
    """What every endpoint takes that answers users."""
    return {
        words.fields: one_of(words.post_fields),
        "expansions": one_of(words.user_expansions),
        "user.fields": one_of(words.user_fields),
    }


def timeline_parameters(words: Words) -> dict[str, Rule]:
    """What every endpoint takes that answers posts page by page."""
    return {
        **post_parameters(words),
        "max_results": between(5, 100),
        "pagination_token": anything,
        "since_id": post_id,
        "until_id": post_id,
        "start_time": date_time,
        "end_time": date_time,
    }


def check_query(query: Mapping[str, str], rules: dict[str, Rule], required: str = "") -> None:
    """Raises Problem for the first parameter that is unknown or has a wrong value."""
    if required and required not in query:
        raise invalid(f"The `{required}` query parameter can not be empty", **{required: ""})
    for name, value in query.items():
        if name not in rules:
            known = ",".join(sorted(rules))
            raise _about(name, value, f"The query parameter [{name}] is not one of [{known}]")
        rules[name](name, value)


def _refused(name: str, value: str, why: str) -> Problem:
    return _about(name, value, f"The `{name}` query parameter value [{value}] {why}")


def _about(name: str, value: str, message: str) -> Problem:
    return invalid(message, **{name.replace(".", "__"): value})


_POST_ID: dict[str, Any] = {"type": str, "pattern": _ID}

CREATE_POST: dict[str, Any] = {
    "type": dict,
    "keys": {
        "card_uri": {"type": str},
        "community_id": _POST_ID,
        "direct_message_deep_link": {"type": str},
        "edit_options": {"type": dict},
        "for_super_followers_only": {"type": bool},
        "geo": {"type": dict},
        "made_with_ai": {"type": bool},
        "media": {
            "type": dict,
            "required": ("media_ids",),
            "keys": {
                "media_ids": {"type": list, "each": _POST_ID, "least": 1, "most": 4},
                "tagged_user_ids": {"type": list, "each": _POST_ID, "least": 0, "most": 10},
                "description": {"type": str},
                "title": {"type": str},
            },
        },
        "nullcast": {"type": bool},
        "paid_partnership": {"type": bool},
        "poll": {"type": dict},
        "quote_tweet_id": _POST_ID,
        "reply": {
            "type": dict,
            "required": ("in_reply_to_tweet_id",),
            "keys": {
                "in_reply_to_tweet_id": _POST_ID,
                "exclude_reply_user_ids": {"type": list, "each": _POST_ID, "least": 0, "most": 50},
                "auto_populate_reply_metadata": {"type": bool},
            },
        },
        "reply_settings": {
            "type": str,
            "pattern": "following|mentionedUsers|subscribers|verified",
        },
        "share_with_followers": {"type": bool},
        "text": {"type": str},
    },
}

MEDIA_METADATA: dict[str, Any] = {
    "type": dict,
    "required": ("id",),
    "keys": {
        "id": _POST_ID,
        "metadata": {
            "type": dict,
            "keys": {
                "alt_text": {
                    "type": dict,
                    "required": ("text",),
                    "keys": {"text": {"type": str, "longest": 1000}},
                },
                "sensitive_media_warning": {"type": dict},
                "upload_source": {"type": dict},
                "allow_download_status": {"type": dict},
            },
        },
    },
}


def check_body(value: object, schema: dict[str, Any], path: str = "$") -> None:
    """Raises Problem for the first thing in a JSON body that the schema does not allow."""
    if not isinstance(value, schema["type"]):
        raise _wrong(path, value, f"{type(value).__name__} found, other type expected")
    if isinstance(value, dict):
        _check_keys(value, schema, path)
    elif isinstance(value, list):
        if not schema["least"] <= len(value) <= schema["most"]:
            raise _wrong(path, value, f"there must be a maximum of {schema['most']} items")
        for index, each in enumerate(value):
            check_body(each, schema["each"], f"{path}[{index}]")
    elif isinstance(value, str):
        if not re.fullmatch(schema.get("pattern", r"(?s:.*)"), value):
            raise _wrong(path, value, f"does not match the regex pattern ^{schema['pattern']}$")
        if len(value) > schema.get("longest", len(value)):
            raise _wrong(path, value, f"may only be {schema['longest']} characters long")


def _check_keys(value: dict[str, object], schema: dict[str, Any], path: str) -> None:
    for name in schema.get("required", ()):
        if name not in value:
            raise _wrong(path, value, "is missing but it is required", f"{path}.{name}")
    keys = schema.get("keys")
    for name, each in value.items():
        if keys is None:
            continue
        if name not in keys:
            raise _wrong(
                path,
                value,
                "is not defined in the schema and the schema does not allow additional properties",
                f"{path}.{name}",
            )
        check_body(each, keys[name], f"{path}.{name}")


def _wrong(path: str, value: object, why: str, where: str | None = None) -> Problem:
    return invalid(f"{where or path}: {why}", **{path.replace(".", "__"): value})
