"""Spellings of equities, indices and listed options, and the facts that go with an option root.

One canonical spelling is used everywhere above ``wire``; the vendors' own are made here, on the way out:

=================  ===========================  =========================  ======================
what               canonical                    Massive                    Tradier
=================  ===========================  =========================  ======================
option             ``SPY251219C00450000``       ``O:SPY251219C00450000``   ``SPY251219C00450000``
index              ``SPX``                      ``I:SPX``                  ``SPX``
share class        ``BRK.B``                    ``BRK.B``                  ``BRK/B``
preferred share    ``BIPpB``                    ``BIPpB``                  ``BIP'B``
=================  ===========================  =========================  ======================

Facts about roots (`root_facts`) are what the exchanges publish: neither vendor sends them. Each row names its source.

References
----------
OCC, *Options Symbology Initiative*: root, YYMMDD, C or P, strike in thousandths of a dollar, eight digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Literal

from quantdata.errors import ArgumentError, SymbolError

__all__ = [
    "ExerciseStyle",
    "LastTrade",
    "OptionSymbol",
    "OptionType",
    "RootFacts",
    "Settlement",
    "TickSchedule",
    "equity",
    "index",
    "is_index",
    "is_option_symbol",
    "massive_equity",
    "massive_index",
    "massive_reference_underlying",
    "massive_underlying",
    "parse_option",
    "root_facts",
    "roots_of",
    "tick_schedule",
    "tick_size",
    "tradier_equity",
    "tradier_underlying",
    "underlying",
]

OptionType = Literal["call", "put"]
ExerciseStyle = Literal["american", "european"]
Settlement = Literal["AM", "PM"]
LastTrade = Literal["expiration", "day_before"]
TickSchedule = tuple[tuple[float, float], ...]

_STRIKE_LIMIT_USD: Final = 100_000
_TAIL_LENGTH: Final = 15  # YYMMDD, C or P, eight digits of strike: the part of an OCC symbol after the root
_ROOT_LENGTH: Final = 6
_SHOWN_LENGTH: Final = 40
_CENTURY: Final = 2000  # listed options have had this symbology since 2010

_ROOT = re.compile(r"[A-Z]{1,6}|[A-Z]{1,5}[1-9]")
_TAIL = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8})")
_INDEX = re.compile(r"[A-Z][A-Z0-9]{0,14}")
# Massive's own spelling, case-sensitive: KIMpL is series L of Kimco's preferred shares, XYZw is XYZ when issued.
_PREFERRED = re.compile(r"([A-Z]{1,5})p([A-Z]?)")
_WHEN_ISSUED = re.compile(r"[A-Z]{1,5}w")
_TRADIER_PREFERRED = re.compile(r"([A-Z]{1,5})'([A-Z]?)")
_EQUITY = re.compile(r"([A-Z]{1,5})(?:[./]([A-Z]{1,3})|-([A-Z]))?")


# --- options --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class OptionSymbol:
    """One listed option contract, as its symbol names it.

    Attributes
    ----------
    root
        Option root: one to six capital letters, or letters and one digit when adjusted.
    expiration
        Expiration date in the symbol; before February 2015 standard contracts carry the Saturday.
    option_type
        ``"call"`` or ``"put"``.
    strike
        Strike in USD, a multiple of 0.001, above 0 and below 100,000.

    Raises
    ------
    SymbolError
        If a part cannot stand in a symbol.
    """

    root: str
    expiration: date
    option_type: OptionType
    strike: float

    def __post_init__(self) -> None:
        _check_root(self.root, self.root)
        if isinstance(self.expiration, datetime) or not _CENTURY <= self.expiration.year < _CENTURY + 100:
            raise SymbolError(f"expiration {self.expiration!r}: it is a date from 2000 to 2099, without a time")
        if self.option_type not in ("call", "put"):
            raise SymbolError(f'option type {self.option_type!r}: it is "call" or "put"')
        if not 0 < self.strike < _STRIKE_LIMIT_USD:
            raise SymbolError(f"strike {self.strike!r}: it is above 0 and below 100,000 USD")
        thousandths = round(self.strike * 1000)
        if thousandths == 0 or abs(self.strike * 1000 - thousandths) > 1e-6 * max(1.0, self.strike):
            raise SymbolError(f"strike {self.strike!r}: a symbol holds multiples of 0.001 USD")
        # 3 and 0.1 + 0.2 become the same float that the symbol gives back, so that equal contracts are equal.
        object.__setattr__(self, "strike", thousandths / 1000)

    @property
    def occ(self) -> str:
        """Canonical spelling: OCC without padding, ``SPY251219C00450000``."""
        return self.root + self._tail

    @property
    def padded(self) -> str:
        """OCC's own 21 characters, the root filled up with spaces to six."""
        return self.root.ljust(_ROOT_LENGTH) + self._tail

    @property
    def massive(self) -> str:
        """Massive's spelling, ``O:SPY251219C00450000``."""
        return "O:" + self.occ

    @property
    def tradier(self) -> str:
        """Tradier's spelling, the same as `occ`."""
        return self.occ

    @property
    def underlying(self) -> str:
        """Canonical ticker of the underlying: ``SPX`` for root SPXW, ``BRK.B`` for BRKB, ``SPY`` for SPY1.

        Of share classes only those in the root table are known; for others ask the vendor's own row.
        """
        return root_facts(self.root).underlying

    @property
    def is_adjusted(self) -> bool:
        """Whether the root ends in a digit: the contract delivers something else than 100 shares.

        OCC appends a digit after a split, merger or special dividend. Cboe's mini options of 2013 and 2014 (10 shares,
        ``AAPL7``) have the same form and are just as little comparable with the standard series.
        """
        return self.root[-1].isdigit()

    @property
    def _tail(self) -> str:
        letter = "C" if self.option_type == "call" else "P"
        return f"{self.expiration:%y%m%d}{letter}{round(self.strike * 1000):08d}"

    def __str__(self) -> str:
        return self.occ


