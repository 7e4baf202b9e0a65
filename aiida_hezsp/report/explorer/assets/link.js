// The state of the page in its address, so that a link shows what its sender saw.

/** Return filters, order and the chosen prediction from the address. */
function readLink(predictions) {
  const known = new URLSearchParams(location.hash.slice(1));
  const list = (name) => (known.get(name) ?? "").split(".").filter(Boolean);
  const filters = noFilters();
  filters.text = known.get("q") ?? "";
  filters.include = new Set(list("in"));
  filters.exclude = new Set(list("out").filter((name) => !filters.include.has(name)));
  filters.any = known.get("any") === "1";
  filters.inside = known.get("inside") === "1";
  for (const name of RANGES) filters.ranges[name] = readRange(known.get(name));
  for (const name of CHOICES) filters.choices[name] = new Set(list(name));
  const sort = known.get("sort") ?? "-msd";
  const key = sort.replace(/^-/, "");
  const order = key in SORT_KEYS ? { key, descending: sort.startsWith("-") } : { key: "msd", descending: true };
  return { filters, order, chosen: predictions.byUuid.get(known.get("sel")) ?? null };
}

function readRange(text) {
  const ends = (text ?? "").split("..");
  return [0, 1].map((k) => (ends[k] && Number.isFinite(Number(ends[k])) ? Number(ends[k]) : null));
}

/** Return the address of a state; what is at its default is left out. */
function linkOf(predictions, { filters, order, chosen }) {
  const known = new URLSearchParams();
  const put = (name, value) => value && known.set(name, value);
  put("q", filters.text.trim());
  put("in", [...filters.include].join("."));
  put("out", [...filters.exclude].join("."));
  put("any", filters.any ? "1" : "");
  put("inside", filters.inside ? "1" : "");
  for (const [name, [low, high]] of Object.entries(filters.ranges)) {
    if (low !== null || high !== null) put(name, `${low ?? ""}..${high ?? ""}`);
  }
  for (const [name, found] of Object.entries(filters.choices)) put(name, [...found].join("."));
  const sort = `${order.descending ? "-" : ""}${order.key}`;
  put("sort", sort === "-msd" ? "" : sort);
  put("sel", chosen === null ? "" : predictions.value("uuid", chosen));
  return `#${known}`;
}
