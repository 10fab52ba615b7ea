"""What X answers when it refuses: a status and a JSON object (RFC 9457, with X's additions)."""

from typing import Any

BASE = "https://api.x.com/2/problems/"


class Problem(Exception):
    """Raised where a request is refused; becomes the answer.

    Attributes:
        status: HTTP status.
        body: the JSON object.
        headers: to be sent besides the usual.
    """

    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def plain(status: int, title: str, detail: str | None = None, kind: str | None = None) -> Problem:
    """`about:blank`, or a problem of X's own `kind`."""
    body = {
        "title": title,
        "detail": detail or title,
        "type": BASE + kind if kind else "about:blank",
        "status": status,
    }
    return Problem(status, body)


def invalid(message: str, **parameters: object) -> Problem:
    """400: a parameter (`__` in a name stands for a dot) or a key of the body that X rejects."""
    error: dict[str, Any] = {"message": message}
    if parameters:
        error["parameters"] = {
            name.replace("__", "."): [str(value)] for name, value in parameters.items()
        }
    body = {
        "errors": [error],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": BASE + "invalid-request",
    }
    return Problem(400, body)


def unauthorized() -> Problem:
    return plain(401, "Unauthorized")


def forbidden(detail: str) -> Problem:
    return plain(403, "Forbidden", detail)


def failure(status: int) -> Problem:
    """What X answers with `status` when nothing is wrong with the request."""
    if status == 402:
        return plain(402, "Payment Required", "credits depleted", "credits-depleted")
    titles = {
        400: "Invalid Request",
        429: "Too Many Requests",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }
    return plain(status, titles[status])


def missing(parameter: str, value: str, kind: str = "tweet") -> dict[str, str]:
    """An entry of `errors` beside `data`: something that is not there."""
    return {
        "resource_id": value,
        "resource_type": kind,
        "parameter": parameter,
        "value": value,
        "title": "Not Found Error",
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "type": BASE + "resource-not-found",
    }


def hidden(parameter: str, value: str, kind: str = "tweet") -> dict[str, str]:
    """An entry of `errors` beside `data`: something that only followers see."""
    return {
        "resource_id": value,
        "resource_type": kind,
        "parameter": parameter,
        "value": value,
        "section": "includes" if parameter.startswith("referenced") else "data",
        "title": "Authorization Error",
        "detail": f"Sorry, you are not authorized to see the {kind} with {parameter}: [{value}].",
        "type": BASE + "not-authorized-for-resource",
    }
