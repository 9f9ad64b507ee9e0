"""Recorded vendor payloads: read from outside of this repository, because they are licensed to their recipients."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from quantdata.wire.http import Reply
from quantdata.wire.massive.envelope import Page, read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from quantdata.wire.http import Holds

HERE = Path(__file__).resolve().parent


class AssertSays(Protocol):
    def __call__(self, frame: pl.DataFrame, row: int, expected: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Massive:
    """The recorded payloads of Massive, and the manifest that says what becomes of each."""

    folder: Path

    @cached_property
    def read(self) -> frozenset[str]:
        """Files that tests read."""
        return frozenset(path for paths in _manifest()["read"].values() for path in paths)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Every file that the manifest names, as often as it does."""
        left_out = [path for group in _manifest()["not_read"].values() for path in group["files"]]
        return (*self.read, *left_out)

    def body(self, path: str) -> bytes:
        """Return a payload as it was recorded."""
        assert path in self.read, f"{path} is not under [read] in the manifest"
        return (self.folder / path).read_bytes()

    def status(self, path: str) -> int:
        """Return the HTTP status that a payload came with."""
        return int(self._note(path)["status"])

    def endpoint(self, path: str) -> str:
        """Return the path that a payload was asked at."""
        asked = str(self._note(path)["request"])
        return asked.removeprefix("GET ").partition("?")[0]

    def page(
        self,
        path: str,
        *,
        endpoint: str | None = None,
        body: bytes | None = None,
        holds: Holds = "results or nothing",
    ) -> Page:
        """Return a payload as the client reads it from an answer.

        Parameters
        ----------
        endpoint
            What was asked, where the note beside the file has a pattern only.
        body
            What to read instead of the file as it is.
        holds
            Where the client looks for the rows of that endpoint.
        """
        where = endpoint or self.endpoint(path)
        content = self.body(path) if body is None else body
        return read_page(Reply("massive", where, self.status(path), {}, content), holds=holds)

    def _note(self, path: str) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.folder / path).with_suffix(".meta.json").read_bytes())
        return note


@pytest.fixture(scope="session")
def massive(fixtures_dir: Path) -> Massive:
    folder = fixtures_dir / "massive"
    if not folder.is_dir():
        pytest.skip(f"no recorded payloads of Massive's in {fixtures_dir}")
    return Massive(folder)


@pytest.fixture(scope="session")
def assert_says() -> AssertSays:
    """Return an assertion: a row holds exactly these values, and every other column is null."""

    def assert_row_says(frame: pl.DataFrame, row: int, expected: Mapping[str, Any]) -> None:
        values = frame.drop("snapshot_ts", "received_ts").row(row, named=True)
        said = {name: value for name, value in values.items() if value is not None}
        assert said.keys() == expected.keys()
        for name, value in expected.items():
            assert said[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), name

    return assert_row_says


def _manifest() -> dict[str, dict[str, dict[str, list[str]]]]:
    manifest: dict[str, dict[str, dict[str, list[str]]]] = tomllib.loads((HERE / "manifest_massive.toml").read_text())
    return manifest
