// Filters by ranges and by choices, each with the distribution of what it limits.

const RANGE_TEXT = {
  msd: { title: "Predicted MSD", unit: "Å²" },
  x_li: { title: "Mobile ions, x", unit: "" },
  s_config: { title: "S config", unit: "R" },
};
const CHOICE_TEXT = { region: "Region", type: "Type", n: "Elements on the site", model: "Model", labels: "Labels by" };
const RANGE_BINS = 36;

/** Two number inputs under a small histogram. */
class RangeFilter {
  constructor(name, predictions, changed) {
    const { title, unit } = RANGE_TEXT[name];
    this.values = predictions.columns[name].filter((value) => value !== null);
    this.low = Math.min(...this.values);
    this.high = Math.max(...this.values);
    this.changed = changed;
    const input = (end, limit) =>
      make("input", {
        type: "number",
        inputmode: "decimal",
        step: "any",
        id: `${name}-${end}`,
        placeholder: String(Number(limit.toPrecision(3))),
        "aria-label": `${title}, ${end === "low" ? "at least" : "at most"}${unit ? ` (${unit})` : ""}`,
        oninput: () => this.read(),
      });
    this.inputs = [input("low", this.low), input("high", this.high)];
    this.bars = makeSvg("svg", { class: "bars", viewBox: `0 0 ${RANGE_BINS} 20`, preserveAspectRatio: "none" });
    this.bars.setAttribute("aria-hidden", "true");
    this.drawBars();
    const legend = make("legend", {}, title, make("span", { class: "unit" }, ` ${unit}`));
    const ends = make("div", { class: "ends" }, this.inputs[0], make("span", { "aria-hidden": "true" }, "to"));
    ends.append(this.inputs[1]);
    this.element = make("fieldset", { class: "range" }, legend, this.bars, ends);
  }

  drawBars() {
    const counts = Array(RANGE_BINS).fill(0);
    const width = (this.high - this.low) / RANGE_BINS || 1;
    for (const value of this.values) counts[Math.min(RANGE_BINS - 1, Math.floor((value - this.low) / width))]++;
    const top = Math.max(...counts);
    this.rects = counts.map((count, k) => {
      const height = count ? Math.max(0.8, (20 * count) / top) : 0;
      return makeSvg("rect", { x: k + 0.08, y: 20 - height, width: 0.84, height });
    });
    this.middles = counts.map((_, k) => this.low + (k + 0.5) * width);
    this.bars.append(...this.rects);
  }

  read() {
    this.changed(this.inputs.map(({ value }) => (value.trim() === "" ? null : Number(value))));
  }

  show([low, high]) {
    for (const [input, value] of [[this.inputs[0], low], [this.inputs[1], high]]) {
      if (document.activeElement !== input) input.value = value ?? "";
      input.classList.toggle("set", value !== null);
    }
    this.rects.forEach((rect, k) => {
      const inside = (low === null || this.middles[k] >= low) && (high === null || this.middles[k] <= high);
      rect.classList.toggle("out", !inside);
    });
  }
}

/** A row of buttons that can be pressed; none pressed means all. */
class ChoiceFilter {
  constructor(name, predictions, changed) {
    const counts = new Map();
    for (let row = 0; row < predictions.n; row++) {
      const value = choiceOf(predictions, name, row);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    this.values = name === "region" ? Object.keys(predictions.regions) : [...counts.keys()].sort(collator.compare);
    this.changed = changed;
    this.buttons = new Map(this.values.map((value) => [value, this.button(name, value, predictions, counts)]));
    const group = make("div", { class: "chips" }, ...this.buttons.values());
    this.element = make("fieldset", { class: `choice ${name}` }, make("legend", {}, CHOICE_TEXT[name]), group);
  }

  button(name, value, predictions, counts) {
    const text = choiceText(name, value, predictions);
    const count = counts.get(value) ?? 0;
    return make(
      "button",
      { type: "button", class: "chip", title: `${text}: ${counted(count)} predictions`, onclick: () => this.toggle(value) },
      text,
    );
  }

  toggle(value) {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(value)) chosen.add(value);
    this.changed(chosen);
  }

  show(chosen) {
    this.chosen = chosen;
    for (const [value, button] of this.buttons) button.setAttribute("aria-pressed", String(chosen.has(value)));
  }
}

function choiceText(name, value, predictions) {
  if (name === "model") return predictions.models[Number(value)].kind;
  if (name === "labels") return predictions.engines[Number(value)].join(", ") || "none";
  if (name !== "region") return value;
  const lows = Object.entries(predictions.regions);
  const place = lows.findIndex(([region]) => region === value);
  const [low, high] = [lows[place][1], lows[place + 1]?.[1]];
  return high === undefined ? `${value} > ${low}` : place === 0 ? `${value} < ${high}` : `${value} ${low}–${high}`;
}

/** Return the choices that a page offers: those with more than one value. */
function usefulChoices(predictions) {
  const distinct = (name) => new Set([...Array(predictions.n).keys()].map((row) => choiceOf(predictions, name, row)));
  return CHOICES.filter((name) => name === "region" || distinct(name).size > 1);
}