@lru_cache(maxsize=65536)
def parse_option(text: str) -> OptionSymbol:
    """Read an option symbol in OCC, padded OCC, Massive's or Tradier's spelling.

    Parameters
    ----------
    text
        ``"SPY251219C00450000"``, ``"O:SPY251219C00450000"`` or ``"SPY   251219C00450000"``, in upper or lower case,
        with or without space around it.

    Raises
    ------
    SymbolError
        If it is none of these; the message says which part is wrong.

    Examples
    --------
    >>> parse_option("o:spxw251219p05900000").underlying
    'SPX'
    """
    symbol = _ascii(text, "option symbol").upper().removeprefix("O:")
    root, tail = symbol[:-_TAIL_LENGTH], symbol[-_TAIL_LENGTH:]
    match = _TAIL.fullmatch(tail)
    if match is None:
        raise SymbolError(
            f"{_shown(text)} is not an option symbol: after the root come YYMMDD, C or P, and eight digits of strike "
            f'(thousandths of a dollar), as in "SPY251219C00450000"; here comes {tail!r}',
        )
    if " " in root and len(root) == _ROOT_LENGTH:
        root = root.rstrip(" ")
    _check_root(root, text)
    year, month, day, letter, strike = match.groups()
    try:
        expiration = date(_CENTURY + int(year), int(month), int(day))
    except ValueError:
        raise SymbolError(f"{_shown(text)}: {tail[:6]} is not a date (YYMMDD)") from None
    if strike == "00000000":
        raise SymbolError(f"{_shown(text)}: the strike is zero")
    return OptionSymbol(root, expiration, "call" if letter == "C" else "put", int(strike) / 1000)


def is_option_symbol(text: str) -> bool:
    """Say whether `parse_option` can read a text."""
    try:
        parse_option(text)
    except SymbolError:
        return False
    return True


def _check_root(root: str, text: str) -> None:
    if _ROOT.fullmatch(root):
        return
    if not root:
        raise SymbolError(f"{_shown(text)}: there is no root before the expiration")
    where = "" if root == text else f"{_shown(text)}: "
    if len(root) > _ROOT_LENGTH:
        raise SymbolError(f"{where}the root {_shown(root)} has more than six characters")
    raise SymbolError(
        f"{where}{_shown(root)} is not an option root; roots are capital letters, with one digit (1-9) at the end when "
        "adjusted, and without dots or slashes (BRKB for BRK.B)",
    )


