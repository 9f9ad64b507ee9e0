/**
 * A live table of calls and puts in a page: what it was sent, what it says back, and how it is shown.
 *
 * One module without imports, as anywidget wants it. From the top: what the messages are (types), numbers in words,
 * `Book` (what the page knows), `Link` (what it owes the kernel), `Grid` (the rows in view), `Card` (all about one
 * cell), `Head`, `Tabs` and `Tools` (what stands above the rows), `View` (which ties them together) and the widget.
 *
 * Two rules hold throughout: a frame of the screen writes to the page and reads nothing of its layout, and nothing is
 * written that is there already.
 */

/**
 * @typedef {{name: string, header: string, unit: string, decimals: number, scale: number, meaning: string}} Field
 * @typedef {{key: string, label: string, days: number, root: string, settlement: string | null}} Series
 * @typedef {{name: string, severity: "error" | "warning" | "note", words: string}} Rule
 * @typedef {{field: string, leg: 0 | 1, descending: boolean}} Sort
 * @typedef {[number | null, number | null]} Span
 * @typedef {Record<string, Span>} Filters
 * @typedef {{underlying: string, series: Series[], chosen: string | null, rows: number, fields: Field[],
 *   facts: string[], sources: string[], rules: Rule[], sort: Sort, filters: Filters}} Layout
 * @typedef {{at: number, ahead?: number, price: number | null, forward: number | null, money: number | null,
 *   confidence: number | null, quality: string | null, badges: string[], stale_since: number | null,
 *   warnings: string[]}} Status
 * @typedef {{kind: "snapshot", to: string, epoch: number, sequence: number, layout: Layout, status: Status}} Snapshot
 * @typedef {{kind: "delta", to: string, epoch: number, sequence: number, urgent?: true, status?: Status}} Delta
 * @typedef {{kind: "ping", to: string, epoch: number}} Ping
 * @typedef {{kind: "closed", to: string}} Closed
 * @typedef {Snapshot | Delta | Ping | Closed} Message
 * @typedef {{series?: string, first: number, last: number, sort?: Sort, filters?: Filters}} Wants
 * @typedef {{kind: "hello" | "want", client: string, wants: Wants} | {kind: "bye", client: string}
 *   | {kind: "ack", client: string, epoch: number, sequence: number, first: number, last: number}} Answer
 * @typedef {"other" | "missed" | "snapshot" | "delta" | "ping" | "closed"} Taken
 * @typedef {{leg: 0 | 1 | -1, field: number, at: number}} Column
 * @typedef {{row: number, column: number}} Place
 * @typedef {{top: number, bottom: number, left: number, right: number}} Box
 * @typedef {{kind: string, text: string}} Line
 * @typedef {{element: HTMLElement, text: Text, shown: string, value: number, flags: number, until: number}} Cell
 * @typedef {{element: HTMLElement, cells: Cell[], row: number, since: number, names: string,
 *   states: [number, number]}} Slot
 * @typedef {{get(name: string): any, on(name: string, callback: (...values: any[]) => void): void,
 *   off(name: string, callback: (...values: any[]) => void): void, send(content: Answer): void}} Model
 */

// Of the page's protocol, in ms: see the kernel's side in gate.py and audience.py.
export const ACK_EVERY_MS = 400;
export const WANT_EVERY_MS = 100;
export const SILENT_AFTER_MS = 6000;
export const HELLO_AFTER_MS = 5000;
export const HELLO_AT_MOST_EVERY_MS = 60000;
// How long ▲ and ▼ stay; and how long a row must have been in view before what comes in is news, not catching up.
const MARK_MS = 500;
const CARD_AFTER_MS = 250;
const SAID_MS = 4000;

const ROW_PX = 22;
const HEAD_PX = 2 * ROW_PX;
const STRIKE_PX = 84;
const OVERSCAN = 6;
const HEADER_ROWS = 2;

// Bits of the fact `state`, and of a cell's flags.
const EXISTS = 1;
const STALE = 2;
const PASSES = 4;
const UP = 1;
const DOWN = 2;
const NONE = 4;
const PICKED = 8;
const FLAGS = ["up", "down", "none", "picked"];

const MINUS = "\u2212";
const DASH = "\u2013";
/** @type {Sort} */
const BY_STRIKE = { field: "strike", leg: 0, descending: false };
const SIDES = ["call", "put"];

// ---------------------------------------------------------------- numbers, times and facts in words

/** @type {Map<number, Intl.NumberFormat>} */
const WRITERS = new Map();

/** Return a number with thousands separated and a true minus. @param {number} value @param {number} decimals */
export function number(value, decimals) {
  let writer = WRITERS.get(decimals);
  if (!writer) {
    writer = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    WRITERS.set(decimals, writer);
  }
  const text = writer.format(value);
  if (text[0] !== "-") return text;
  return /[1-9]/.test(text) ? MINUS + text.slice(1) : text.slice(1);
}

/** Return how many decimals all strikes need, three at most. @param {ArrayLike<number>} strikes */
export function decimalsOf(strikes) {
  let most = 0;
  for (const strike of Array.from(strikes)) {
    while (most < 3 && Math.abs(Math.round(strike * 10 ** most) / 10 ** most - strike) > 1e-6) most += 1;
  }
  return most;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: "America/New_York", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { timeZone: "America/New_York", day: "numeric", month: "short" });

/** Return a time of the day in New York, with the day unless it is today's. @param {number} at @param {number} now */
export function clock(at, now) {
  const time = `${CLOCK.format(at)} ET`;
  const day = DAY.format(at);
  return day === DAY.format(now) ? time : `${day}, ${time}`;
}

