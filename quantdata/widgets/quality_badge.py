"""How far what is watched can be trusted: the whole, and each chain and table of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ipywidgets

from quantdata.validation.chain_facts import CHAIN_FACTS
from quantdata.widgets.markup import State, badge, lamp, text
from quantdata.widgets.parts import Part, say, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.validation import Quality
    from quantdata.widgets.hub_feed import Picture

__all__ = ["QualityBadge", "quality_html"]

FEEDS: Final = {"simulated": "SIMULATED", "eod": "END OF DAY", "delayed": "DELAYED"}
_LAMPS: Final[dict[str, State]] = {"excellent": "ok", "good": "ok", "fair": "slow", "poor": "down"}
_GOOD: Final = 70
_FAIR: Final = 40
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
        return say(self._words, quality_html(picture))

    def html(self) -> str:
        """Return the qualities in a line, and their warnings below."""
        return quality_html(self.stage.picture)


def quality_html(picture: Picture | None) -> str:
    """Return the qualities of a picture in a line, and their warnings in sentences below."""
    qualities = {} if picture is None else picture.qualities
    if picture is None or not qualities:
        return f"<div>{lamp('idle', 'nothing known yet')}</div>"
    least = picture.confidence
    overall = "ok" if least >= _GOOD else "slow" if least >= _FAIR else "down"
    label = min(qualities.values(), key=lambda each: each.confidence).quality
    feeds = dict.fromkeys(FEEDS[each.feed] for each in qualities.values() if each.feed in FEEDS)
    parts = " · ".join(lamp(_LAMPS[each.quality], f"{name} {each.confidence}") for name, each in qualities.items())
    badges = " ".join(map(badge, feeds))
    return (
        f"<div><strong>Quality {lamp(overall, f'{least} {label}')}</strong> {badges}"  # type: ignore[arg-type]
        f' <span class="qd-quiet">{parts}</span></div>{_warnings(qualities)}'
    )


def _warnings(qualities: dict[str, Quality]) -> str:
    told = [
        f"<li>{text(name)}: {text('; '.join(sentences))}</li>"
        for name, each in qualities.items()
        if (sentences := [_SENTENCES.get(word, word) for word in (*each.errors, *each.warnings)])
    ]
    return f'<ul class="qd-warnings">{"".join(told)}</ul>' if told else ""
