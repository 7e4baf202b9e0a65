// The page: state, and what shows it.

class Page {
  constructor(predictions) {
    this.predictions = predictions;
    Object.assign(this, readLink(predictions));
    const get = (id) => document.getElementById(id);
    this.filterParts = this.buildFilters(get("ranges"), get("choices"));
    this.periodic = new PeriodicFilter(get("periodic"), predictions, (include, exclude) => this.filter({ include, exclude }));
    this.grid = new Grid(get("grid"), predictions, { sorted: (order) => this.sort(order), chosen: (row) => this.choose(row) });
    this.detail = new Detail(get("detail"), predictions, () => this.close());
    this.search = get("search");
    this.count = get("count");
    this.listen(get);
    if (narrow.matches) get("filters").open = false;
    this.update({ rows: true });
  }

  buildFilters(ranges, choices) {
    const { predictions } = this;
    const parts = [];
    for (const name of RANGES) {
      const part = new RangeFilter(name, predictions, (range) => this.filter({ ranges: { ...this.filters.ranges, [name]: range } }));
      parts.push((filters) => part.show(filters.ranges[name]));
      ranges.append(part.element);
    }
    for (const name of usefulChoices(predictions)) {
      const part = new ChoiceFilter(name, predictions, (chosen) => this.filter({ choices: { ...this.filters.choices, [name]: chosen } }));
      parts.push((filters) => part.show(filters.choices[name]));
      choices.append(part.element);
    }
    return parts;
  }

  listen(get) {
    this.search.addEventListener("input", () => this.filter({ text: this.search.value }));
    get("any").addEventListener("change", (event) => this.filter({ any: event.target.value === "any" }));
    get("inside").addEventListener("change", (event) => this.filter({ inside: event.target.checked }));
    get("clear").addEventListener("click", () => {
      this.filter(noFilters());
      get("grid").focus(); // the button is switched off now and could not keep the focus
    });
    get("csv").addEventListener("click", () => download("predictions.csv", csvText(this.predictions, this.rows), "text/csv"));
    get("link").addEventListener("click", () => copy(location.href, "Link"));
    get("sort").addEventListener("change", (event) => this.sort(parseOrder(event.target.value)));
    addEventListener("hashchange", () => this.follow());
    addEventListener("keydown", (event) => this.key(event));
    narrow.addEventListener("change", () => this.update({}));
  }

  /** Escape leaves the chosen prediction; "/" goes to the search. */
  key(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "Escape" && this.search === event.target && this.search.value) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) this.toSearch(event);
  }

  toSearch(event) {
    event.preventDefault();
    document.getElementById("filters").open = true;
    this.search.focus();
  }

  filter(changed) {
    this.filters = { ...this.filters, ...changed };
    this.update({ rows: true });
    this.write(false);
  }

  sort(order) {
    this.order = order;
    this.update({ rows: true });
    this.write(false);
  }

  choose(row) {
    const first = this.chosen === null;
    this.chosen = row;
    this.update({});
    this.write(first);
    if (narrow.matches) document.querySelector("#detail h2").focus();
  }

  close() {
    if (this.chosen === null) return;
    this.chosen = null;
    this.update({});
    this.write(false);
    document.getElementById("grid").focus();
  }

  /** Put the state into the address; choosing the first one makes an entry in the history, so that "back" leaves it. */
  write(entry) {
    const link = linkOf(this.predictions, this);
    if (entry) history.pushState(null, "", link);
    else history.replaceState(null, "", link);
  }

  follow() {
    Object.assign(this, readLink(this.predictions));
    this.update({ rows: true });
  }

  update({ rows }) {
    const { predictions, filters } = this;
    if (rows) {
      this.found = filtered(predictions, filters);
      this.rows = sortRows(predictions, this.found, this.order.key, this.order.descending);
      this.showFilters();
    }
    // A wide page has room for one prediction: without a choice, the first of the table.
    const seen = this.chosen ?? (narrow.matches ? null : (this.rows[0] ?? 0));
    document.body.classList.toggle("chosen", this.chosen !== null);
    this.grid.show(this.rows, this.order, this.chosen);
    this.detail.show(seen, this.found);
  }

  showFilters() {
    const { predictions, filters, rows } = this;
    const counts = new Map();
    for (const row of rows) for (const name of predictions.elements[row]) counts.set(name, (counts.get(name) ?? 0) + 1);
    this.periodic.show(filters.include, filters.exclude, counts);
    for (const show of this.filterParts) show(filters);
    if (document.activeElement !== this.search || !filters.text) this.search.value = filters.text;
    document.getElementById("any").value = filters.any ? "any" : "all";
    document.getElementById("inside").checked = filters.inside;
    document.getElementById("clear").disabled = !isFiltered(filters);
    document.getElementById("sort").value = `${this.order.descending ? "-" : ""}${this.order.key}`;
    document.getElementById("nothing").hidden = rows.length > 0;
    this.count.textContent = `${counted(rows.length)} of ${counted(predictions.n)} predictions`;
  }
}

function parseOrder(text) {
  return { key: text.replace(/^-/, ""), descending: text.startsWith("-") };
}

async function start() {
  const failed = document.getElementById("failed");
  if (typeof DecompressionStream === "undefined") {
    failed.hidden = false;
    return;
  }
  new Page(new Predictions(await readJson("table")));
  document.body.classList.add("ready");
}

start();
