// Small helpers to build elements. Text only ever enters as text nodes, never as markup.

/** Return an element with attributes and children; `on...` attributes are listeners, null ones are left out. */
function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Return an SVG element. */
function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a formula as nodes, amounts as subscripts; it may be broken between elements only. */
function formulaNodes(formula) {
  return [...formula.matchAll(/([A-Z][a-z]?)([0-9.]*)|([^A-Z]+)/g)].flatMap(([, symbol, amount, other]) =>
    other ? [other] : [make("span", { class: "part" }, symbol, amount ? make("sub", {}, amount) : ""), make("wbr")],
  );
}

/** Return the elements of a formula, in its order. */
function elementsOf(formula) {
  return [...new Set(formula.match(/[A-Z][a-z]?/g) ?? [])];
}

/** Return a number for people: one decimal, or three digits of small ones, as `aiida-hezsp rank` prints it. */
function rounded(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 10 ? value.toFixed(1) : String(Number(value.toPrecision(3)));
}

/** Return a count with thousands separated. */
function counted(number) {
  return number.toLocaleString("en");
}

const announcer = () => document.getElementById("said");

/** Tell screen readers, and show for a moment, what happened. */
function say(text) {
  const element = announcer();
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => element.classList.remove("shown"), 2500);
}

/** Copy text; works from file:// too. */
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied`);
}

/** Let the browser save text as a file. */
function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Whether the page shows one column: a phone, or a narrow window. */
const narrow = matchMedia("(max-width: 999px)");
