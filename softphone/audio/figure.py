"""One measured figure beside the reference it was measured with, in the same run."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A `value` in `unit`, and its reference's value measured in the same run.

    `ratio` is value / reference value unless the name says otherwise; `bar` is what the ratio or
    value must keep, as text, and `ok` whether it did. A figure that could not be taken has no
    value, and `reference` says why.
    """

    name: str
    value: float
    unit: str
    reference: str
    ratio: float | None = None
    reference_value: float | None = None
    bar: str = ""
    ok: bool | None = None

    @property
    def taken(self) -> bool:
        """Tell whether it was measured."""
        return not math.isnan(self.value)


def at_most(
    name: str, value: float, unit: str, limit: float, reference: str = "the limit"
) -> Figure:
    """Return a figure that must not be above `limit`, in its own unit."""
    return Figure(
        name, value, unit, reference, value / limit, limit, f"<= {limit:g}", value <= limit
    )


def at_least(
    name: str, value: float, unit: str, limit: float, reference: str = "the limit"
) -> Figure:
    """Return a figure that must not be below `limit`, in its own unit."""
    ratio = value / limit if limit else None
    return Figure(name, value, unit, reference, ratio, limit, f">= {limit:g}", value >= limit)


def ratio_at_most(
    name: str, value: float, unit: str, reference: str, reference_value: float, limit: float
) -> Figure:
    """Return a figure that must be at most `limit` times its reference."""
    ratio = value / reference_value if reference_value else math.inf
    return Figure(
        name, value, unit, reference, ratio, reference_value, f"<= {limit:g} x", ratio <= limit
    )


def ratio_at_least(
    name: str, value: float, unit: str, reference: str, reference_value: float, limit: float
) -> Figure:
    """Return a figure that must be at least `limit` times its reference."""
    ratio = value / reference_value if reference_value else math.inf
    return Figure(
        name, value, unit, reference, ratio, reference_value, f">= {limit:g} x", ratio >= limit
    )


def not_taken(name: str, why: str, bar: str = "") -> Figure:
    """Return a figure that could not be measured here, with the reason."""
    return Figure(name, math.nan, "", f"not measured: {why}", bar=bar)
