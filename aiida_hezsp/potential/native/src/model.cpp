#include "model.hpp"

#include <array>
#include <cmath>

namespace hezsp {

namespace {

Matrix matrix(const Source& source, const std::string& name) {
    Matrix m{source(name, D * D), Floats(D * D)};
    for (int i = 0; i < D; ++i)
        for (int j = 0; j < D; ++j) m.back[j * D + i] = m.forward[i * D + j];
    return m;
}

void halves(const Source& source, const std::string& name, Matrix (&into)[2]) {
    into[0] = matrix(source, name + ".core");
    into[1] = matrix(source, name + ".gate");
}

Function function(const Source& source, const std::string& name, double end, int intervals, int width) {
    return {end, intervals, source(name, static_cast<int64_t>(intervals + 1) * SAMPLES * width)};
}

Unit unit(const Source& source, const std::string& name, const std::array<const char*, 3>& inputs, bool turned,
          bool second, double end, int intervals) {
    Unit u;
    for (int i = 0; i < 3; ++i) halves(source, name + "." + inputs[i], u.inputs[i]);
    if (turned) halves(source, name + ".turned", u.turned);
    u.bias = source(name + ".bias", DD);
    u.basis = function(source, name + ".basis", end, intervals, DD);
    u.scale = source(name + ".scale", DD);
    u.shift = source(name + ".shift", DD);
    u.second = second;
    if (!second) return u;
    u.core = matrix(source, name + ".hidden.core");
    u.gate = matrix(source, name + ".hidden.gate");
    u.second_bias = source(name + ".hidden.bias", DD);
    u.out = matrix(source, name + ".out");
    u.out_bias = source(name + ".out.bias", D);
    return u;
}

}  // namespace

Gated Unit::gated(bool normed) const {
    return {core.forward.data(), gate.forward.data(), core.back.data(), gate.back.data(),
            second_bias.data(),  scale.data(),        shift.data(),     normed};
}

Model::Model(const Source& source, int n_conv, int n_readout, bool normed, bool readout_normed, int elements,
             double cutoff, double angle_cutoff, int radial_intervals, int angular_intervals)
    : n_conv(n_conv), normed(normed), readout_normed(readout_normed), embedding(source("embedding", elements * D)) {
    const int short_intervals = static_cast<int>(std::lround(radial_intervals * angle_cutoff / cutoff));
    for (int l = 0; l < n_conv; ++l)
        atoms.push_back(unit(source, "atoms." + std::to_string(l), {"start", "end", "bond"}, false, true, cutoff,
                             radial_intervals));
    for (int l = 0; l + 1 < n_conv; ++l)
        bonds.push_back(unit(source, "bonds." + std::to_string(l), {"first", "second", "atom"}, true, true, M_PI,
                             angular_intervals));
    for (int l = 0; l + 2 < n_conv; ++l)
        angles.push_back(unit(source, "angles." + std::to_string(l), {"first", "second", "atom"}, true, false, M_PI,
                              angular_intervals));
    edge_weights = function(source, "edge_weights", cutoff, radial_intervals, D);
    bond_weights = function(source, "bond_weights", angle_cutoff, short_intervals, D);
    short_bonds = function(source, "short_bonds", cutoff, radial_intervals, D);
    readout_scale = source("readout.scale", D);
    readout_shift = source("readout.shift", D);
    for (int i = 0; i < n_readout; ++i)
        readout.push_back({matrix(source, "readout." + std::to_string(i) + ".core"),
                           source("readout." + std::to_string(i) + ".bias", D)});
    site = source("readout.site", D);
    site_bias = source("readout.site.bias", 1)[0];
    magnetic = source("magnetic", D);
    magnetic_bias = source("magnetic.bias", 1)[0];
}

}  // namespace hezsp
