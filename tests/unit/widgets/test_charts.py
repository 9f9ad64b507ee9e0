"""Live charts: drawn once, then brought up to date in place; nothing of one kind is left in the other."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import comm
import ipywidgets  # type: ignore[import-untyped]
import polars as pl
import pytest

from quantdata.errors import ArgumentError, SymbolError
from quantdata.widgets.charts import VolatilityChart, at_money_html
from tests.unit.widgets.boards import JANUARY, NOW, board, contract
from tests.unit.widgets.comms import RecordedComm
from tests.unit.widgets.hubs import HandHub, Hands, Page, picture, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.live import HubSnapshot


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    yield
    ipywidgets.Widget.close_all()


def smiling(volatility: float = 0.2, *, underlying: str = "SPY") -> pl.DataFrame:
    rows = [
        contract(
            strike,
            kind,
            expiration=day,
            root=underlying,
            implied_volatility=volatility + abs(strike - 600) / 1_000,
            forward_price=600.0,
            time_to_expiry=years,
            quote_ts=NOW,
            underlying_symbol=underlying,
        )
        for day, years in ((contract(600)["expiration"], 30 / 365), (JANUARY, 58 / 365))
        for strike in (590.0, 600.0, 610.0)
        for kind in ("call", "put")
    ]
    return board(rows)


def of(chain: pl.DataFrame, underlying: str = "SPY") -> HubSnapshot:
    return picture({underlying: chain})


def made(hub: HandHub, **options: Any) -> VolatilityChart:
    return VolatilityChart(hub, "spy", stage=stage(hub), **options)


def names(chart: VolatilityChart) -> list[str]:
    return [trace.name for trace in chart.figure.data if trace.name]


def said(chart: VolatilityChart) -> list[str]:
    """Return the words in the figure."""
    return [each.text for each in chart.figure.layout.annotations]


def lowest(chart: VolatilityChart) -> float:
    return float(min(y for trace in chart.figure.data if trace.name for y in trace.y))


def test_what_is_known_is_drawn_from_the_first_moment() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    assert names(chart) == ["18 Dec 2026 SPY PM", "15 Jan 2027 SPY PM"]
    assert chart.figure.layout.title.text == "SPY implied volatility"
    # What a page is given that comes later.
    assert len(chart.figure._widget_data) == len(chart.figure.data)


def test_while_nothing_is_known_it_says_so() -> None:
    hub = HandHub("SPY")
    chart = made(hub)
    assert said(chart) == ["Nothing is known of this chain yet"]
    assert not chart.refresh(None)
    assert chart.refresh(of(smiling()))
    assert names(chart) == ["18 Dec 2026 SPY PM", "15 Jan 2027 SPY PM"]
    assert "Nothing is known of this chain yet" not in said(chart)
    assert chart.figure.layout.xaxis.visible is None


def test_the_page_is_told_to_drop_what_another_kind_has_not() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    told: list[dict[str, Any]] = []
    chart.figure.observe(lambda change: told.append(deepcopy(change["new"] or {})), names="_py2js_update")
    for kind, own in (("term structure", {"shapes", "annotations"}), ("smile", set())):
        told.clear()
        chart._switch.value = kind
        dropped = next(each["layout_data"] for each in told if "layout_data" in each)
        assert set(dropped) == {"xaxis", "yaxis"} | own
        assert not any(dropped.values())


def test_a_page_need_not_tell_how_many_views_are_left_of_a_figure_that_is_closed() -> None:
    assert made(HandHub("SPY")).figure._view_count is None


def test_a_newer_chain_changes_the_figure_in_place_and_the_same_one_nothing() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    before = chart.figure.data
    assert not chart.refresh(hub.newest)
    assert chart.refresh(of(smiling(0.3)))
    assert chart.figure.data is before or chart.figure.data == before
    assert lowest(chart) == pytest.approx(0.3)


def test_it_is_drawn_a_few_times_a_second_and_only_for_pages_that_keep_up() -> None:
    clock, hub = Hands(), HandHub("SPY")
    own = stage(hub, clock)
    chart = VolatilityChart(hub, "SPY", stage=own)
    page = Page(own)
    drawn = 0
    for number in range(10):
        hub.publish(of(smiling(0.2 + number / 100)))
        clock.now += 0.11
        own.beat()
        drawn += not own.pulse.comm.custom.empty()
        while not own.pulse.comm.custom.empty():
            own.pulse.comm.next()
        page.draw()
    assert drawn == 3
    assert chart.period_s == 0.3


def test_the_switch_changes_between_smile_and_term_structure() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    chart._switch.value = "term structure"
    assert names(chart) == ["SPY PM"]
    assert chart.figure.layout.title.text == "SPY volatility at the money"
    assert chart.figure.layout.xaxis.type == "log"
    assert not chart.figure.layout.shapes
    assert not chart.figure.layout.annotations
    chart._switch.value = "smile"
    assert names(chart) == ["18 Dec 2026 SPY PM", "15 Jan 2027 SPY PM"]
    assert chart.figure.layout.xaxis.type is None


def test_another_underlying_is_drawn_from_nothing() -> None:
    hub = HandHub("SPY", "QQQ")
    hub.newest = picture({"SPY": smiling(), "QQQ": smiling(underlying="QQQ")})
    chart = made(hub, kind="term structure")
    chart.show("qqq")
    assert chart.figure.layout.title.text == "QQQ volatility at the money"
    assert names(chart) == ["QQQ PM"]
    chart.show("IWM")
    assert names(chart) == []
    assert said(chart) == ["Nothing is known of this chain yet"]


def test_a_chain_without_rows_leaves_what_there_is_and_one_without_volatilities_says_so() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    assert not chart.refresh(of(smiling().clear()))
    assert names(chart)
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in ("implied_volatility", "model_iv")]
    assert chart.refresh(of(smiling().with_columns(nothing)))
    assert names(chart) == []
    assert chart.figure.layout.annotations[0].text.startswith("No implied volatility")
    assert chart.refresh(of(smiling()))
    assert names(chart)
    assert chart.figure.layout.xaxis.visible is None


def test_its_static_form_is_the_volatility_at_the_money() -> None:
    hub = HandHub("SPY")
    chart = made(hub)
    assert chart.html() == ""
    hub.publish(of(smiling()))
    html = chart.html()
    assert '<th scope="row">2026-12-18 SPY</th><td>30</td><td>20.00</td>' in html
    unknown = smiling().with_columns(implied_volatility=pl.lit(None, pl.Float64))
    assert "<td>–</td>" in at_money_html(unknown)  # noqa: RUF001  # a dash


def test_after_its_end_nothing_is_drawn() -> None:
    hub = HandHub("SPY")
    hub.newest = of(smiling())
    chart = made(hub)
    chart.close()
    before = len(chart.figure.data)
    chart.show("QQQ")
    assert len(chart.figure.data) == before


def test_what_makes_no_sense_is_refused() -> None:
    hub = HandHub("SPY")
    with pytest.raises(ArgumentError, match="kind must be one of smile, term structure, not 'frown'"):
        made(hub, kind="frown")
    with pytest.raises(ArgumentError, match="theme must be one of"):
        made(hub, theme="pink")
    with pytest.raises(SymbolError):
        VolatilityChart(hub, "<b>")