/** Return how long ago a time was. @param {number} at @param {number} now */
export function ago(at, now) {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 10) return `${seconds.toFixed(1)} s ago`;
  if (seconds < 120) return `${Math.round(seconds)} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** Return the label of a confidence, worst last: 0 excellent, 1 good, 2 fair, 3 poor. @param {number} confidence */
export function band(confidence) {
  return confidence >= 90 ? 0 : confidence >= 70 ? 1 : confidence >= 40 ? 2 : 3;
}

const BANDS = ["excellent", "good", "fair", "poor"];

// The groups of a contract's columns, in the order of the digits of the fact `sources`.
const GROUPS = ["quote", "trade", "day", "open_interest", "iv", "greeks"];
/** @type {Record<string, string>} */
const GROUP_OF = {};
for (const [group, names] of Object.entries({
  quote: "bid ask mid bid_size ask_size spread spread_percent",
  trade: "last last_size",
  day: "open high low close prev_close change change_percent vwap volume",
  open_interest: "open_interest",
  iv: "implied_volatility bid_iv ask_iv",
  greeks: "delta gamma theta vega rho",
})) {
  for (const name of names.split(" ")) GROUP_OF[name] = group;
}
/** @type {Record<string, string>} */
const TIME_OF = { quote: "quote_at", trade: "trade_at", iv: "greeks_at", greeks: "greeks_at" };

/**
 * Return who gave a field's number; "" where nobody did.
 * @param {string} name @param {number} sources the fact of the leg @param {string[]} words by digit
 */
export function sourceOf(name, sources, words) {
  if (name === "model_iv") return "model";
  const digit = GROUPS.indexOf(GROUP_OF[name] ?? "");
  if (digit < 0 || Number.isNaN(sources)) return "";
  return words[Math.floor(sources / 8 ** digit) % 8] ?? "";
}

/** Return the rules whose bit is set. @param {number} bits @param {Rule[]} rules @returns {Rule[]} */
export function rulesOf(bits, rules) {
  return Number.isNaN(bits) ? [] : rules.filter((_, at) => Math.floor(bits / 2 ** at) % 2 === 1);
}

/** Return a series as it is told: date, root, AM or PM. @param {Series | undefined} series */
function seriesTitle(series) {
  return series ? [series.label, series.root, series.settlement].filter(Boolean).join(" ") : "";
}

/**
 * Return all there is to say about one cell, a line each.
 * @param {Book} book @param {number} row @param {Column} column
 * @param {number} now by the kernel's clock; quotes and trades are timed by the market's, a simulated one's to any day
 * @returns {Line[]}
 */
export function describe(book, row, column, now) {
  const strike = number(book.strikes[row] ?? NaN, book.strikeDecimals);
  const title = `${strike}${column.leg < 0 ? "" : ` ${SIDES[column.leg]}`}`;
  const head = [{ kind: "title", text: [title, seriesTitle(book.series)].filter(Boolean).join(" · ") }];
  if (column.leg < 0) return [...head, ...aboutStrike(book, row)];
  const leg = column.leg === 1 ? 1 : 0;
  const state = book.fact(row, leg, "state");
  if (Number.isNaN(state)) return [...head, { kind: "quiet", text: "not received yet" }];
  if (!(state & EXISTS)) return [...head, { kind: "quiet", text: "no such contract is listed" }];
  return [...head, ...aboutValue(book, row, leg, column.field, now), ...aboutTrust(book, row, leg, now)];
}

/** @param {Book} book @param {number} row @returns {Line[]} */
function aboutStrike(book, row) {
  const price = book.price;
  if (price === null) return [{ kind: "quiet", text: "the price of the underlying is not known" }];
  const off = (100 * ((book.strikes[row] ?? NaN) - price)) / price;
  const where = off < 0 ? "below" : "above";
  return [{ kind: "plain", text: `${number(Math.abs(off), 2)} % ${where} ${number(price, 2)}` }];
}

/**
 * @param {Book} book @param {number} row @param {0 | 1} leg @param {number} at of the field @param {number} now
 * @returns {Line[]}
 */
function aboutValue(book, row, leg, at, now) {
  const field = /** @type {Field} */ (book.layout?.fields[at]);
  const value = book.value(row, leg, at);
  const text = Number.isNaN(value) ? "none" : number(value * field.scale, field.decimals);
  const lines = [
    { kind: "value", text: `${field.header} ${text}` },
    { kind: "quiet", text: [Number.isNaN(value) ? "" : field.unit, field.meaning].filter(Boolean).join(" · ") },
  ];
  const source = sourceOf(field.name, book.fact(row, leg, "sources"), book.layout?.sources ?? []);
  const made = book.fact(row, leg, TIME_OF[GROUP_OF[field.name] ?? ""] ?? "");
  if (source && !Number.isNaN(value)) {
    const marketNow = now + book.ahead;
    const when = Number.isNaN(made) ? "" : `, ${clock(made, marketNow)} (${ago(made, marketNow)})`;
    lines.push({ kind: "plain", text: `from ${source === "model" ? "our model" : source}${when}` });
  }
  return lines;
}

/** @param {Book} book @param {number} row @param {0 | 1} leg @param {number} now @returns {Line[]} */
function aboutTrust(book, row, leg, now) {
  const received = book.fact(row, leg, "received_at");
  const confidence = book.fact(row, leg, "confidence");
  const state = book.fact(row, leg, "state");
  const lines = [];
  if (!Number.isNaN(received)) lines.push({ kind: "plain", text: `received ${ago(received, now)}` });
  if (state & STALE) lines.push({ kind: "warning", text: "stale: older than one refresh" });
  if (!Number.isNaN(confidence)) {
    lines.push({ kind: `band${band(confidence)}`, text: `confidence ${confidence}, ${BANDS[band(confidence)]}` });
  }
  if (!(state & PASSES)) lines.push({ kind: "quiet", text: "does not pass the filters" });
  const found = rulesOf(book.fact(row, leg, "rules"), book.layout?.rules ?? []);
  return [...lines, ...found.map((rule) => ({ kind: rule.severity, text: `${rule.severity}: ${rule.words}` }))];
}

// ---------------------------------------------------------------- what the page knows

/** Return a buffer's bytes alone: a view may begin anywhere, an array of numbers may not. @param {DataView} view */
function bytes(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer;
}

/** What this page has been sent: one series as numbers, and whether anything was missed. */
export class Book {
  /** @param {string} client the page's own name */
  constructor(client) {
    this.client = client;
    /** @type {Layout | null} */
    this.layout = null;
    /** @type {Status | null} */
    this.status = null;
    this.strikes = new Float64Array();
    this.values = new Float64Array();
    this.dirty = new Uint8Array();
    this.strikeDecimals = 0;
    this.width = 0;
    this.epoch = -1;
    this.sequence = -1;
    // Whether the numbers are those that the kernel counts on: not so for the snapshot that came with the widget.
    this.joined = false;
    /** @type {Map<string, number>} */
    this.offsets = new Map();
  }

  get rows() {
    return this.strikes.length;
  }

  /** The price that tells what is in the money. */
  get price() {
    return this.status?.price ?? this.status?.forward ?? null;
  }

  /** By how many ms the market's clock is ahead of the kernel's. */
  get ahead() {
    return this.status?.ahead ?? 0;
  }

  get series() {
    return this.layout?.series.find((series) => series.key === this.layout?.chosen);
  }

  /** @param {number} row @param {number} leg @param {number} field */
  value(row, leg, field) {
    return this.values[(row * 2 + leg) * this.width + field] ?? NaN;
  }

  /**
   * Return one of the facts of a leg; NaN when there is none of that name.
   * @param {number} row @param {number} leg @param {string} name
   */
  fact(row, leg, name) {
    const offset = this.offsets.get(name);
    return offset === undefined ? NaN : this.value(row, leg, offset);
  }

  /** Return how many rows have a strike at or before a price, of rows by strike. @param {number} price */
  rowsUpTo(price) {
    const falling = this.layout?.sort.descending ?? false;
    let [low, high] = [0, this.rows];
    while (low < high) {
      const middle = (low + high) >> 1;
      const strike = /** @type {number} */ (this.strikes[middle]);
      if (falling ? strike >= price : strike <= price) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Return the row of the strike nearest to a price, of rows by strike. @param {number} price */
  nearest(price) {
    const after = this.rowsUpTo(price);
    const off = (/** @type {number} */ row) => Math.abs((this.strikes[row] ?? Infinity) - price);
    return off(after) < off(after - 1) ? after : Math.max(0, after - 1);
  }

  get isByStrike() {
    return this.layout?.sort.field === "strike";
  }

  /**
   * Take in a message and return what it was; "missed" where one before it never came.
   * @param {Message} message @param {DataView[]} buffers @returns {Taken}
   */
  take(message, buffers) {
    if (message.to !== "*" && message.to !== this.client) return "other";
    if (message.kind === "snapshot") return this.#restart(message, buffers);
    if (message.kind === "delta") return this.joined ? this.#add(message, buffers) : "other";
    if (message.kind === "ping") return this.joined && message.epoch !== this.epoch ? this.#missed() : "ping";
    return message.kind === "closed" ? "closed" : "other";
  }

  #missed() {
    this.joined = false;
    return /** @type {const} */ ("missed");
  }

  /** @param {Snapshot} message @param {DataView[]} buffers */
  #restart(message, buffers) {
    const [strikes, index, value] = buffers;
    if (!strikes || !index || !value) return this.#missed();
    this.layout = message.layout;
    this.status = message.status;
    this.strikes = new Float64Array(bytes(strikes));
    this.strikeDecimals = decimalsOf(this.strikes);
    this.width = message.layout.fields.length + message.layout.facts.length;
    this.offsets = new Map(message.layout.facts.map((name, at) => [name, message.layout.fields.length + at]));
    this.values = new Float64Array(this.rows * 2 * this.width).fill(NaN);
    this.dirty = new Uint8Array(this.rows);
    [this.epoch, this.sequence] = [message.epoch, message.sequence];
    this.joined = message.to === this.client;
    this.#put(index, value);
    return /** @type {const} */ ("snapshot");
  }

  /** @param {Delta} message @param {DataView[]} buffers */
  #add(message, buffers) {
    const [index, value] = buffers;
    if (message.epoch !== this.epoch || message.sequence !== this.sequence + 1 || !index || !value)
      return this.#missed();
    this.sequence = message.sequence;
    if (message.status) this.status = message.status;
    this.#put(index, value);
    return /** @type {const} */ ("delta");
  }

  /** @param {DataView} index @param {DataView} value */
  #put(index, value) {
    const [cells, numbers] = [new Uint32Array(bytes(index)), new Float64Array(bytes(value))];
    const width = 2 * this.width;
    for (let at = 0; at < cells.length; at += 1) {
      const cell = /** @type {number} */ (cells[at]);
      this.values[cell] = /** @type {number} */ (numbers[at]);
      this.dirty[Math.floor(cell / width)] = 1;
    }
  }
}

// ---------------------------------------------------------------- what the page owes the kernel

/** When to say hello, what has been painted, and what is wanted; times are passed in, in ms of one clock. */
export class Link {
  /**
   * @param {object} ties
   * @param {string} ties.client
   * @param {(answer: Answer) => void} ties.send
   * @param {() => Wants} ties.wants
   * @param {(ms: number, then: () => void) => void} ties.later
   * @param {() => number} ties.now
   */
  constructor({ client, send, wants, later, now }) {
    this.client = client;
    this.send = send;
    this.wants = wants;
    this.later = later;
    this.now = now;
    this.isShown = false;
    this.isOver = false;
    this.isWaiting = false;
    this.isUrgent = false;
    this.patience = HELLO_AFTER_MS;
    this.helloAt = 0;
    this.heardAt = now();
    this.ackAt = -Infinity;
    this.wantAt = -Infinity;
    this.acked = "";
    this.isAckPlanned = false;
    this.isWantPlanned = false;
  }

  /** Begin, or begin again after a pause: what came before it counts as heard now, or all would look stale at once. */
  show() {
    if (this.isShown || this.isOver) return;
    this.isShown = true;
    this.heardAt = this.now();
    this.patience = HELLO_AFTER_MS;
    this.#hello();
  }

  /** Nobody looks: the kernel need not send. */
  hide() {
    if (this.isShown && !this.isOver) this.send({ kind: "bye", client: this.client });
    this.isShown = false;
    this.isWaiting = false;
  }

  /** @param {Taken} taken @param {Message} message */
  heard(taken, message) {
    if (taken === "other") return;
    this.heardAt = this.now();
    if (taken === "closed") this.isOver = true;
    if (taken === "missed" && !this.isWaiting && this.isShown) this.#hello();
    if (taken === "snapshot" && message.to === this.client) {
      this.isWaiting = false;
      this.patience = HELLO_AFTER_MS;
      this.isUrgent = true;
    }
    if (message.kind === "delta" && message.urgent) this.isUrgent = true;
  }

  get isSilent() {
    return this.now() - this.heardAt >= SILENT_AFTER_MS;
  }

  /** Once a second: ask again where no answer came. */
  tick() {
    if (!this.isShown || this.isOver) return;
    if (this.isWaiting) {
      if (this.now() - this.helloAt < this.patience) return;
      this.patience = Math.min(2 * this.patience, HELLO_AT_MOST_EVERY_MS);
      this.#hello();
    } else if (this.isSilent) this.#hello();
  }

  /** Say what is on the screen now: at once where that is asked for, else every 400 ms. @param {Book} book */
  painted(book) {
    if (!this.isShown || this.isOver || !book.joined || this.acked === `${book.epoch} ${book.sequence}`) return;
    const wait = this.isUrgent ? 0 : this.ackAt + ACK_EVERY_MS - this.now();
    if (wait <= 0) this.#ack(book);
    else if (!this.isAckPlanned) {
      this.isAckPlanned = true;
      this.later(wait, () => {
        this.isAckPlanned = false;
        this.painted(book);
      });
    }
  }

  /** Say what is wanted, at most every 100 ms. */
  want() {
    if (!this.isShown || this.isOver || this.isWantPlanned) return;
    const wait = this.wantAt + WANT_EVERY_MS - this.now();
    if (wait <= 0) this.#want();
    else {
      this.isWantPlanned = true;
      this.later(wait, () => {
        this.isWantPlanned = false;
        if (this.isShown && !this.isOver) this.#want();
      });
    }
  }

  #hello() {
    this.isWaiting = true;
    this.helloAt = this.now();
    this.send({ kind: "hello", client: this.client, wants: this.wants() });
  }

  #want() {
    this.wantAt = this.now();
    this.send({ kind: "want", client: this.client, wants: this.wants() });
  }

  /** @param {Book} book */
  #ack(book) {
    const { first, last } = this.wants();
    this.isUrgent = false;
    this.ackAt = this.now();
    this.acked = `${book.epoch} ${book.sequence}`;
    this.send({ kind: "ack", client: this.client, epoch: book.epoch, sequence: book.sequence, first, last });
  }
}

// ---------------------------------------------------------------- columns and selections

/** Return the pixels that a field needs, with the arrow of a sorted one. @param {Field} field */
function fieldPx(field) {
  const digits = field.decimals === 0 || field.decimals === 2 ? 7 : field.decimals + 4;
  return 7 * Math.max(digits, field.header.length + 2) + 14;
}

/**
 * Return how many of the outermost fields of a leg have no room; one is always kept.
 * @param {Field[]} fields @param {number} px
 */
export function leftOut(fields, px) {
  let room = (px - STRIKE_PX) / 2;
  let at = fields.length;
  while (at > 0 && room >= fieldPx(/** @type {Field} */ (fields[at - 1]))) {
    room -= fieldPx(/** @type {Field} */ (fields[at - 1]));
    at -= 1;
  }
  return Math.min(at, Math.max(0, fields.length - 1));
}

/**
 * Return the columns from the left: calls, strike, puts as their mirror.
 * @param {number} count @param {number} dropped @returns {Column[]}
 */
export function columnsOf(count, dropped) {
  const kept = Array.from({ length: count - dropped }, (_, at) => dropped + at);
  return [
    ...kept.map((field) => ({ leg: /** @type {const} */ (0), field, at: field })),
    { leg: -1, field: -1, at: count },
    ...kept.reverse().map((field) => ({ leg: /** @type {const} */ (1), field, at: 2 * count - field })),
  ];
}

/** Return the rectangle between two places. @param {Place} one @param {Place} other @returns {Box} */
export function boxOf(one, other) {
  return {
    top: Math.min(one.row, other.row),
    bottom: Math.max(one.row, other.row),
    left: Math.min(one.column, other.column),
    right: Math.max(one.column, other.column),
  };
}

/**
 * Return the sort after a click on a header: highest first, lowest first, by strike again.
 * @param {Sort} sort @param {string} field @param {0 | 1} leg @returns {Sort}
 */
export function nextSort(sort, field, leg) {
  if (field === "strike") return { ...BY_STRIKE, descending: sort.field === "strike" && !sort.descending };
  if (sort.field !== field || sort.leg !== leg) return { field, leg, descending: true };
  return sort.descending ? { field, leg, descending: false } : BY_STRIKE;
}

/**
 * Return some cells as tab-separated text with a line of headers, and the rows that it leaves out as they never came.
 * @param {Book} book @param {Column[]} columns @param {Box} box
 */
export function tsv(book, columns, box) {
  const chosen = columns.filter((column) => column.at >= box.left && column.at <= box.right);
  const fields = book.layout?.fields ?? [];
  const header = chosen.map((column) => columnTitle(fields, column));
  const lines = [header.join("\t")];
  let missing = 0;
  for (let row = box.top; row <= Math.min(box.bottom, book.rows - 1); row += 1) {
    if (Number.isNaN(book.fact(row, 0, "state"))) missing += 1;
    else lines.push(chosen.map((column) => plain(book, row, column)).join("\t"));
  }
  return { text: lines.join("\n"), rows: lines.length - 1, columns: chosen.length, missing };
}

/** @param {Field[]} fields @param {Column} column */
function columnTitle(fields, column) {
  return column.leg < 0 ? "strike" : `${SIDES[column.leg]} ${fields[column.field]?.header ?? ""}`;
}

/** Return a number as spreadsheets read it. @param {Book} book @param {number} row @param {Column} column */
function plain(book, row, column) {
  if (column.leg < 0) return (book.strikes[row] ?? NaN).toFixed(book.strikeDecimals);
  const field = /** @type {Field} */ (book.layout?.fields[column.field]);
  const value = book.value(row, column.leg, column.field);
  return Number.isNaN(value) ? "" : (value * field.scale).toFixed(field.decimals);
}

// ---------------------------------------------------------------- elements

/**
 * Make an element; attributes that are true stand without a value.
 * @param {string} tag @param {Record<string, string | number | boolean>} attributes @param {(Node | string)[]} children
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  // JupyterLab matches its keys with what has the focus before it looks above: "d d" in a cell would delete the notebook's.
  if (element.matches("button, input, summary, [tabindex]")) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

/** @param {string} name @param {string} words @param {Record<string, string>} attributes */
function button(name, words, attributes = {}) {
  return make("button", { type: "button", class: name, ...attributes }, words);
}

/** Write a text unless it is there already. @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Write an attribute unless it is there already.
 * @param {HTMLElement} element @param {string} name @param {string | number} value
 */
function put(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** @param {number} low @param {number} value @param {number} high */
function clamp(low, value, high) {
  return Math.max(low, Math.min(value, high));
}

// Class names of cells by leg (strike: 2) and flags, made once.
const CELL_NAMES = ["call", "put", "strike"].map((side) =>
  Array.from({ length: 16 }, (_, flags) => [side, ...FLAGS.filter((_name, bit) => flags & (1 << bit))].join(" ")),
);

// ---------------------------------------------------------------- the rows in view

/** The table itself: a pool of rows that moves over all of them. */
export class Grid {
  /**
   * @param {Book} book
   * @param {object} calls
   * @param {(sort: Sort) => void} calls.sorted
   * @param {() => void} calls.moved the rows in view are others now
   * @param {() => void} calls.dirty something is to be painted
   */
  constructor(book, calls) {
    this.book = book;
    this.calls = calls;
    this.id = `quantdata-${book.client}`;
    this.body = make("tbody", { role: "rowgroup" });
    this.head = make("thead", { role: "rowgroup" });
    this.root = make("th", { role: "columnheader", class: "strike" });
    this.table = make("table", { role: "grid", "aria-multiselectable": "true" }, this.head, this.body);
    this.scroller = make("div", { class: "qd-scroller", tabindex: -1 }, this.table);
    /** @type {Column[]} */
    this.columns = [];
    // What columns and rows were made for.
    this.key = "";
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {HTMLElement[]} */
    this.headers = [];
    /** @type {{cell: Cell, column: Column}[]} */
    this.marked = [];
    this.start = 0;
    this.top = 0;
    this.expected = 0;
    this.width = 0;
    this.viewport = 0;
    // Whether the notebook has taken it out of the page: where it is scrolled to says nothing then.
    this.isOut = false;
    this.isMarking = true;
    this.isFollowing = true;
    this.price = NaN;
    this.edge = -1;
    this.money = -1;
    /** @type {Place} */
    this.active = { row: 0, column: 0 };
    /** @type {Place | null} */
    this.anchor = null;
    /** @type {HTMLElement | null} */
    this.stop = null;
  }

  // ---- shape

  /**
   * Take the size of the part of the page that is ours. A notebook takes outputs that are out of sight out of the page;
   * their rows must be where they were when they come back.
   * @param {number} width @param {number} height
   */
  resize(width, height) {
    this.isOut = width === 0;
    if (this.isOut) return;
    this.viewport = Math.max(0, height - HEAD_PX);
    this.money = -1;
    if (width !== this.width) {
      this.width = width;
      this.shape();
    }
    this.#scrollTo(this.top);
    this.calls.dirty();
  }

  /** Make the columns that fit, and the rows anew where these are others. */
  shape() {
    const fields = this.book.layout?.fields ?? [];
    const columns = columnsOf(fields.length, leftOut(fields, this.width || Infinity));
    const key = JSON.stringify([columns, fields]);
    if (key === this.key) return;
    this.key = key;
    this.columns = columns;
    const widths = columns.map((column) =>
      column.leg < 0 ? STRIKE_PX : fieldPx(/** @type {Field} */ (fields[column.field])),
    );
    this.table.style.setProperty("--qd-columns", widths.map((px) => `minmax(${px}px, ${px}fr)`).join(" "));
    this.active.column = clamp(columns[0]?.at ?? 0, this.active.column, columns.at(-1)?.at ?? 0);
    this.slots.forEach((slot) => slot.element.remove());
    this.slots = [];
    this.marked = [];
    this.#drawHead(fields);
  }

  /** @param {Field[]} fields */
  #drawHead(fields) {
    const legs = this.columns.filter((column) => column.leg === 0).length;
    const side = (/** @type {string} */ words, /** @type {number} */ at) =>
      make(
        "th",
        { role: "columnheader", colspan: legs, "aria-colspan": legs, "aria-colindex": at + 1, class: "qd-side" },
        words,
      );
    const sides = [side("Calls", this.columns[0]?.at ?? 0), this.root, side("Puts", fields.length + 1)];
    this.table.style.setProperty("--qd-legs", String(legs));
    this.headers = this.columns.map((column) => this.#header(fields[column.field], column));
    this.head.replaceChildren(
      make("tr", { role: "row", "aria-rowindex": 1, class: "qd-sides" }, ...sides),
      make("tr", { role: "row", "aria-rowindex": 2, class: "qd-names" }, ...this.headers),
    );
    put(this.root, "aria-colindex", fields.length + 1);
    put(this.table, "aria-colcount", 2 * fields.length + 1);
    this.showSort();
  }

  /** @param {Field | undefined} field @param {Column} column */
  #header(field, column) {
    const name = column.leg < 0 ? "strike" : (SIDES[column.leg] ?? "");
    const title = field ? `${field.meaning}${field.unit ? `, in ${field.unit}` : ""}` : "USD per share";
    return make(
      "th",
      { role: "columnheader", scope: "col", class: name, title, tabindex: -1, "aria-colindex": column.at + 1 },
      make("span", {}, field?.header ?? "strike"),
    );
  }

  /** Say at the headers what the rows are sorted by. */
  showSort() {
    const sort = this.book.layout?.sort ?? BY_STRIKE;
    this.columns.forEach((column, at) => {
      const isIt = this.#fieldName(column) === sort.field && (column.leg < 0 || column.leg === sort.leg);
      const way = isIt ? (sort.descending ? "descending" : "ascending") : "none";
      put(/** @type {HTMLElement} */ (this.headers[at]), "aria-sort", way);
    });
  }

  /** @param {Column} column */
  #fieldName(column) {
    return column.leg < 0 ? "strike" : (this.book.layout?.fields[column.field]?.name ?? "");
  }

  /**
   * Begin anew after a snapshot.
   * @param {Sort | undefined} before @param {number | undefined} strike at the top before
   */
  restart(before, strike) {
    const { book } = this;
    this.shape();
    this.showSort();
    write(this.root, book.series?.root ?? book.layout?.underlying ?? "");
    put(this.table, "aria-rowcount", book.rows + HEADER_ROWS);
    put(this.table, "aria-label", `${book.layout?.underlying ?? ""} options, ${seriesTitle(book.series)}`);
    this.body.style.height = `${book.rows * ROW_PX}px`;
    this.slots.forEach((slot) => (slot.row = -1));
    this.active.row = clamp(-1, this.active.row, book.rows - 1);
    this.price = NaN;
    this.money = -1;
    const isOther = JSON.stringify(before) !== JSON.stringify(book.layout?.sort);
    if (isOther) this.#scrollTo(0);
    else if (book.isByStrike && strike !== undefined)
      this.#scrollTo(book.nearest(strike) * ROW_PX + (this.top % ROW_PX));
    else this.#scrollTo(this.top);
  }

  // ---- scrolling

  /** The rows in view, first and last. */
  get range() {
    const first = clamp(0, Math.floor(this.top / ROW_PX), Math.max(0, this.book.rows - 1));
    const last = Math.ceil((this.top + Math.max(this.viewport, ROW_PX)) / ROW_PX) - 1;
    return { first, last: clamp(first, last, Math.max(first, this.book.rows - 1)) };
  }

  /** @param {number} top */
  #scrollTo(top) {
    this.scroller.scrollTop = top;
    this.top = this.expected = this.scroller.scrollTop;
    this.calls.moved();
  }

  /** Take note of a scroll; return whether it was the user's. */
  scrolled() {
    this.top = this.scroller.scrollTop;
    const isOwn = Math.abs(this.top - this.expected) <= 1;
    this.expected = this.top;
    if (!isOwn) {
      this.isFollowing = false;
      this.calls.moved();
      this.calls.dirty();
    }
    return !isOwn;
  }

  /** Take note of a scroll whose event is still to come; return whether it was the user's. */
  catchUp() {
    return !this.isOut && this.scroller.clientHeight > 0 && this.scrolled();
  }

  /** Keep the money in the middle: it may move a sixth of the view before the rows do. */
  follow() {
    const money = this.book.status?.money ?? null;
    if (!this.isFollowing || money === null || this.viewport <= 0) return;
    const leeway = Math.max(2, this.viewport / ROW_PX / 6);
    if (this.money >= 0 && Math.abs(money - this.money) <= leeway) return;
    if (this.catchUp()) return;
    this.money = money;
    this.#scrollTo(Math.max(0, money - Math.floor(this.viewport / ROW_PX / 2)) * ROW_PX);
  }

  /** @param {boolean} isOn */
  setFollowing(isOn) {
    this.isFollowing = isOn;
    this.money = -1;
    this.calls.dirty();
  }

  /** Bring a row into view. @param {number} row */
  #reveal(row) {
    this.catchUp();
    const [above, below] = [row * ROW_PX, (row + 1) * ROW_PX - this.viewport];
    if (row < 0 || (this.top <= above && this.top >= below)) return;
    this.isFollowing = false;
    this.#scrollTo(this.top > above ? above : below);
  }

  // ---- painting

  /** Move the pool to the rows in view. @param {number} now */
  place(now) {
    const { rows } = this.book;
    const size = Math.min(rows, Math.ceil(this.viewport / ROW_PX) + 1 + 2 * OVERSCAN);
    const start = clamp(0, Math.floor(this.top / ROW_PX) - OVERSCAN, rows - size);
    const hadFocus = this.scroller.contains(this.#focused);
    while (this.slots.length < size) this.slots.push(this.#slot());
    while (this.slots.length > size) this.slots.pop()?.element.remove();
    this.#rotate(start - this.start);
    this.start = start;
    this.body.style.paddingTop = `${start * ROW_PX}px`;
    this.slots.forEach((slot, at) => {
      if (slot.row !== start + at) this.#bind(slot, start + at, now);
    });
    this.#setStop(hadFocus);
  }

  /** Carry rows that scrolled out over to the other end. @param {number} shift */
  #rotate(shift) {
    if (Math.abs(shift) >= this.slots.length) return;
    for (let left = shift; left > 0; left -= 1) {
      const slot = /** @type {Slot} */ (this.slots.shift());
      this.body.append(slot.element);
      this.slots.push(slot);
    }
    for (let left = -shift; left > 0; left -= 1) {
      const slot = /** @type {Slot} */ (this.slots.pop());
      this.body.prepend(slot.element);
      this.slots.unshift(slot);
    }
  }

  /** @returns {Slot} */
  #slot() {
    const cells = this.columns.map((column) => {
      const text = document.createTextNode("");
      const role = column.leg < 0 ? "rowheader" : "gridcell";
      const element = make(column.leg < 0 ? "th" : "td", { role, tabindex: -1, "aria-colindex": column.at + 1 }, text);
      element.className = /** @type {string} */ (CELL_NAMES.at(column.leg)?.[0]);
      return { element, text, shown: "", value: NaN, flags: 0, until: 0 };
    });
    const element = make("tr", { role: "row" }, ...cells.map((cell) => cell.element));
    this.body.append(element);
    return { element, cells, row: -1, since: 0, names: "", states: [NaN, NaN] };
  }

  /** @param {Slot} slot @param {number} row @param {number} now */
  #bind(slot, row, now) {
    slot.row = row;
    slot.since = now;
    put(slot.element, "aria-rowindex", row + 1 + HEADER_ROWS);
    this.#paintRow(slot, now, true);
    this.#paintPicked(slot);
  }

  /** Write what has changed. @param {number} now */
  paint(now) {
    this.#unmark(now);
    const { dirty, price } = this.book;
    const hasMoved = !Object.is(price, this.price);
    if (hasMoved) {
      this.price = price ?? NaN;
      this.edge = price === null || !this.book.isByStrike ? -1 : this.book.rowsUpTo(price);
    }
    for (const slot of this.slots) {
      if (dirty[slot.row]) this.#paintRow(slot, now, false);
      else if (hasMoved) this.#paintNames(slot);
      dirty[slot.row] = 0;
    }
    return this.marked.length > 0;
  }

  /** @param {Slot} slot @param {number} now @param {boolean} isNew */
  #paintRow(slot, now, isNew) {
    const { book } = this;
    const states = /** @type {[number, number]} */ ([book.fact(slot.row, 0, "state"), book.fact(slot.row, 1, "state")]);
    const isOther = isNew || !states.every((state, leg) => Object.is(state, slot.states[leg]));
    slot.states = states;
    const marks = this.isMarking && !isOther && now - slot.since > MARK_MS;
    this.columns.forEach((column, at) => {
      const cell = /** @type {Cell} */ (slot.cells[at]);
      if (column.leg < 0) this.#writeCell(cell, column, number(book.strikes[slot.row] ?? NaN, book.strikeDecimals), 0);
      else this.#paintCell(cell, column, slot, isOther, marks ? now : NaN);
    });
    this.#paintNames(slot);
  }

  /**
   * @param {Cell} cell @param {Column} column @param {Slot} slot @param {boolean} isOther
   * @param {number} now NaN: no marks
   */
  #paintCell(cell, column, slot, isOther, now) {
    const leg = column.leg === 1 ? 1 : 0;
    const value = this.book.value(slot.row, leg, column.field);
    if (!isOther && Object.is(value, cell.value)) return;
    const before = cell.value;
    cell.value = value;
    const exists = slot.states[leg] & EXISTS;
    const field = /** @type {Field} */ (this.book.layout?.fields[column.field]);
    const text = !exists ? "" : Number.isNaN(value) ? DASH : number(value * field.scale, field.decimals);
    const isSame = text === cell.shown;
    const kept = isOther ? cell.flags & PICKED : cell.flags & ~NONE;
    const mark = Number.isNaN(now) || isSame ? 0 : value > before ? UP : value < before ? DOWN : 0;
    if (mark) this.#mark(cell, column, now);
    this.#writeCell(cell, column, text, (mark ? (kept & PICKED) | mark : kept) | (text === DASH ? NONE : 0));
  }

  /** @param {Cell} cell @param {Column} column @param {string} text @param {number} flags */
  #writeCell(cell, column, text, flags) {
    if (text !== cell.shown) {
      cell.shown = text;
      cell.text.data = text;
    }
    this.#flag(cell, column, flags);
  }

  /** @param {Cell} cell @param {Column} column @param {number} flags */
  #flag(cell, column, flags) {
    if (flags === cell.flags) return;
    cell.flags = flags;
    cell.element.className = /** @type {string} */ (CELL_NAMES.at(column.leg)?.[flags]);
  }

  /** @param {Cell} cell @param {Column} column @param {number} now */
  #mark(cell, column, now) {
    cell.until = now + MARK_MS;
    this.marked.push({ cell, column });
  }

  /** Take away the marks whose time is up; a cell that was marked again has a later entry. @param {number} now */
  #unmark(now) {
    let done = 0;
    for (const { cell, column } of this.marked) {
      if (cell.until > now) break;
      this.#flag(cell, column, cell.flags & ~(UP | DOWN));
      done += 1;
    }
    if (done) this.marked.splice(0, done);
  }

  /** @param {Slot} slot */
  #paintNames(slot) {
    const names = this.#names(slot);
    if (names === slot.names) return;
    slot.names = names;
    slot.element.className = names;
  }

  /** Return the class names of a row: what is in the money, what is in doubt, where the price is. @param {Slot} slot */
  #names({ row, states }) {
    const { book } = this;
    const [strike, price] = [book.strikes[row] ?? NaN, book.price ?? NaN];
    const names = ["qd-row"];
    if (strike < price) names.push("itm-call");
    if (strike > price) names.push("itm-put");
    if (row === book.status?.money) names.push("money");
    if (row === this.edge && row > 0) names.push("edge");
    SIDES.forEach((side, leg) => {
      const state = /** @type {number} */ (states[leg]);
      if (!(state & EXISTS)) return;
      const doubt = band(book.fact(row, leg, "confidence"));
      if (doubt) names.push(`${side}-${BANDS[doubt]}`);
      if (state & STALE) names.push(`${side}-stale`);
      if (!(state & PASSES)) names.push(`${side}-off`);
    });
    return names.join(" ");
  }

  // ---- moving about and selecting

  /** The selected rectangle. */
  get box() {
    return this.anchor && boxOf(this.anchor, this.active);
  }

  /**
   * Return the place of an element of the table; null elsewhere.
   * @param {EventTarget | null} target @returns {Place | null}
   */
  placeOf(target) {
    const cell = target instanceof Element ? target.closest("td, th") : null;
    const row = cell?.parentElement;
    if (!cell || !row || !this.table.contains(cell) || row.className === "qd-sides") return null;
    return {
      row: Number(row.getAttribute("aria-rowindex")) - 1 - HEADER_ROWS,
      column: Number(cell.getAttribute("aria-colindex")) - 1,
    };
  }

  /** @param {Place} place */
  #cellOf(place) {
    const at = this.columns.findIndex((column) => column.at === place.column);
    if (place.row < 0) return this.headers[at] ?? null;
    return this.slots[place.row - this.start]?.cells[at]?.element ?? null;
  }

  get activeCell() {
    return this.#cellOf(this.active);
  }

  /** @param {Place} place @param {boolean} isExtending keeping the other end of the selection */
  go(place, isExtending) {
    const from = this.anchor ?? this.active;
    this.active = place;
    this.anchor = isExtending && from.row >= 0 ? from : place.row < 0 ? null : place;
    this.#reveal(place.row);
    this.place(performance.now());
    this.slots.forEach((slot) => this.#paintPicked(slot));
    this.#setStop(true);
    this.calls.dirty();
  }

  /** Take note that a cell got the focus by other means than ours. @param {Place | null} place */
  adopt(place) {
    if (!place || (place.row === this.active.row && place.column === this.active.column)) return;
    this.active = place;
    this.unpick();
    this.#setStop(false);
  }

  /** Forget the selection, but not where we are. */
  unpick() {
    this.anchor = null;
    this.slots.forEach((slot) => this.#paintPicked(slot));
  }

  /** @param {Slot} slot */
  #paintPicked(slot) {
    const { box } = this;
    const isIn = box !== null && slot.row >= box.top && slot.row <= box.bottom;
    this.columns.forEach((column, at) => {
      const cell = /** @type {Cell} */ (slot.cells[at]);
      const isPicked = isIn && column.at >= box.left && column.at <= box.right;
      if (isPicked === Boolean(cell.flags & PICKED)) return;
      this.#flag(cell, column, cell.flags ^ PICKED);
      if (isPicked) cell.element.setAttribute("aria-selected", "true");
      else cell.element.removeAttribute("aria-selected");
    });
  }

  get #focused() {
    return /** @type {Document | ShadowRoot} */ (this.scroller.getRootNode()).activeElement ?? null;
  }

  /**
   * Let one element be reached by Tab: the active cell, or the region while that is out of view.
   * @param {boolean} takesFocus
   */
  #setStop(takesFocus) {
    const stop = this.activeCell ?? this.scroller;
    if (stop !== this.stop) {
      if (this.stop) put(this.stop, "tabindex", -1);
      put(stop, "tabindex", 0);
      this.stop = stop;
    }
    if (takesFocus && this.#focused !== stop) stop.focus({ preventScroll: true });
  }

  /** Return where a key leads; null when it leads nowhere. @param {KeyboardEvent} event @returns {Place | null} */
  target(event) {
    const { row } = this.active;
    const at = this.columns.findIndex((column) => column.at === this.active.column);
    const page = Math.max(1, Math.floor(this.viewport / ROW_PX) - 1);
    const isFar = event.ctrlKey || event.metaKey;
    const ends = this.columns.length - 1;
    /** @type {Record<string, [number, number]>} */
    const leads = {
      ArrowUp: [row - 1, at],
      ArrowDown: [row + 1, at],
      ArrowLeft: [row, at - 1],
      ArrowRight: [row, at + 1],
      PageUp: [Math.max(0, row - page), at],
      PageDown: [row + page, at],
      Home: isFar ? [0, 0] : [row, 0],
      End: isFar ? [this.book.rows - 1, ends] : [row, ends],
    };
    const lead = leads[event.key];
    if (!lead || event.altKey) return null;
    const column = this.columns[clamp(0, lead[1], ends)]?.at ?? 0;
    return { row: clamp(event.shiftKey ? 0 : -1, lead[0], this.book.rows - 1), column };
  }

  /** Sort by the header of a column, or say that there is none. @param {number} at */
  sortBy(at) {
    const column = this.columns.find((each) => each.at === at);
    if (!column) return;
    this.calls.sorted(nextSort(this.book.layout?.sort ?? BY_STRIKE, this.#fieldName(column), column.leg === 1 ? 1 : 0));
  }
}

// ---------------------------------------------------------------- all about one cell

/** The card beside the cell under the pointer, or beside the one that has the focus. */
export class Card {
  /** @param {Grid} grid @param {() => number} now by the kernel's clock */
  constructor(grid, now) {
    this.grid = grid;
    this.now = now;
    this.element = make("div", { class: "qd-card", role: "tooltip", id: `${grid.id}-card`, popover: "manual" });
    /** @type {Place | null} */
    this.place = null;
    /** @type {HTMLElement | null} */
    this.cell = null;
    this.timer = 0;
  }

  get isOpen() {
    return this.cell !== null;
  }

  /**
   * Show a cell's card in a moment; at once where one is open.
   * @param {Place} place @param {HTMLElement} cell @param {number} ms
   */
  plan(place, cell, ms = this.isOpen ? 0 : CARD_AFTER_MS) {
    clearTimeout(this.timer);
    if (cell === this.cell) return;
    this.timer = window.setTimeout(() => this.#open(place, cell), ms);
  }

  /** @param {Place} place @param {HTMLElement} cell */
  #open(place, cell) {
    this.close();
    // The row may have gone on in the meantime, and the cell be another's.
    if (place.row < 0 || this.grid.placeOf(cell)?.row !== place.row || !this.#fill(place)) return;
    this.place = place;
    this.cell = cell;
    this.element.showPopover?.();
    this.#beside(cell.getBoundingClientRect());
    cell.setAttribute("aria-describedby", this.element.id);
  }

  /** Stand below the cell, above it where there is no room. @param {DOMRect} cell */
  #beside(cell) {
    const own = this.element.getBoundingClientRect();
    const below = cell.bottom + own.height + 12 < window.innerHeight;
    const top = below ? cell.bottom + 6 : Math.max(4, cell.top - own.height - 6);
    const left = clamp(4, cell.left + cell.width / 2 - own.width / 2, Math.max(4, window.innerWidth - own.width - 4));
    this.element.style.top = `${Math.round(top)}px`;
    this.element.style.left = `${Math.round(left)}px`;
  }

  close() {
    clearTimeout(this.timer);
    if (!this.cell) return;
    this.cell.removeAttribute("aria-describedby");
    this.element.hidePopover?.();
    this.cell = this.place = null;
  }

  /** Tell what is true now; close where the cell has gone. */
  refresh() {
    if (this.place && !this.#fill(this.place)) this.close();
  }

  /** @param {Place} place */
  #fill(place) {
    const column = this.grid.columns.find((each) => each.at === place.column);
    if (!column || place.row >= this.grid.book.rows) return false;
    const lines = describe(this.grid.book, place.row, column, this.now());
    while (this.element.children.length > lines.length) this.element.lastElementChild?.remove();
    lines.forEach((line, at) => {
      const child = /** @type {HTMLElement} */ (this.element.children[at] ?? this.element.appendChild(make("div")));
      put(child, "class", line.kind);
      write(child, line.text);
    });
    return true;
  }
}

// ---------------------------------------------------------------- what stands above the rows

/** @type {Record<string, string>} */
const BADGE_MEANINGS = {
  SIMULATED: "made-up prices of a simulated market",
  DELAYED: "the prices are late by plan",
  "END OF DAY": "the prices are of the last close",
  CLOSED: "the market is closed",
  STOPPED: "the feed of this table was stopped; these are its last numbers",
};

/** The line that says what this is, and how far it can be trusted. */
export class Head {
  constructor() {
    this.name = make("strong", { class: "qd-name" });
    this.price = make("span", { class: "qd-price" });
    this.forward = make("span", { class: "qd-forward" });
    this.trust = make("span", { class: "qd-trust" });
    this.badges = make("ul", { class: "qd-badges", "aria-label": "State of the data" });
    this.at = make("span", { class: "qd-at" });
    this.count = make("summary", {});
    this.list = make("ul");
    this.warnings = make("details", { class: "qd-warnings" }, this.count, this.list);
    this.line = make(
      "div",
      { class: "qd-head" },
      this.name,
      this.price,
      this.forward,
      this.trust,
      this.badges,
      this.at,
    );
    this.shown = "";
  }

  /**
   * @param {Layout} layout @param {Status} status @param {string[]} badges of the page
   * @param {number} now by the market's clock
   */
  show(layout, status, badges, now) {
    write(this.name, layout.underlying);
    write(this.price, status.price === null ? "" : number(status.price, 2));
    write(this.forward, status.forward === null ? "" : `forward ${number(status.forward, 2)}`);
    write(this.at, clock(status.at + (status.ahead ?? 0), now));
    this.#trust(status);
    this.#lists([...badges, ...status.badges], status.warnings);
  }

  /** @param {Status} status */
  #trust({ confidence, quality }) {
    write(this.trust, confidence === null ? "" : `confidence ${confidence}${quality ? ` ${quality}` : ""}`);
    put(this.trust, "class", `qd-trust ${confidence === null ? "" : BANDS[band(confidence)]}`);
  }

  /** @param {string[]} badges @param {string[]} warnings */
  #lists(badges, warnings) {
    const key = JSON.stringify([badges, warnings]);
    if (key === this.shown) return;
    this.shown = key;
    this.badges.replaceChildren(...badges.map(badge));
    this.badges.hidden = badges.length === 0;
    this.warnings.hidden = warnings.length === 0;
    write(this.count, warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`);
    this.list.replaceChildren(...warnings.map((words) => make("li", {}, words)));
  }
}

