"""The life of one view: badges, silence, pages that are hidden, scrolled away, or miss a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.page.driving import Opened

pytestmark = pytest.mark.browser

KINDS: Final = "kernel.said.map(({kind}) => kind)"
BADGES: Final = "[...document.querySelectorAll('.qd-badges li')].map(badge => badge.textContent)"


def hide(page: Page, *, hidden: bool) -> None:
    """Let the page believe that its tab is in the background."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def boxes(page: Page, *selectors: str) -> list[Any]:
    return [page.locator(selector).bounding_box() for selector in selectors]


def test_badges_tell_what_the_data_are_and_stand_clear_of_the_rows(open_table: Opened) -> None:
    page = open_table(
        badges=["SIMULATED", "DELAYED", "END OF DAY", "CLOSED"], context={"viewport": {"width": 420, "height": 640}}
    )
    assert page.evaluate(BADGES) == ["SIMULATED", "DELAYED", "END OF DAY", "CLOSED"]
    badges, tabs, header = boxes(page, ".qd-badges", ".qd-tabs", "thead")
    assert badges["y"] + badges["height"] <= tabs["y"]
    assert tabs["y"] + tabs["height"] <= header["y"]


def test_warnings_about_the_whole_are_told_in_words(open_table: Opened) -> None:
    page = open_table(warnings=["puts are missing", "a request failed"])
    page.click("summary")
    assert page.text_content("summary") == "2 warnings"
    assert page.locator(".qd-warnings li").all_text_contents() == ["puts are missing", "a request failed"]


def test_after_six_seconds_of_silence_the_table_says_since_when_and_turns_grey(open_table: Opened) -> None:
    page = open_table(clock=True, mute=True)
    page.clock.run_for(5000)
    assert page.evaluate(BADGES) == ["SIMULATED"]
    page.clock.run_for(2500)
    stale, simulated = page.evaluate(BADGES)
    assert stale.startswith("STALE since ")
    assert stale.endswith(" ET")
    assert simulated == "SIMULATED"
    assert page.locator(".quantdata-table.is-stale").count() == 1
    stale_box, header = boxes(page, ".qd-badges .stale", "thead")
    assert stale_box["y"] + stale_box["height"] <= header["y"]


