// Data of the page: base64 of deflated JSON and bytes, as packing.py writes them.

/** Return the bytes of a base64 element, inflated. */
async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return the JSON of the element with an id; null where the page has no such element. */
async function readJson(id) {
  const element = document.getElementById(id);
  if (!element) return null;
  const bytes = await inflate(element.textContent.trim());
  element.textContent = ""; // read once: the text need not stay in memory
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** All structures; `at(row)` gives symbols, cell (rows are vectors, A) and fractional coordinates of one. */
class Structures {
  constructor(species, cells, planes, steps) {
    this.species = species.map((text) => text.split(" "));
    this.cells = cells;
    this.steps = steps;
    this.half = planes.length / 2;
    this.planes = planes;
    let atoms = 0;
    this.starts = this.species.map((runs) => {
      const start = atoms;
      for (let k = 1; k < runs.length; k += 2) atoms += Number(runs[k]);
      return start;
    });
  }

  static async read() {
    const content = await readJson("structures");
    if (!content) return null;
    const [cells, planes] = await Promise.all([inflate(content.cells), inflate(content.coordinates)]);
    return new Structures(content.species, new Float32Array(cells.buffer), planes, content.steps);
  }

  at(row) {
    const symbols = [];
    const runs = this.species[row];
    for (let k = 0; k < runs.length; k += 2) symbols.push(...Array(Number(runs[k + 1])).fill(runs[k]));
    const fractional = symbols.map((_, atom) =>
      [0, 1, 2].map((axis) => {
        const place = 3 * (this.starts[row] + atom) + axis;
        return (this.planes[place] + 256 * this.planes[this.half + place]) / this.steps;
      }),
    );
    const cell = [0, 1, 2].map((k) => [...this.cells.subarray(9 * row + 3 * k, 9 * row + 3 * k + 3)]);
    return { symbols, cell, fractional };
  }
}