/** @param {string} words */
function badge(words) {
  const name = words.startsWith("STALE") ? "STALE" : words;
  return make("li", { class: name.toLowerCase().replaceAll(" ", "-"), title: BADGE_MEANINGS[name] ?? "" }, words);
}

/** One tab for each series. */
export class Tabs {
  /** @param {string} panel id of what they show @param {(key: string) => void} chosen */
  constructor(panel, chosen) {
    this.panel = panel;
    this.chosen = chosen;
    this.list = make("div", { class: "qd-tabs", role: "tablist", "aria-label": "Expirations" });
    this.shown = "";
    this.list.addEventListener("click", (event) => this.#choose(this.#tabOf(event.target)));
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @returns {HTMLElement[]} */
  get tabs() {
    return /** @type {HTMLElement[]} */ ([...this.list.children]);
  }

  /** @param {EventTarget | null} target */
  #tabOf(target) {
    return target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[role=tab]")) : null;
  }

  /** @param {HTMLElement | null | undefined} tab */
  #choose(tab) {
    const key = tab?.dataset["key"];
    if (key && tab.ariaSelected !== "true") this.chosen(key);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const at = this.tabs.findIndex((tab) => tab === this.#tabOf(event.target));
    /** @type {Record<string, number>} */
    const leads = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.tabs.length - 1 };
    const tab = this.tabs[leads[event.key] ?? -1];
    if (at < 0 || !tab) return;
    event.preventDefault();
    tab.focus();
    this.#choose(tab);
  }

