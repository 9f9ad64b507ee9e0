from __future__ import annotations

from threading import Barrier, Thread

import pytest

from quantdata.sim.cache import BuildOnce


def test_a_value_is_built_once() -> None:
    cache: BuildOnce[int] = BuildOnce(2)
    built: list[str] = []

    def build() -> int:
        built.append("x")
        return 7

    assert cache.peek("a") is None
    assert [cache.get("a", build) for _ in range(3)] == [7, 7, 7]
    assert built == ["x"]
    assert cache.peek("a") == 7


def test_the_least_recently_used_value_goes_first() -> None:
    cache: BuildOnce[str] = BuildOnce(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)  # type: ignore[misc]
    assert [cache.peek(key) for key in "abc"] == ["a", None, "c"]


def test_an_error_is_not_kept() -> None:
    cache: BuildOnce[int] = BuildOnce(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert cache.get("a", lambda: 5) == 5


def test_concurrent_callers_share_one_build() -> None:
    cache: BuildOnce[int] = BuildOnce(2)
    together = Barrier(4)
    built: list[int] = []

    def build() -> int:
        built.append(1)
        return 3

    def ask() -> None:
        together.wait()
        cache.get("a", build)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]
