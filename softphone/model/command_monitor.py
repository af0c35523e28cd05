"""What can be asked of a monitored service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import AccountName, Parameters
from .monitor import FrameId


@dataclass(frozen=True, slots=True)
class ListObserved:
    """Ask for the calls that go on now."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class FindObserved:
    """Look a call up: by named filters that must all fit, or by `anything`, whatever id it is.

    `since` and `until` are epoch seconds, 0 for no limit.
    """

    account: AccountName
    filters: Parameters = ()
    anything: str = ""
    since: float = 0.0
    until: float = 0.0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """Ask for totals over a time (epoch seconds, 0: the last hour); `interval` 1m, 5m or 1h."""

    account: AccountName
    since: float = 0.0
    until: float = 0.0
    interval: str = "1m"
    room: str = ""


class FrameKind(StrEnum):
    """What the rows of a frame are."""

    DATABASE = "database"
    CALL = "call"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class OpenFrame:
    """Open a frame of rows: of a call, of a client in a call, or of a database resource.

    `conditions` is a JSON object. `update`: fetch what is stored at once. Asking for the same call
    or client again gives the same frame.
    """

    account: AccountName
    kind: FrameKind
    call: str = ""
    client: str = ""
    resource: str = ""
    conditions: str = ""
    update: bool = True


@dataclass(frozen=True, slots=True)
class UpdateFrame:
    """Fetch what is stored and not here yet; `stop` ends a fetch that runs."""

    account: AccountName
    frame: FrameId
    stop: bool = False


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """Ask for rows after the `after`-th that came, the oldest first."""

    account: AccountName
    frame: FrameId
    after: int = 0
    limit: int = 500


@dataclass(frozen=True, slots=True)
class ReadCourse:
    """Ask for the figures of a call's clients in the newest stored rows of its frame."""

    account: AccountName
    frame: FrameId


@dataclass(frozen=True, slots=True)
class CloseFrame:
    """Close a frame; it ends when each who opened it has closed it. Closing again is harmless."""

    account: AccountName
    frame: FrameId


@dataclass(frozen=True, slots=True)
class ListJobs:
    """Ask for all jobs."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class StartJob:
    """Start a job; `parameters` is a JSON object. One that destroys is refused with the code
    NOT_CONFIRMED until it is sent with `confirmed`."""

    account: AccountName
    job_type: str
    parameters: str = "{}"
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancel a job that is not over."""

    account: AccountName
    job_type: str
    job: str


@dataclass(frozen=True, slots=True)
class CleanJobs:
    """Remove failed or completed jobs from the list: these, or all when none is named."""

    account: AccountName
    failed: bool
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListMachines:
    """Ask for workers and servers."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class FetchTurn:
    """Ask what went through the TURN servers."""

    account: AccountName


@dataclass(frozen=True, slots=True)
class ListResources:
    """Ask for the names of the database's resources."""

    account: AccountName


MonitorCommand = (
    ListObserved
    | FindObserved
    | FetchSummary
    | OpenFrame
    | UpdateFrame
    | ReadFrame
    | ReadCourse
    | CloseFrame
    | ListJobs
    | StartJob
    | CancelJob
    | CleanJobs
    | ListMachines
    | FetchTurn
    | ListResources
)