def _shown(text: str) -> str:
    # Whatever a vendor sends may end up here; a message holds enough of it to be recognised.
    return repr(text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "...")


def _ascii(text: str, what: str) -> str:
    # Full-width digits pass str.isdigit, and dotless i becomes I in upper case: only ASCII is what it looks like.
    if not text.isascii():
        raise SymbolError(f"{_shown(text)} is not an {what}: it has characters outside ASCII")
    return text.strip()


# --- equities and indices -------------------------------------------------------------------------------------------


def equity(text: str) -> str:
    """Return the canonical ticker of a stock or fund: Massive's spelling.

    Parameters
    ----------
    text
        A ticker in upper or lower case, with space around it or not. Share classes may be written ``BRK.B``, ``BRK/B``
        or ``BRK-B`` (Yahoo's way, for one letter only: ``BAC-PL`` would be a preferred share there). Preferred shares
        are ``BIPpB`` or Tradier's ``BIP'B``; their small ``p``, and ``w`` for when-issued, are part of the ticker, so
        ``kimpl`` is the ticker KIMPL and not KIMpL.

    Raises
    ------
    SymbolError
        If it is not a ticker, or is an option, an option root (SPXW, BRKB, SPY1) or an index; the message says what to
        use instead.
    """
    ticker = _ascii(text, "equity ticker")
    if _PREFERRED.fullmatch(ticker) or _WHEN_ISSUED.fullmatch(ticker):
        return ticker
    ticker = ticker.upper()
    if preferred := _TRADIER_PREFERRED.fullmatch(ticker):
        return f"{preferred[1]}p{preferred[2]}"
    if ticker.startswith("I:") or is_index(ticker):
        raise SymbolError(f"{_shown(text)} is an index, not a stock or fund: ask for it as an index")
    _refuse_root(ticker, text)
    if match := _EQUITY.fullmatch(ticker):
        suffix = match[2] or match[3]
        return f"{match[1]}.{suffix}" if suffix else match[1]
    if _TAIL.fullmatch(ticker[-_TAIL_LENGTH:]):
        parse_option(text)  # raises for what is wrong with it
        raise SymbolError(f"{_shown(text)} is an option, not a stock or fund")
    raise SymbolError(
        f"{_shown(text)} is not an equity ticker: one to five letters, with a class after a dot when there is one, "
        'as in "AAPL" or "BRK.B"',
    )


def massive_equity(symbol: str) -> str:
    """Return Massive's spelling of an equity, ``BRK.B`` or ``BIPpB``; raises as `equity`."""
    return equity(symbol)


def tradier_equity(symbol: str) -> str:
    """Return Tradier's spelling of an equity, ``BRK/B`` or ``BIP'B``.

    Raises
    ------
    SymbolError
        As `equity`, and for when-issued shares, whose spelling at Tradier is not known.
    """
    ticker = equity(symbol)
    if preferred := _PREFERRED.fullmatch(ticker):
        return f"{preferred[1]}'{preferred[2]}"
    if ticker.endswith("w"):
        raise SymbolError(
            f"{_shown(symbol)}: Tradier's spelling of when-issued shares is not known; ask Massive for it"
        )
    return ticker.replace(".", "/")


def index(text: str) -> str:
    """Return the canonical ticker of an index, without prefix: ``SPX`` for ``"I:SPX"`` and ``"spx"``.

    The ticker need not be one that `is_index` knows: whoever asks for an index names one.

    Raises
    ------
    SymbolError
        If it is not an index ticker, or is an option root such as SPXW.
    """
    ticker = _ascii(text, "index ticker").upper().removeprefix("I:")
    if is_option_symbol(ticker):
        raise SymbolError(f"{_shown(text)} is an option, not an index")
    if not _INDEX.fullmatch(ticker):
        raise SymbolError(
            f'{_shown(text)} is not an index ticker: at most 15 letters and digits, as in "SPX" or "I:VIX9D"'
        )
    _refuse_root(ticker, text)
    return ticker


