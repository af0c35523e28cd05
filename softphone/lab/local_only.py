"""Guards of the lab's port: local hosts only, and answers to pages of this machine (CORS)."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from .settings import is_loopback

_ALLOWED_HEADERS = "Authorization, Content-Type, Accept, X-API-Key"


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other hosts' names (DNS rebinding) and pages of other hosts; answer preflights."""
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        return web.json_response({"code": "WRONG_HOST"}, status=403)
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and not _is_local(origin):
        return web.json_response({"code": "WRONG_ORIGIN"}, status=403)
    if request.method == hdrs.METH_OPTIONS and origin is not None:
        return web.Response(status=204)
    return await handler(request)


async def add_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Let a local page read the answer."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not _is_local(origin):
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.VARY] = "Origin"
    if request.method == hdrs.METH_OPTIONS:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = (
            "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        )
        asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS)
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = asked or _ALLOWED_HEADERS
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "600"
        response.headers["Access-Control-Allow-Private-Network"] = "true"


def _is_local(origin: str) -> bool:
    """Tell whether a page is of this machine; files have the origin "null"."""
    if origin == "null":
        return True
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
