// Geometry of a crystal: Cartesian positions, bonds across the boundary, and coordination polyhedra.

const SHELL = 1.3; // an anion within this times the shortest distance of a cation is drawn as its neighbour

const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scale = (a, factor) => [a[0] * factor, a[1] * factor, a[2] * factor];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const norm = (a) => Math.sqrt(dot(a, a));

function cartesian([a, b, c], [x, y, z]) {
  return add(add(scale(a, x), scale(b, y)), scale(c, z));
}

/** Lengths (A), angles (degrees) and volume (A^3) of a cell. */
function cellParameters([a, b, c]) {
  const angle = (u, v) => (180 / Math.PI) * Math.acos(dot(u, v) / (norm(u) * norm(v)));
  return {
    lengths: [norm(a), norm(b), norm(c)],
    angles: [angle(b, c), angle(a, c), angle(a, b)],
    volume: Math.abs(dot(a, cross(b, c))),
  };
}

/** Return everything to draw: atoms (images of anions included where a polyhedron needs them), bonds, faces, edges. */
function scene({ symbols, cell, fractional }) {
  const atoms = symbols.map((symbol, k) => ({ symbol, at: cartesian(cell, fractional[k]) }));
  const corner = cartesian(cell, [0.5, 0.5, 0.5]);
  const images = new Map();
  const [bonds, faces] = [[], []];
  const anions = atoms.filter(({ symbol }) => ANIONS.has(symbol));
  const shifts = [-1, 0, 1].flatMap((x) => [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((z) => cartesian(cell, [x, y, z]))));
  for (const atom of atoms) {
    if (ANIONS.has(atom.symbol) || MOBILE.has(atom.symbol)) continue;
    const around = neighbours(atom, anions, shifts);
    for (const { at, symbol } of around) {
      images.set(at.map((value) => value.toFixed(2)).join(), { symbol, at });
      bonds.push({ from: atom, to: { symbol, at } });
    }
    for (const triangle of hull(around.map(({ at }) => at))) faces.push({ symbol: atom.symbol, triangle });
  }
  const inside = new Set(atoms.map(({ at }) => at.map((value) => value.toFixed(2)).join()));
  const outside = [...images].filter(([key]) => !inside.has(key)).map(([, image]) => image);
  const centred = ({ symbol, at }) => ({ symbol, at: subtract(at, corner) });
  return {
    atoms: [...atoms, ...outside].map(centred),
    bonds: bonds.map(({ from, to }) => ({ from: centred(from), to: centred(to) })),
    faces: faces.map(({ symbol, triangle }) => ({ symbol, triangle: triangle.map((at) => subtract(at, corner)) })),
    edges: cellEdges(cell).map((edge) => edge.map((at) => subtract(at, corner))),
    radius: Math.max(...cellEdges(cell).flat().map((at) => norm(subtract(at, corner)))),
  };
}

/** Return the anions of the first shell of an atom, images included. */
function neighbours(atom, anions, shifts) {
  const found = [];
  for (const anion of anions) {
    for (const shift of shifts) {
      const at = add(anion.at, shift);
      const distance = norm(subtract(at, atom.at));
      if (distance < 4) found.push({ symbol: anion.symbol, at, distance });
    }
  }
  const shortest = Math.min(...found.map(({ distance }) => distance));
  return found.filter(({ distance }) => distance < SHELL * shortest);
}

/** Return the triangles of the convex hull of a few points: those that leave all others on one side. */
function hull(points) {
  const found = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      for (let k = j + 1; k < points.length; k++) {
        const normal = cross(subtract(points[j], points[i]), subtract(points[k], points[i]));
        const sides = points.map((point, l) => (l === i || l === j || l === k ? 0 : dot(normal, subtract(point, points[i]))));
        if (points.length > 3 && (sides.every((side) => side <= 1e-6) || sides.every((side) => side >= -1e-6))) {
          found.push([points[i], points[j], points[k]]);
        }
      }
    }
  }
  return found;
}

/** Return the 12 edges of a cell, in pieces that can be sorted by depth. */
function cellEdges(cell) {
  const pieces = 6;
  const found = [];
  for (let axis = 0; axis < 3; axis++) {
    for (const [u, v] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const at = (along) => {
        const fractional = [u, v];
        fractional.splice(axis, 0, along);
        return cartesian(cell, fractional);
      };
      for (let k = 0; k < pieces; k++) found.push([at(k / pieces), at((k + 1) / pieces)]);
    }
  }
  return found;
}
