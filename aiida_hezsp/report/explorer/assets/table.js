// The predictions and what is chosen of them: columns, filters, order, place in the distribution.

/** Columns of all predictions, in the order of their MSD, largest first. */
class Predictions {
  constructor(content) {
    Object.assign(this, content);
    this.n = content.columns.uuid.length;
    const { formula, msd, n_elements: numbers } = content.columns;
    this.elements = formula.map(elementsOf);
    this.elementSets = this.elements.map((names) => new Set(names));
    this.counts = numbers.map((number, row) => number ?? this.elements[row].length);
    this.plain = formula.map((text) => text.toLowerCase());
    this.region = msd.map((value) => this.regionOf(value));
    this.byUuid = new Map(content.columns.uuid.map((uuid, row) => [uuid, row]));
    this.standin = content.engines.map((names) => names.some((name) => name.startsWith("standin")));
    this.mixed = new Set(this.standin).size > 1;
  }

  /** Both ends of the medium region belong to it. */
  regionOf(msd) {
    return msd > this.regions.high ? "high" : msd >= this.regions.medium ? "medium" : "low";
  }

  value(name, row) {
    return this.columns[name][row];
  }

  isStandin(row) {
    return this.standin[this.columns.engines[row]];
  }

  engineText(row) {
    return this.engines[this.columns.engines[row]].join(", ") || "none";
  }

  /** All MSD that the model of a row predicted, ascending, also those that are not on this page. */
  distribution(row) {
    return this.models[this.columns.model[row]].distribution;
  }

  /** Return the share (in percent) of these below the row's own, those equal to it counted half. */
  percentile(row) {
    const values = this.distribution(row);
    const msd = this.columns.msd[row];
    const below = values.filter((value) => value < msd).length;
    const equal = values.filter((value) => value === msd).length;
    return (100 * (below + equal / 2)) / values.length;
  }
}

const RANGES = ["msd", "x_li", "s_config"];
const CHOICES = ["region", "type", "n", "model", "labels"];
const NO_TYPE = "none";

/** Filters that let everything through. */
function noFilters() {
  return {
    text: "",
    include: new Set(),
    exclude: new Set(),
    any: false,
    inside: false,
    ranges: Object.fromEntries(RANGES.map((name) => [name, [null, null]])),
    choices: Object.fromEntries(CHOICES.map((name) => [name, new Set()])),
  };
}

function isFiltered(filters) {
  const ranges = Object.values(filters.ranges).some(([low, high]) => low !== null || high !== null);
  const choices = Object.values(filters.choices).some((chosen) => chosen.size);
  const elements = filters.include.size || filters.exclude.size;
  return Boolean(filters.text || elements || filters.inside || ranges || choices);
}

/** What a choice filter compares, of one row. */
function choiceOf(predictions, name, row) {
  if (name === "region") return predictions.region[row];
  if (name === "type") return predictions.value("type", row) ?? NO_TYPE;
  if (name === "n") return String(predictions.counts[row]);
  return String(predictions.value(name === "labels" ? "engines" : "model", row));
}

/** Return a test of one row: every word of the text is in the formula, or begins the UUID. */
function textTest(predictions, text) {
  const words = text.toLowerCase().split(/[\s,]+/).filter(Boolean);
  const uuids = predictions.columns.uuid;
  return (row) => words.every((word) => predictions.plain[row].includes(word) || uuids[row].startsWith(word));
}

/** Return the rows that pass all filters, in the order of the table. */
function filtered(predictions, filters) {
  const tests = [];
  const include = [...filters.include];
  const exclude = [...filters.exclude];
  const sets = predictions.elementSets;
  if (filters.text.trim()) tests.push(textTest(predictions, filters.text));
  if (include.length && filters.any) tests.push((row) => include.some((name) => sets[row].has(name)));
  else if (include.length) tests.push((row) => include.every((name) => sets[row].has(name)));
  if (exclude.length) tests.push((row) => !exclude.some((name) => sets[row].has(name)));
  if (filters.inside) tests.push((row) => !predictions.columns.outside[row].length);
  for (const [name, [low, high]] of Object.entries(filters.ranges)) {
    const values = predictions.columns[name];
    if (low !== null) tests.push((row) => values[row] >= low);
    if (high !== null) tests.push((row) => values[row] <= high);
  }
  for (const [name, chosen] of Object.entries(filters.choices)) {
    if (chosen.size) tests.push((row) => chosen.has(choiceOf(predictions, name, row)));
  }
  const found = [];
  for (let row = 0; row < predictions.n; row++) if (tests.every((test) => test(row))) found.push(row);
  return found;
}

const collator = new Intl.Collator("en", { numeric: true });

/** What rows are sorted by. */
const SORT_KEYS = {
  rank: (predictions, row) => row,
  formula: (predictions, row) => predictions.value("formula", row),
  msd: (predictions, row) => predictions.value("msd", row),
  width: (predictions, row) => {
    const [low, high] = ["msd_low", "msd_high"].map((name) => predictions.value(name, row));
    return low === null || high === null ? null : high - low;
  },
  type: (predictions, row) => predictions.value("type", row),
  x_li: (predictions, row) => predictions.value("x_li", row),
  s_config: (predictions, row) => predictions.value("s_config", row),
  n: (predictions, row) => predictions.counts[row],
  labels: (predictions, row) => predictions.engineText(row),
};

/** Sort rows in place by a key; equal ones keep the order of their MSD, missing values come last. */
function sortRows(predictions, rows, key, descending) {
  const values = rows.map((row) => [SORT_KEYS[key](predictions, row), row]);
  const sign = descending ? -1 : 1;
  values.sort(([a, rowA], [b, rowB]) => {
    if (a === null || b === null) return (a === null) - (b === null) || rowA - rowB;
    const order = typeof a === "string" ? collator.compare(a, b) : a - b;
    return sign * order || rowA - rowB;
  });
  return values.map(([, row]) => row);
}
