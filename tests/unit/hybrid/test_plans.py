"""Two plans together."""

from __future__ import annotations

from quantdata.clients.capabilities import BLOCKS, Capabilities
from quantdata.hybrid.plans import EitherPlan


def test_lacking_is_what_all_of_them_lack() -> None:
    massive, tradier = Capabilities("massive"), Capabilities("tradier")
    plan = EitherPlan([massive, tradier])
    massive.learn("indices", is_entitled=False)
    assert not plan.lacks("indices")
    tradier.learn("indices", is_entitled=False)
    assert plan.lacks("indices")
    assert not plan.lacks("chain")


def test_one_row_a_provider_and_block() -> None:
    frame = EitherPlan([Capabilities("massive"), Capabilities("tradier")]).frame()
    assert frame.select("provider", "block").rows() == [
        (each, block) for each in ("massive", "tradier") for block in BLOCKS
    ]
