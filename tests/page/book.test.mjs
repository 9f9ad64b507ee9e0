// What the page knows, and how it notices that it missed something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Book } from "../../quantdata/widgets/static/table.js";
import { cell, delta, leg, snapshot, STATUS } from "./messages.mjs";

function joined(extra) {
  const book = new Book("me");
  assert.equal(book.take(...snapshot("me", extra)), "snapshot");
  return book;
}

test("a snapshot says everything anew", () => {
  const book = joined({ cells: leg(0, 0, { bid: 7.5 }) });
  assert.equal(book.rows, 4);
  assert.equal(book.value(0, 0, 2), 7.5);
  assert.equal(book.fact(0, 0, "state"), 5);
  assert.ok(Number.isNaN(book.fact(0, 1, "state")));
  book.take(...snapshot("me", { epoch: 2, sequence: 2 }));
  assert.ok(Number.isNaN(book.value(0, 0, 2)));
});

test("a delta changes its cells alone, and tells which rows", () => {
  const book = joined({ cells: [...leg(0, 0, { bid: 7.5 }), ...leg(1, 1, { bid: 3 })] });
  book.dirty.fill(0);
  assert.equal(book.take(...delta("me", { cells: [[cell(1, 1, "bid"), NaN]] })), "delta");
  assert.equal(book.value(0, 0, 2), 7.5);
  assert.ok(Number.isNaN(book.value(1, 1, 2)));
  assert.deepEqual([...book.dirty], [0, 1, 0, 0]);
});

test("a status stays until another comes", () => {
  const book = joined();
  book.take(...delta("me", { status: { ...STATUS, price: 601 } }));
  book.take(...delta("me", { sequence: 3 }));
  assert.equal(book.price, 601);
  book.take(...delta("me", { sequence: 4, status: { ...STATUS, price: null, forward: null } }));
  assert.equal(book.price, null);
});

test("messages for other pages are none of ours", () => {
  const book = joined({ cells: leg(0, 0, { bid: 7.5 }) });
  assert.equal(book.take(...delta("you", { cells: [[cell(0, 0, "bid"), 1]] })), "other");
  assert.equal(book.take(...snapshot("you", { epoch: 9 })), "other");
  assert.equal(book.value(0, 0, 2), 7.5);
  assert.equal(book.sequence, 1);
});

test("a gap, another epoch or missing arrays are missed, and nothing is taken until the next snapshot", () => {
  for (const wrong of [{ sequence: 3 }, { sequence: 1 }, { epoch: 2 }]) {
    const book = joined({ cells: leg(0, 0, { bid: 7.5 }) });
    assert.equal(book.take(...delta("me", { ...wrong, cells: [[cell(0, 0, "bid"), 1]] })), "missed");
    assert.equal(book.take(...delta("me", { cells: [[cell(0, 0, "bid"), 1]] })), "other");
    assert.equal(book.value(0, 0, 2), 7.5);
    assert.equal(book.take(...snapshot("me", { epoch: 3, sequence: 7 })), "snapshot");
    assert.equal(book.take(...delta("me", { epoch: 3, sequence: 8 })), "delta");
  }
  const [content, buffers] = snapshot("me");
  assert.equal(joined().take(content, buffers.slice(1)), "missed");
});

test("a ping of another epoch tells of a snapshot that was lost", () => {
  const book = joined();
  assert.equal(book.take({ kind: "ping", to: "me", epoch: 1 }, []), "ping");
  assert.equal(book.take({ kind: "ping", to: "me", epoch: 2 }, []), "missed");
});

test("the snapshot that came with the widget is shown, but not counted on", () => {
  const book = new Book("me");
  assert.equal(book.take(...snapshot("*", { epoch: 0, sequence: 0, cells: leg(0, 0, { bid: 7.5 }) })), "snapshot");
  assert.equal(book.value(0, 0, 2), 7.5);
  assert.equal(book.take(...delta("me", { epoch: 0, sequence: 1 })), "other");
});

test("what is unknown is no message of ours; the end is for everybody", () => {
  const book = joined();
  assert.equal(book.take({ kind: "news", to: "me" }, []), "other");
  assert.equal(book.take({ kind: "closed", to: "*" }, []), "closed");
});

test("the price is found between strikes, whichever way they run", () => {
  const rising = joined();
  assert.deepEqual(
    [589, 590, 597, 605, 700].map((price) => rising.rowsUpTo(price)),
    [0, 1, 2, 4, 4],
  );
  assert.deepEqual(
    [1, 592, 593, 604, 700].map((price) => rising.nearest(price)),
    [0, 0, 1, 3, 3],
  );
  const falling = joined({
    strikes: [605, 600, 595, 590],
    layout: { sort: { field: "strike", leg: 0, descending: true } },
  });
  assert.deepEqual(
    [700, 605, 597, 590, 589].map((price) => falling.rowsUpTo(price)),
    [0, 1, 2, 4, 4],
  );
  assert.equal(falling.nearest(603), 0);
});

test("the chosen series is known by its key", () => {
  assert.equal(joined().series.days, 30);
  assert.equal(joined({ layout: { chosen: null } }).series, undefined);
});
