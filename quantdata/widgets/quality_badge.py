"""How far what is watched can be trusted: the whole, and each chain and table of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quantdata.validation.chain_facts import CHAIN_FACTS
from quantdata.widgets.markup import State, badge, clock, lamp, text
from quantdata.widgets.parts import Part, say, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ipywidgets  # type: ignore[import-untyped]

    from quantdata.validation import Quality
    from quantdata.widgets.hub_feed import Picture

__all__ = ["QualityBadge", "quality_html"]

FEEDS: Final = {"simulated": "SIMULATED", "eod": "END OF DAY", "delayed": "DELAYED"}
_LAMPS: Final[dict[str, State]] = {"excellent": "ok", "good": "ok", "fair": "slow", "poor": "down"}
_SENTENCES: Final = {fact.name: fact.sentence for fact in CHAIN_FACTS} | {"empty_chain": "the chain has no contracts"}


class QualityBadge(Part):
    """The confidence of all that is watched, which is that of its weakest part, then of each part, with warnings.

    Simulated and delayed data are named as such.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    """

    # Judging a whole chain takes some milliseconds, and it changes slowly.
    period_s = 1.0

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        self._words = words()
        return [self._words]

    def refresh(self, picture: Picture | None) -> bool:
        """Show the newest qualities."""
        return say(self._words, quality_html(picture, is_running=self.feed.is_running))

    def html(self) -> str:
        """Return the qualities in a line, and their warnings below."""
        return quality_html(self.stage.picture, is_running=self.feed.is_running)


def quality_html(picture: Picture | None, *, is_running: bool = True) -> str:
    """Return the qualities of a picture in a line, and their warnings in sentences below.

    Parameters
    ----------
    picture
        Of which nothing may be known yet.
    is_running
        Whether it is of now; else it says when it was.
    """
    qualities = {} if picture is None else picture.qualities
    if picture is None or not qualities:
        return f"<div>{lamp('idle', 'nothing known yet')}</div>"
    least = min(qualities.values(), key=lambda each: each.confidence)
    whole = lamp(_LAMPS[least.quality] if is_running else "idle", f"{least.confidence} {least.quality}")
    then = "" if is_running else f" at {clock(picture.at)}, when it was stopped"
    feeds = dict.fromkeys(FEEDS[each.feed] for each in qualities.values() if each.feed in FEEDS)
    badges = " ".join(map(badge, feeds))
    parts = " · ".join(
        lamp(_LAMPS[each.quality] if is_running else "idle", f"{name} {each.confidence}")
        for name, each in qualities.items()
    )
    return (
        f'<div><strong>Quality {whole}</strong>{then} {badges} <span class="qd-quiet">{parts}</span></div>'
        f"{_warnings(qualities)}"
    )


def _warnings(qualities: Mapping[str, Quality]) -> str:
    told = [
        f"<li>{text(name)}: {text('; '.join(sentences))}</li>"
        for name, each in qualities.items()
        if (sentences := [_SENTENCES.get(word, word) for word in (*each.errors, *each.warnings)])
    ]
    return f'<ul class="qd-warnings">{"".join(told)}</ul>' if told else ""
