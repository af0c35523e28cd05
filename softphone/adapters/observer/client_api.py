"""The Observer service for programs: the names of its client SDK in Python spelling.

    client = ObserverClient("http://localhost:8080", get_access_token=my_token)
    await client.connect()
    for call in await client.fetch_ongoing_calls(): ...

Rows, calls and totals are dictionaries as they came; text in them is not made harmless. All of
it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from softphone.adapters.request import tls_context
from softphone.config import AccountConfig, Source
from softphone.model.call import AccountName
from softphone.model.error import ConnectError
from softphone.model.presence import LinkState
from softphone.secret import Secret

from . import specs, wire
from .credentials import called
from .data_frame import DataFrame, Row
from .emitter import Emitter
from .frame import Spec, StoredFrame
from .service import Service
from .settings import read_settings
from .wire import Table

logger = logging.getLogger(__name__)

_CONNECT_LIMIT_S = 30.0


class ObserverClient(Emitter):
    """A client of the service. Event: close(), when the connection has ended and is not coming
    back by itself; while it does, frames are `stale` and go on afterwards."""

    _events = ("close",)

    def __init__(
        self,
        url: str,
        get_access_token: Callable[[], Awaitable[str | None]] | None = None,
        **options: Any,
    ) -> None:
        """`options` are those of an account in the configuration: token_mode, dialect, …"""
        super().__init__()
        table = {"url": url, **options}
        account = AccountConfig(AccountName("observer"), "observer", table, Source(None))
        settings, names = read_settings(account, own_tokens=True)
        tls = tls_context(settings.ca_file)
        token = called(get_access_token)
        self._service = Service(self, settings, names, token, tls, lambda row: row)
        self._frames: dict[str, DataFrame] = {}
        self._running: asyncio.Task[None] | None = None
        self._link = LinkState.OFFLINE
        self._cause = ""
        self._changed = asyncio.Event()

    async def __aenter__(self) -> ObserverClient:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(self, *_problem: object) -> None:
        """Close, and wait until nothing is left."""
        await self.aclose()

    async def connect(self, access_token: str | None = None) -> None:
        """Connect; `access_token` is for this time only. Raises ConnectError."""
        self._link = LinkState.CONNECTING
        self._service.open(Secret(access_token) if access_token else None)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._service.run())
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S):
                while self._link not in (LinkState.ONLINE, LinkState.FAILED):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise ConnectError(self._cause or "The service cannot be reached.") from None
        if self._link is LinkState.FAILED:
            raise ConnectError(self._cause, code="UNAUTHORIZED")

    def close(self) -> None:
        """Close the connection and all frames; `aclose` waits for it."""
        if self._running is not None:
            self._running.cancel()

    async def aclose(self) -> None:
        """Close, and wait until nothing is left."""
        if self._running is not None:
            self.close()
            await asyncio.wait([self._running])
            self._running = None

    # ---- asking --------------------------------------------------------------------------------

    async def find_calls(self, **filters: Any) -> list[dict[str, Any]]:
        """Return calls that all given filters fit: call_id, room_id, client_id, transport_id,
        producer_id, consumer_id, media_track_id; `since`, `until` (epoch seconds), `limit`."""
        names = self._service.names
        since, until = filters.pop("since", 0.0), filters.pop("until", 0.0)
        limit = filters.pop("limit", 50)
        given = [(_filter(name), str(value)) for name, value in filters.items()]
        wanted = specs.named_filters(given, names)
        payload = wire.find_payload(wanted, since, until, limit, names)
        answer = await self._service.ask(names.type_find, payload)
        return [dict(row) for row in wire.tables(names.row(answer, "calls"), limit)]

    async def fetch_ongoing_calls(self) -> list[dict[str, Any]]:
        """Return the calls that go on."""
        names = self._service.names
        answer = await self._service.ask(names.type_ongoing, {})
        return [dict(row) for row in wire.tables(names.row(answer, "calls"), 10_000)]

    async def get_summary_stats(self, **parameters: Any) -> dict[str, Any]:
        """Return totals; `since`, `until` (epoch seconds), `interval`, `room_id`, `service_id`."""
        names = self._service.names
        payload = wire.summary_payload(
            parameters.get("since", 0.0),
            parameters.get("until", 0.0),
            parameters.get("interval", "5m"),
            parameters.get("room_id") or "",
            parameters.get("service_id") or "",
            names,
        )
        return dict(await self._service.ask(names.type_summary, payload))

    async def get_turn_stats(self) -> list[dict[str, Any]]:
        """Return figures of TURN servers; bit rates may be None."""
        answer = await self._service.ask(self._service.names.type_turn, {})
        lists = (wire.tables(value, 10_000) for value in answer.values())
        return [dict(row) for rows in lists for row in rows]

    # ---- frames --------------------------------------------------------------------------------

    async def create_database_frame(
        self,
        resource_id: str,
        conditions: Mapping[str, Any],
        update_on_create: bool = True,
        sort_key: Callable[[Row], Any] | None = None,
    ) -> DataFrame:
        """Return a frame of rows of a resource, filled unless `update_on_create` is false."""
        spec = specs.database_frame(resource_id, conditions, self._service.names)
        frame = await self._frame(spec, sort_key)
        if update_on_create:
            await frame.update()
        return frame

    async def create_call_snapshots_frame(
        self, call_id: str, sort_key: Callable[[Row], Any] | None = None
    ) -> DataFrame:
        """Return the frame of a call's snapshots; asking again gives the same one."""
        return await self._frame(specs.call_frame(call_id, self._service.names), sort_key)

    async def create_client_snapshots_frame(
        self, call_id: str, client_id: str, sort_key: Callable[[Row], Any] | None = None
    ) -> DataFrame:
        """Return the frame of a client's snapshots; asking again gives the same one."""
        spec = specs.client_frame(call_id, client_id, self._service.names)
        return await self._frame(spec, sort_key)

    async def _frame(self, spec: Spec, sort_key: Callable[[Row], Any] | None) -> DataFrame:
        key = sort_key or (_by_time if spec.live_of is not None else None)
        stored = await self._service.frames.open(spec, update=False)
        return self._frames.setdefault(stored.id, DataFrame(self._service, stored, key))

    # ---- what the service tells ----------------------------------------------------------------

    def link_changed(
        self, link: LinkState, cause: str, code: str, retry_mono: float | None
    ) -> None:
        """Note how the connection stands."""
        before, self._link = self._link, link
        self._cause = cause or self._cause
        self._changed.set()
        over = (LinkState.FAILED, LinkState.OFFLINE)
        if link in over and before not in over and before is not LinkState.CONNECTING:
            self.emit("close")

    def trouble(self, code: str, text: str) -> None:
        """Note why there is no connection."""
        self._cause = text

    def remark(self, text: str) -> None:
        """Log what is worth knowing."""
        logger.warning("observer: %s", text)

    def frame_changed(self, frame: StoredFrame) -> None:
        """Close a frame that the service has ended."""
        found = self._frames.get(frame.id)
        if found is not None and frame.over:
            self._frames.pop(frame.id, None)
            found.end()

    def frame_rows(self, frame: StoredFrame, rows: list[Table]) -> None:
        """Hand new rows over."""
        found = self._frames.get(frame.id)
        if found is not None:
            found.rows_came(rows)

    def frame_trouble(self, frame: StoredFrame, text: str) -> None:
        """Hand trouble over."""
        found = self._frames.get(frame.id)
        if found is not None:
            found.trouble(text)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def wall(self) -> float:
        """Return epoch seconds."""
        return time.time()


