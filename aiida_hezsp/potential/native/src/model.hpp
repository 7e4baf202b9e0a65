// A CHGNet arranged for evaluation: weights split by input, functions of a length or an angle sampled.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tasks.hpp"

namespace hezsp {

using Floats = std::vector<float>;

// Finds an array by name and checks that it has so many values; throws std::invalid_argument otherwise.
using Source = std::function<Floats(const std::string& name, int64_t size)>;

struct Matrix {  // (input, output) and its transpose
    Floats forward, back;
};

// A sampled function; `width` values at every knot.
struct Function {
    double end = 0;    // of the range, which starts at 0
    int intervals = 0;
    Floats table;
};

struct Unit {
    Matrix inputs[3][2];   // start, end, short bond | first, second, atom; halves of core and gate
    Matrix turned[2];      // angles only
    Floats bias;           // of the first layer, (DD)
    Function basis;        // width DD
    bool second = true;    // whether there is a second layer; AngleUpdate has none
    Matrix core, gate;
    Floats second_bias, scale, shift;
    Matrix out;
    Floats out_bias;
    Gated gated(bool normed) const;
};

struct Layer {  // a linear layer of the readout
    Matrix matrix;
    Floats bias;
};

struct Model {
    int n_conv;
    bool normed, readout_normed;
    Floats embedding;                      // (elements, D)
    std::vector<Unit> atoms, bonds, angles;
    Function edge_weights, bond_weights, short_bonds;  // width D
    Floats readout_scale, readout_shift, site, magnetic;
    float site_bias, magnetic_bias;
    std::vector<Layer> readout;

    Model(const Source& source, int n_conv, int n_readout, bool normed, bool readout_normed, int elements,
          double cutoff, double angle_cutoff, int radial_intervals, int angular_intervals);
};

}  // namespace hezsp
