// Kernels for the page's tests: one with an invented market behind the messages of quantdata/widgets, and one that hands
// them over to whoever drives the page. Both are models as anywidget's.

const FIELDS = [
  ["open_interest", "open int", "contracts", 0, 1, "open contracts at the end of the session before"],
  ["volume", "volume", "contracts", 0, 1, "traded in day_session; of an older session it counts as 0 in filters"],
  ["implied_volatility", "iv", "% a year", 1, 100, "what the market price implies"],
  ["delta", "delta", "USD per USD", 3, 1, "price change per dollar of the underlying"],
  ["bid", "bid", "USD per share", 2, 1, "best bid; 0.0 beside an ask means that nobody bids"],
  ["ask", "ask", "USD per share", 2, 1, "best offer"],
].map(([name, header, unit, decimals, scale, meaning]) => ({ name, header, unit, decimals, scale, meaning }));
const FACTS = ["quote_at", "trade_at", "greeks_at", "received_at", "sources", "confidence", "state", "rules"];
const RULES = [
  { name: "crossed_quote", severity: "error", words: "the bid is above the ask" },
  { name: "wide_spread", severity: "warning", words: "the spread is above 20 % of the mid, and above two ticks" },
  { name: "missing_iv", severity: "warning", words: "the volatility is missing, though the quote implies one" },
  { name: "zero_volume", severity: "note", words: "it has not traded in this session" },
];
const SERIES = [
  ["2026-11-20 SPXW", "Fri 20 Nov 2026", 2, "SPXW", "PM"],
  ["2026-11-27 SPXW", "Fri 27 Nov 2026", 9, "SPXW", "PM"],
  ["2026-12-18 SPX", "Fri 18 Dec 2026", 30, "SPX", "AM"],
  ["2026-12-18 SPXW", "Fri 18 Dec 2026", 30, "SPXW", "PM"],
  ["2027-01-15 SPX", "Fri 15 Jan 2027", 58, "SPX", "AM"],
  ["2027-03-19 SPX", "Fri 19 Mar 2027", 121, "SPX", "AM"],
  ["2027-06-18 SPX", "Fri 18 Jun 2027", 212, "SPX", "AM"],
  ["2027-12-17 SPX", "Fri 17 Dec 2027", 394, "SPX", "AM"],
].map(([key, label, days, root, settlement]) => ({ key, label, days, root, settlement }));
export const WIDTH = FIELDS.length + FACTS.length;
const OVERSCAN = 6;

/** Return a generator of numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const view = (array) => new DataView(array.buffer);

class Model {
  constructor(traits) {
    this.said = [];
    this.listeners = new Map();
    this.traits = { height: 480, follow: true, least_confidence: 0, marks: "on", first: null, ...traits };
  }

  get(name) {
    return this.traits[name];
  }

  change(name, value) {
    this.traits[name] = value;
    for (const callback of this.listeners.get(`change:${name}`) ?? []) callback();
  }

  on(name, callback) {
    if (!this.listeners.has(name)) this.listeners.set(name, new Set());
    this.listeners.get(name).add(callback);
  }

  off(name, callback) {
    this.listeners.get(name)?.delete(callback);
  }

  deliver(content, buffers = []) {
    for (const callback of this.listeners.get("msg:custom") ?? []) callback(content, buffers);
  }

  send(content) {
    this.said.push(structuredClone(content));
  }
}

/** Its driver takes what the page says, and tells it what a kernel answers: buffers as base64. */
export class Bridge extends Model {
  constructor({ traits = {} } = {}) {
    super(traits);
    this.rows = 1;
  }

  take() {
    return this.said.splice(0);
  }

  tell(content, buffers) {
    const bytes = buffers.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    this.deliver(content, bytes.map(view));
  }
}

export class Kernel extends Model {
  constructor({
    rows = 200,
    first = true,
    traits = {},
    badges = ["SIMULATED"],
    warnings = [],
    listed = 1,
    mute = false,
  } = {}) {
    super(traits);
    this.random = numbers(7);
    this.rows = rows;
    this.price = 5912.37;
    this.isMute = mute;
    this.sorted = { field: "strike", leg: 0, descending: false };
    this.filters = {};
    this.chosen = SERIES[2].key;
    this.badges = badges;
    this.warnings = warnings;
    this.staleSince = null;
    this.range = [0, 30];
    this.epoch = 0;
    this.sequence = 0;
    this.listed = listed;
    this.now = Date.now();
    this.#make();
    if (first) {
      const middle = Math.floor(rows / 2);
      this.range = [Math.max(0, middle - 12), Math.min(rows - 1, middle + 12)];
      this.traits.first = { content: this.#snapshot("*"), buffers: this.#buffers(this.#inRange()) };
    }
  }

  // ---- the market

  #make() {
    const centre = 5900 - Math.floor(this.rows / 2) * 5;
    this.strikes = Float64Array.from({ length: this.rows }, (_, row) => centre + 5 * row);
    this.values = new Float64Array(this.rows * 2 * WIDTH).fill(NaN);
    for (let row = 0; row < this.rows; row += 1) for (const leg of [0, 1]) this.#leg(row, leg);
  }