def test_a_ping_keeps_the_table_alive_and_any_answer_revives_it(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.evaluate("kernel.isMute = true")
    for _ in range(4):
        page.clock.run_for(2500)
        page.evaluate("kernel.deliver({ kind: 'ping', to: kernel.client, epoch: kernel.epoch })")
    page.clock.run_for(100)
    assert page.evaluate(BADGES) == ["SIMULATED"]
    page.clock.run_for(7000)
    assert len(page.evaluate(BADGES)) == 2
    page.evaluate("kernel.isMute = false; kernel.tick(1)")
    page.clock.run_for(100)
    assert page.evaluate(BADGES) == ["SIMULATED"]
    assert page.get_attribute(".quantdata-table", "class") == "quantdata-table"


def test_a_feed_that_the_kernel_calls_stale_is_shown_so(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("kernel.staleSince = Date.UTC(2020, 0, 2, 15, 4, 5); kernel.tell()")
    page.wait_for_selector(".qd-badges .stale")
    assert page.evaluate(BADGES)[0] == "STALE since 2 Jan, 10:04:05 ET"


def test_a_table_whose_feed_was_stopped_says_so_and_is_silent(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.evaluate("kernel.deliver({ kind: 'closed', to: '*' })")
    page.clock.run_for(100)
    assert page.evaluate(BADGES) == ["STOPPED", "SIMULATED"]
    said = page.evaluate("kernel.said.length")
    page.clock.run_for(20000)
    assert page.evaluate("kernel.said.length") == said
    assert page.evaluate(BADGES) == ["STOPPED", "SIMULATED"]


def test_a_page_that_missed_a_message_asks_for_everything_and_goes_on(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("kernel.sequence += 1; kernel.tick(1)")
    page.wait_for_function(f"({KINDS}).filter(kind => kind === 'hello').length === 2")
    page.evaluate("kernel.set(100, 0, 'bid', 321)")
    page.wait_for_function("document.querySelector('tbody').textContent.includes('321.00')")


def test_a_kernel_that_does_not_answer_is_asked_again_ever_less_often(open_table: Opened) -> None:
    page = open_table(clock=True, mute=True)
    page.clock.run_for(60_000)
    assert page.evaluate(f"({KINDS}).filter(kind => kind === 'hello').length") == 4


def test_frames_are_acknowledged_every_400_ms_and_at_once_when_that_is_asked_for(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.clock.run_for(1000)
    count = f"({KINDS}).filter(kind => kind === 'ack').length"
    before = page.evaluate(count)
    for _ in range(12):
        page.evaluate("kernel.tick()")
        page.clock.run_for(100)
    assert page.evaluate(count) - before == 3
    page.clock.run_for(1000)
    before = page.evaluate(count)
    page.evaluate("kernel.delta([], { urgent: true })")
    page.clock.run_for(20)
    assert page.evaluate(count) == before + 1
    page.evaluate("kernel.delta([], { urgent: true })")
    page.clock.run_for(20)
    assert page.evaluate(count) == before + 2
    assert page.evaluate("kernel.said.at(-1).sequence === kernel.sequence")


def test_a_hidden_tab_says_bye_and_hello_when_it_is_shown(open_table: Opened) -> None:
    page = open_table()
    hide(page, hidden=True)
    assert page.evaluate(KINDS)[-1] == "bye"
    hide(page, hidden=False)
    assert page.evaluate(f"({KINDS}).lastIndexOf('hello') > ({KINDS}).lastIndexOf('bye')")


def test_a_table_that_scrolls_out_of_sight_says_bye_and_hello_when_it_is_back(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("document.body.style.paddingBottom = '4000px'; window.scrollTo(0, 3000)")
    page.wait_for_function(f"({KINDS}).at(-1) === 'bye'")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function(f"({KINDS}).lastIndexOf('hello') > ({KINDS}).lastIndexOf('bye')")


def test_a_page_that_is_left_says_bye(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert page.evaluate(KINDS)[-1] == "bye"


def test_a_view_that_is_taken_away_leaves_nothing_behind(open_table: Opened) -> None:
    page = open_table(clock=True)
    page.evaluate("dispose()")
    assert page.evaluate(KINDS)[-1] == "bye"
    assert page.evaluate("[...kernel.listeners.values()].every(callbacks => callbacks.size === 0)")
    assert page.evaluate("document.getElementById('output').childElementCount") == 0
    said = page.evaluate("kernel.said.length")
    page.clock.run_for(30_000)
    assert page.evaluate("kernel.said.length") == said


def test_a_resync_leaves_rows_selection_and_scroll_where_they_were(open_table: Opened) -> None:
    page = open_table()
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 500)
    page.wait_for_function("document.querySelector('.qd-follow').ariaPressed === 'false'")
    top = page.evaluate("document.querySelector('.qd-scroller').scrollTop")
    page.evaluate("kernel.snapshot()")
    page.wait_for_function("kernel.said.at(-1).kind === 'ack' && kernel.said.at(-1).epoch === kernel.epoch")
    assert page.evaluate("document.querySelector('.qd-scroller').scrollTop") == top


def test_a_view_that_leaves_the_page_for_a_while_comes_back_with_the_same_rows(open_table: Opened) -> None:
    page = open_table()
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 500)
    page.wait_for_function("document.querySelector('.qd-follow').ariaPressed === 'false'")
    top = page.evaluate("document.querySelector('.qd-scroller').scrollTop")
    page.evaluate("window.output = document.getElementById('output'); output.remove()")
    page.wait_for_function(f"({KINDS}).at(-1) === 'bye'")
    page.evaluate("document.querySelector('main').append(output)")
    page.wait_for_function("kernel.said.at(-1).kind === 'ack'")
    assert page.evaluate("document.querySelector('.qd-scroller').scrollTop") == top
    assert page.locator("tbody tr").count() > 20


def test_height_and_follow_are_set_by_python(open_table: Opened) -> None:
    page = open_table(traits={"height": 220, "follow": False})
    assert page.evaluate("document.querySelector('.qd-scroller').clientHeight") == 219
    assert page.evaluate("document.querySelector('.qd-scroller').scrollTop") == 0
    page.evaluate("kernel.change('height', 330); kernel.change('follow', true)")
    page.wait_for_function("document.querySelector('.qd-scroller').scrollTop > 0")
    assert page.evaluate("document.querySelector('.qd-scroller').clientHeight") == 329
