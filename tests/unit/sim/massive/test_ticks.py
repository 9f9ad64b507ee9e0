from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

OPTION = "O:SPY261218C00600000"


def followed(ask: Ask, path: str, **query: Any) -> list[dict[str, Any]]:
    body = ask(path, **query)
    found: list[dict[str, Any]] = list(body["results"])
    while "next_url" in body:
        body = ask(body["next_url"].removeprefix("http://sim"))
        found += body["results"]
    return found


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 10, 11, 29, 30, 1_000])
def test_pages_are_the_whole_tape_once(ask: Ask, order: str, limit: int) -> None:
    prices = [row["price"] for row in followed(ask, "/v3/trades/SPY", order=order, limit=limit)]
    assert prices == [100 + number for number in (range(30) if order == "asc" else range(29, -1, -1))]


def test_the_newest_come_first_and_bounds_hold(ask: Ask) -> None:
    assert ask("/v3/trades/SPY", limit=1)["results"][0]["price"] == 129
    day = followed(ask, "/v3/trades/SPY", limit=4, timestamp="2026-11-17")
    assert [row["price"] for row in day] == list(range(119, 109, -1))
    newer = followed(ask, "/v3/trades/SPY", limit=4, timestamp__gt=day[2]["sip_timestamp"], timestamp__lt="2026-11-18")
    assert [row["price"] for row in newer] == [119, 118]
    assert ask("/v3/trades/SPY", timestamp__gte="2026-11-19")["results"] == []


def test_a_stock_trade_has_more_than_an_option_trade(ask: Ask) -> None:
    stock = ask("/v3/trades/SPY", limit=1)["results"][0]
    option = ask(f"/v3/trades/{OPTION}", limit=1)["results"][0]
    assert option.keys() == {"conditions", "exchange", "participant_timestamp", "price", "sip_timestamp", "size"}
    assert stock.keys() - option.keys() == {"decimal_size", "id", "sequence_number", "tape"}
    assert stock["decimal_size"] == "30.0"


def test_quotes_have_both_sides(ask: Ask) -> None:
    option = ask(f"/v3/quotes/{OPTION}", limit=1)["results"][0]
    assert (option["bid_price"], option["ask_price"], option["bid_size"], option["ask_size"]) == (
        128.95,
        129.05,
        30,
        31,
    )
    assert "tape" not in option
    assert ask("/v3/quotes/SPY", limit=1)["results"][0]["tape"] == 3


@pytest.mark.parametrize("path", ["/v3/trades/NOPE", "/v3/trades/I:SPX", "/v3/quotes/O:SPY261218C00601000"])
def test_unknown_instruments_have_no_ticks(ask: Ask, path: str) -> None:
    assert ask(path)["results"] == []


def test_the_last_trade_and_quote_are_the_newest(ask: Ask) -> None:
    trade, quote = ask("/v2/last/trade/SPY")["results"], ask("/v2/last/nbbo/SPY")["results"]
    assert (trade["T"], trade["p"], trade["s"], trade["c"]) == ("SPY", 129, 30, [209])
    assert (quote["p"], quote["P"], quote["s"], quote["S"]) == (128.95, 129.05, 30, 31)
    assert "ds" not in ask(f"/v2/last/trade/{OPTION}")["results"]


@pytest.mark.parametrize("path", ["/v2/last/trade/NOPE", f"/v2/last/nbbo/{OPTION}"])
def test_what_does_not_exist_is_not_found(ask: Ask, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(path)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("path", "plan"),
    [
        (f"/v3/trades/{OPTION}", "starter"),
        (f"/v3/quotes/{OPTION}", "developer"),
        ("/v2/last/nbbo/SPY", "developer"),
        ("/v3/trades/SPY", "options_advanced"),
    ],
)
def test_plans_without_ticks_are_refused(ask: Ask, path: str, plan: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(path, plan=plan)
    assert caught.value.status == 403


@pytest.mark.parametrize("query", [{"sort": "price"}, {"limit": 50_001}, {"timestamp": "noon"}])
def test_nonsense_is_a_bad_request(ask: Ask, query: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        ask("/v3/trades/SPY", **query)
    assert caught.value.status == 400
