// Columns, sorting, filters, selections.
import assert from "node:assert/strict";
import { test } from "node:test";
import widget, {
  Book,
  boxOf,
  columnsOf,
  leftOut,
  nextSort,
  tsv,
  withEnd,
} from "../../quantdata/widgets/static/table.js";
import { FIELDS, leg, snapshot } from "./messages.mjs";

const BY_STRIKE = { field: "strike", leg: 0, descending: false };

test("puts mirror calls around the strike, and each column keeps its number when others give way", () => {
  assert.deepEqual(
    columnsOf(3, 0).map(({ leg: side, field }) => [side, field]),
    [
      [0, 0],
      [0, 1],
      [0, 2],
      [-1, -1],
      [1, 2],
      [1, 1],
      [1, 0],
    ],
  );
  assert.deepEqual(
    columnsOf(3, 0).map(({ at }) => at),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    columnsOf(3, 2).map(({ at }) => at),
    [2, 3, 4],
  );
});

test("the outermost columns give way first; the strike and one column a side stay", () => {
  assert.equal(leftOut(FIELDS, 2000), 0);
  assert.equal(leftOut(FIELDS, 340), 1);
  assert.equal(leftOut(FIELDS, 220), 2);
  assert.equal(leftOut(FIELDS, 10), 2);
  assert.equal(leftOut([], 10), 0);
});

test("a header sorts highest first, then lowest first, then by strike again", () => {
  const first = nextSort(BY_STRIKE, "volume", 1);
  assert.deepEqual(first, { field: "volume", leg: 1, descending: true });
  const second = nextSort(first, "volume", 1);
  assert.deepEqual(second, { field: "volume", leg: 1, descending: false });
  assert.deepEqual(nextSort(second, "volume", 1), BY_STRIKE);
  assert.deepEqual(nextSort(second, "volume", 0), { field: "volume", leg: 0, descending: true });
});

test("the strike's header turns the rows round, or leads back to them", () => {
  assert.deepEqual(nextSort(BY_STRIKE, "strike", 0), { ...BY_STRIKE, descending: true });
  assert.deepEqual(nextSort({ ...BY_STRIKE, descending: true }, "strike", 0), BY_STRIKE);
  assert.deepEqual(nextSort({ field: "bid", leg: 1, descending: true }, "strike", 0), BY_STRIKE);
});

test("a filter has two ends; without either it is none", () => {
  const low = withEnd({}, "delta", 0, 0.2);
  assert.deepEqual(low, { delta: [0.2, null] });
  const both = withEnd({ ...low, volume: [1, null] }, "delta", 1, 0.6);
  assert.deepEqual(both, { delta: [0.2, 0.6], volume: [1, null] });
  assert.deepEqual(withEnd(withEnd(both, "delta", 0, null), "delta", 1, null), { volume: [1, null] });
});

test("a selection is the rectangle between its ends", () => {
  assert.deepEqual(boxOf({ row: 5, column: 1 }, { row: 2, column: 4 }), { top: 2, bottom: 5, left: 1, right: 4 });
});

test("a selection is copied with headers, as spreadsheets read numbers, missing ones empty", () => {
  const book = new Book("me");
  const cells = [
    ...leg(0, 0, { bid: 1234.5, implied_volatility: 0.2137 }),
    ...leg(0, 1, { bid: 0.05 }),
    ...leg(1, 0, { bid: NaN, implied_volatility: -0.001 }),
    ...leg(1, 1, { bid: 7 }),
  ];
  book.take(...snapshot("me", { cells, strikes: [590, 592.5, 595] }));
  const copied = tsv(book, columnsOf(3, 0), { top: 0, bottom: 2, left: 1, right: 4 });
  assert.equal(copied.text, "call iv\tcall bid\tstrike\tput bid\n21.4\t1234.50\t590.0\t0.05\n-0.1\t\t592.5\t7.00");
  assert.deepEqual([copied.rows, copied.columns, copied.missing], [2, 4, 1]);
});

test("the module is a factory of a widget, as anywidget wants it", () => {
  assert.equal(typeof widget().render, "function");
});
