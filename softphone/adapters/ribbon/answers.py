"""What a refused request means to operator and scripts."""

from __future__ import annotations

from softphone.model.error import RequestError

from . import wire


def refusal(answer: wire.Answer) -> RequestError:
    """Return the error of a refused request: the operator's sentence and a code for scripts."""
    return RequestError(answer.words, code=code_of(answer), status=answer.status)


def code_of(answer: wire.Answer) -> str:
    """Return the code for scripts: UNAUTHORIZED, or the gateway's own number."""
    if answer.refuses_sign_in:
        return "UNAUTHORIZED"
    return f"GATEWAY_{answer.status if answer.code is None else answer.code}"
