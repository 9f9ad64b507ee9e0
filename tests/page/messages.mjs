// Small messages as the kernel sends them, and a clock that is moved by hand.

export const NOW = Date.UTC(2026, 10, 18, 16, 0, 0); // 11:00 in New York

const field = (name, header, unit, decimals, scale = 1) => ({
  name,
  header,
  unit,
  decimals,
  scale,
  meaning: `meaning of ${name}`,
});
export const FIELDS = [
  field("open_interest", "open int", "contracts", 0),
  field("implied_volatility", "iv", "% a year", 1, 100),
  field("bid", "bid", "USD per share", 2),
];
export const FACTS = ["quote_at", "trade_at", "greeks_at", "received_at", "sources", "confidence", "state", "rules"];
export const WIDTH = FIELDS.length + FACTS.length;
export const STRIKES = [590, 595, 600, 605];
export const RULES = [
  { name: "crossed_quote", severity: "error", words: "the bid is above the ask" },
  { name: "filled", severity: "warning", words: "a part of it is from the other vendor" },
  { name: "zero_volume", severity: "note", words: "it has not traded in this session" },
];

/** Return a buffer that begins at an odd place, as those of a comm may. */
function view(array) {
  const whole = new Uint8Array(array.byteLength + 3);
  whole.set(new Uint8Array(array.buffer), 3);
  return new DataView(whole.buffer, 3, array.byteLength);
}

/** Return the number of a cell; the name is a field's or a fact's. */
export function cell(row, leg, name) {
  const at = FIELDS.findIndex((each) => each.name === name);
  return (row * 2 + leg) * WIDTH + (at < 0 ? FIELDS.length + FACTS.indexOf(name) : at);
}

export function changes(cells) {
  return [view(Uint32Array.from(cells, ([at]) => at)), view(Float64Array.from(cells, ([, value]) => value))];
}

export const STATUS = {
  at: NOW,
  ahead: 0,
  price: 597,
  forward: 598.5,
  money: 1,
  confidence: 96,
  quality: "excellent",
  badges: ["SIMULATED"],
  stale_since: null,
  warnings: [],
};

export const LAYOUT = {
  underlying: "SPY",
  series: [
    { key: "2026-12-18 SPY", label: "Fri 18 Dec 2026", days: 30, root: "SPY", settlement: "PM" },
    { key: "2027-01-15 SPY", label: "Fri 15 Jan 2027", days: 58, root: "SPY", settlement: "PM" },
  ],
  chosen: "2026-12-18 SPY",
  rows: STRIKES.length,
  fields: FIELDS,
  facts: FACTS,
  sources: ["", "massive", "tradier", "model"],
  rules: RULES,
  sort: { field: "strike", leg: 0, descending: false },
  filters: {},
};

export function snapshot(to, { epoch = 1, sequence = 1, cells = [], layout = {}, strikes = STRIKES } = {}) {
  const content = { kind: "snapshot", to, epoch, sequence, layout: { ...LAYOUT, ...layout }, status: STATUS };
  return [content, [view(Float64Array.from(strikes)), ...changes(cells)]];
}

export function delta(to, { epoch = 1, sequence = 2, cells = [], ...extra } = {}) {
  return [{ kind: "delta", to, epoch, sequence, ...extra }, changes(cells)];
}

/** All that is known of one leg. */
export function leg(row, side, values) {
  return Object.entries({ state: 5, confidence: 100, rules: 0, sources: 0, ...values }).map(([name, value]) => [
    cell(row, side, name),
    value,
  ]);
}

/** A clock and what was put off, which comes when the clock is moved on. */
export class Clock {
  now = 0;
  #later = [];

  later = (ms, then) => this.#later.push({ at: this.now + ms, then });

  move(ms) {
    const end = this.now + ms;
    for (;;) {
      const next = this.#later.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.#later.splice(this.#later.indexOf(next), 1);
      this.now = next.at;
      next.then();
    }
    this.now = end;
  }
}
