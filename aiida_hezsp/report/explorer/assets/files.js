// Files that a reader can take along: one structure as CIF, the rows shown as CSV.

/** Return a structure as CIF in P1, with the four decimals that the page keeps. */
function cifText(predictions, row, structure) {
  const { lengths, angles, volume } = cellParameters(structure.cell);
  const formula = predictions.value("formula", row);
  const seen = new Map();
  const atoms = structure.symbols.map((symbol, k) => {
    const number = seen.get(symbol) ?? 0;
    seen.set(symbol, number + 1);
    const place = structure.fractional[k].map((value) => value.toFixed(4)).join(" ");
    return `${symbol} ${symbol}${number} 1 ${place} 1.0`;
  });
  const numbers = [...lengths, ...angles].map((value) => value.toFixed(4));
  const names = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
  return [
    `# relaxed structure of ${formula}; StructureData ${predictions.own.structure[row]}`,
    `# of prediction ${predictions.value("uuid", row)}; labels by ${predictions.engineText(row)}`,
    `data_${formula.replace(/[^A-Za-z0-9]/g, "_")}`,
    "_symmetry_space_group_name_H-M 'P 1'",
    "_symmetry_Int_Tables_number 1",
    ...names.map((name, k) => `_cell_${name} ${numbers[k]}`),
    `_cell_volume ${volume.toFixed(4)}`,
    "loop_",
    "_symmetry_equiv_pos_site_id",
    "_symmetry_equiv_pos_as_xyz",
    "1 'x, y, z'",
    "loop_",
    ...["type_symbol", "label", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z", "occupancy"].map((name) => `_atom_site_${name}`),
    ...atoms,
    "",
  ].join("\n");
}

/** Return rows as CSV, features included; the names of the columns are those of `aiida-hezsp rank --csv`. */
function csvText(predictions, rows) {
  const columns = {
    rank: (row) => row + 1,
    formula: (row) => predictions.value("formula", row),
    family: (row) => predictions.value("family", row),
    type: (row) => predictions.value("type", row),
    x_li: (row) => predictions.value("x_li", row),
    s_config_R: (row) => predictions.value("s_config", row),
    msd_A2: (row) => predictions.value("msd", row),
    msd_low_A2: (row) => predictions.value("msd_low", row),
    msd_high_A2: (row) => predictions.value("msd_high", row),
    coverage: (row) => predictions.value("coverage", row),
    volume_A3: (row) => predictions.value("volume", row),
    model: (row) => predictions.models[predictions.columns.model[row]].kind,
    label_engines: (row) => predictions.engineText(row),
    outside_domain: (row) => predictions.value("outside", row).join("; "),
    uuid: (row) => predictions.value("uuid", row),
  };
  for (const [name, values] of Object.entries(predictions.features)) columns[`feature_${name}`] = (row) => values[row];
  const quoted = (value) => {
    const text = String(value ?? "");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => Object.values(columns).map((read) => quoted(read(row))).join(","));
  return [Object.keys(columns).join(","), ...lines, ""].join("\n");
}
