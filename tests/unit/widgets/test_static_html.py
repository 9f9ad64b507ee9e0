"""The plain table: the same strikes and numbers as the live one, never above 200 kB, and only text from data."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, FLOW, empty
from quantdata.widgets.fields import FIELDS, chosen
from quantdata.widgets.show import show
from quantdata.widgets.static_html import MOST_BYTES, static_html
from tests.unit.widgets.boards import DECEMBER, JANUARY, NOW, board, contract

SMALL = board(
    [
        contract(strike, kind, expiration=day, forward_price=601.25)
        for day in (DECEMBER, JANUARY)
        for strike in (590, 600, 610)
        for kind in ("call", "put")
    ]
)


class Read(HTMLParser):
    """What a reader sees of a page: rows of texts, titles, and whether all that was opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.opened_details = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        self.open.append(tag)
        self.opened_details += tag == "details" and "open" in told
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.titles.append(told.get("title") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def _read(chain: pl.DataFrame, columns: list[str] | None = None, **options: object) -> Read:
    found = Read(static_html(chain, chosen(columns or ["volume", "bid"]), **options))  # type: ignore[arg-type]
    assert found.open == []
    return found


def test_calls_and_puts_mirror_each_other_around_the_strike() -> None:
    table = _read(SMALL.head(6))
    assert table.rows == [
        ["calls", "", "puts"],
        ["volume", "bid", "strike", "bid", "volume"],
        *[["100", "5.00", strike, "5.00", "100"] for strike in ("590", "600", "610")],
    ]


def test_what_is_missing_is_a_dash_and_what_is_not_listed_is_nothing() -> None:
    table = _read(board([contract(600, bid=None)]))
    assert table.rows[-1] == ["100", "\N{EN DASH}", "600", "", ""]


def test_only_the_nearest_live_series_is_unfolded() -> None:
    html = static_html(SMALL, chosen())
    assert Read(html).opened_details == 1
    heads = re.findall(r"<details( open)?><summary>(.*?)</summary>", html)
    assert heads == [
        (" open", "SPY Fri 18 Dec 2026 · 30 days · PM-settled · forward 601.25"),
        ("", "SPY Fri 15 Jan 2027 · 30 days · PM-settled · forward 601.25"),
    ]
    assert "<details><summary>SPY Fri 18 Dec" in static_html(SMALL, chosen(), series="2027-01-15")


def test_a_series_that_is_over_is_left_out_unless_all_are() -> None:
    over = SMALL.with_columns(time_to_expiry=pl.when(expiration=DECEMBER).then(0.0).otherwise(0.1))
    assert "18 Dec" not in static_html(over, chosen())
    assert "1 more series not shown" in static_html(over, chosen())
    assert "18 Dec" in static_html(SMALL.with_columns(time_to_expiry=0.0), chosen())


def test_the_head_says_of_when_and_how_good_it_is() -> None:
    html = static_html(SMALL.with_columns(feed=pl.lit("simulated", SMALL.schema["feed"])), chosen())
    for told in (
        "<strong>SPY</strong> 600.00",
        ">SIMULATED<",
        "12 contracts in 2 series",
        "confidence 100 (excellent)",
        "as of 2026-11-18 11:00:00 New York",
    ):
        assert told in html
    stale = SMALL.with_columns(is_stale=True, underlying_price=pl.lit(None, pl.Float64), snapshot_ts=None)
    html = static_html(stale, chosen())
    assert ">STALE<" in html
    assert "time not known" in html
    assert "⚠ the price of the underlying is not known" in html


def test_each_number_says_who_gave_it_and_how_old_it_was() -> None:
    row = contract(
        600,
        quote_ts=NOW - timedelta(seconds=2.5),
        last_ts=NOW - timedelta(minutes=30),
        greeks_ts=NOW - timedelta(hours=5),
        quote_source="tradier",
        greeks_source="model",
        iv_source=None,
        confidence=65,
        warnings=["wide_spread"],
        notes=["of another day"],
        is_stale=True,
    )
    columns = ["bid", "last", "delta", "implied_volatility", "volume", "model_iv", "confidence"]
    titles = _read(board([row]), columns).titles
    trust = (
        "\nconfidence 65\nstale\nwarning: the spread is above 20 % of the mid, and above two ticks\n"
        "note: of another day"
    )
    cells = [title.removesuffix(trust) for title in titles if title.endswith(trust)]
    given = ["tradier, 2.5 s before", "massive, 30 min before", "model, 5 h before"]
    assert cells == [*given, "nobody", "massive", "our model", "rules"]


def test_what_can_be_trusted_needs_no_words() -> None:
    titles = _read(board([contract(600)]), ["bid"]).titles
    assert "massive, 0.0 s before" in titles


@pytest.mark.parametrize(("confidence", "edge"), [(95, "q3"), (75, "q2"), (45, "q1"), (10, "q0")])
def test_the_outer_edge_tells_how_far_a_leg_can_be_trusted(confidence: int, edge: str) -> None:
    html = static_html(board([contract(600, kind, confidence=confidence) for kind in ("call", "put")]), chosen())
    assert f'<td class="{edge}"' in html
    assert f'<td class="p {edge}"' in html


def test_strikes_around_the_money_are_shown_and_the_others_counted() -> None:
    wide = board([contract(strike) for strike in np.arange(500.0, 700.0)])
    shown = [row[2] for row in _read(wide, strikes=5).rows[2:]]
    assert shown == ["598", "599", "600", "601", "602"]
    assert "195 more strikes not shown" in static_html(wide, chosen(), strikes=5)
    nowhere = wide.with_columns(underlying_price=pl.lit(None, pl.Float64))
    assert [row[2] for row in _read(nowhere, strikes=3).rows[2:]] == ["599", "600", "601"]
    edge = wide.with_columns(underlying_price=pl.lit(9999.0))
    assert [row[2] for row in _read(edge, strikes=2).rows[2:]] == ["698", "699"]


def test_it_is_never_too_large_however_much_there_is() -> None:
    days = [date(2026, 12, 1) + timedelta(days=at) for at in range(12)]
    rules = ["wide_spread", "parity", "butterfly", "strike_order", "ask_below_bound", "iv_off_quote", "filled"]
    rows = [
        contract(strike, kind, expiration=day, warnings=rules, confidence=50)
        for day in days
        for strike in np.arange(560.0, 640.0, 2.0)
        for kind in ("call", "put")
    ]
    everything = chosen(list(FIELDS))
    html = static_html(board(rows), everything, strikes=10_000)
    assert len(html.encode()) <= MOST_BYTES
    assert Read(html).opened_details == 1
    assert re.search(r"\d+ more strikes not shown", html)
    assert "11 more series not shown" in html


def test_text_from_data_stays_text() -> None:
    bad = '"><script>alert(1)</script>'
    rows = [contract(600, root=bad, underlying_symbol=bad, warnings=[bad], fallback_reason=bad)]
    table = _read(board(rows))
    assert "script" not in table.tags
    assert set(table.tags) <= {
        "div", "style", "p", "strong", "span", "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


def test_nothing_is_fetched() -> None:
    html = static_html(SMALL, chosen())
    assert not any(word in html for word in ("http", "url(", "@import", "src=", "href="))


def test_of_no_contracts_it_says_so() -> None:
    assert "the chain has no contracts" in static_html(empty(CHAIN), chosen())
    placeless = SMALL.with_columns(strike=pl.lit(None, pl.Float64))
    assert "12 adjusted or incomplete contracts are not shown" in static_html(placeless, chosen())


# --- show -----------------------------------------------------------------------------------------------------------


def test_any_chain_can_be_shown_also_one_that_was_never_validated() -> None:
    view = show(SMALL, columns="bid", decimals={"bid": 3}, series=JANUARY, strikes=2)
    assert view.html == view._repr_html_()
    assert "5.000" in view.html
    assert repr(view) == "<ChainView SPY: 12 contracts, confidence 100 (excellent)>"
    bare = show(SMALL.drop("confidence", "errors", "warnings", "notes"))
    assert "SPY" in bare.html
    assert repr(show(empty(CHAIN))) == "<ChainView of no contracts>"
    simulated = SMALL.with_columns(feed=pl.lit("simulated", SMALL.schema["feed"]))
    assert repr(show(simulated)).endswith(", simulated>")


def test_what_is_no_chain_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"show\(\) is of a chain, not of flow"):
        show(empty(FLOW))
    with pytest.raises(ArgumentError, match=r"polars\.DataFrame"):
        show([1, 2])  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="no series '2026-12-19'; there are 2026-12-18 SPY, 2027-01-15 SPY"):
        show(SMALL, series="2026-12-19")
    with pytest.raises(ArgumentError, match="strikes must be at least 1"):
        show(SMALL, strikes=0)
