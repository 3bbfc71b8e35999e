"""The edge of the web: turns away requests that would be a server error further in.

Django and Django REST framework, as they are, answer each of these oddities with 500.
They are a client's mistake: they get a 4xx that says what is wrong.
"""

import json
import re
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Whatever Python knows by name Django takes for a charset: `hex` too, or `undefined`.
CHARSET = re.compile(
    r"""[;\s]charset\s*=(?!\s*["']?utf-?8["']?\s*(?:;|$))""", re.IGNORECASE
)
# A parameter in RFC 2231's form, which names a charset of its own.
EXTENDED = re.compile(r"\*\s*=")
# Ours is never in quotes. In them it may hold a NUL, which Postgres takes in no query.
QUOTED_SESSION = re.compile(r'(?:^|[;\s])sessionid\s*=\s*"')


def refuse_odd_requests(application: "WSGIApplication") -> "WSGIApplication":
    """Put this before the application; Django trips over some before a middleware."""

    def guarded(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if (refusal := _refusal(environ)) is None:
            return application(environ, start_response)
        status, because = refusal
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps({"detail": because}).encode()]

    return guarded


def _refusal(environ: "WSGIEnvironment") -> tuple[str, str] | None:
    content_type = environ.get("CONTENT_TYPE", "")
    if CHARSET.search(content_type) or EXTENDED.search(content_type):
        return "415 Unsupported Media Type", "Send text as UTF-8."
    if QUOTED_SESSION.search(environ.get("HTTP_COOKIE", "")):
        return "400 Bad Request", "The cookie sessionid is none of ours."
    if "%00" in environ.get("QUERY_STRING", ""):
        return "400 Bad Request", "Null characters are not allowed in an address."
    return None


class JsonParser(JSONParser):
    """DRF's parser, which refuses two more texts that are no use to anybody."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> Any:
        """Give the value, or raise ParseError."""
        try:
            value = super().parse(stream, media_type, parser_context)
            # Half of a surrogate pair can be stored nowhere, nor sent in an answer.
            json.dumps(value, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - it is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("JSON parse error - it has half a character.") from error
        return value


class TooLarge(APIException):
    """The body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_code = "too_large"
    default_detail = "The request is too large for a job."


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """Make the answer to an error that a view raised; None makes it a 500."""
    from rest_framework.views import exception_handler  # which loads this module

    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    return exception_handler(error, context)
