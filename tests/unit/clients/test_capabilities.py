"""What a plan delivers: learned from answers, never guessed."""

from __future__ import annotations

from quantdata.clients.capabilities import BLOCKS, Capabilities
from quantdata.frames.columns import ENTITLEMENTS, schema


def row_of(capabilities: Capabilities) -> tuple[object, ...]:
    """Return what is known of the quotes in chains."""
    return capabilities.frame().row(BLOCKS.index("chain_quotes"))


def test_of_what_was_never_seen_nothing_is_said() -> None:
    capabilities = Capabilities("massive")
    assert not capabilities.lacks("chain_quotes")
    frame = capabilities.frame()
    assert frame.schema == schema(ENTITLEMENTS)
    assert frame.get_column("block").to_list() == list(BLOCKS)
    assert frame.get_column("is_entitled").null_count() == len(BLOCKS)
    assert set(frame.get_column("reason")) == {"not seen yet"}


def test_the_newest_answer_counts() -> None:
    capabilities = Capabilities("massive")
    capabilities.learn("chain_quotes", is_entitled=False, reason="none of 250 rows had it")
    assert capabilities.lacks("chain_quotes")
    assert row_of(capabilities) == ("massive", "chain_quotes", False, None, "none of 250 rows had it")
    capabilities.learn("chain_quotes", is_entitled=True, feed="delayed")
    assert not capabilities.lacks("chain_quotes")
    assert row_of(capabilities) == ("massive", "chain_quotes", True, "delayed", None)


def test_what_could_not_be_asked_is_neither_there_nor_lacking() -> None:
    capabilities = Capabilities("massive")
    capabilities.learn("chain_quotes", is_entitled=None, reason="too many requests")
    assert not capabilities.lacks("chain_quotes")
    assert row_of(capabilities) == ("massive", "chain_quotes", None, None, "too many requests")


def test_a_refusal_counts_for_five_minutes() -> None:
    now = 1_000.0
    capabilities = Capabilities("massive", clock=lambda: now)
    capabilities.learn("chain", is_entitled=False, reason="403")
    now += 299.0
    assert capabilities.lacks("chain")
    now += 2.0
    assert not capabilities.lacks("chain")
    assert capabilities.frame().row(BLOCKS.index("chain"))[2:] == (False, None, "403")
