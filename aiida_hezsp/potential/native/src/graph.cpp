#include "graph.hpp"

#include <cmath>

namespace hezsp {

void measure(Graph& g) {
    g.lengths.resize(g.n_bonds);
    for (int64_t u = 0; u < g.n_bonds; ++u) {
        const double* v = &g.vectors[3 * u];
        g.lengths[u] = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    }
    g.angle_atoms.resize(g.n_angles);
    g.signs.resize(g.n_angles);
    g.cosines.resize(g.n_angles);
    for (int p = 0; p < g.n_angles; ++p) {
        const bool i_back = g.first[p] >= g.n_short, j_back = g.second[p] >= g.n_short;
        const int i = g.first[p] -= i_back * g.n_short, j = g.second[p] -= j_back * g.n_short;
        const double *a = &g.vectors[3 * int64_t{i}], *b = &g.vectors[3 * int64_t{j}];
        g.angle_atoms[p] = i_back ? g.neighbors[i] : g.centers[i];
        g.signs[p] = i_back == j_back ? 1. : -1.;
        g.cosines[p] = g.signs[p] * (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (g.lengths[i] * g.lengths[j]);
    }
}

}  // namespace hezsp
