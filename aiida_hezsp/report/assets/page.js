"use strict";
// Sort a table by the column whose heading is clicked; once more turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      const numeric = heading.dataset.kind === "number";
      const valueOf = (row) => {
        const cell = row.cells[column];
        if (!numeric) return cell.textContent.trim();
        const text = cell.dataset.value;
        return text === "" || text === undefined ? -Infinity : Number(text);
      };
      const compare = (a, b) => (numeric ? valueOf(a) - valueOf(b) : valueOf(a).localeCompare(valueOf(b)));
      const rows = [...body.rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...rows);
    });
  });
}
