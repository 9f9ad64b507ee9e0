"""The kernel's own side of a table and its page, speaking to each other about a simulated chain."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata import Client
from quantdata.widgets.audience import Audience
from quantdata.widgets.fields import chosen
from quantdata.widgets.wants import Wants
from tests.browser.page.driving import cell, frames, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from quantdata.widgets.messages import Message
    from tests.browser.page.driving import Opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chain() -> Iterator[pl.DataFrame]:
    with Client("sim", clock="at:2026-11-18T11:00") as client:
        yield client.chain("SPX", dte=(20, 40))


def tell(page: Page, message: Message) -> None:
    texts = [b64encode(buffer).decode() for buffer in message.buffers]
    page.evaluate("([content, buffers]) => kernel.tell(content, buffers)", [message.content, texts])


def converse(page: Page, audience: Audience) -> None:
    """Carry messages to and fro until neither has anything to say."""
    silent = 0
    while silent < 3:
        frames(page)
        said = page.evaluate("kernel.take()")
        for content in said:
            audience.hear(content)
        answers = audience.turn()
        for message in answers:
            tell(page, message)
        silent = 0 if said or answers else silent + 1


def test_a_page_shows_what_the_chain_says_and_what_changes_in_it(open_table: Opened, chain: pl.DataFrame) -> None:
    audience = Audience("SPX", chosen(), wants=Wants())
    audience.tell(chain)
    page = open_table(bridge=True)
    converse(page, audience)
    first = chain.row(0, named=True)
    assert (
        page.get_by_role("tab", selected=True).get_attribute("data-key")
        == f"{first['expiration']} {first['root_symbol']}"
    )
    series = chain.filter(expiration=first["expiration"], root_symbol=first["root_symbol"])
    assert page.text_content(".qd-price") == f"{first['underlying_price']:,.2f}"
    assert "SIMULATED" in page.locator(".qd-badges li").all_text_contents()

    strike = float(page.locator("tbody .money th").inner_text().replace(",", ""))
    sides = {each["option_type"]: each for each in series.filter(strike=strike).iter_rows(named=True)}
    shown = [cell(page, f"{strike:,.0f}", column).text_content() for column in (5, 6, 8, 9)]
    assert shown == [
        f"{sides[side][name]:,.2f}"
        for side, name in zip(["call", "call", "put", "put"], ["bid", "ask", "ask", "bid"], strict=True)
    ]

    is_it = (pl.col("strike") == strike) & (pl.col("option_type") == "call")
    audience.tell(chain.with_columns(bid=pl.when(is_it).then(pl.col("bid") + 0.25).otherwise("bid")))
    converse(page, audience)
    assert cell(page, f"{strike:,.0f}", 5).text_content() == f"{sides['call']['bid'] + 0.25:,.2f}"


def test_rows_anywhere_are_filled_when_they_are_scrolled_to(open_table: Opened, chain: pl.DataFrame) -> None:
    audience = Audience("SPX", chosen(), wants=Wants())
    audience.tell(chain)
    page = open_table(bridge=True)
    converse(page, audience)
    page.evaluate("document.querySelector('.qd-scroller').scrollTop = 0")
    converse(page, audience)
    first = chain.row(0, named=True)
    lowest = chain.filter(expiration=first["expiration"], root_symbol=first["root_symbol"]).row(0, named=True)["strike"]
    cells = row(page, f"{lowest:,.0f}").locator("td").all_text_contents()
    assert any(text not in {"", "–"} for text in cells)  # noqa: RUF001  # what is shown


def test_the_card_tells_the_market_s_time_and_a_short_age_though_its_clock_stands_still(
    open_table: Opened, chain: pl.DataFrame
) -> None:
    audience = Audience("SPX", chosen(), wants=Wants())
    audience.tell(chain)
    page = open_table(bridge=True)
    converse(page, audience)
    page.locator("tbody .money td").nth(4).hover()
    page.wait_for_selector(".qd-card:popover-open")
    lines = page.locator(".qd-card div").all_text_contents()
    quoted = next(line for line in lines if line.startswith("from "))
    assert quoted.startswith("from massive, ")
    assert " ET (" in quoted
    assert "days" not in quoted
    assert page.text_content(".qd-at").endswith(" ET")  # type: ignore[union-attr]


def test_two_views_of_one_table_are_both_told(open_table: Opened, chain: pl.DataFrame) -> None:
    audience = Audience("SPX", chosen(), wants=Wants())
    audience.tell(chain)
    page = open_table(bridge=True)
    page.evaluate(
        """async () => {
          const { default: widget } = await import('./table.js');
          const el = document.querySelector('main').appendChild(document.createElement('div'));
          widget().render({ model: kernel, el });
        }"""
    )
    converse(page, audience)
    assert len(audience) == 2
    shown = page.locator("table").evaluate_all("tables => tables.map(table => table.tBodies[0].innerText)")
    assert shown[0] == shown[1] != ""