  /** @param {Layout} layout */
  show(layout) {
    const key = JSON.stringify(layout.series);
    if (key !== this.shown) {
      const hadFocus = this.list.matches(":focus-within");
      this.shown = key;
      const hasRoots = new Set(layout.series.map((series) => series.root)).size > 1;
      this.list.replaceChildren(...layout.series.map((series) => this.#tab(series, hasRoots)));
      if (hadFocus) this.tabs.find((tab) => tab.dataset["key"] === layout.chosen)?.focus();
    }
    this.tabs.forEach((tab) => this.#mark(tab, tab.dataset["key"] === layout.chosen));
  }

  /** @param {Series} series @param {boolean} hasRoots */
  #tab({ key, label, days, root, settlement }, hasRoots) {
    const below = [`${days} d`, hasRoots ? root : "", settlement ?? ""].filter(Boolean).join(" \u00b7 ");
    const told = [label, days === 1 ? "1 day left" : `${days} days left`, root, settlement && `${settlement}-settled`];
    const title = told.filter(Boolean).join(", ");
    return make(
      "button",
      { type: "button", role: "tab", "aria-controls": this.panel, "data-key": key, title },
      make("span", { class: "qd-label" }, label),
      make("span", { class: "qd-days" }, below),
    );
  }

  /** @param {HTMLElement} tab @param {boolean} isChosen */
  #mark(tab, isChosen) {
    const isNew = isChosen && tab.ariaSelected !== "true";
    put(tab, "aria-selected", String(isChosen));
    put(tab, "tabindex", isChosen ? 0 : -1);
    if (!isNew) return;
    const { offsetLeft, offsetWidth } = tab;
    const { scrollLeft, clientWidth } = this.list;
    if (offsetLeft < scrollLeft || offsetLeft + offsetWidth > scrollLeft + clientWidth) {
      this.list.scrollLeft = offsetLeft - (clientWidth - offsetWidth) / 2;
    }
  }
}

/** @type {{name: string, label: string, step: number}[]} */
const FILTERS = [
  { name: "moneyness", label: "strike / price", step: 0.01 },
  { name: "delta", label: "|delta|", step: 0.05 },
  { name: "volume", label: "volume", step: 1 },
  { name: "open_interest", label: "open interest", step: 1 },
  { name: "spread_percent", label: "spread %", step: 0.5 },
];

/**
 * Return filters with one end of one of them changed; one that is open at both ends is none.
 * @param {Filters} filters @param {string} name @param {0 | 1} end @param {number | null} value
 */
export function withEnd(filters, name, end, value) {
  /** @type {Span} */
  const span = [...(filters[name] ?? [null, null])];
  span[end] = value;
  const { [name]: _, ...others } = filters;
  return span.every((each) => each === null) ? others : { ...others, [name]: span };
}

/** Follow, filters and the least confidence. */
export class Tools {
  /**
   * @param {string} id
   * @param {object} calls
   * @param {(filters: Filters) => void} calls.filtered
   * @param {() => void} calls.followed
   */
  constructor(id, { filtered, followed }) {
    /** @type {Filters} */
    this.filters = {};
    this.filtered = filtered;
    this.follow = button("qd-follow", "Follow the money", {
      "aria-pressed": "true",
      title: "Keep the strikes nearest to the price in the middle",
    });
    this.opener = button("qd-opener", "Filters", { "aria-expanded": "false", "aria-controls": `${id}-filters` });
    this.slider = /** @type {HTMLInputElement} */ (
      make("input", { type: "range", min: 0, max: 100, step: 5, value: 0, id: `${id}-least` })
    );
    this.least = make("output", { for: `${id}-least` }, "any");
    this.said = make("span", { class: "qd-said", role: "status" });
    this.clear = button("qd-clear", "Clear");
    const least = make("label", { class: "qd-least", for: `${id}-least` }, "Confidence ", this.slider, this.least);
    this.line = make("div", { class: "qd-tools" }, this.follow, this.opener, least, this.said);
    this.panel = make(
      "div",
      { class: "qd-filters", role: "group", id: `${id}-filters`, hidden: true, "aria-label": "Filters" },
      ...FILTERS.map((filter) => this.#span(filter)),
      this.clear,
    );
    this.follow.addEventListener("click", followed);
    this.#listen();
    this.timer = 0;
  }

  #listen() {
    this.opener.addEventListener("click", () => this.#toggle());
    this.clear.addEventListener("click", () => this.#take({}));
    this.panel.addEventListener("change", (event) => this.#changed(/** @type {HTMLInputElement} */ (event.target)));
    // Outside of a form the key alone changes nothing yet.
    this.panel.addEventListener("keydown", ({ key, target }) => {
      if (key === "Enter" && target instanceof HTMLInputElement) this.#changed(target);
    });
    this.slider.addEventListener("input", () => this.#tellLeast());
    this.slider.addEventListener("change", () => this.setLeast(Number(this.slider.value)));
  }

  /** @param {{name: string, label: string, step: number}} filter */
  #span({ name, label, step }) {
    const ends = ["least", "most"].map((word, end) =>
      make("input", {
        type: "number",
        step,
        "data-name": name,
        "data-end": end,
        placeholder: word,
        "aria-label": `${label}, at ${word}`,
      }),
    );
    return make("fieldset", {}, make("legend", {}, label), ...ends);
  }

  /** @returns {HTMLInputElement[]} */
  get inputs() {
    return [...this.panel.querySelectorAll("input")];
  }

  #toggle() {
    this.panel.hidden = !this.panel.hidden;
    put(this.opener, "aria-expanded", String(!this.panel.hidden));
  }

  /** @param {HTMLInputElement} input */
  #changed(input) {
    const value = input.value === "" || Number.isNaN(Number(input.value)) ? null : Number(input.value);
    this.#take(withEnd(this.filters, input.dataset["name"] ?? "", input.dataset["end"] === "1" ? 1 : 0, value));
  }

  /** Take what the slider says. @param {number} least */
  setLeast(least) {
    this.#take(withEnd(this.filters, "confidence", 0, least > 0 ? least : null));
  }

  /** @param {Filters} filters */
  #take(filters) {
    this.show(filters);
    this.filtered(filters);
  }

