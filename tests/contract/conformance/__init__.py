"""The kit that holds any provider to what `quantdata.clients.protocols` promises: one base class per question.

A third provider inherits the classes of the questions that it answers and supplies two fixtures: ``provider``, an
instance that `quantdata.portal.call` can drive, and ``facts``, what the market behind it holds. No more than that::

    import pytest

    from tests.contract.conformance import BarQuestions, ChainQuestions, Days, Facts


    @pytest.fixture
    def provider(simulator):
        made = AsyncThird("a token of this test's own", base_url=simulator.third_url)
        yield made
        portal.call(made.close())


    @pytest.fixture
    def facts():
        return Facts(
            name="third",
            today=date(2026, 11, 18),
            underlying="BRK.B",
            daily=Days("SPY", date(2026, 11, 9), date(2026, 11, 17)),
            lacks=frozenset({"minutes of an index", "corporate actions"}),
        )


    class TestChain(ChainQuestions): ...


    class TestBars(BarQuestions): ...

So that a failed assert of the kit says what it compared, `conftest.py` beside this folder has pytest rewrite its
modules; tests that lie elsewhere say so themselves, before they import it::

    pytest.register_assert_rewrite("tests.contract.conformance")

A provider of several vendors names them in `Facts.vendors`.

What ``facts`` leaves out is skipped, with the reason in the test report: of recorded payloads little can be asked. What
it says the vendor ``lacks`` is not skipped: it must be refused with an `EntitlementError`, and never come as an empty
frame. The market must stand still: equal questions have equal answers.
"""

from __future__ import annotations

from tests.contract.conformance.bars import BarQuestions
from tests.contract.conformance.chain import ChainQuestions
from tests.contract.conformance.contract import ContractQuestions
from tests.contract.conformance.corporate_actions import CorporateActionQuestions
from tests.contract.conformance.dividends import DividendQuestions
from tests.contract.conformance.entitlements import EntitlementQuestions
from tests.contract.conformance.expirations import ExpirationsQuestions
from tests.contract.conformance.facts import Days, Facts, Lack, Series, ShareClass, SplitDay, TapeSpan
from tests.contract.conformance.indices import IndexQuestions
from tests.contract.conformance.market_status import StatusQuestions
from tests.contract.conformance.option_tape import OptionTapeQuestions
from tests.contract.conformance.quotes import EquityQuoteQuestions
from tests.contract.conformance.subscriptions import SubscriptionQuestions
from tests.contract.conformance.trades import TradeQuestions

__all__ = [
    "BarQuestions",
    "ChainQuestions",
    "ContractQuestions",
    "CorporateActionQuestions",
    "Days",
    "DividendQuestions",
    "EntitlementQuestions",
    "EquityQuoteQuestions",
    "ExpirationsQuestions",
    "Facts",
    "IndexQuestions",
    "Lack",
    "OptionTapeQuestions",
    "Series",
    "ShareClass",
    "SplitDay",
    "StatusQuestions",
    "SubscriptionQuestions",
    "TapeSpan",
    "TradeQuestions",
]
