// Numbers, times and facts in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Book,
  ago,
  band,
  clock,
  decimalsOf,
  describe,
  number,
  rulesOf,
  sourceOf,
} from "../../quantdata/widgets/static/table.js";
import { NOW, RULES, leg, snapshot } from "./messages.mjs";

const SOURCES = ["", "massive", "tradier", "model"];
const texts = (lines) => lines.map(({ text }) => text);

function bookWith(values, extra = {}) {
  const book = new Book("me");
  book.take(...snapshot("me", { cells: leg(1, 0, values), ...extra }));
  return book;
}

test("numbers have thousands apart, a true minus, and no minus before zero", () => {
  assert.equal(number(1234567.891, 2), "1,234,567.89");
  assert.equal(number(-0.5, 3), "\u22120.500");
  assert.equal(number(-0.0004, 3), "0.000");
  assert.equal(number(12, 0), "12");
});

test("strikes are all written with the decimals that one of them needs", () => {
  assert.equal(decimalsOf([590, 595]), 0);
  assert.equal(decimalsOf([590, 592.5]), 1);
  assert.equal(decimalsOf([590, 0.29]), 2);
  assert.equal(decimalsOf([1 / 3]), 3);
});

test("times are New York's, with the day unless it is today", () => {
  assert.equal(clock(NOW, NOW), "11:00:00 ET");
  assert.equal(clock(NOW - 24 * 3600 * 1000, NOW), "17 Nov, 11:00:00 ET");
});

test("ages are told as exactly as they matter", () => {
  const told = [1, 11, 300, 10800, 259200].map((seconds) => ago(NOW - seconds * 1000, NOW));
  assert.deepEqual(told, ["1.0 s ago", "11 s ago", "5 min ago", "3 h ago", "3 days ago"]);
  assert.equal(ago(NOW + 50, NOW), "0.0 s ago");
});

test("bands are those of the quality labels", () => {
  assert.deepEqual([100, 90, 89, 70, 69, 40, 39, 0].map(band), [0, 0, 1, 1, 2, 2, 3, 3]);
});

test("each field's source is the digit of its group", () => {
  const digits = 1 + 2 * 8 + 3 * 8 ** 4;
  assert.equal(sourceOf("bid", digits, SOURCES), "massive");
  assert.equal(sourceOf("last", digits, SOURCES), "tradier");
  assert.equal(sourceOf("implied_volatility", digits, SOURCES), "model");
  assert.equal(sourceOf("delta", digits, SOURCES), "");
  assert.equal(sourceOf("model_iv", 0, SOURCES), "model");
  assert.equal(sourceOf("confidence", digits, SOURCES), "");
  assert.equal(sourceOf("bid", NaN, SOURCES), "");
});

test("rules are found by their bits, beyond the 32nd too", () => {
  assert.deepEqual(
    rulesOf(5, RULES).map(({ name }) => name),
    ["crossed_quote", "zero_volume"],
  );
  const many = Array.from({ length: 50 }, (_, at) => ({ name: `rule ${at}`, severity: "note", words: "" }));
  assert.deepEqual(
    rulesOf(2 ** 49 + 2 ** 33, many).map(({ name }) => name),
    ["rule 33", "rule 49"],
  );
  assert.deepEqual(rulesOf(NaN, RULES), []);
});

test("a card tells value, unit, source, times, confidence and rules", () => {
  const book = bookWith({
    bid: 7.05,
    sources: 1,
    quote_at: NOW - 3000,
    received_at: NOW - 2000,
    confidence: 85,
    rules: 6,
  });
  assert.deepEqual(texts(describe(book, 1, { leg: 0, field: 2, at: 2 }, NOW)), [
    "595 call \u00b7 Fri 18 Dec 2026 SPY PM",
    "bid 7.05",
    "USD per share \u00b7 meaning of bid",
    "from massive, 10:59:57 ET (3.0 s ago)",
    "received 2.0 s ago",
    "confidence 85, good",
    "warning: a part of it is from the other vendor",
    "note: it has not traded in this session",
  ]);
});

test("ages of quotes are by the market's clock, those of receipt by the kernel's", () => {
  const book = bookWith({ bid: 7.05, sources: 1, quote_at: NOW + 3600_000 - 4000, received_at: NOW - 2000 });
  book.status.ahead = 3600_000;
  const told = texts(describe(book, 1, { leg: 0, field: 2, at: 2 }, NOW));
  assert.deepEqual(told.slice(3, 5), ["from massive, 11:59:56 ET (4.0 s ago)", "received 2.0 s ago"]);
});

test("a card says of a missing value that there is none, and from whom only where there is one", () => {
  const book = bookWith({ implied_volatility: NaN, sources: 3 * 8 ** 4, state: 1 + 2 });
  assert.deepEqual(texts(describe(book, 1, { leg: 0, field: 1, at: 1 }, NOW)).slice(1), [
    "iv none",
    "meaning of implied_volatility",
    "stale: older than one refresh",
    "confidence 100, excellent",
    "does not pass the filters",
  ]);
});

test("a card tells our model's values as ours, in percent", () => {
  const book = bookWith({ implied_volatility: 0.2137, sources: 3 * 8 ** 4, greeks_at: NaN });
  const told = texts(describe(book, 1, { leg: 0, field: 1, at: 1 }, NOW));
  assert.deepEqual(told.slice(1, 4), ["iv 21.4", "% a year \u00b7 meaning of implied_volatility", "from our model"]);
});

test("a card tells a contract that is not listed from one that has not come yet", () => {
  assert.equal(
    describe(bookWith({ state: 0 }), 1, { leg: 0, field: 2, at: 2 }, NOW).at(-1).text,
    "no such contract is listed",
  );
  assert.equal(describe(bookWith({}), 2, { leg: 1, field: 2, at: 4 }, NOW).at(-1).text, "not received yet");
});

test("a strike's card tells how far it is from the price, where there is one", () => {
  const book = bookWith({});
  const strike = { leg: -1, field: -1, at: 3 };
  assert.equal(describe(book, 0, strike, NOW).at(-1).text, "1.17 % below 597.00");
  assert.equal(describe(book, 2, strike, NOW).at(-1).text, "0.50 % above 597.00");
  Object.assign(book.status, { price: null, forward: null });
  assert.equal(describe(book, 2, strike, NOW).at(-1).text, "the price of the underlying is not known");
});