  /** @param {Filters} filters */
  show(filters) {
    this.filters = filters;
    for (const input of this.inputs) {
      const end = filters[input.dataset["name"] ?? ""]?.[input.dataset["end"] === "1" ? 1 : 0] ?? null;
      const text = end === null ? "" : String(end);
      // Not under the hands of who is typing.
      if (input.value !== text && !input.matches(":focus")) input.value = text;
    }
    const count = FILTERS.filter(({ name }) => name in filters).length;
    write(this.opener, count ? `Filters \u00b7 ${count}` : "Filters");
    this.slider.value = String(filters["confidence"]?.[0] ?? 0);
    this.#tellLeast();
  }

  #tellLeast() {
    const least = Number(this.slider.value);
    write(this.least, least > 0 ? `\u2265 ${least}` : "any");
  }

  /** @param {boolean} isFollowing @param {boolean} canFollow */
  showFollow(isFollowing, canFollow) {
    put(this.follow, "aria-pressed", String(isFollowing && canFollow));
    if (this.follow.hasAttribute("disabled") === canFollow) this.follow.toggleAttribute("disabled", !canFollow);
  }

  /** Say something for a moment. @param {string} words */
  say(words) {
    write(this.said, words);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => write(this.said, ""), SAID_MS);
  }
}

