// The graph of one structure.
#pragma once

#include <cstdint>
#include <vector>

namespace hezsp {

// Bonds, the short ones first, with vectors from the neighbour to the centre, and unordered pairs of short bonds that
// meet at an atom.
struct Graph {
    int n_atoms, n_bonds, n_short, n_angles;
    std::vector<int32_t> species;            // rows of the embedding
    std::vector<int32_t> centers, neighbors;
    std::vector<double> vectors;             // (n_bonds, 3)
    std::vector<double> lengths;
    std::vector<int32_t> first, second;      // bonds of an angle
    std::vector<int32_t> angle_atoms;
    std::vector<double> signs;               // -1 where just one of the two bonds is read backwards
    std::vector<double> cosines;
};

// Takes `first` and `second` as directed edges (edge k at the centre of bond k, edge n_short + k at its neighbour);
// works out lengths, and the bonds, atoms and cosines of the angles.
void measure(Graph& graph);

}  // namespace hezsp
