// Elements: their places in the periodic table and the colours of atoms.

// Rows of the periodic table; "." is an empty place. The last two are lanthanoids and actinoids.
const PERIODIC_ROWS = [
  "H . . . . . . . . . . . . . . . . He",
  "Li Be . . . . . . . . . . B C N O F Ne",
  "Na Mg . . . . . . . . . . Al Si P S Cl Ar",
  "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
  "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
  "Cs Ba La Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
  "Fr Ra Ac Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
  ". . . Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu .",
  ". . . Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr .",
].map((row) => row.split(" "));

// Jmol's colours, some darkened or moved so that neighbours in one crystal can be told apart.
const ELEMENT_COLORS = {
  Li: "#8f5bd6", Na: "#ab5cf2", K: "#8f40d4", Mg: "#6fb81e", Ca: "#3da52b", Zn: "#7d80b0", Ni: "#2f9e63",
  Co: "#d97a94", Al: "#a99a9a", In: "#a67573", Ga: "#b98a8a", Sc: "#8d8d8d", Y: "#8fbf5a", Fe: "#d0612f",
  La: "#3f9fc9", Gd: "#2fae8d", Hf: "#3d9fe0", Ge: "#b0707e", Sn: "#5c7a86", Ti: "#9aa0a6", Ce: "#b9a45a",
  Nb: "#6f7fd6", Ta: "#2f6fd0", Sb: "#8b57a8", Bi: "#93479f", V: "#8a8a99", Zr: "#4fb3b3", Si: "#d9a766",
  P: "#f08a24", O: "#e0352b", S: "#d9b92b", Se: "#c98a1e", F: "#7ab83f", Cl: "#3fae3f", Br: "#a63a2b", I: "#8a2f9e",
  N: "#3a5ae0", H: "#c9c9c9", B: "#e0a090", C: "#6b6b6b", W: "#4a8fc2", Mo: "#4fa3a3", Cr: "#7a8ab8", Mn: "#8f70b8",
  Cu: "#c07a3a", Sr: "#3fae3f", Ba: "#2f9e3f",
}; // prettier-ignore

const ANIONS = new Set(["O", "S", "Se", "Te", "F", "Cl", "Br", "I", "N"]);
const MOBILE = new Set(["Li", "Na", "K", "Ag"]);

function colorOf(symbol) {
  return ELEMENT_COLORS[symbol] ?? "#8a8f98";
}

/** Return the part of the periodic table in which some elements stand: rows and columns without any are dropped. */
function periodicPlaces(symbols) {
  const known = new Set(symbols);
  const cells = PERIODIC_ROWS.flatMap((row, y) => row.map((symbol, x) => ({ symbol, x, y })));
  const present = cells.filter(({ symbol }) => known.has(symbol));
  const index = (axis) => [...new Set(present.map((cell) => cell[axis]))].sort((a, b) => a - b);
  const [columns, rows] = [index("x"), index("y")];
  return present.map(({ symbol, x, y }) => ({ symbol, column: columns.indexOf(x), row: rows.indexOf(y) }));
}
