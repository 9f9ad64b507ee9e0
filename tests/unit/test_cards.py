"""Cards: name and value, badges, notes; whatever the text is, it stays text."""

from __future__ import annotations

from quantdata.cards import badge, card, lights


def test_a_card_shows_its_rows_badges_and_notes() -> None:
    html = card("SPX", [("value", "6,901.72"), ("rows", 0)], badges=["SIMULATED"], notes=["there are no puts"])
    assert "<strong>SPX</strong>" in html
    assert "<dt>value</dt><dd>6,901.72</dd><dt>rows</dt><dd>0</dd>" in html
    assert badge("SIMULATED") in html
    assert "⚠ there are no puts</p>" in html


def test_what_has_no_value_is_left_out_with_its_name() -> None:
    assert "<dl></dl>" in card("SPX", [("fallback", None), ("warnings", "")])


def test_a_name_is_never_broken_into_two_lines() -> None:
    assert ".qd.qd-card dl>dt{color:var(--qd-quiet);font-weight:400;white-space:nowrap}" in card("SPX", [("as of", 1)])


def test_text_stays_text() -> None:
    bad = '<img src=x onerror="alert(1)">'
    html = card(bad, [(bad, bad)], badges=[bad], notes=[bad])
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;") == 5


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = card("SPX", [("value", 1)])
    assert not any(word in html for word in ("http", "url(", "<script", "@import", "src="))


def test_lights_tell_by_shape_and_name() -> None:
    assert lights([("massive", True), ("tradier", False)]) == "● massive, ○ tradier"
