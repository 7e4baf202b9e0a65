// Everything about the chosen prediction.

const OWN_KINDS = {
  prediction: "hezsp.predict",
  features: "hezsp.features",
  relaxation: "hezsp.relax",
  configurations: "hezsp.make_configurations",
};

class Detail {
  constructor(element, predictions, closed) {
    this.element = element;
    this.predictions = predictions;
    this.content = element.querySelector(".content");
    this.row = null;
    element.querySelector(".close").addEventListener("click", closed);
    new ResizeObserver(() => this.drawCharts()).observe(this.content);
  }

  /** Show a prediction; `shown` are the rows of the table, for the distribution. */
  async show(row, shown) {
    this.shown = shown;
    if (row === this.row) return this.drawCharts();
    this.row = row;
    this.viewer?.spin(false);
    if (row === null) return this.content.replaceChildren();
    this.content.replaceChildren(
      ...this.headline(),
      this.section("distribution", "Place in the distribution", make("p", { class: "place" }, chosenText(this.predictions, row)), make("div", { class: "plot distribution" })),
      this.section("structure", "Relaxed structure", make("p", { class: "hint" }, "Reading …")),
      this.section("shap", "Why this value", ...this.shapHead(), make("div", { class: "plot shap" })),
      this.section("features", "Features", this.features()),
      this.section("trace", "What it rests on", ...this.trace()),
    );
    this.content.parentElement.scrollTop = 0;
    this.drawCharts();
    await this.drawStructure(row);
  }

  section(name, title, ...children) {
    return make("section", { class: name, "aria-labelledby": `h-${name}` }, make("h3", { id: `h-${name}` }, title), ...children);
  }

  headline() {
    const { predictions, row } = this;
    const value = (name) => predictions.value(name, row);
    const uuid = value("uuid");
    const coverage = value("coverage") === null ? "" : `${Math.round(100 * value("coverage"))} % interval `;
    const facts = [
      ["Region", predictions.region[row]],
      ["Type", value("type") ?? "–"],
      ["x", String(value("x_li"))],
      ["S config", `${value("s_config").toFixed(3)} R`],
      ["Volume", value("volume") === null ? "–" : `${value("volume").toFixed(1)} Å³`],
      ["Model", predictions.models[predictions.columns.model[row]].kind],
      ["Family", value("family") ?? "–"],
      ["Labels by", predictions.engineText(row)],
    ];
    return [
      make("h2", { tabindex: -1 }, formulaNodes(value("formula"))),
      predictions.isStandin(row) ? make("p", { class: "warning" }, make("strong", {}, "Stand-in labels: "), "no VASP ran; this number says nothing about the material.") : null,
      value("outside").length ? make("p", { class: "note" }, `Outside the training range in ${value("outside").join(", ")}: the interval may be too narrow.`) : null,
      make("p", { class: "figure" }, make("span", { class: "value", "data-name": "msd" }, rounded(value("msd"))), " Å² predicted MSD", make("span", { class: "interval" }, `${coverage}${intervalText(predictions, row)} Å²`)),
      make("dl", { class: "facts" }, facts.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))),
      make("p", { class: "uuid" }, make("code", {}, uuid), make("button", { type: "button", class: "small-button", onclick: () => copy(uuid, "UUID") }, "Copy UUID")),
    ].filter(Boolean);
  }

  shapHead() {
    const { predictions, row } = this;
    if (predictions.columns.shap_base[row] === null) return [make("p", { class: "hint" }, "No SHAP values were stored.")];
    const reached = contributions(predictions, row).reduce((sum, { effect }) => sum + effect, predictions.columns.shap_base[row]);
    const differs = Math.abs(reached - predictions.value("msd", row)) > 0.01 * Math.max(1, Math.abs(reached));
    const note = differs ? ` The contributions add up to ${rounded(reached)} Å², not to the prediction.` : "";
    return [make("p", { class: "hint" }, `SHAP values in Å²: how far each feature moves the prediction from the mean of the training set.${note}`)];
  }

  features() {
    const { predictions, row } = this;
    const columns = predictions.models[predictions.columns.model[row]].columns;
    const named = Object.keys(predictions.features).filter((name) => predictions.features[name][row] !== null);
    const outside = new Set(predictions.value("outside", row));
    const rows = named.map((name) => {
      const column = columns.find((known) => known.name === name) ?? { unit: "", definition: "" };
      const flag = outside.has(name) ? make("span", { class: "flag" }, "outside") : null;
      const unit = column.unit === "1" ? "" : prettyUnit(column.unit);
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, name, " ", flag, make("span", { class: "definition" }, column.definition)),
        make("td", { class: "num", "data-feature": name }, String(Number(predictions.features[name][row].toPrecision(5)))),
        make("td", { class: "unit" }, unit),
      );
    });
    const heads = ["Feature", "Value", "Unit"].map((text) => make("th", { scope: "col" }, text));
    return make("table", {}, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, rows));
  }

  trace() {
    const { predictions, row } = this;
    const trace = predictions.traces[predictions.columns.trace[row]];
    const stages = trace.stages.map((stage) => stageItem(predictions, row, stage)).filter(Boolean);
    const standin = predictions.isStandin(row);
    return [
      make("p", { class: standin ? "warning" : "hint" }, trace.verdict),
      make("p", { class: "hint" }, "Steps with a blue edge are of this composition or its batch; the others are shared by all predictions of the model."),
      make("ol", { class: "stages" }, stages),
      make("p", { class: "hint" }, "In the profile, or in an import of the archive: ", make("code", {}, `aiida-hezsp trace ${predictions.value("uuid", row)}`)),
    ];
  }

  drawCharts() {
    if (this.row === null) return;
    const draw = (name, chart) => {
      const plot = this.content.querySelector(`.plot.${name}`);
      const width = Math.floor(plot.clientWidth);
      if (width > 0) plot.replaceChildren(...[chart(width)].filter(Boolean));
    };
    draw("distribution", (width) => distributionChart(this.predictions, this.row, this.shown, width));
    draw("shap", (width) => waterfallChart(this.predictions, this.row, width));
  }

  async drawStructure(row) {
    this.structures ??= Structures.read();
    const structures = await this.structures;
    if (row !== this.row) return; // another one was chosen meanwhile
    const section = this.content.querySelector("section.structure");
    const heading = section.querySelector("h3");
    if (!structures) {
      section.replaceChildren(heading, make("p", { class: "hint" }, "This page was written without structures."));
      return;
    }
    const structure = structures.at(row);
    section.replaceChildren(heading, ...structurePanel(this, this.predictions, row, structure));
    this.viewer.show(structure);
  }
}

