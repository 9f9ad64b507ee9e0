"""Recorded vendor payloads: read from outside of this repository, because they are licensed to their recipients."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

import httpx
import pytest

from quantdata.wire.http import Reply
from quantdata.wire.massive.envelope import Page, read_page
from quantdata.wire.tradier.envelope import Items, read_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from quantdata.wire.http import Holds
    from quantdata.wire.tradier.endpoints import Collection

# The kit's modules hold no tests of their own, so pytest would leave their asserts as they are: unable to say why.
pytest.register_assert_rewrite("tests.contract.conformance")

HERE = Path(__file__).resolve().parent


class AssertSays(Protocol):
    def __call__(self, frame: pl.DataFrame, row: int, expected: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Recordings:
    """The recorded payloads of one vendor, and the manifest that says what becomes of each."""

    folder: Path

    @cached_property
    def read(self) -> frozenset[str]:
        """Files that tests read."""
        return frozenset(path for paths in self._manifest["read"].values() for path in paths)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Every file that the manifest names, as often as it does."""
        read = [path for paths in self._manifest["read"].values() for path in paths]
        left_out = [path for group in self._manifest["not_read"].values() for path in group["files"]]
        return (*read, *left_out)

    def body(self, path: str) -> bytes:
        """Return a payload as it was recorded."""
        assert path in self.read, f"{path} is not under [read] in the manifest"
        return (self.folder / path).read_bytes()

    @cached_property
    def _manifest(self) -> dict[str, dict[str, Any]]:
        manifest: dict[str, dict[str, Any]] = tomllib.loads((HERE / f"manifest_{self.folder.name}.toml").read_text())
        return manifest

    def _note(self, path: str) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.folder / path).with_suffix(".meta.json").read_bytes())
        return note


@dataclass(frozen=True)
class Massive(Recordings):
    """The recorded payloads of Massive."""

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


@dataclass(frozen=True)
class Tradier(Recordings):
    """The recorded payloads of Tradier."""

    def status(self, path: str) -> int:
        """Return the HTTP status that a payload came with."""
        return int(self._note(path)["response"]["status"])

    def headers(self, path: str) -> httpx.Headers:
        """Return the headers that a payload came with; none where they were not recorded."""
        return httpx.Headers(self._note(path)["response"].get("headers", {}))

    def is_sandbox(self, path: str) -> bool:
        """Tell whether the sandbox gave a payload, whose data is late."""
        return str(self._note(path)["request"]["host"]).startswith("sandbox.")

    def asked(self, path: str) -> tuple[str, dict[str, str]]:
        """Return path and parameters of the request that a payload answers."""
        request = self._note(path)["request"]
        return str(request["path"]), {name: values[0] for name, values in parse_qs(request["query"]).items()}

    def items(
        self,
        path: str,
        request: Collection,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Items:
        """Return the items of a payload as the client reads them from the answer to a request.

        Parameters
        ----------
        status, headers
            What to read the payload under instead of what it came with.
        body
            What to read instead of the file as it is.
        """
        reply = Reply(
            "tradier",
            request.path,
            self.status(path) if status is None else status,
            self.headers(path) if headers is None else httpx.Headers(dict(headers)),
            self.body(path) if body is None else body,
        )
        return read_items(reply, request)


@pytest.fixture(scope="session")
def massive(fixtures_dir: Path) -> Massive:
    folder = fixtures_dir / "massive"
    if not folder.is_dir():
        pytest.skip(f"no recorded payloads of Massive's in {fixtures_dir}")
    return Massive(folder)


@pytest.fixture(scope="session")
def tradier(fixtures_dir: Path) -> Tradier:
    folder = fixtures_dir / "tradier"
    if not folder.is_dir():
        pytest.skip(f"no recorded payloads of Tradier's in {fixtures_dir}")
    return Tradier(folder)


@pytest.fixture(scope="session")
def assert_says() -> AssertSays:
    """Return an assertion: a row holds exactly these values, and every other column is null."""

    def assert_row_says(frame: pl.DataFrame, row: int, expected: Mapping[str, Any]) -> None:
        values = frame.drop("snapshot_ts", "received_ts", "age_s", strict=False).row(row, named=True)
        said = {name: value for name, value in values.items() if value is not None}
        assert said.keys() == expected.keys()
        for name, value in expected.items():
            assert said[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), name

    return assert_row_says
