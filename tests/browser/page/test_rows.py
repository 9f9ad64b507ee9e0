"""Rows, columns and marks of the chain table, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.browser.page.driving import cell, frames, names, row, style

if TYPE_CHECKING:
    from tests.browser.page.driving import Opened

pytestmark = pytest.mark.browser

ROW: Final = 22
STRIKES: Final = "[...document.querySelectorAll('tbody th')].map(cell => cell.textContent)"
HEADERS: Final = "[...document.querySelectorAll('.qd-names th')].map(cell => cell.textContent)"
# The rows whose middle is in view, by strike.
IN_VIEW: Final = """() => {
  const box = document.querySelector('.qd-scroller').getBoundingClientRect();
  return [...document.querySelectorAll('tbody tr')].filter(row => {
    const { top, bottom } = row.getBoundingClientRect();
    return (top + bottom) / 2 > box.top + 44 && (top + bottom) / 2 < box.bottom;
  }).map(row => row.querySelector('th').textContent);
}"""


def test_calls_strike_and_puts_stand_as_each_others_mirror(open_table: Opened) -> None:
    page = open_table()
    headers = page.evaluate(HEADERS)
    assert headers[:7] == ["open int", "volume", "iv", "delta", "bid", "ask", "strike"]
    assert headers == headers[::-1]


def test_the_snapshot_that_came_with_the_widget_is_shown_before_the_kernel_answers(open_table: Opened) -> None:
    page = open_table(mute=True)
    assert "5,910" in page.evaluate(IN_VIEW)
    assert page.evaluate("kernel.said.map(({kind}) => kind)")[0] == "hello"
    assert "ack" not in page.evaluate("kernel.said.map(({kind}) => kind)")


def test_of_five_thousand_strikes_those_in_view_and_a_few_more_are_in_the_page(open_table: Opened) -> None:
    page = open_table(rows=5000)
    assert page.locator("tbody tr").count() <= 480 // ROW + 1 + 12
    assert page.locator("table").get_attribute("aria-rowcount") == "5002"
    page.wait_for_function("kernel.range[1] - kernel.range[0] === 19")
    assert len(page.evaluate(IN_VIEW)) == 20


def test_the_hello_asks_for_the_rows_around_the_money(open_table: Opened) -> None:
    page = open_table(rows=5000, mute=True)
    wants = page.evaluate("kernel.said[0].wants")
    assert wants["first"] < page.evaluate("kernel.traits.first.content.status.money") < wants["last"]
    assert wants["last"] - wants["first"] == 480 // ROW + 1


def test_rows_follow_the_money_until_the_user_scrolls_and_again_when_asked(open_table: Opened) -> None:
    page = open_table()
    assert page.evaluate(IN_VIEW)[9:11] == ["5,910", "5,915"]
    page.evaluate("kernel.price += 150; kernel.tell()")
    frames(page)
    assert "6,060" in page.evaluate(IN_VIEW)
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 660)
    page.wait_for_function("document.querySelector('.qd-follow').ariaPressed === 'false'")
    top = page.evaluate("document.querySelector('.qd-scroller').scrollTop")
    page.evaluate("kernel.price -= 300; kernel.tell()")
    frames(page)
    assert page.evaluate("document.querySelector('.qd-scroller').scrollTop") == top
    page.click(".qd-follow")
    frames(page, 4)
    assert "5,760" in page.evaluate(IN_VIEW)
    assert page.get_attribute(".qd-follow", "aria-pressed") == "true"


# The scroll event comes with the next frame of the screen, and what is told here before it.
SCROLL_UP: Final = "document.querySelector('.qd-scroller').scrollTop = 0"


def test_a_snapshot_that_comes_just_after_a_scroll_does_not_undo_it(open_table: Opened) -> None:
    page = open_table()
    page.evaluate(f"{SCROLL_UP}; kernel.snapshot()")
    frames(page, 3)
    assert page.evaluate(IN_VIEW)[0] == "5,400"
    assert page.get_attribute(".qd-follow", "aria-pressed") == "false"


def test_rows_that_follow_the_money_do_not_undo_a_scroll_that_came_just_before(open_table: Opened) -> None:
    page = open_table()
    page.evaluate(f"requestAnimationFrame(() => {SCROLL_UP}); kernel.price += 150; kernel.tell()")
    frames(page, 3)
    assert page.evaluate(IN_VIEW)[0] == "5,400"
    assert page.get_attribute(".qd-follow", "aria-pressed") == "false"


def test_a_snapshot_for_a_table_that_is_out_of_the_page_is_no_scroll(open_table: Opened) -> None:
    page = open_table()
    before = page.evaluate(IN_VIEW)
    hide = "document.querySelector('.quantdata-table').style.display"
    page.evaluate(f"{hide} = 'none'; kernel.snapshot()")
    frames(page, 3)
    page.evaluate(f"kernel.snapshot(); {hide} = ''; kernel.snapshot()")
    frames(page, 3)
    assert page.evaluate(IN_VIEW) == before
    assert page.get_attribute(".qd-follow", "aria-pressed") == "true"


def test_small_moves_of_the_price_do_not_move_the_rows(open_table: Opened) -> None:
    page = open_table()
    before = page.evaluate(IN_VIEW)
    page.evaluate("kernel.price += 9; kernel.tell()")
    frames(page)
    assert page.evaluate(IN_VIEW) == before


def test_rows_that_scroll_in_are_asked_for_and_filled(open_table: Opened) -> None:
    page = open_table(rows=1000)
    page.evaluate("document.querySelector('.qd-scroller').scrollTop = 900 * 22")
    page.wait_for_function("kernel.range[0] === 900")
    frames(page)
    shown = page.evaluate(IN_VIEW)
    for strike in (shown[0], shown[-1]):
        assert "" not in row(page, strike).locator("td").all_text_contents()
    assert page.evaluate(STRIKES) == sorted(page.evaluate(STRIKES))
    indices = page.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => Number(row.getAttribute('aria-rowindex')))"
    )
    assert indices == list(range(indices[0], indices[0] + len(indices)))


def test_what_is_in_the_money_is_shaded_and_the_price_stands_between_two_strikes(open_table: Opened) -> None:
    page = open_table()
    assert "itm-call" in names(row(page, "5,910"))
    assert "itm-put" in names(row(page, "5,915"))
    assert "edge" in names(row(page, "5,915"))
    shaded, plain = (style(cell(page, "5,910", column), "backgroundColor") for column in (1, 13))
    assert shaded != plain
    page.evaluate("kernel.price += 5; kernel.tell()")
    frames(page)
    assert "itm-call" in names(row(page, "5,915"))
    assert "edge" in names(row(page, "5,920"))
    assert page.locator("tbody .edge").count() == 1


def test_what_rose_or_fell_says_so_by_a_sign_for_half_a_second(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.clock.run_for(1000)
    bid = row(page, "5,900").locator("td.call").nth(4)
    page.evaluate("kernel.set(100, 0, 'bid', 200)")
    page.clock.run_for(20)
    assert (bid.text_content(), bid.get_attribute("class")) == ("200.00", "call up")
    assert style(bid, "content", "::before").startswith('"▲"')
    page.evaluate("kernel.set(100, 0, 'bid', 199)")
    page.clock.run_for(20)
    assert bid.get_attribute("class") == "call down"
    assert style(bid, "content", "::before").startswith('"▼"')
    page.clock.run_for(450)
    assert bid.get_attribute("class") == "call down"
    page.clock.run_for(200)
    assert bid.get_attribute("class") == "call"


def test_a_change_too_small_to_be_seen_is_not_marked(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.evaluate("kernel.set(100, 0, 'bid', 200)")
    page.clock.run_for(1000)
    page.evaluate("kernel.set(100, 0, 'bid', 200.0001)")
    page.clock.run_for(20)
    assert row(page, "5,900").locator("td.call").nth(4).get_attribute("class") == "call"


def test_marks_can_be_off(open_table: Opened) -> None:
    page = open_table(clock=True, traits={"marks": "off"})
    page.clock.run_for(1000)
    page.evaluate("kernel.set(100, 0, 'bid', 200)")
    page.clock.run_for(20)
    assert page.locator("tbody .up, tbody .down").count() == 0
    page.evaluate("kernel.change('marks', 'on'); kernel.set(100, 0, 'bid', 201)")
    page.clock.run_for(20)
    assert page.locator("tbody .up").count() == 1


def test_rows_that_just_came_into_view_are_not_marked(open_table: Opened) -> None:
    page = open_table(clock=True, rows=400)
    page.clock.run_for(1000)
    page.evaluate("document.querySelector('.qd-scroller').scrollTop = 0")
    page.wait_for_function("kernel.range[0] === 0")
    page.clock.run_for(60)
    page.evaluate("kernel.tick(1)")
    page.clock.run_for(20)
    assert page.locator("tbody .up, tbody .down").count() == 0


def test_a_missing_value_is_a_dash_where_there_is_a_contract_and_nothing_where_there_is_none(
    open_table: Opened,
) -> None:
    page = open_table()
    page.evaluate("kernel.set(100, 0, 'implied_volatility', NaN); kernel.set(101, 1, 'state', 0)")
    frames(page)
    cells = row(page, "5,900").locator("td.call").all_text_contents()
    assert cells[2] == "–"  # noqa: RUF001  # what is shown
    assert "–" not in cells[:2] + cells[3:]  # noqa: RUF001
    assert row(page, "5,905").locator("td.put").all_text_contents() == [""] * 6


def test_doubt_is_told_at_the_outer_edge_by_length_and_colour(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("kernel.set(100, 0, 'confidence', 75); kernel.set(101, 1, 'confidence', 0)")
    frames(page)
    assert style(row(page, "5,900"), "height", "::before") == "7px"
    assert style(row(page, "5,905"), "height", "::after") in {"21px", "22px"}
    assert "call-good" in names(row(page, "5,900"))
    assert "put-poor" in names(row(page, "5,905"))


@pytest.mark.parametrize(("width", "shown"), [(1100, 13), (700, 9), (420, 5), (240, 3)])
def test_in_narrow_outputs_the_outermost_columns_give_way_and_the_strike_stays(
    open_table: Opened, width: int, shown: int
) -> None:
    page = open_table(context={"viewport": {"width": width, "height": 640}})
    headers = page.evaluate(HEADERS)
    assert len(headers) == shown
    assert headers[shown // 2] == "strike"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.evaluate(
            "(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.querySelector('.qd-scroller'))"
        )
        <= 0
    )


def test_columns_come_back_when_there_is_room_again(open_table: Opened) -> None:
    page = open_table(context={"viewport": {"width": 420, "height": 640}})
    page.set_viewport_size({"width": 1100, "height": 640})
    page.wait_for_function("document.querySelectorAll('.qd-names th').length === 13")
    frames(page)
    assert row(page, "5,900").locator("td, th").count() == 13


def test_a_tick_costs_one_layout_and_reads_none(open_table: Opened) -> None:
    page = open_table(rows=500)
    frames(page, 10)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable")

    def layouts() -> int:
        found = metrics.send("Performance.getMetrics")["metrics"]
        return next(int(each["value"]) for each in found if each["name"] == "LayoutCount")

    before = layouts()
    for _ in range(20):
        page.evaluate("kernel.tick(0.2)")
        frames(page)
    assert layouts() - before <= 24


def test_a_table_without_rows_says_why(open_table: Opened) -> None:
    page = open_table(rows=0)
    page.wait_for_selector(".qd-empty:not([hidden])")
    assert page.text_content(".qd-empty") == "No contracts yet."