def massive_index(ticker: str) -> str:
    """Return Massive's spelling of an index, ``I:SPX``; raises as `index`."""
    return "I:" + index(ticker)


def is_index(ticker: str) -> bool:
    """Say whether a canonical ticker is a known cash index, so that ``SPX`` needs no prefix.

    The table has the indices with options in the root table and the common ones without; an index whose ticker is also
    a listed company (``COMP``, ``DJT``) is not in it and needs its ``I:``.
    """
    return ticker in _INDICES


# --- underlyings ----------------------------------------------------------------------------------------------------


def underlying(text: str) -> str:
    """Return the canonical ticker of a chain's underlying.

    Parameters
    ----------
    text
        An equity as in `equity`, or an index with options, with or without ``I:``.

    Raises
    ------
    SymbolError
        If it is neither; for an option symbol, a weekly root (SPXW) or an adjusted root (SPY1) the message names the
        underlying to ask for.
    """
    ticker = _ascii(text, "underlying").upper()
    if is_option_symbol(ticker):
        raise SymbolError(f"{_shown(text)} is one option: its chain's underlying is {parse_option(ticker).underlying}")
    if not (ticker.startswith("I:") or is_index(ticker)):
        return equity(text)
    ticker = index(ticker)
    if ticker not in _OPTION_INDICES:
        raise SymbolError(_no_options(ticker))
    return ticker


def massive_underlying(symbol: str) -> str:
    """Return an underlying as Massive's chain snapshot wants it: ``I:SPX``, ``BRK.B``; raises as `underlying`."""
    ticker = underlying(symbol)
    return massive_index(ticker) if is_index(ticker) else massive_equity(ticker)


def massive_reference_underlying(symbol: str) -> str:
    """Return an underlying as Massive's contract reference wants it: bare ``SPX``; raises as `underlying`."""
    # underlying_ticker=I:SPX is answered with 200 and no rows: reference/massive.md section 6.
    return underlying(symbol)


def tradier_underlying(symbol: str) -> str:
    """Return an underlying as Tradier wants it: ``SPX``, ``BRK/B``; raises as `underlying`."""
    ticker = underlying(symbol)
    return ticker if is_index(ticker) else tradier_equity(ticker)


def _refuse_root(ticker: str, text: str) -> None:
    """Raise for an option root that is not a ticker itself: SPXW, BRKB, SPY1."""
    if not _ROOT.fullmatch(ticker):
        return
    owner = _underlying_of(ticker)
    if owner != ticker:
        raise SymbolError(
            f'{_shown(text)} is an option root of {owner}, not a ticker: ask for "{owner}" (in a chain: for underlying '
            f'"{owner}" with roots="{ticker}")',
        )


def _no_options(ticker: str) -> str:
    return f"no options are known on the index {ticker}; known are those on {', '.join(sorted(_OPTION_INDICES))}"


# --- option roots ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RootFacts:
    """What the exchanges lay down for every series of an option root.

    Attributes
    ----------
    root
        Option root.
    underlying
        Canonical ticker of the underlying.
    exercise_style
        ``"american"`` or ``"european"``.
    settlement
        ``"AM"``: cash against a value made from opening prices on the expiration date. ``"PM"``: against the closing
        value, or delivery of shares.
    close
        New York time at which regular trading hours end; on half-days it is three hours earlier.
    last_day_close
        The same on a series' last trading day.
    ticks
        Smallest price steps of a single-leg quote in force now, in USD per share: ``(price_from, tick)``, ascending.
    """

    root: str
    underlying: str
    exercise_style: ExerciseStyle
    settlement: Settlement
    close: time
    last_day_close: time
    ticks: TickSchedule

    @property
    def last_trade(self) -> LastTrade:
        """Last day of regular trading: the expiration date, or the session before it for AM-settled series."""
        return "day_before" if self.settlement == "AM" else "expiration"


_REGULAR_CLOSE: Final = time(16, 0)
_EXTENDED_CLOSE: Final = time(16, 15)