// ---------------------------------------------------------------- one view of one table

/** Return a name that no other page has; the crypto of a page that came over plain http knows no UUIDs. */
function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One view: what comes in, what is painted, what goes out. */
export class View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.book = new Book(newName());
    this.grid = new Grid(this.book, {
      sorted: (sort) => this.#wish({ sort }),
      moved: () => this.link.want(),
      dirty: () => this.schedule(),
    });
    /** @type {Partial<Wants>} */
    this.wishes = {};
    this.link = this.#newLink();
    this.card = new Card(this.grid, () => this.kernelNow);
    this.head = new Head();
    this.tabs = new Tabs(`${this.grid.id}-rows`, (series) => this.#wish({ series }));
    this.tools = new Tools(this.grid.id, {
      filtered: (filters) => this.#wish({ filters }),
      followed: () => this.#follow(),
    });
    this.panel = make(
      "div",
      { class: "qd-panel", role: "tabpanel", id: `${this.grid.id}-rows`, "aria-label": "Calls and puts" },
      this.grid.scroller,
    );
    this.empty = make("p", { class: "qd-empty", hidden: true });
    this.root = this.#assemble();
    this.kernelAhead = 0;
    this.heardAt = Date.now();
    this.frame = 0;
    this.isSeen = true;
    this.isDragging = false;
    this.controller = new AbortController();
    /** @type {(message: Message, buffers: DataView[]) => void} */
    this.onMessage = (message, buffers) => this.#take(message, buffers);
    this.#hear();
    this.#listenToPage();
    this.#listenToTable();
    this.#configure();
    el.append(this.root);
    this.#begin();
  }

  #newLink() {
    return new Link({
      client: this.book.client,
      send: (answer) => this.#say(answer),
      wants: () => ({ ...this.wishes, ...this.range }),
      later: (ms, then) => void window.setTimeout(then, ms),
      now: () => performance.now(),
    });
  }

  #assemble() {
    const { head, tabs, tools, panel, empty, card } = this;
    return make(
      "div",
      // JupyterLab's own keys would move its cells otherwise.
      { class: "quantdata-table", role: "group", "data-lm-suppress-shortcuts": "true", "aria-label": "Option chain" },
      ...[head.line, head.warnings, tabs.list, tools.line, tools.panel, panel, empty, card.element],
    );
  }

  /** Show what came with the widget, until the kernel answers. */
  #begin() {
    const first = this.model.get("first");
    if (first) this.#take(first.content, first.buffers);
    this.#look();
  }

  /** The kernel's clock, as far as it is known. */
  get kernelNow() {
    return Date.now() + this.kernelAhead;
  }

  /** The rows in view; as many from the top when they are to come in another order. */
  get range() {
    if (!this.grid.viewport || !this.book.rows) return this.#expected;
    const { first, last } = this.grid.range;
    const isOther = JSON.stringify(this.wishes.sort) !== JSON.stringify(this.book.layout?.sort);
    return isOther ? { first: 0, last: last - first } : { first, last };
  }

  /** The rows that will be in view once the table has its place in the page. */
  get #expected() {
    const room = Math.ceil(Number(this.model.get("height")) / ROW_PX);
    const money = this.grid.isFollowing ? (this.book.status?.money ?? 0) : 0;
    const first = Math.max(0, money - Math.floor(room / 2));
    return { first, last: first + room };
  }

  // ---- from the kernel

  /** @param {Message} message @param {DataView[]} buffers */
  #take(message, buffers) {
    if (message.kind === "snapshot") this.grid.catchUp();
    const [sort, strike] = [this.book.layout?.sort, this.book.strikes[this.grid.range.first]];
    const taken = this.book.take(message, buffers);
    this.link.heard(taken, message);
    if (taken === "other") return;
    this.heardAt = Date.now();
    if (taken === "snapshot") this.#restart(sort, strike);
    if ("status" in message && message.status) this.kernelAhead = message.status.at - Date.now();
    this.schedule();
  }

  /** @param {Sort | undefined} sort @param {number | undefined} strike */
  #restart(sort, strike) {
    const layout = /** @type {Layout} */ (this.book.layout);
    this.card.close();
    const { filters } = this.#adopt(layout);
    this.grid.restart(sort, strike);
    this.tabs.show(layout);
    if (JSON.stringify(filters) !== JSON.stringify(this.tools.filters)) this.tools.show(filters);
    this.panel.removeAttribute("aria-busy");
    this.empty.hidden = this.book.rows > 0;
    write(this.empty, Object.keys(layout.filters).length ? "No strike passes the filters." : "No contracts yet.");
  }

  /**
   * Wish for what is shown, but where the user has wished for something since: this may be the answer to an older wish.
   * @param {Layout} layout
   */
  #adopt({ series, chosen, sort, filters }) {
    const { series: wished } = this.wishes;
    const isListed = series.some(({ key }) => key === wished);
    const key = isListed ? wished : (chosen ?? undefined);
    const wishes = { sort: this.wishes.sort ?? sort, filters: this.wishes.filters ?? filters };
    this.wishes = key === undefined ? wishes : { ...wishes, series: key };
    return wishes;
  }

  // ---- to the kernel

  /** @param {Partial<Wants>} wish */
  #wish(wish) {
    this.wishes = { ...this.wishes, ...wish };
    if ("series" in wish || "filters" in wish) this.grid.unpick();
    this.panel.setAttribute("aria-busy", "true");
    this.link.want();
  }

  /** @param {Answer} answer */
  #say(answer) {
    try {
      this.model.send(answer);
    } catch {
      // A kernel that was started anew knows no more of this table, and nobody else hears: it turns stale by itself.
    }
  }

  #follow() {
    this.grid.setFollowing(!this.grid.isFollowing);
    this.schedule();
  }

  // ---- the screen

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.#paint(now));
  }

  /** One frame: everything that came since the last one. @param {number} now */
  #paint(now) {
    this.frame = 0;
    const { layout, status } = this.book;
    if (!layout || !status) return;
    this.grid.follow();
    this.grid.place(now);
    if (this.grid.paint(now)) this.#later();
    this.#showState(layout, status);
    this.card.refresh();
    this.link.painted(this.book);
  }

  /** Come back when the oldest mark is over, where no message does that. */
  #later() {
    clearTimeout(this.unmarking);
    this.unmarking = window.setTimeout(() => this.schedule(), MARK_MS);
  }

  /** @param {Layout} layout @param {Status} status */
  #showState(layout, status) {
    const since = this.link.isSilent ? this.heardAt + this.kernelAhead : status.stale_since;
    const now = this.kernelNow + this.book.ahead;
    const badges = since === null ? [] : [`STALE since ${clock(since + this.book.ahead, now)}`];
    if (this.link.isOver) badges[0] = "STOPPED";
    this.head.show(layout, status, badges, now);
    this.tools.showFollow(this.grid.isFollowing, status.money !== null);
    const isStale = badges.length > 0;
    if (this.root.classList.contains("is-stale") !== isStale) this.root.classList.toggle("is-stale", isStale);
  }

  // ---- what the user and the page do

  #hear() {
    this.model.on("msg:custom", this.onMessage);
    this.sizes = new ResizeObserver(([entry]) => {
      if (entry) this.grid.resize(entry.contentRect.width, entry.contentRect.height);
    });
    this.sizes.observe(this.grid.scroller);
    this.sight = new IntersectionObserver((entries) => {
      this.isSeen = entries.at(-1)?.isIntersecting ?? true;
      this.#look();
    });
    this.sight.observe(this.root);
    this.seconds = window.setInterval(() => this.#tick(), 1000);
  }

  #listenToPage() {
    const { signal } = this.controller;
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    window.addEventListener("pagehide", () => this.link.hide(), { signal });
    window.addEventListener("pageshow", () => this.#look(), { signal });
    window.addEventListener("scroll", () => this.card.isOpen && this.card.close(), {
      signal,
      capture: true,
      passive: true,
    });
    window.addEventListener("pointerup", () => (this.isDragging = false), { signal });
  }

  #listenToTable() {
    const { signal } = this.controller;
    const { scroller, table } = this.grid;
    scroller.addEventListener("scroll", () => this.grid.scrolled(), { signal, passive: true });
    scroller.addEventListener("keydown", (event) => this.#key(event), { signal });
    scroller.addEventListener("focusin", (event) => this.grid.adopt(this.grid.placeOf(event.target)), { signal });
    scroller.addEventListener("focusout", () => this.card.close(), { signal });
    table.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    table.addEventListener("pointermove", (event) => this.#drag(event), { signal, passive: true });
    table.addEventListener("click", (event) => this.#click(event), { signal });
    table.addEventListener("pointerover", (event) => this.#hover(event), { signal, passive: true });
    table.addEventListener("pointerleave", () => this.card.close(), { signal, passive: true });
    this.root.addEventListener("copy", (event) => this.#copy(event), { signal });
  }

  /** Take what is configured, now and whenever Python sets it. */
  #configure() {
    /** @type {Record<string, (value: any) => void>} */
    const traits = {
      height: (height) => (this.grid.scroller.style.maxHeight = `${height}px`),
      follow: (isOn) => this.grid.setFollowing(isOn),
      marks: (marks) => (this.grid.isMarking = marks !== "off"),
      // The first snapshot has it among its filters.
      least_confidence: (least) => this.book.layout && this.tools.setLeast(least),
    };
    for (const [name, set] of Object.entries(traits)) {
      const react = () => set(this.model.get(name));
      react();
      this.model.on(`change:${name}`, react);
      this.controller.signal.addEventListener("abort", () => this.model.off(`change:${name}`, react));
    }
  }

  /** Say hello while somebody looks, and bye when nobody does. */
  #look() {
    if (this.isSeen && !document.hidden) this.link.show();
    else this.link.hide();
  }

  #tick() {
    this.link.tick();
    if (this.link.isShown) this.schedule();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { grid } = this;
    if (event.key === "Escape") {
      if (this.card.isOpen) this.card.close();
      else grid.unpick();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#enter();
    } else {
      const place = grid.target(event);
      if (!place) return;
      event.preventDefault();
      grid.go(place, event.shiftKey);
      this.#planCard();
    }
  }

  /** Sort by the header, or open and close the card of the cell. */
  #enter() {
    const { active } = this.grid;
    if (active.row < 0) this.grid.sortBy(active.column);
    else if (this.card.isOpen) this.card.close();
    else this.#planCard(0);
  }

  /** @param {number} [ms] */
  #planCard(ms) {
    const { active, activeCell } = this.grid;
    if (active.row >= 0 && activeCell) this.card.plan(active, activeCell, ms);
    else this.card.close();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const place = this.grid.placeOf(event.target);
    if (!place || event.button !== 0) return;
    event.preventDefault();
    this.isDragging = place.row >= 0 && event.pointerType === "mouse";
    this.grid.go(place, event.shiftKey && place.row >= 0);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.isDragging) return;
    const place = this.grid.placeOf(event.target);
    const { row, column } = this.grid.active;
    if (place && place.row >= 0 && (place.row !== row || place.column !== column)) this.grid.go(place, true);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const place = this.grid.placeOf(event.target);
    if (place && place.row < 0) this.grid.sortBy(place.column);
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const place = this.grid.placeOf(event.target);
    const cell = event.target instanceof Element ? event.target.closest("td, th") : null;
    if (place && place.row >= 0 && cell && !this.isDragging) this.card.plan(place, /** @type {HTMLElement} */ (cell));
    else this.card.close();
  }

  /** @param {ClipboardEvent} event */
  #copy(event) {
    const { box } = this.grid;
    if (!box || !event.clipboardData || !this.grid.scroller.contains(/** @type {Node} */ (event.target))) return;
    const { text, rows, columns, missing } = tsv(this.book, this.grid.columns, box);
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    const left = missing ? `; ${missing} never in view left out` : "";
    this.tools.say(`${rows} \u00d7 ${columns} copied with headers${left}`);
  }

  /** Leave nothing behind. */
  dispose() {
    this.link.hide();
    this.controller.abort();
    this.sizes?.disconnect();
    this.sight?.disconnect();
    clearInterval(this.seconds);
    clearTimeout(this.unmarking);
    cancelAnimationFrame(this.frame);
    this.card.close();
    this.model.off("msg:custom", this.onMessage);
    this.root.remove();
  }
}

// A factory: anywidget hands different proxies of one model to `initialize` and to `render`.
export default () => ({
  /** @param {{model: Model, el: HTMLElement}} context */
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.dispose();
  },
});