class ObserverAdminClient(ObserverClient):
    """A client with what administrators can do besides; others are told FORBIDDEN."""

    async def get_worker_state(self) -> list[dict[str, Any]]:
        """Return all workers."""
        return await self._list(self._service.names.type_workers)

    async def get_server_state(self) -> list[dict[str, Any]]:
        """Return all servers."""
        return await self._list(self._service.names.type_servers)

    async def start_job(self, type_: str, parameters: Mapping[str, Any]) -> str | None:
        """Start a job and return its id; None when an equal one waits or runs already."""
        checked = specs.json_object(parameters, "The parameters")
        names = self._service.names
        payload = wire.start_payload(type_, checked, names)
        answer = await self._service.ask(names.type_start_job, payload, read=False)
        return wire.started_in(answer, names) or None

    async def list_jobs(self) -> list[dict[str, Any]]:
        """Return all jobs."""
        return await self._list(self._service.names.type_jobs)

    async def cancel_job(self, type_: str, job_id: str) -> bool:
        """Cancel a job; false when it was over already."""
        names = self._service.names
        payload = wire.cancel_payload(type_, job_id, names)
        answer = await self._service.ask(names.type_cancel_job, payload, read=False)
        return wire.cancelled_in(answer, names)

    async def clean_failed_jobs(self, *job_ids: str) -> int:
        """Remove these failed jobs from the list, or all; return how many."""
        return await self._clean(self._service.names.type_clean_failed, job_ids)

    async def clean_completed_jobs(self, *job_ids: str) -> int:
        """Remove these completed jobs from the list, or all; return how many."""
        return await self._clean(self._service.names.type_clean_completed, job_ids)

    async def _clean(self, type_: str, job_ids: tuple[str, ...]) -> int:
        names = self._service.names
        answer = await self._service.ask(type_, wire.clean_payload(job_ids, names), read=False)
        return wire.removed_in(answer, names)

    async def _list(self, type_: str) -> list[dict[str, Any]]:
        answer = await self._service.ask(type_, {})
        lists = (wire.tables(value, 10_000) for value in answer.values())
        return [dict(row) for rows in lists for row in rows]


def _by_time(row: Row) -> float:
    return wire.number(row.get("timestamp")) or 0.0


def _filter(name: str) -> str:
    """Return a filter's name on the wire from its name in Python: media_track_id."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


__all__ = ["DataFrame", "ObserverAdminClient", "ObserverClient"]