# All series of SPY, QQQ and IWM 0.01; other classes of the Penny Interval Program 0.01 below 3 and 0.05 from there; all
# other classes 0.05 and 0.10: Cboe, "Rule 6.42. Minimum Increments for Bids and Offers" (now 5.4), and MIAX, "Penny
# Interval Program" (in force since July 2020).
_PENNY: Final[TickSchedule] = ((0.0, 0.01),)
_PENNY_NICKEL: Final[TickSchedule] = ((0.0, 0.01), (3.0, 0.05))
_NICKEL_DIME: Final[TickSchedule] = ((0.0, 0.05), (3.0, 0.10))
_PENNY_CLASSES: Final = frozenset({"IWM", "QQQ", "SPY"})

# Index options trade to 16:15, PM-settled ones to 16:00 on their last day: Cboe, "Rule 5.1. Trading Days and Hours" (89
# FR 101083); Nasdaq ISE, Options 3 section 1(d) says the same of its broad-based indices.
_INDEX_ROWS: Final[tuple[tuple[str, str, ExerciseStyle, Settlement, TickSchedule], ...]] = (
    # Cboe, "SPX Options Product Specification" (SPX/SPXW). SPX and SPXW both expire on third Fridays.
    ("SPX", "SPX", "european", "AM", _NICKEL_DIME),
    ("SPXW", "SPX", "european", "PM", _NICKEL_DIME),
    # Cboe, "XSP Options Product Specification"
    ("XSP", "XSP", "european", "PM", _PENNY),
    # Nasdaq, "PHLX Broad Based Index Options" for the increments, "Nasdaq-100 Index Options" for the rest. XND differs
    # from NDX in size and settlement alone: SEC order on Phlx's XND options of 9 April 2021, 86 FR 19909.
    ("NDX", "NDX", "european", "AM", _NICKEL_DIME),
    ("NDXP", "NDX", "european", "PM", _NICKEL_DIME),
    ("XND", "XND", "european", "PM", _NICKEL_DIME),
    # Cboe, "Russell 2000 Index Options" (RUT, RUTW); increments: ISE, "Russell 2000 options" specification
    ("RUT", "RUT", "european", "AM", _NICKEL_DIME),
    ("RUTW", "RUT", "european", "PM", _NICKEL_DIME),
    # Cboe, "Mini-Russell 2000 Index Options Product Specifications"
    ("MRUT", "MRUT", "european", "PM", _PENNY),
    # Cboe, "DJX Options Product Specification"
    ("DJX", "DJX", "european", "AM", _PENNY_NICKEL),
    # Cboe, "OEX/XEO Options Product Specification": the two differ in exercise style
    ("OEX", "OEX", "american", "PM", _NICKEL_DIME),
    ("XEO", "XEO", "european", "PM", _NICKEL_DIME),
    # Cboe, "VIX Options Product Specifications"; increments since October 2022, with VIXW staying at 0.01: Cboe,
    # "Options Tick Increment Change For VIX Options" (29 November 2022).
    ("VIX", "VIX", "european", "AM", _PENNY_NICKEL),
    ("VIXW", "VIX", "european", "AM", _PENNY),
)
_INDEX_ROOTS: Final = {
    root: RootFacts(
        root=root,
        underlying=owner,
        exercise_style=exercise_style,
        settlement=settlement,
        close=_EXTENDED_CLOSE,
        last_day_close=_EXTENDED_CLOSE if settlement == "AM" else _REGULAR_CLOSE,
        ticks=ticks,
    )
    for root, owner, exercise_style, settlement, ticks in _INDEX_ROWS
}

# Funds and notes whose options trade to 16:15, on their last day too: Nasdaq ISE, Options 3 section 1(c) and (e) allow
# it for all; this list is Firstrade, "Options that trade until 4:15 p.m. ET", without the classes that no longer exist.
# fmt: off
_EXTENDED_CLASSES: Final = frozenset((
    "DBA", "DBB", "DBC", "DBO", "DIA", "EEM", "EFA", "GLD", "IWM", "IWN", "IWO", "IWV", "KBE", "KRE", "MDY", "MOO",
    "OEF", "QQQ", "SLX", "SPY", "SVIX", "SVXY", "UNG", "UUP", "UVIX", "UVXY", "VIXM", "VIXY", "VXX", "VXZ", "XHB",
    "XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY", "XME", "XRT",
))
# fmt: on

