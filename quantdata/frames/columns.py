"""Every column once: name, dtype, unit, meaning. The frames of the whole package are made of these.

Missing is null, never NaN, 0 or ``""``: the vendor sent nothing, or it cannot be known.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

__all__ = [
    "BARS",
    "CHAIN",
    "COMPARISON",
    "CORPORATE_ACTIONS",
    "ENTITLEMENTS",
    "EQUITY_QUOTES",
    "FLOW",
    "GAPS",
    "HEALTH",
    "HUB_METRICS",
    "INDEX_QUOTES",
    "JOB_PLAN",
    "JOB_REPORT",
    "LAKE_FINDINGS",
    "LAKE_GAPS",
    "LAKE_PIECES",
    "LAKE_REPAIRS",
    "METRICS",
    "OPTION_QUOTES",
    "STREAMS",
    "TRADES",
    "Column",
    "empty",
    "schema",
]

MOMENT: Final = pl.Datetime("us", "UTC")
TICK: Final = pl.Datetime("ns", "UTC")
OPTION_TYPE: Final = pl.Enum(["call", "put"])
EXERCISE_STYLE: Final = pl.Enum(["american", "european", "bermudan"])
EXPIRATION_TYPE: Final = pl.Enum(["standard", "quarterly", "eom", "weekly"])
SETTLEMENT: Final = pl.Enum(["AM", "PM"])
PROVIDER: Final = pl.Enum(["massive", "tradier"])
SOURCE: Final = pl.Enum(["massive", "tradier", "hybrid"])
MODELLED: Final = pl.Enum(["massive", "tradier", "model"])
# In rising order of trust, so that the worst of a row's groups is their minimum.
FEED: Final = pl.Enum(["simulated", "eod", "delayed", "realtime"])
LIQUIDITY: Final = pl.Enum(["poor", "fair", "good", "excellent"])
QUALITY_LABEL: Final = pl.Enum(["poor", "fair", "good", "excellent"])
ADJUSTMENT: Final = pl.Enum(["raw", "split", "total"])
CORPORATE_ACTION: Final = pl.Enum(["split", "dividend"])
SIZE_UNIT: Final = pl.Enum(["shares", "round_lots"])
FLOW_BIAS: Final = pl.Enum(["bullish", "neutral", "bearish"])
# How order flow is known: print by print, from a chain's day blocks, or not at all.
FLOW_METHOD: Final = pl.Enum(["tape", "chain", "none"])
HOURS: Final = pl.Enum(["regular", "all"])
# Why a lake has no bars or trades of a session.
GAP_REASON: Final = pl.Enum(["holiday", "halted", "no_trades", "not_entitled", "failed", "not_asked"])
LAKE_PROBLEM: Final = pl.Enum(
    [
        "hash",
        "truncated",
        "schema",
        "unsorted",
        "duplicates",
        "foreign",
        "misplaced",
        "not_in_ledger",
        "missing_file",
        "staging",
    ]
)
LAKE_REPAIR: Final = pl.Enum(["quarantined", "removed", "adopted", "forgotten"])
# How a task of a batch job ended.
JOB_STATUS: Final = pl.Enum(["done", "cached", "empty", "not_entitled", "failed"])


class Column(NamedTuple):
    """One column of a canonical frame."""

    name: str
    dtype: pl.DataType
    unit: str
    meaning: str


def _f(name: str, unit: str, meaning: str) -> Column:
    return Column(name, pl.Float64(), unit, meaning)


def _i(name: str, unit: str, meaning: str) -> Column:
    return Column(name, pl.Int64(), unit, meaning)


def _s(name: str, meaning: str) -> Column:
    return Column(name, pl.String(), "", meaning)


def _e(name: str, dtype: pl.Enum, meaning: str) -> Column:
    return Column(name, dtype, "", meaning)


def _t(name: str, meaning: str) -> Column:
    return Column(name, MOMENT, "UTC", meaning)


def _d(name: str, meaning: str) -> Column:
    return Column(name, pl.Date(), "New York", meaning)


CONTRACT: Final = (
    _s("underlying_symbol", "underlying, in canonical spelling (SPY, BRK.B, SPX)"),
    _s("contract_symbol", "OCC symbol without padding or prefix"),
    _s("root_symbol", "option root; SPX and SPXW are different series of one underlying"),
    _d("expiration", "last day of the contract"),
    _e("expiration_type", EXPIRATION_TYPE, "kind of expiration, by its date"),
    _i("dte", "days", "calendar days to expiration in New York"),
    _f("time_to_expiry", "years", "ACT/365 to the settlement instant; 0 once past"),
    _f("strike", "USD per share", "strike price"),
    _e("option_type", OPTION_TYPE, "call or put; null for anything else"),
    _e("exercise_style", EXERCISE_STYLE, "when it may be exercised"),
    _e("settlement", SETTLEMENT, "AM: by opening prices; PM: by closing prices"),
    _i("multiplier", "shares", "shares per contract"),
    Column("is_adjusted", pl.Boolean(), "", "changed by a corporate action: not the standard deliverable"),
    _f("tick_size", "USD per share", "smallest price step at this quote"),
)

UNDERLYING: Final = (
    _f("underlying_price", "USD per share", "price of the underlying (index value for an index)"),
    _t("underlying_ts", "when that price was made; null at Tradier for a stock after the close"),
    _e("underlying_source", MODELLED, "who gave it"),
    _f("forward_price", "USD per share", "forward of the series by put-call parity; null until priced by the model"),
    _f("discount_factor", "ratio", "present value of 1 USD paid at settlement, by the rates of the model"),
    _f("moneyness", "ratio", "strike / underlying price"),
)

QUOTE: Final = (
    _f("bid", "USD per share", "best bid; 0.0 beside an ask means that nobody bids"),
    _i("bid_size", "contracts", "size at the bid"),
    _s("bid_exchange", "venue of the bid, OPRA participant letter (C: Cboe)"),
    _f("ask", "USD per share", "best offer"),
    _i("ask_size", "contracts", "size at the offer"),
    _s("ask_exchange", "venue of the offer, OPRA participant letter"),
    _f("mid", "USD per share", "(bid + ask) / 2; null unless both are > 0"),
    _f("spread", "USD per share", "ask - bid; null unless both are > 0"),
    _f("spread_percent", "percent", "100 * spread / mid"),
    _t("quote_ts", "the vendor's time of the quote"),
    _e("quote_source", PROVIDER, "who gave the quote"),
    _e("quote_feed", FEED, "how fresh that vendor's quotes are by plan"),
)

TRADE: Final = (
    _f("last", "USD per share", "price of the last trade"),
    _i("last_size", "contracts", "its size"),
    _s("last_exchange", "its venue, OPRA participant letter"),
    Column("last_conditions", pl.List(pl.Int64()), "", "its sale conditions, the vendor's ids"),
    _t("last_ts", "its time"),
    _e("trade_source", PROVIDER, "who gave it"),
)

DAY: Final = (
    _f("open", "USD per share", "first price of the day block's session"),
    _f("high", "USD per share", "highest"),
    _f("low", "USD per share", "lowest"),
    _f("close", "USD per share", "last so far"),
    _f("prev_close", "USD per share", "close of the contract's session before"),
    _f("change", "USD per share", "close - prev_close; null without a close"),
    _f("change_percent", "percent", "that change"),
    _f("vwap", "USD per share", "volume-weighted average price"),
    _i("volume", "contracts", "traded in day_session; of an older session it counts as 0 in filters"),
    _d("day_session", "the session that this block is about; it may be an old one"),
    _e("day_source", PROVIDER, "who gave it"),
)

OPEN_INTEREST: Final = (
    _i("open_interest", "contracts", "open contracts at the end of the session before"),
    _d("open_interest_date", "that session; null before 09:30 New York, when it is not known which"),
    _e("open_interest_source", PROVIDER, "who gave it"),
)

VOLATILITY: Final = (
    _f("implied_volatility", "annual fraction", "0.25 = 25 %"),
    _f("bid_iv", "annual fraction", "implied by the bid"),
    _f("ask_iv", "annual fraction", "implied by the ask"),
    _t("iv_ts", "time of the volatilities, where the vendor gives one"),
    _e("iv_source", MODELLED, "who computed them"),
    _f("model_iv", "annual fraction", "our own, from the mid; null until priced by the model"),
)

GREEKS: Final = (
    _f("delta", "USD per USD", "price change per dollar of the underlying"),
    _f("gamma", "1 / USD", "delta change per dollar of the underlying"),
    _f("theta", "USD per calendar day", "price change per day"),
    _f("vega", "USD per volatility point", "price change per 0.01 of volatility"),
    _f("rho", "USD per percentage point", "price change per 0.01 of the rate"),
    _t("greeks_ts", "time of the greeks, where the vendor gives one"),
    _e("greeks_source", MODELLED, "who computed them"),
    _e("greeks_feed", FEED, "how fresh that vendor's greeks are by plan"),
)

LIQUIDITY_GROUP: Final = (
    _e(
        "liquidity",
        LIQUIDITY,
        "poor: spread > 5 % and > 2 ticks, or no two-sided quote; fair: volume or open interest < 10; good: < 100",
    ),
)

PROVENANCE: Final = (
    _e("source", SOURCE, "the provider of the row; hybrid where several made it"),
    _t("snapshot_ts", "when the call was answered; one per frame"),
    _t("received_ts", "when this row arrived here"),
    _f("age_s", "seconds", "open-market time since then, at the moment of validation"),
    _e("feed", FEED, "worst of the row's prices; greeks, which may be hourly, have their own"),
    _s("fallback_reason", "why another provider than the first answered; null when it was the first"),
)

TEXTS: Final = pl.List(pl.String)

QUALITY: Final = (
    Column("confidence", pl.UInt8(), "0-100", "how far the row can be trusted: 0 with an error, 5 less a warning"),
    Column("quality", QUALITY_LABEL, "", "excellent from 90, good from 70, fair from 40, else poor"),
    Column("is_stale", pl.Boolean(), "", "older than one refresh"),
    Column("errors", TEXTS, "", "names of the rules that say a value cannot be right"),
    Column("warnings", TEXTS, "", "names of the rules that cost confidence"),
    Column("notes", TEXTS, "", "names of the states worth seeing, which cost none"),
)

# A contract's quote and its greeks are trusted apart: a bad greek does not condemn a good quote.
CHAIN_QUALITY: Final = (
    QUALITY[0],
    Column("quote_confidence", pl.UInt8(), "0-100", "the same over what concerns the quote"),
    Column("greeks_confidence", pl.UInt8(), "0-100", "the same over what concerns volatility and greeks"),
    *QUALITY[1:],
)

CHAIN: Final = (
    *CONTRACT,
    *UNDERLYING,
    *QUOTE,
    *TRADE,
    *DAY,
    *OPEN_INTEREST,
    *VOLATILITY,
    *GREEKS,
    *LIQUIDITY_GROUP,
    *PROVENANCE,
    *CHAIN_QUALITY,
)

EQUITY_QUOTES: Final = (
    _s("symbol", "stock or fund, in canonical spelling"),
    _f("price", "USD", "last trade where the plan has trades, else the last minute's close, else the day's"),
    _f("bid", "USD", "best bid"),
    _f("ask", "USD", "best offer"),
    _f("bid_size", "size_unit", "size at the bid"),
    _f("ask_size", "size_unit", "size at the offer"),
    _e("size_unit", SIZE_UNIT, "shares, or round lots where the vendor still sends those"),
    _t("quote_ts", "the vendor's time of the quote"),
    _f("last_size", "shares", "size of the last trade"),
    _t("last_ts", "time of the last trade; null at Tradier after the close, when the price is the regular close"),
    _f("open", "USD", "day's first price; null before the first trade"),
    _f("high", "USD", "day's highest"),
    _f("low", "USD", "day's lowest"),
    _f("close", "USD", "day's last so far"),
    _f("prev_close", "USD", "close of the session before"),
    _f("change", "USD", "since prev_close"),
    _f("change_percent", "percent", "since prev_close"),
    _f("volume", "shares", "traded today"),
    _f("vwap", "USD", "volume-weighted average price of the day"),
    _t("updated_ts", "the vendor's time of the snapshot"),
    _s("vendor_error", "why the vendor gave nothing for this symbol; null on a good row"),
    *PROVENANCE,
    *QUALITY,
)

INDEX_QUOTES: Final = (
    _s("symbol", "index, without a vendor's prefix (SPX)"),
    _s("name", "its name"),
    _f("value", "points", "last value"),
    _t("value_ts", "time of that value"),
    _f("change", "points", "value - prev_close"),
    _f("change_percent", "percent", "that change"),
    _f("open", "points", "session's first"),
    _f("high", "points", "session's highest"),
    _f("low", "points", "session's lowest"),
    _f("close", "points", "session's last, the vendor's own figure"),
    _f("prev_close", "points", "close of the session before"),
    _s("market_status", "the vendor's word: open, closed, ..."),
    _s("vendor_error", "why the vendor gave nothing for this index; null on a good row"),
    *PROVENANCE,
    *QUALITY,
)

BARS: Final = (
    _s("symbol", "stock, fund, index or option contract, in canonical spelling"),
    _t("ts", "START of the bar's window; midnight New York for 1d, Monday's for 1w"),
    _f("open", "USD per share", "first price"),
    _f("high", "USD per share", "highest"),
    _f("low", "USD per share", "lowest"),
    _f("close", "USD per share", "last price"),
    _f("volume", "shares or contracts", "traded, in a daily bar outside regular hours too; null for an index"),
    _f("vwap", "USD per share", "volume-weighted average price; null for an index, and of days at Tradier"),
    _i("trades", "trades", "number of trades; null for an index, and at Tradier"),
    _d("session", "the session of the bar; of 1w the first one in the week"),
    _e("adjustment", ADJUSTMENT, "what prices are adjusted for: nothing, splits, splits and dividends"),
    _e("source", PROVIDER, "who gave it"),
    _e("feed", FEED, "how fresh the source is by plan, where it says so; simulated data says so always"),
)

CORPORATE_ACTIONS: Final = (
    _s("symbol", "stock or fund, in canonical spelling"),
    _d("ex_date", "the first session that trades without it; of a split the first in new shares"),
    _e("action", CORPORATE_ACTION, "a split, or a cash dividend"),
    _f("ratio", "shares", "new shares for one old; null of a dividend"),
    _f("amount", "USD per share", "paid, per share of that day; null of a split"),
    _e("source", PROVIDER, "who gave it"),
    _e("feed", FEED, "how fresh the source is by plan, where it says so; simulated data says so always"),
)

TRADES: Final = (
    _s("symbol", "stock, fund or option contract, in canonical spelling"),
    Column("ts", TICK, "UTC", "time of the print at the consolidator (SIP or OPRA)"),
    Column("participant_ts", TICK, "UTC", "time at the venue, where sent"),
    _f("price", "USD per share", "price"),
    _f("size", "shares or contracts", "size; a stock's may be fractional"),
    _s("exchange", "venue, the vendor's id"),
    Column("conditions", pl.List(pl.Int64()), "", "sale conditions, the vendor's ids; null when none"),
    _i("correction", "", "correction indicator; null on an ordinary print"),
    _i("sequence", "", "order within symbol and day; gaps are normal"),
    _s("trade_id", "the venue's id; null for options"),
    _e("source", PROVIDER, "who gave it"),
    _e("feed", FEED, "how fresh the source is by plan, where it says so; simulated data says so always"),
)

OPTION_QUOTES: Final = (
    _s("symbol", "OCC symbol"),
    Column("ts", TICK, "UTC", "from when on it stood, at the consolidator (OPRA)"),
    _f("bid", "USD per share", "best bid; 0.0 beside an ask means that nobody bids"),
    _i("bid_size", "contracts", "size at the bid"),
    _f("ask", "USD per share", "best offer; null where nobody offers"),
    _i("ask_size", "contracts", "size at the offer"),
    _e("source", PROVIDER, "who gave it"),
    _e("feed", FEED, "how fresh the source is by plan, where it says so; simulated data says so always"),
)

FLOW: Final = (
    _s("contract_symbol", "OCC symbol without padding or prefix"),
    _i("trade_count", "prints", "prints of the span; null without a tape"),
    _i("volume", "contracts", "traded in the span, cancelled prints left out; null where method is none"),
    _f("premium", "USD", "paid for that volume: price * size * multiplier; of a chain its vwap, else mid, else last"),
    _i("buy_volume", "contracts", "of prints that took the offer or were nearer to it; null without a tape"),
    _i("sell_volume", "contracts", "of prints that hit the bid or were nearer to it; null without a tape"),
    _i("unclassified_volume", "contracts", "of prints of unknown side, and of packages, auctions, crosses, the floor"),
    _f("buy_pressure", "0-100", "100 * buy_volume / (buy_volume + sell_volume); null without signed volume"),
    _i("sweep_count", "sweeps", "orders that took several venues within milliseconds; null without a tape"),
    _i("block_count", "prints", "prints of at least 100,000 USD premium; null without a tape"),
    _f(
        "volume_oi_ratio",
        "ratio",
        "volume / open_interest; null without open interest, or for another session than the newest",
    ),
    Column("is_unusual", pl.Boolean(), "", "at least 500 contracts, and more than were open before the session"),
    _e("flow_bias", FLOW_BIAS, "bullish from a flow_score of 20, bearish from -20, else neutral: also without a score"),
    _f("flow_score", "-100 to 100", "bought less sold calls (of puts the negative), percent of volume; null unsigned"),
    _e("method", FLOW_METHOD, "tape: print by print; chain: volume of the day alone; none: nothing is known"),
    _t("updated_ts", "time of the newest print that is counted"),
    *PROVENANCE,
    *QUALITY,
)


def _of_vendor(vendor: str) -> tuple[Column, ...]:
    return (
        _f(f"{vendor}_bid", "USD per share", f"best bid at {vendor.title()}"),
        _f(f"{vendor}_ask", "USD per share", "best offer there"),
        _f(f"{vendor}_mid", "USD per share", "middle of both; null unless both are > 0"),
        _t(f"{vendor}_quote_ts", "the vendor's time of that quote"),
        _f(f"{vendor}_iv", "annual fraction", "our own volatility, from that mid, on the forward of both"),
        _f(f"{vendor}_vendor_iv", "annual fraction", "the vendor's own, which may be of another time"),
        _i(f"{vendor}_volume", "contracts", "traded in the session, as that vendor counts"),
        _i(f"{vendor}_open_interest", "contracts", "open contracts, as that vendor has them"),
    )


COMPARISON: Final = (
    *(column for column in CONTRACT if column.name in {"underlying_symbol", "contract_symbol", "root_symbol"}),
    *(column for column in CONTRACT if column.name in {"expiration", "strike", "option_type", "tick_size"}),
    _f("forward_price", "USD per share", "forward of the series, by both vendors' parity"),
    *_of_vendor("massive"),
    *_of_vendor("tradier"),
    _f("quote_gap_s", "seconds", "Tradier's quote time less Massive's"),
    _f("mid_difference", "USD per share", "Tradier's mid less Massive's; null where the quotes are > 2 s apart"),
    _f("mid_difference_ticks", "ticks", "the same in price steps"),
    _f("mid_difference_spreads", "spreads", "the same over the mean of both spreads"),
    _f(
        "iv_difference_points",
        "volatility points",
        "Tradier's iv less Massive's; null where the quotes are > 2 s apart",
    ),
    _e("feed", FEED, "the less fresh of both vendors' by plan; simulated data says so always"),
)

ENTITLEMENTS: Final = (
    _s("provider", "whose plan"),
    _s("block", "group of data"),
    Column("is_entitled", pl.Boolean(), "", "null when the answer does not tell"),
    _e("feed", FEED, "freshness of what comes; null when nothing does"),
    _s("reason", "what the vendor said, or what was missing"),
)


HEALTH: Final = (
    _s("provider", "who was asked"),
    _s("endpoint", "which question: chain, contract, expirations, quotes, indices, bars, trades, ..."),
    Column("is_healthy", pl.Boolean(), "", "false from three failures in a row to the next success"),
    _i("consecutive_failures", "questions", "failures since the last success"),
    _i("successes", "questions", "answered so far"),
    _i("failures", "questions", "failed so far: down, slow, unreadable or locked out; refusals are none"),
    _f("response_p50_s", "seconds", "half of the last 256 answers took at most this; null before the first"),
    _f("response_p95_s", "seconds", "95 % of them took at most this"),
    _t("last_success_ts", "when the last answer came, by this machine's clock"),
    _t("last_failure_ts", "when the last failure came, by this machine's clock"),
    _s("last_error_code", "its `ErrorCode`"),
    _s("last_error", "its message"),
    _f("retry_in_s", "seconds", "until a probe may go; 0 when it may now, or is under way; null while healthy"),
    _f("waiting_s", "seconds", "how long the oldest question under way has waited; null while there is none"),
)

METRICS: Final = (
    _s("metric", "what is counted: requests, retries, failures, received_bytes, rows, ..."),
    _s("provider", "who was asked; null of the cache"),
    _s("endpoint", "path of the request with * for symbols, numbers and times; of rows and the cache the question"),
    _s("kind", "code of the failure, reason of the fallback; null where a metric has no kinds"),
    _f("value", "unit", "the count since the client was made"),
    _s("unit", "of the value"),
)


STREAMS: Final = (
    _s("provider", "whose stream"),
    _s("asset", "options, stocks, indices, or all in one"),
    _s("state", "idle, connecting, live, silent, waiting (to connect again) or stopped"),
    _e("feed", FEED, "how fresh it is by plan"),
    _t("since_ts", "since when it is in that state, by this machine's clock"),
    _t("heard_ts", "when its last frame came"),
    _i("reconnects", "connections", "that replaced one before"),
    _i("wanted", "channels", "what it is asked for"),
    _i("held", "channels", "what the vendor has acknowledged"),
    _i("refused", "channels", "what the vendor has refused"),
    _i("events", "events", "received"),
    _i("late", "events", "dropped: older than what was known"),
    _i("repeated", "events", "dropped: what was known"),
    _i("lost_trades", "trades", "dropped for want of room"),
    _f("ping_s", "seconds", "round trip of the last ping; null before the first"),
    _s("error", "why it stopped, or why its last connection ended"),
)

GAPS: Final = (
    _s("provider", "whose stream"),
    _s("asset", "which"),
    _s("reason", "why it was cut off"),
    _t("start_ts", "when the last frame before came"),
    _t("end_ts", "when all was subscribed again"),
    _t("filled_ts", "when polls had filled it: all that the stream tells of, asked for since; null while not"),
)

LAKE_PIECES: Final = (
    _s("dataset", "chains, bars_1m, trades, ..."),
    _d("date", "session that the piece is of, and the folder that it is in"),
    _s("key", "name of the piece within dataset and date"),
    _s("symbol", "its symbol, of chains and flow the underlying; null where it holds several"),
    _i("rows", "rows", "how many there are"),
    _i("bytes", "bytes", "size of the file"),
    _t("first_ts", "the earliest time in it: start of a bar, print, or snapshot"),
    _t("last_ts", "the latest"),
    _e("hours", HOURS, "of bars within the day and of trades: the trading hours that were asked for"),
    _s("filters", "what a chain was narrowed by, as JSON; null of a whole one"),
    _s("sources", "rows of each provider, as JSON"),
    _e("feed", FEED, "the least fresh of its rows"),
    Column("is_simulated", pl.Boolean(), "", "whether any row is of a simulated market"),
    _s("content_hash", "SHA-256 of the file, but for this hash and the time of writing; null of a foreign program's"),
    _i("schema_version", "", "of the columns; null of a foreign program's"),
    _t("written_ts", "when it was written, by the writer's clock: for information alone"),
)

LAKE_GAPS: Final = (
    _s("dataset", "which"),
    _s("symbol", "what there are no bars or trades of"),
    _d("date", "weekday without a piece"),
    _e("reason", GAP_REASON, "holiday by the calendar; not_asked: nobody has tried; else what a fetch has found out"),
    _s("detail", "name of the holiday, or what the vendor said"),
    _t("asked_ts", "when it was found out; null of holiday and not_asked"),
)

LAKE_FINDINGS: Final = (
    _s("dataset", "which; null of what belongs to none"),
    _s("path", "file, from the lake's folder on"),
    _e("problem", LAKE_PROBLEM, "what is wrong with it"),
    _s("detail", "the same in a sentence, and what to do"),
)

LAKE_REPAIRS: Final = (
    _s("dataset", "which; null of what belongs to none"),
    _s("path", "file, from the lake's folder on"),
    _e("done", LAKE_REPAIR, "quarantined: moved aside, a broken file; removed: left over; or what the ledger learnt"),
    _s("detail", "why, and where it is now"),
)

JOB_PLAN: Final = (
    _s("dataset", "of the lake: chains, bars_1m, trades, ..."),
    _s("symbol", "what is asked for; symbols of one request stand together, with spaces between"),
    _d("start", "first day of bars and trades; null of snapshots"),
    _d("end", "last day that can be had by now"),
    _i("sessions", "sessions", "bars and trades: how many are to be asked for"),
    _i("cached", "", "sessions that need no request; of snapshots, symbols that an unfinished run has brought in"),
    _i("requests", "requests", "how many it takes, by what is known of the vendor's pages"),
    _f("seconds", "seconds", "how long these take at the account's rate"),
    _i("rows", "rows", "what may come"),
    _i("bytes", "bytes", "what that takes in the lake"),
    Column("is_measured", pl.Boolean(), "", "whether rows and bytes are those of pieces in the lake, else assumed"),
    _s("not_included", "what plan or vendor do not deliver of it, or not yet; null: all of it"),
)

JOB_REPORT: Final = (
    _s("dataset", "of the lake: chains, bars_1m, trades, ..."),
    _s("symbol", "what was asked for; symbols of one request stand together, with spaces between"),
    _d("start", "first session of bars and trades; null of snapshots"),
    _d("end", "last session"),
    _t("slot_ts", "of snapshots that are taken again and again: when this one was due"),
    _e("status", JOB_STATUS, "cached: was there before; empty: the vendor has answered, there is nothing"),
    _i("sessions", "sessions", "bars and trades: how many are in the lake now; null of snapshots"),
    _i("rows", "rows", "in the lake now"),
    _i("bytes", "bytes", "size of their files"),
    _s("detail", "why there is less than was asked for, or what else there is to know"),
)

HUB_METRICS: Final = (
    _s("subject", "hub, a symbol, a stream or a subscriber"),
    _s("metric", "what is counted or timed"),
    _f("value", "unit", "how much"),
    _s("unit", "of the value: count, seconds or bytes"),
)


def schema(columns: tuple[Column, ...]) -> pl.Schema:
    """Return the polars schema of a canonical frame."""
    return pl.Schema({column.name: column.dtype for column in columns})


def empty(columns: tuple[Column, ...]) -> pl.DataFrame:
    """Return a canonical frame without rows: the same schema as a full one."""
    return pl.DataFrame(schema=schema(columns))
