"""What all tests share: real parts are required in CI, and the long forms at night."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.proofs import pytest_runtest_logreport, pytest_sessionfinish

__all__ = ["pytest_runtest_logreport", "pytest_sessionfinish"]

settings.register_profile(
    "quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", max_examples=5_000, deadline=None)
settings.load_profile("nightly" if os.environ.get("SOFTPHONE_NIGHTLY") else "quick")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # a pluggy wrapper generator
    """Where the real parts are required, a skip of a test marked `real` is a failure."""
    outcome = yield
    report = outcome.get_result()
    # What a test printed may hold lone surrogates; they cannot travel between processes.
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    required = os.environ.get("SOFTPHONE_REAL") == "require"
    if required and report.skipped and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"real part missing: {report.longrepr}"


@pytest.fixture
def nightly() -> bool:
    """Tell whether tests run in their long form."""
    return bool(os.environ.get("SOFTPHONE_NIGHTLY"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests that are marked so to the long run."""
    if os.environ.get("SOFTPHONE_NIGHTLY"):
        return
    later = [item for item in items if item.get_closest_marker("nightly")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]