# A root drops the dot of its share class, so BRKB alone could be any ticker: those certain to have options.
_CLASS_ROOTS: Final = {"BRKB": "BRK.B", "BFB": "BF.B"}

_OPTION_INDICES: Final = frozenset(facts.underlying for facts in _INDEX_ROOTS.values())
# fmt: off
_INDICES: Final = _OPTION_INDICES | frozenset((
    "DJI", "FVX", "GVZ", "IRX", "OVX", "RUA", "RUI", "RVX", "SKEW", "SOX", "TNX", "TYX", "VIX1D", "VIX3M", "VIX6M",
    "VIX9D", "VVIX", "VXN",
))
# fmt: on


@lru_cache(maxsize=8192)
def root_facts(root: str) -> RootFacts:
    """Return what the exchanges lay down for an option root.

    Index roots are looked up in a sourced table. Every other root is taken for an equity or fund: American exercise,
    PM, trading to 16:00 or, for the listed funds, 16:15. An adjusted root has the facts of its class.

    Parameters
    ----------
    root
        Option root in capitals, as in a symbol: ``"SPXW"``, ``"BRKB"``, ``"SPY1"``.

    Raises
    ------
    SymbolError
        If it cannot be a root, or is a known index for which the table has no row.

    Notes
    -----
    Neither vendor sends these facts, and there is no public table of which classes are in the Penny Interval Program:
    it holds some 400, the most active ones, and changes every year. Classes outside the table are taken to be in it
    (0.01 below 3 USD, 0.05 from there). That is right for nearly all volume; where it is wrong the real step is larger
    (0.05 and 0.10), so that checks counted in ticks become stricter, never laxer, but an order at such a price may be
    refused. Overnight and after-16:15 sessions of some index options are not regular trading hours.
    """
    _check_root(root, root)
    if facts := _INDEX_ROOTS.get(root):
        return facts
    if root[-1].isdigit():
        # A class is in the Penny Interval Program with its adjusted series: OLPP Amendment No. 5, 84 FR 68960.
        return replace(root_facts(root[:-1]), root=root)
    if is_index(root):
        raise SymbolError(_no_options(root))
    close = _EXTENDED_CLOSE if root in _EXTENDED_CLASSES else _REGULAR_CLOSE
    return RootFacts(
        root=root,
        underlying=_underlying_of(root),
        exercise_style="american",
        settlement="PM",
        close=close,
        last_day_close=close,
        ticks=_PENNY if root in _PENNY_CLASSES else _PENNY_NICKEL,
    )


def _underlying_of(root: str) -> str:
    if root[-1].isdigit():
        return _underlying_of(root[:-1])
    if facts := _INDEX_ROOTS.get(root):
        return facts.underlying
    return _CLASS_ROOTS.get(root, root)


def roots_of(symbol: str) -> tuple[str, ...]:
    """Return the standard option roots on an underlying, ``("SPX", "SPXW")`` or ``("BRKB",)``; raises as `underlying`.

    Adjusted roots (SPY1) come and go with corporate actions, so they are not listed here: see the vendor's chain.
    """
    ticker = underlying(symbol)
    listed = tuple(root for root, facts in _INDEX_ROOTS.items() if facts.underlying == ticker)
    return listed or (re.sub("[^A-Z]", "", ticker.upper()),)


def tick_schedule(root: str) -> TickSchedule:
    """Return a root's price steps as ``((price_from, tick), ...)``, ascending, in USD; raises as `root_facts`.

    The step at a price is that of the last pair with ``price_from <= price``, which column code can evaluate at once.
    """
    return root_facts(root).ticks


def tick_size(root: str, price: float) -> float:
    """Return the smallest price step of an option root at a price, in USD per share.

    Raises
    ------
    SymbolError
        As `root_facts`.
    ArgumentError
        If the price is negative or not a number.
    """
    if not price >= 0:
        raise ArgumentError(f"tick_size({root!r}, {price!r}): a price is zero or more")
    return next(tick for price_from, tick in reversed(tick_schedule(root)) if price >= price_from)
