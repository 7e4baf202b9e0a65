// The table: only the rows in sight exist as elements, so that thousands stay fluid.

const COLUMNS = [
  { key: "rank", title: "#", name: "rank by MSD", kind: "num" },
  { key: "formula", title: "Formula", name: "formula", kind: "text" },
  { key: "msd", title: "MSD", unit: "Å²", name: "predicted MSD", kind: "num" },
  { key: "width", title: "Interval", unit: "Å²", name: "width of the interval", kind: "num" },
  { key: "type", title: "Type", name: "type", kind: "text" },
  { key: "x_li", title: "x", name: "mobile ions per formula", kind: "num" },
  { key: "s_config", title: "S", unit: "R", name: "configurational entropy", kind: "num" },
  { key: "labels", title: "Labels by", name: "what made the labels", kind: "text" },
];
const SPARE_ROWS = 6; // above and below what is in sight

class Grid {
  constructor(element, predictions, { sorted, chosen }) {
    this.element = element;
    this.predictions = predictions;
    this.callbacks = { sorted, chosen };
    this.rows = [];
    this.active = 0;
    this.selected = null;
    this.pool = new Map();
    this.head = element.querySelector(".head");
    this.body = element.querySelector(".body");
    this.head.append(...COLUMNS.map((column) => this.heading(column)));
    element.setAttribute("aria-colcount", COLUMNS.length);
    element.addEventListener("scroll", () => this.draw(), { passive: true });
    element.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.resize()).observe(element);
  }

  heading({ key, title, unit, name, kind }) {
    const button = make("button", { type: "button", "aria-label": `Sort by ${name}`, onclick: () => this.sort(key) });
    button.append(title, unit ? make("span", { class: "unit" }, ` ${unit}`) : "", make("span", { class: "arrow" }));
    const heading = make("div", { role: "columnheader", class: `cell ${key} ${kind}` }, button);
    heading.dataset.key = key;
    return heading;
  }

  sort(key) {
    const same = this.order.key === key;
    const first = ["msd", "s_config"].includes(key); // largest first
    this.callbacks.sorted({ key, descending: same ? !this.order.descending : first });
  }

  /** Show rows in an order, from the top or from the chosen one. */
  show(rows, order, selected) {
    const moved = rows !== this.rows;
    this.rows = rows;
    this.order = order;
    this.selected = selected;
    if (moved) this.active = Math.max(0, rows.indexOf(selected));
    this.element.setAttribute("aria-rowcount", rows.length + 1);
    for (const heading of this.head.children) {
      const sorted = heading.dataset.key === order.key;
      if (sorted) heading.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
    this.clear();
    this.resize();
    if (moved) this.reveal(this.active);
  }

  clear() {
    for (const row of this.pool.values()) row.remove();
    this.pool.clear();
  }

  resize() {
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    if (height !== this.height) this.clear();
    this.height = height;
    this.body.style.height = `${this.rows.length * height}px`;
    this.draw();
  }

  inSight() {
    const top = this.element.scrollTop;
    const first = Math.floor(top / this.height) - SPARE_ROWS;
    const last = Math.ceil((top + this.element.clientHeight) / this.height) + SPARE_ROWS;
    return [Math.max(0, first), Math.min(this.rows.length, last)];
  }

  draw() {
    const [first, last] = this.inSight();
    for (const [place, row] of this.pool) {
      if (place >= first && place < last) continue;
      row.remove();
      this.pool.delete(place);
    }
    for (let place = first; place < last; place++) {
      if (this.pool.has(place)) continue;
      const row = this.row(place);
      this.pool.set(place, row);
      this.body.append(row);
    }
    this.mark();
  }

  row(place) {
    const number = this.rows[place];
    const row = make("div", { role: "row", class: "row", id: `row-${place}`, "aria-rowindex": place + 2 });
    row.style.transform = `translateY(${place * this.height}px)`;
    row.dataset.place = place;
    row.append(...COLUMNS.map((column) => this.cell(column, number)));
    return row;
  }

  cell({ key, kind }, row) {
    const cell = make("div", { role: "gridcell", class: `cell ${key} ${kind}` });
    cell.append(...cellContent(this.predictions, key, row));
    return cell;
  }

  /** Show which row the keyboard is at and which one is chosen. */
  mark() {
    for (const [place, row] of this.pool) {
      const chosen = this.rows[place] === this.selected;
      row.classList.toggle("active", place === this.active);
      row.setAttribute("aria-selected", String(chosen));
    }
    if (this.pool.has(this.active)) this.element.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  reveal(place) {
    const head = this.head.offsetHeight;
    const room = this.element.clientHeight - head;
    const top = place * this.height;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + this.height > this.element.scrollTop + room) this.element.scrollTop = top + this.height - room;
    this.draw();
  }

  click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    this.active = Number(row.dataset.place);
    this.callbacks.chosen(this.rows[this.active]);
  }

  key(event) {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((this.element.clientHeight - this.head.offsetHeight) / this.height) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      this.active = Math.min(this.rows.length - 1, Math.max(0, this.active + moves[event.key]));
      this.reveal(this.active);
    } else if ((event.key === "Enter" || event.key === " ") && this.rows.length) {
      this.callbacks.chosen(this.rows[this.active]);
    } else return;
    event.preventDefault();
  }
}

/** Return what a cell holds. */
function cellContent(predictions, key, row) {
  const value = (name) => predictions.value(name, row);
  if (key === "rank") return [String(row + 1)];
  if (key === "formula") return [make("span", { class: "formula-text" }, formulaNodes(value("formula"))), summary(predictions, row)];
  if (key === "msd") return [make("strong", {}, rounded(value("msd"))), regionMark(predictions.region[row])];
  if (key === "width") return [intervalText(predictions, row)];
  if (key === "labels") return [labelMark(predictions, row)];
  if (key === "type") return [value("type") ?? "–"];
  if (key === "s_config") return [value("s_config").toFixed(3)];
  return [String(value(key))];
}

/** What a phone shows under the formula. */
function summary(predictions, row) {
  const value = (name) => predictions.value(name, row);
  const text = `${value("type") ?? "–"} · x ${value("x_li")} · S ${value("s_config").toFixed(2)} R`;
  const flag = value("outside").length ? make("span", { class: "flag" }, "outside") : null;
  const mark = predictions.mixed && predictions.isStandin(row) ? make("span", { class: "flag" }, "stand-in") : null;
  return make("span", { class: "summary" }, mark, flag, text);
}

function regionMark(region) {
  return make("span", { class: `spot ${region}`, title: `${region} region`, role: "img", "aria-label": region });
}

function labelMark(predictions, row) {
  const standin = predictions.isStandin(row);
  const title = standin ? "No VASP ran: these labels come from a stand-in" : "What made the labels";
  return make("span", { class: standin ? "tag standin" : "tag", title }, predictions.engineText(row));
}

function intervalText(predictions, row) {
  const [low, high] = ["msd_low", "msd_high"].map((name) => predictions.value(name, row));
  return low === null || high === null ? "–" : `${rounded(low)} to ${rounded(high)}`;
}
