"""The page at /: what is going on in the lab. Plain HTML, nothing from elsewhere, no script."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from softphone.model.text import clean

from .control import Control
from .farends import FAR_ENDS

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #999}"
)
_JOURNAL_SHOWN = 40


def status_route(control: Control) -> web.RouteDef:
    """Return the route of the page."""

    async def page(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return web.Response(
            text=status_page(control.state()), content_type="text/html", headers=headers
        )

    return web.get("/", page)


def status_page(state: dict[str, Any]) -> str:
    """Return the page for a state of the control API."""
    parts = [f"<p>Scenario: {_safe(state['scenario'])}</p>"]
    for name, service in state["services"].items():
        parts.append(f"<h2>{_safe(name)}</h2>")
        parts.append(_table(service.get("operators", [])))
        parts.append(_table([_row(call) for call in service.get("calls", [])[:50]]))
    if state["faults"]:
        parts += ["<h2>Faults</h2>", _table(state["faults"])]
    parts += ["<h2>To dial</h2>", _table([{"name": n, "number": v} for n, v in FAR_ENDS.items()])]
    lines = (_safe(entry["text"]) for entry in reversed(state["journal"][-_JOURNAL_SHOWN:]))
    parts += ["<h2>Journal</h2>", "<br>".join(lines)]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="refresh" content="2"><title>softphone lab</title>'
        f"<style>{_STYLE}</style><h1>softphone lab</h1>{''.join(parts)}</html>"
    )


def _row(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call as one flat row."""
    shown = ("sid", "direction", "phase", "operator", "from", "name", "to", "reason")
    received, sent = call.get("received", {}), call.get("sent", {})
    return {key: call[key] for key in shown} | {
        "frames in": received.get("frames"),
        "gap p50/p99 ms": f"{received.get('gap_p50_ms')}/{received.get('gap_p99_ms')}",
        "odd": received.get("odd_frames"),
        "level dBFS": received.get("level_dbfs"),
        "frames out": sent.get("frames"),
    }


def _table(rows: Iterable[dict[str, Any]]) -> str:
    rows = list(rows)
    if not rows:
        return "<p>none</p>"
    head = "".join(f"<th>{_safe(key)}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_safe(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _safe(value: object) -> str:
    return html.escape(clean("" if value is None else str(value)))
