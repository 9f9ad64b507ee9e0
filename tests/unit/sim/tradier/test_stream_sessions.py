from __future__ import annotations

from uuid import UUID

from quantdata.sim.tradier.stream_sessions import StreamSessions


class Made:
    """Sessions over a clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sessions = StreamSessions(lambda: self.now, lifetime_s=300.0, seed=7)


def test_an_id_stands_for_its_token_until_it_runs_out() -> None:
    made = Made()
    session_id = made.sessions.open("mine")
    assert UUID(session_id).version == 4
    made.now += 299.9
    assert made.sessions.token_of(session_id) == "mine"
    made.now += 0.1
    assert made.sessions.token_of(session_id) is None


def test_ids_differ_and_of_an_unknown_one_there_is_no_token() -> None:
    made = Made()
    first, second = made.sessions.open("a"), made.sessions.open("b")
    assert first != second
    assert [made.sessions.token_of(each) for each in (first, second, "made-up", "")] == ["a", "b", None, None]


def test_those_that_have_run_out_are_forgotten() -> None:
    made = Made()
    old = made.sessions.open("a")
    made.now += 300.0
    made.sessions.open("a")
    made.now -= 300.0
    assert made.sessions.token_of(old) is None
