"""Tells the operator from everybody else: by a cookie that the operator's key sets, `GET /operator?key=…`."""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import InvalidInput
from services.gateway.web.identity import current_person
from services.gateway.web.tries import Tries

COOKIE = "visavis_operator"
WRONG_KEYS = 5
"""Wrong keys that a person may try in a minute."""
WRONG_KEYS_IN_ALL = 100
"""The same of all persons together: who drops the cookie is another person."""
_MONTH = 30 * 86_400


class Operator:
    """Compares keys and cookies with the operator's.

    Args:
        key: `bus.process.operator_key`.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        # Made of the key, so that a new key ends it; not the key itself, which would then lie in browsers.
        self._cookie = hmac.new(self._key, b"cookie", hashlib.sha256).hexdigest().encode()
        self._wrong = Tries(per_person=WRONG_KEYS, in_all=WRONG_KEYS_IN_ALL)
        self.route = Route("/operator", self._enter)

    def has_cookie(self, request: Request) -> bool:
        """Whether the operator sent this request."""
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie)

    async def _enter(self, request: Request) -> Response:
        person = current_person(request)
        # The right key opens at any time: pages of other sites can make the operator's browser send wrong ones, and 256
        # random bits are not found by trying.
        if not hmac.compare_digest(request.query_params.get("key", "").encode(), self._key):
            self._wrong.check(person)
            self._wrong.add(person)
            wrong = "this is not the operator's key; it is in operator.key of the data folder"
            raise InvalidInput(wrong, code="forbidden")
        secure = request.url.scheme == "https"
        # Relative, as the page may be below a path of another server. The browser keeps the fragment.
        answer = Response(status_code=303, headers={"Location": "./", "Cache-Control": "no-store"})
        answer.set_cookie(COOKIE, self._cookie.decode(), _MONTH, secure=secure, httponly=True, samesite="strict")
        return answer


def is_operator(request: Request) -> bool:
    """Whether the operator sent this request, who may see the conversations of all persons."""
    operator: Operator = request.app.state.operator
    return operator.has_cookie(request)
