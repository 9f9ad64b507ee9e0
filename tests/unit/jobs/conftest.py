from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.lake import Lake
from tests.unit.jobs.vendor import FakeVendor, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import quantdata as qd


@pytest.fixture
def vendor() -> FakeVendor:
    return FakeVendor()


@pytest.fixture
def client(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.Client]:
    with client_of(vendor, monkeypatch) as found:
        yield found


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")
