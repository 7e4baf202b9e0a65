// Drawings of one prediction: its place in the distribution, and its SHAP waterfall.

const BINS = 48;
const WATERFALL_ROWS = 10;

/** Return the histogram of a model's MSD, the rows shown in colour, with the chosen one marked. */
function distributionChart(predictions, row, shown, width) {
  const { msd } = predictions.columns;
  const [height, foot, top] = [150, 30, 26];
  const values = predictions.distribution(row);
  const high = values.at(-1) * 1.02 || 1;
  const bin = (value) => Math.min(BINS - 1, Math.floor((value / high) * BINS));
  const count = (found) => {
    const counts = Array(BINS).fill(0);
    for (const value of found) counts[bin(Math.max(0, value))]++;
    return counts;
  };
  const model = predictions.columns.model[row];
  const all = count(values);
  const now = count(shown.filter((other) => predictions.columns.model[other] === model).map((other) => msd[other]));
  const tallest = Math.max(...all);
  const x = (value) => (Math.max(0, value) / high) * width;
  const bars = (counts, name) =>
    counts.map((number, k) => {
      const tall = number ? Math.max(2, ((height - top - foot) * number) / tallest) : 0;
      return makeSvg("rect", { class: name, x: (k * width) / BINS + 0.5, y: height - foot - tall, width: width / BINS - 1, height: tall });
    });
  const text = chosenText(predictions, row);
  const svg = makeSvg("svg", { class: "chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": text });
  svg.append(...regionBands(predictions, high, x, height - foot, width), ...bars(all, "bar all"), ...bars(now, "bar now"));
  svg.append(...axis(high, x, height - foot, width), ...marker(msd[row], x, height - foot, width));
  return svg;
}

function regionBands(predictions, high, x, bottom, width) {
  const lows = Object.entries(predictions.regions);
  return lows.flatMap(([name, low], k) => {
    if (low >= high) return [];
    const [left, right] = [x(low), Math.min(width, x(lows[k + 1]?.[1] ?? high))];
    const label = makeSvg("text", { class: "band-name", x: Math.min(width - 24, (left + right) / 2), y: bottom + 26 }, name);
    return [makeSvg("rect", { class: `band ${name}`, x: left, y: 14, width: right - left, height: bottom - 14 }), label];
  });
}

function axis(high, x, bottom, width) {
  const step = [5, 10, 20, 25, 50, 100, 200, 500].find((size) => high / size <= 6) ?? high / 5;
  const ticks = [];
  for (let value = 0; value <= high; value += step) {
    const anchor = value === 0 ? "start" : x(value) > width - 16 ? "end" : "middle";
    ticks.push(makeSvg("text", { class: "tick", x: x(value), y: bottom + 13, "text-anchor": anchor }, String(value)));
  }
  return [makeSvg("line", { class: "axis", x1: 0, x2: width, y1: bottom, y2: bottom }), ...ticks];
}

function marker(value, x, bottom, width) {
  const place = Math.min(width - 1, Math.max(1, x(value)));
  const anchor = place < 50 ? "start" : place > width - 50 ? "end" : "middle";
  return [
    makeSvg("line", { class: "marker", x1: place, x2: place, y1: 13, y2: bottom }),
    makeSvg("text", { class: "marker-name", x: place, y: 10, "text-anchor": anchor }, `${rounded(value)} Å²`),
  ];
}

/** One sentence about the place of a prediction. */
function chosenText(predictions, row) {
  const values = predictions.distribution(row);
  const kind = predictions.models[predictions.columns.model[row]].kind;
  const msd = predictions.value("msd", row);
  const place = 1 + values.filter((value) => value > msd).length;
  const percentile = predictions.percentile(row).toFixed(1);
  return `Place ${counted(place)} of the ${counted(values.length)} predictions of model ${kind}, percentile ${percentile}`;
}

/** Return the contributions of features, largest first, the small ones joined. */
function contributions(predictions, row) {
  const model = predictions.models[predictions.columns.model[row]];
  const known = Object.entries(predictions.shap)
    .map(([name, values]) => ({ name, effect: values[row], value: predictions.features[name]?.[row] ?? null }))
    .filter(({ effect }) => effect !== null)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  for (const entry of known) entry.unit = model.columns.find(({ name }) => name === entry.name)?.unit ?? "";
  if (known.length <= WATERFALL_ROWS) return known;
  const rest = known.slice(WATERFALL_ROWS - 1);
  const joined = { name: `${rest.length} others`, effect: rest.reduce((sum, { effect }) => sum + effect, 0), value: null };
  return [...known.slice(0, WATERFALL_ROWS - 1), joined];
}

/** Return the waterfall from the mean prediction to this one. */
function waterfallChart(predictions, row, width) {
  const rows = contributions(predictions, row);
  const base = predictions.columns.shap_base[row];
  if (base === null || !rows.length) return null;
  const [line, left, right] = [22, Math.min(172, width * 0.42), 46];
  const ends = [base];
  for (const { effect } of [...rows].reverse()) ends.push(ends.at(-1) + effect);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const x = (value) => left + 30 + ((value - low) / (high - low || 1)) * (width - left - right - 30);
  const height = line * (rows.length + 2) + 6;
  const label = `SHAP waterfall from the mean ${rounded(base)} to ${rounded(ends.at(-1))} Å²`;
  const svg = makeSvg("svg", { class: "chart waterfall", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const middle = (place) => line * place + line / 2 + 4;
  svg.append(...total(`f(x) = ${rounded(ends.at(-1))}`, x(ends.at(-1)), middle(0), left));
  rows.forEach((entry, k) => {
    const [from, to] = [ends[rows.length - 1 - k], ends[rows.length - k]];
    svg.append(...step(entry, x(from), x(to), middle(k + 1), left, line));
  });
  svg.append(...total(`mean = ${rounded(base)}`, x(base), middle(rows.length + 1), left));
  svg.append(makeSvg("line", { class: "base", x1: x(base), x2: x(base), y1: line, y2: height - line }));
  return svg;
}

function total(text, place, y, left) {
  return [
    makeSvg("text", { class: "total", x: left - 8, y: y + 4, "text-anchor": "end" }, text),
    makeSvg("circle", { class: "dot", cx: place, cy: y, r: 3.5 }),
  ];
}

function step({ name, effect, value, unit }, from, to, y, left, line) {
  const known = value === null ? name : `${name} = ${Number(value.toPrecision(4))}${unit && unit !== "1" ? ` ${prettyUnit(unit)}` : ""}`;
  const direction = effect >= 0 ? "up" : "down";
  const signed = `${effect >= 0 ? "+" : "−"}${rounded(Math.abs(effect))}`;
  const [start, end] = [Math.min(from, to), Math.max(from, to)];
  const outside = effect >= 0 ? { x: end + 4, anchor: "start" } : { x: start - 4, anchor: "end" };
  return [
    makeSvg("text", { class: "feature", x: left - 8, y: y + 4, "text-anchor": "end" }, known),
    makeSvg("rect", { class: `step ${direction}`, x: start, y: y - line / 2 + 3, width: Math.max(1, end - start), height: line - 6, rx: 2 }),
    makeSvg("text", { class: `effect ${direction}`, x: outside.x, y: y + 4, "text-anchor": outside.anchor }, signed),
  ];
}

/** Return a unit with the letters people write. */
function prettyUnit(unit) {
  return unit.replace(/\bA\b/g, "Å").replace(/\^2/g, "²").replace(/\^3/g, "³").replace("degree", "°").replace("deg", "°");
}
