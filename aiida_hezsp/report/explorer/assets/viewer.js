// The structure in 3D: painted back to front on a canvas, turned by pointer, touch and keys. No WebGL is needed.

const RADII = { mobile: 0.62, anion: 0.28, cation: 0.42 };
const BALLS = { mobile: 0.7, anion: 0.5, cation: 0.62 };
const START = [-0.35, 0.55];
const LIGHT = [-0.35, 0.55, 0.76];

function roleOf(symbol) {
  return MOBILE.has(symbol) ? "mobile" : ANIONS.has(symbol) ? "anion" : "cation";
}

function multiply(a, b) {
  return a.map((row) => [0, 1, 2].map((k) => row[0] * b[0][k] + row[1] * b[1][k] + row[2] * b[2][k]));
}

/** Return the rotation about x, then y (radians). */
function rotation(about_x, about_y) {
  const [cx, sx, cy, sy] = [Math.cos(about_x), Math.sin(about_x), Math.cos(about_y), Math.sin(about_y)];
  return multiply([[1, 0, 0], [0, cx, -sx], [0, sx, cx]], [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]);
}

class Viewer {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.style = "polyhedra";
    this.pointers = new Map();
    this.sprites = new Map();
    this.reset();
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  reset() {
    this.turned = rotation(...START);
    this.zoom = 1;
    this.draw();
  }

  show(structure) {
    this.scene = scene(structure);
    this.draw();
  }

  setStyle(style) {
    this.style = style;
    this.draw();
  }

  turn(about_x, about_y) {
    this.turned = multiply(rotation(about_x, about_y), this.turned);
    this.draw();
  }

  zoomBy(factor) {
    this.zoom = Math.min(6, Math.max(0.4, this.zoom * factor));
    this.draw();
  }

  /** Turn slowly until stopped. */
  spin(on) {
    this.spinning = on;
    let before = null;
    const frame = (now) => {
      if (!this.spinning || !this.canvas.isConnected) return;
      if (before !== null) this.turn(0, Math.min(0.05, (now - before) * 0.0005));
      before = now;
      requestAnimationFrame(frame);
    };
    if (on) requestAnimationFrame(frame);
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const spread = () => {
      const [[ax, ay], [bx, by]] = [...this.pointers.values()];
      return Math.hypot(ax - bx, ay - by);
    };
    const two = this.pointers.size === 2;
    const wide = two ? spread() : 0;
    this.pointers.set(event.pointerId, now);
    if (two) this.zoomBy(spread() / (wide || 1));
    else this.turn((now[1] - before[1]) * 0.008, (now[0] - before[0]) * 0.008);
  }