  #leg(row, leg) {
    const at = (row * 2 + leg) * WIDTH;
    const strike = this.strikes[row];
    if (this.random() >= this.listed) {
      this.values[at + WIDTH - 2] = 0;
      return;
    }
    const off = (strike - this.price) / this.price;
    const intrinsic = Math.max(0, leg ? strike - this.price : this.price - strike);
    const mid = intrinsic + 110 * Math.exp(-((off * 28) ** 2)) + 0.05;
    const half = Math.max(0.05, mid * 0.01);
    const iv = 0.145 - 0.9 * off + 4 * off * off;
    const delta = 1 / (1 + Math.exp(off * 60));
    const isWing = this.random() < 0.08;
    const cell = [
      Math.floor(4000 * this.random() ** 3),
      Math.floor(900 * this.random() ** 4),
      isWing ? NaN : iv,
      leg ? delta - 1 : delta,
      Math.round((mid - half) * 20) / 20,
      Math.round((mid + half) * 20) / 20,
      this.now - 800,
      this.now - 60000,
      this.now - 1500,
      this.now - 300,
      1 + 8 + 64 + 512 + 3 * 4096 + 3 * 32768,
      isWing ? 85 : this.random() < 0.05 ? 60 : this.random() < 0.02 ? 0 : 100,
      this.random() < 0.03 ? 7 : 5,
      (isWing ? 4 : 0) + (this.random() < 0.1 ? 8 : 0),
    ];
    this.values.set(cell, at);
  }

  /** Change a share of the prices, volatilities and deltas of all rows in range, and send what changed. */
  tick(share = 0.2) {
    const changed = [];
    for (let row = this.range[0]; row <= this.range[1]; row += 1) {
      for (const leg of [0, 1]) {
        for (const field of [2, 3, 4, 5]) {
          const cell = (row * 2 + leg) * WIDTH + field;
          if (this.random() >= share || Number.isNaN(this.values[cell])) continue;
          this.values[cell] += [0.001, 0.001, 0.05, 0.05][field - 2] * (this.random() < 0.5 ? -1 : 1);
          changed.push(cell);
        }
      }
    }
    this.delta(changed);
  }

  /** Set one cell and send it. */
  set(row, leg, name, value) {
    const field = FIELDS.findIndex((each) => each.name === name);
    const place = field < 0 ? FIELDS.length + FACTS.indexOf(name) : field;
    const cell = (row * 2 + leg) * WIDTH + place;
    this.values[cell] = value;
    this.delta([cell]);
  }

  // ---- messages

  status() {
    const after = this.strikes.findIndex((strike) => strike > this.price);
    const isOrdered = this.sorted.field === "strike" && !this.sorted.descending;
    const at = after < 0 ? this.rows - 1 : after;
    const near = at > 0 && this.price - this.strikes[at - 1] < this.strikes[at] - this.price ? at - 1 : at;
    return {
      at: Date.now(),
      ahead: 0,
      price: this.price,
      forward: this.price + 14.2,
      money: isOrdered && this.rows ? near : null,
      confidence: 96,
      quality: "excellent",
      badges: this.badges,
      stale_since: this.staleSince,
      warnings: this.warnings,
    };
  }

  #layout() {
    return {
      underlying: "SPX",
      series: SERIES,
      chosen: this.chosen,
      rows: this.rows,
      fields: FIELDS,
      facts: FACTS,
      sources: ["", "massive", "tradier", "model"],
      rules: RULES,
      sort: this.sorted,
      filters: this.filters,
    };
  }

  #snapshot(to) {
    return {
      kind: "snapshot",
      to,
      epoch: this.epoch,
      sequence: this.sequence,
      layout: this.#layout(),
      status: this.status(),
    };
  }

  #inRange() {
    const [first, last] = [Math.max(0, this.range[0] - OVERSCAN), Math.min(this.rows - 1, this.range[1] + OVERSCAN)];
    const cells = [];
    for (let cell = first * 2 * WIDTH; cell < (last + 1) * 2 * WIDTH; cell += 1) cells.push(cell);
    return cells;
  }

  #cells(cells) {
    return [view(Uint32Array.from(cells)), view(Float64Array.from(cells, (cell) => this.values[cell]))];
  }

  #buffers(cells) {
    return [view(this.strikes.slice()), ...this.#cells(cells)];
  }

  snapshot() {
    this.epoch += 1;
    this.sequence += 1;
    this.deliver(this.#snapshot(this.client), this.#buffers(this.#inRange()));
  }

  delta(cells, extra = {}) {
    this.sequence += 1;
    const content = { kind: "delta", to: this.client, epoch: this.epoch, sequence: this.sequence, ...extra };
    this.deliver(content, this.#cells(cells));
  }

  /** Send the status anew. */
  tell(extra = {}) {
    this.delta([], { status: { ...this.status(), ...extra } });
  }

  send(content) {
    super.send(content);
    this.client = content.client;
    if (!this.isMute) queueMicrotask(() => this.#answer(content));
  }

  #answer({ kind, wants }) {
    if (kind !== "hello" && kind !== "want") return;
    this.range = [Math.max(0, wants.first), Math.min(this.rows - 1, wants.last)];
    const before = JSON.stringify([this.chosen, this.sorted, this.filters]);
    this.chosen = wants.series ?? this.chosen;
    this.sorted = wants.sort ?? this.sorted;
    this.filters = wants.filters ?? this.filters;
    if (kind === "hello" || before !== JSON.stringify([this.chosen, this.sorted, this.filters])) this.#resort();
    else this.delta(this.#inRange());
  }

  #resort() {
    const { field, leg, descending } = this.sorted;
    const at = FIELDS.findIndex((each) => each.name === field);
    const key = (row) => (at < 0 ? this.strikes[row] : this.values[(row * 2 + leg) * WIDTH + at]);
    const order = [...this.strikes.keys()].sort((one, other) => (key(one) - key(other)) * (descending ? -1 : 1));
    const values = order.flatMap((row) => [...this.values.slice(row * 2 * WIDTH, (row + 1) * 2 * WIDTH)]);
    this.strikes = Float64Array.from(order, (row) => this.strikes[row]);
    this.values = Float64Array.from(values);
    this.snapshot();
  }
}
