// What the page owes the kernel, and when.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Book, Link } from "../../quantdata/widgets/static/table.js";
import { Clock, delta, snapshot } from "./messages.mjs";

let clock, said, book, link;
const kinds = () => said.map(({ kind }) => kind);

function receive([content, buffers]) {
  link.heard(book.take(content, buffers), content);
}

beforeEach(() => {
  clock = new Clock();
  said = [];
  book = new Book("me");
  link = new Link({
    client: "me",
    send: (answer) => said.push(answer),
    wants: () => ({ first: 3, last: 20 }),
    later: clock.later,
    now: () => clock.now,
  });
});

function join() {
  link.show();
  receive(snapshot("me"));
  link.painted(book);
  said.length = 0;
}

function frames(from, to) {
  for (let sequence = from; sequence <= to; sequence += 1) {
    clock.move(100);
    receive(delta("me", { sequence }));
    link.painted(book);
  }
}

test("a page says hello with what it wants, and acknowledges the snapshot once it is painted", () => {
  link.show();
  assert.deepEqual(said, [{ kind: "hello", client: "me", wants: { first: 3, last: 20 } }]);
  receive(snapshot("me"));
  assert.equal(said.length, 1);
  link.painted(book);
  assert.deepEqual(said[1], { kind: "ack", client: "me", epoch: 1, sequence: 1, first: 3, last: 20 });
  link.painted(book);
  assert.equal(said.length, 2);
});

test("ten frames a second are acknowledged every 400 ms", () => {
  join();
  frames(2, 13);
  assert.deepEqual(
    said.map(({ sequence }) => sequence),
    [4, 8, 12],
  );
});

test("the last frame of a burst is acknowledged though nothing follows", () => {
  join();
  frames(2, 3);
  assert.deepEqual(kinds(), []);
  clock.move(400);
  assert.deepEqual(
    said.map(({ sequence }) => sequence),
    [3],
  );
});

test("a frame that asks for it is acknowledged at once", () => {
  join();
  receive(delta("me", { sequence: 2, urgent: true }));
  link.painted(book);
  assert.deepEqual(
    said.map(({ sequence }) => sequence),
    [2],
  );
});

test("what was missed is asked for once, however much follows", () => {
  join();
  receive(delta("me", { sequence: 5 }));
  receive(delta("me", { sequence: 6 }));
  link.painted(book);
  assert.deepEqual(kinds(), ["hello"]);
});

test("after 6 s of silence a page asks once, then ever less often", () => {
  join();
  clock.move(5900);
  assert.equal(link.isSilent, false);
  clock.move(100);
  assert.equal(link.isSilent, true);
  for (let second = 0; second < 100; second += 1) {
    link.tick();
    clock.move(1000);
  }
  assert.deepEqual(kinds(), ["hello", "hello", "hello", "hello", "hello"]);
});

test("a sign of life ends the silence", () => {
  join();
  clock.move(6000);
  link.heard(book.take({ kind: "ping", to: "me", epoch: 1 }, []), { kind: "ping", to: "me", epoch: 1 });
  assert.equal(link.isSilent, false);
  link.tick();
  assert.deepEqual(kinds(), []);
});

test("what others are told is no sign of life", () => {
  join();
  clock.move(6000);
  receive(delta("you"));
  assert.equal(link.isSilent, true);
});

test("nobody looks: bye; somebody looks again: hello, and not stale at once", () => {
  join();
  link.hide();
  link.hide();
  assert.deepEqual(kinds(), ["bye"]);
  frames(2, 3);
  link.want();
  link.tick();
  clock.move(60000);
  assert.deepEqual(kinds(), ["bye"]);
  link.show();
  link.show();
  assert.deepEqual(kinds(), ["bye", "hello"]);
  assert.equal(link.isSilent, false);
});

test("wants go out at once, then at most every 100 ms, the last one always", () => {
  join();
  clock.move(1000);
  link.want();
  link.want();
  clock.move(50);
  link.want();
  assert.deepEqual(kinds(), ["want"]);
  clock.move(50);
  assert.deepEqual(kinds(), ["want", "want"]);
  clock.move(1000);
  assert.equal(said.length, 2);
});

test("a want that was put off is not said after bye", () => {
  join();
  clock.move(1000);
  link.want();
  link.want();
  link.hide();
  clock.move(1000);
  assert.deepEqual(kinds(), ["want", "bye"]);
});

test("after the end nothing is said", () => {
  join();
  link.heard(book.take({ kind: "closed", to: "*" }, []), { kind: "closed", to: "*" });
  clock.move(60000);
  link.tick();
  link.want();
  link.painted(book);
  link.hide();
  link.show();
  assert.deepEqual(kinds(), []);
});