  /** The wheel zooms only where it was asked to, or the page could not be scrolled past the drawing. */
  wheel(event) {
    if (document.activeElement !== this.canvas && !event.ctrlKey) return;
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY * 0.0015));
  }

  key(event) {
    const turns = { ArrowLeft: [0, -0.12], ArrowRight: [0, 0.12], ArrowUp: [-0.12, 0], ArrowDown: [0.12, 0] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in turns) this.turn(...turns[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.15);
    else if (event.key === "-") this.zoomBy(1 / 1.15);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }

  /** Draw in the next frame, once. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    const { canvas, context } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.scene || !width) return;
    const density = Math.min(2, devicePixelRatio || 1);
    canvas.width = width * density;
    canvas.height = height * density;
    context.setTransform(density, 0, 0, density, 0, 0);
    this.factor = ((Math.min(width, height) / 2) * 0.92 * this.zoom) / this.scene.radius;
    this.middle = [width / 2, height / 2];
    this.ink = getComputedStyle(canvas).color;
    for (const item of this.items().sort((a, b) => a.depth - b.depth)) item.paint();
    context.globalAlpha = 1;
  }

  /** Return where a point appears: x and y in pixels, z towards the eye, with a little perspective. */
  project(point) {
    const [x, y, z] = this.turned.map((row) => dot(row, point));
    const near = this.factor / (1 - z / (7 * this.scene.radius));
    return [this.middle[0] + x * near, this.middle[1] - y * near, z, near];
  }

  items() {
    const { atoms, bonds, faces, edges } = this.scene;
    const polyhedra = this.style === "polyhedra";
    const edgeItems = edges.map((edge) => this.line(edge.map((at) => this.project(at)), this.ink, 1, 0.55));
    const faceItems = polyhedra ? faces.map((face) => this.face(face)) : [];
    const bondItems = polyhedra ? [] : bonds.flatMap((bond) => this.bond(bond));
    const shown = polyhedra ? atoms.filter(({ symbol }) => roleOf(symbol) !== "cation") : atoms;
    return [...edgeItems, ...faceItems, ...bondItems, ...shown.map((atom) => this.ball(atom, polyhedra ? RADII : BALLS))];
  }

  line([from, to], color, thick, alpha) {
    const paint = () => {
      const { context } = this;
      context.globalAlpha = alpha;
      context.strokeStyle = color;
      context.lineWidth = thick;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1]);
      context.stroke();
    };
    return { depth: (from[2] + to[2]) / 2, paint };
  }

  /** Return the two halves of a bond, each in the colour of its atom. */
  bond({ from, to }) {
    const middle = scale(add(from.at, to.at), 0.5);
    return [from, to].map(({ symbol, at }) => {
      const ends = [at, middle].map((point) => this.project(point));
      return this.line(ends, colorOf(symbol), Math.max(1.5, 0.16 * ends[0][3]), 1);
    });
  }

  face({ symbol, triangle }) {
    const corners = triangle.map((at) => this.project(at));
    const plane = cross(subtract(triangle[1], triangle[0]), subtract(triangle[2], triangle[0]));
    const turned = this.turned.map((row) => dot(row, plane));
    const bright = Math.abs(dot(turned, LIGHT)) / (norm(turned) || 1);
    const paint = () => {
      const { context } = this;
      context.beginPath();
      corners.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = 0.72;
      context.fillStyle = shaded(colorOf(symbol), 0.62 + 0.5 * bright);
      context.fill();
      context.globalAlpha = 0.9;
      context.strokeStyle = shaded(colorOf(symbol), 0.55);
      context.lineWidth = 0.8;
      context.stroke();
    };
    return { depth: (corners[0][2] + corners[1][2] + corners[2][2]) / 3, paint };
  }

  ball({ symbol, at }, sizes) {
    const [x, y, z, near] = this.project(at);
    const radius = sizes[roleOf(symbol)] * near;
    const paint = () => {
      this.context.globalAlpha = 1;
      this.context.drawImage(this.sprite(symbol), x - radius, y - radius, 2 * radius, 2 * radius);
    };
    return { depth: z, paint };
  }

  /** Return the picture of a ball of one colour, drawn once. */
  sprite(symbol) {
    if (!this.sprites.has(symbol)) this.sprites.set(symbol, ballPicture(colorOf(symbol)));
    return this.sprites.get(symbol);
  }
}

function ballPicture(color) {
  const size = 64;
  const canvas = make("canvas", { width: size, height: size });
  const context = canvas.getContext("2d");
  const gradient = context.createRadialGradient(24, 22, 3, 32, 32, 31);
  gradient.addColorStop(0, shaded(color, 1.75));
  gradient.addColorStop(0.45, color);
  gradient.addColorStop(1, shaded(color, 0.55));
  context.fillStyle = gradient;
  context.beginPath();
  context.arc(32, 32, 31, 0, 2 * Math.PI);
  context.fill();
  return canvas;
}

/** Return a colour (#rrggbb) made brighter (above 1) or darker. */
function shaded(color, factor) {
  const parts = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
  const moved = parts.map((part) => (factor > 1 ? part + (255 - part) * Math.min(1, (factor - 1) * 0.75) : part * factor));
  return `rgb(${moved.map(Math.round).join(",")})`;
}