/** Return the drawing of a structure with its buttons, its legend and its cell. */
function structurePanel(detail, predictions, row, structure) {
  const counts = new Map();
  for (const symbol of structure.symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const about = `Structure of ${structure.symbols.length} atoms. Arrow keys turn it, plus and minus zoom, 0 resets.`;
  const canvas = make("canvas", { class: "crystal", tabindex: 0, role: "img", "aria-label": about });
  const style = detail.viewer?.style ?? "polyhedra";
  detail.viewer = new Viewer(canvas);
  detail.viewer.setStyle(style);
  const button = (text, act, pressed) => make("button", { type: "button", class: "small-button", "aria-pressed": pressed, onclick: act }, text);
  const toggle = (event, act) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    act(on);
  };
  const { lengths, angles, volume } = cellParameters(structure.cell);
  const cell = `${lengths.map((value) => value.toFixed(3)).join(", ")} Å; ${angles.map((value) => value.toFixed(2)).join(", ")}°; ${volume.toFixed(1)} Å³`;
  const name = `${predictions.value("formula", row)}.cif`;
  return [
    canvas,
    make(
      "div",
      { class: "tools" },
      button("Polyhedra", (event) => toggle(event, (on) => detail.viewer.setStyle(on ? "polyhedra" : "balls")), String(style === "polyhedra")),
      button("Spin", (event) => toggle(event, (on) => detail.viewer.spin(on)), "false"),
      button("Reset", () => detail.viewer.reset(), null),
      button("Download CIF", () => download(name, cifText(predictions, row, structure), "chemical/x-cif"), null),
    ),
    make("ul", { class: "legend" }, [...counts].map(([symbol, count]) => legendItem(symbol, count))),
    make("p", { class: "hint cell" }, cell),
  ];
}

function legendItem(symbol, count) {
  const dot = make("span", { class: "swatch", "aria-hidden": "true" });
  dot.style.background = colorOf(symbol);
  return make("li", {}, dot, `${symbol} ${count}`);
}

/** Return a stage as a box with counts; its UUIDs are listed when asked for. */
function stageItem(predictions, row, stage) {
  const own = (predictions.own[stage.key]?.[row] ?? []).map((uuid) => ({ uuid, kind: OWN_KINDS[stage.key], own: true }));
  const known = new Set(own.map(({ uuid }) => uuid));
  const processes = [...own, ...stage.processes.filter(({ uuid }) => !known.has(uuid))];
  const data = [...stage.data];
  if (stage.key === "prediction") data.push({ uuid: predictions.value("uuid", row), kind: "Dict", facts: {} });
  if (stage.key === "relaxation") data.push({ uuid: predictions.own.structure[row], kind: "StructureData", facts: {} });
  if (!processes.length && !data.length) return null;
  const kinds = new Map();
  for (const { kind } of processes.length ? processes : data) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const engines = new Map();
  for (const { engine } of processes) if (engine) engines.set(engine, (engines.get(engine) ?? 0) + 1);
  const tags = [...engines].map(([engine, count]) => make("span", { class: engine.startsWith("standin") ? "tag standin" : "tag" }, `${count} × ${engine}`));
  const failed = processes.filter(({ exit_status: status }) => status).length;
  const counts = [...kinds].map(([kind, count]) => `${counted(count)} × ${kind}`).join(", ");
  const list = make("details", { class: "uuids" }, make("summary", {}, countText(processes.length + data.length)));
  list.addEventListener("toggle", () => list.children.length === 1 && list.append(uuidList(processes, data)), { once: true });
  return make(
    "li",
    { class: own.length ? "stage own" : "stage", "data-stage": stage.key },
    make("div", { class: "stage-head" }, make("strong", {}, stage.title), make("span", { class: "stage-count" }, String(processes.length || data.length))),
    make("div", { class: "stage-facts" }, counts, failed ? `, ${failed} not finished well` : "", ...dataFacts(data), ...tags),
    list,
  );
}

function countText(number) {
  return number === 1 ? "1 UUID" : `${counted(number)} UUIDs`;
}

function dataFacts(data) {
  return data.flatMap(({ kind, facts }) => {
    if (kind === "ImageData") return [`; ${counted(facts.n_images)} images of ${Object.keys(facts.groups ?? {}).length} compositions`];
    if (kind === "ChgnetModelData" && facts.name) return [`; CHGNet ${facts.name}`];
    return [];
  });
}

function uuidList(processes, data) {
  const line = ({ uuid, kind, composition, engine, exit_status: status, labels_used: used }) => {
    const about = [kind, composition, engine, status ? `exit ${status}` : null, used === false ? "labels not used" : null].filter(Boolean).join(" · ");
    return make("li", {}, make("code", {}, uuid), ` ${about}`);
  };
  return make("ul", {}, [...processes, ...data].map(line));
}
