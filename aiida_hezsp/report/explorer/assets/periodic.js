// The periodic table as a filter: every element is free, must be there, or must not be there.

const NEXT_STATE = { free: "include", include: "exclude", exclude: "free" };
const STATE_TEXT = { free: "free", include: "must be in it", exclude: "must not be in it" };
const STATE_MARK = { free: "", include: "✓", exclude: "✕" };

/** A grid of buttons, one stop of the tab key; arrow keys move, Enter and Space go through the states. */
class PeriodicFilter {
  constructor(container, predictions, changed) {
    this.changed = changed;
    this.places = periodicPlaces(new Set(predictions.elements.flat()));
    this.buttons = new Map();
    this.states = new Map();
    const columns = Math.max(...this.places.map(({ column }) => column)) + 1;
    container.style.setProperty("--columns", columns);
    container.addEventListener("keydown", (event) => this.key(event));
    for (const place of this.places) container.append(this.button(place));
    this.buttons.values().next().value.tabIndex = 0;
  }

  button({ symbol, column, row }) {
    const button = make("button", {
      type: "button",
      class: "element",
      tabindex: -1,
      onclick: () => this.set(symbol, NEXT_STATE[this.states.get(symbol)]),
      onfocus: () => this.rove(symbol),
    });
    button.style.setProperty("--column", column + 1);
    button.style.setProperty("--line", row + 1);
    button.dataset.symbol = symbol;
    button.append(make("span", {}, symbol), make("span", { class: "mark", "aria-hidden": "true" }));
    this.buttons.set(symbol, button);
    this.states.set(symbol, "free");
    return button;
  }

  set(symbol, state) {
    this.states.set(symbol, state);
    const chosen = (wanted) => new Set([...this.states].filter(([, now]) => now === wanted).map(([name]) => name));
    this.changed(chosen("include"), chosen("exclude"));
    say(`${symbol} ${STATE_TEXT[state]}`);
  }

  /** Show states and, by brightness, which elements the rows of the table still contain. */
  show(include, exclude, counts) {
    for (const [symbol, button] of this.buttons) {
      const state = include.has(symbol) ? "include" : exclude.has(symbol) ? "exclude" : "free";
      const count = counts.get(symbol) ?? 0;
      this.states.set(symbol, state);
      button.dataset.state = state;
      button.classList.toggle("absent", count === 0);
      button.querySelector(".mark").textContent = STATE_MARK[state];
      button.setAttribute("aria-label", `${symbol}: ${STATE_TEXT[state]}; in ${counted(count)} of the rows shown`);
      button.title = `${symbol}: ${STATE_TEXT[state]}; in ${counted(count)} of the rows shown`;
    }
  }

  rove(symbol) {
    for (const button of this.buttons.values()) button.tabIndex = -1;
    this.buttons.get(symbol).tabIndex = 0;
  }

  key(event) {
    const symbol = event.target.dataset?.symbol;
    const states = { "+": "include", "-": "exclude", Delete: "free", Backspace: "free" };
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!symbol || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in states) this.set(symbol, states[event.key]);
    else if (event.key in steps) this.buttons.get(this.neighbour(symbol, ...steps[event.key])).focus();
    else return;
    event.preventDefault();
  }

  /** Return the nearest element in a direction; in the same line or column if there is one. */
  neighbour(symbol, dx, dy) {
    const here = this.places.find((place) => place.symbol === symbol);
    const distance = ({ column, row }) => {
      const [x, y] = [column - here.column, row - here.row];
      const along = x * dx + y * dy;
      return along > 0 ? along + 10 * Math.abs(dx ? y : x) : Infinity;
    };
    const nearest = this.places.reduce((best, place) => (distance(place) < distance(best) ? place : best));
    return distance(nearest) < Infinity ? nearest.symbol : symbol;
  }
}
