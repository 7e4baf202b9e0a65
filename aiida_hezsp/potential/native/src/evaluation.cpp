#include "evaluation.hpp"

#include "place.hpp"
#include "stopwatch.hpp"
#include "threads.hpp"

namespace hezsp {

constexpr int GRAIN = 4 * PAIRS;

Outcome Evaluation::run(const Graph& graph, bool gradient, bool magmoms) {
    const int n = model_.n_conv;
    Outcome result;
    w_.edges.resize(n);
    w_.bonds.resize(n - 1);
    w_.updates.resize(n > 2 ? n - 2 : 0);
    w_.turned.resize(w_.updates.size());
    place(graph);
    for (int layer = 0; layer < n; ++layer) {
        if (layer == n - 1 && magmoms) result.magmoms = moments(graph);
        atoms_forward(graph, layer);
        if (layer == n - 1 || graph.n_angles == 0) continue;
        bonds_forward(graph, layer);
        if (layer < n - 2) angles_forward(graph, layer);
    }
    result.energy = readout(graph, gradient);
    if (!gradient) return result;
    w_.d_lengths.assign(graph.n_bonds, 0.);
    w_.d_angles.assign(graph.n_angles, 0.);
    w_.d_changed.zeros(int64_t{graph.n_short} * D);
    w_.d_short.zeros(int64_t{graph.n_short} * D);
    w_.d_turned.zeros(int64_t{2} * graph.n_angles * D);
    for (int layer = n - 1; layer >= 0; --layer) {
        if (graph.n_angles && layer < n - 2) angles_backward(graph, layer);
        if (graph.n_angles && layer < n - 1) bonds_backward(graph, layer);
        atoms_backward(graph, layer);
    }
    result.slopes = slopes(graph);
    return result;
}

void Evaluation::place(const Graph& graph) {
    const Stopwatch watch(timings.functions);
    w_.angles.resize(graph.n_angles);
    for (int p = 0; p < graph.n_angles; ++p)
        w_.angles[p] = std::acos(graph.cosines[p] * (1 - 1e-6));  // chgnet's own margin
    const auto& m = model_;
    locate(graph.lengths.data(), graph.n_bonds, m.edge_weights.end, m.edge_weights.intervals, w_.radial);
    locate(graph.lengths.data(), graph.n_short, m.bond_weights.end, m.bond_weights.intervals, w_.short_radial);
    if (graph.n_angles)
        locate(w_.angles.data(), graph.n_angles, m.bonds[0].basis.end, m.bonds[0].basis.intervals, w_.angular);
    const auto fill = [&](const Function& function, const Located& items, int count, Buffer& values, Buffer& slopes) {
        float *into = values.get(int64_t{count} * D), *d_into = slopes.get(int64_t{count} * D);
        in_parallel(threads_, [&](int thread) {
            const Range range = share(count, threads_, thread, GRAIN);
            kernels_.interpolate(interpolation(function, items), range.begin, range.end, into, d_into);
        });
    };
    fill(m.edge_weights, w_.radial, graph.n_bonds, w_.edge_weights, w_.edge_slopes);
    fill(m.bond_weights, w_.short_radial, graph.n_short, w_.bond_weights, w_.bond_slopes);
    fill(m.short_bonds, w_.radial, graph.n_short, w_.short_bonds, w_.short_slopes);
    float* atoms = w_.atoms.get(int64_t{graph.n_atoms} * D);
    for (int i = 0; i < graph.n_atoms; ++i)
        __builtin_memcpy(atoms + int64_t{i} * D, &m.embedding[int64_t{graph.species[i]} * D], D * sizeof(float));
    w_.changed.zeros(int64_t{graph.n_short} * D);
    w_.lift.zeros(D);
}

void Evaluation::times(const float* in, int in_stride, const Floats& matrix, const float* bias, bool add, float* out,
                       int out_stride, int rows) {
    in_parallel(threads_, [&](int thread) {
        const Range range = share(rows, threads_, thread, GRAIN);
        kernels_.multiply(in + int64_t{range.begin} * in_stride, in_stride, matrix.data(), bias, add,
                          out + int64_t{range.begin} * out_stride, out_stride, range.end - range.begin);
    });
}

void Evaluation::spread(const float* in, const Matrix (&halves)[2], const float* bias, float* out, int rows) {
    for (int half = 0; half < 2; ++half)
        times(in, D, halves[half].forward, bias ? bias + half * D : nullptr, false, out + half * D, DD, rows);
}

void Evaluation::gather(const float* d_out, const Matrix (&halves)[2], bool add, float* d_in, int rows) {
    for (int half = 0; half < 2; ++half)
        times(d_out + half * D, DD, halves[half].back, nullptr, add || half, d_in, D, rows);
}

static void mean_and_scale(const float* row, float& mean, float& factor) {
    double sum = 0, square = 0;
    for (int c = 0; c < D; ++c) sum += row[c];
    for (int c = 0; c < D; ++c) square += (row[c] - sum / D) * (row[c] - sum / D);
    mean = static_cast<float>(sum / D);
    factor = static_cast<float>(1 / std::sqrt(square / D + 1e-5));
}

std::vector<double> Evaluation::moments(const Graph& graph) {
    std::vector<double> result(graph.n_atoms);
    for (int i = 0; i < graph.n_atoms; ++i) {
        const float* row = w_.atoms.data() + int64_t{i} * D;
        double sum = model_.magnetic_bias;
        for (int c = 0; c < D; ++c) sum += double{row[c]} * model_.magnetic[c];
        result[i] = std::fabs(sum);
    }
    return result;
}

double Evaluation::readout(const Graph& graph, bool gradient) {
    const Stopwatch watch(timings.atoms);
    const int n = graph.n_atoms, layers = static_cast<int>(model_.readout.size());
    const int64_t size = int64_t{n} * D;
    float *x = w_.row_a.get(size), *y = w_.row_b.get(size), *unit = w_.features.get(size);
    std::vector<float> factors(n, 1.f);
    for (int i = 0; i < n; ++i) {
        const float* row = w_.atoms.data() + int64_t{i} * D;
        float mean = 0;
        if (model_.readout_normed) mean_and_scale(row, mean, factors[i]);
        for (int c = 0; c < D; ++c) {
            unit[int64_t{i} * D + c] = (row[c] - mean) * factors[i];
            x[int64_t{i} * D + c] = unit[int64_t{i} * D + c] * model_.readout_scale[c] + model_.readout_shift[c];
        }
    }
    w_.readout_slopes.resize(layers);
    for (int l = 0; l < layers; ++l) {
        times(x, D, model_.readout[l].matrix.forward, model_.readout[l].bias.data(), false, y, D, n);
        kernels_.silu(y, w_.readout_slopes[l].get(size), static_cast<int>(size));
        std::swap(x, y);
    }
    double energy = 0;
    for (int i = 0; i < n; ++i) {
        double site = model_.site_bias;
        for (int c = 0; c < D; ++c) site += double{x[int64_t{i} * D + c]} * model_.site[c];
        energy += site;
    }
    if (!gradient) return energy;
    for (int64_t i = 0; i < size; ++i) x[i] = model_.site[i % D];
    for (int l = layers - 1; l >= 0; --l) {
        const float* slope = w_.readout_slopes[l].data();
        for (int64_t i = 0; i < size; ++i) x[i] *= slope[i];
        times(x, D, model_.readout[l].matrix.back, nullptr, false, y, D, n);
        std::swap(x, y);
    }
    float* d_atoms = w_.d_atoms.get(size);
    for (int i = 0; i < n; ++i) {
        const int64_t at = int64_t{i} * D;
        double mean = 0, along = 0;
        for (int c = 0; c < D; ++c) {
            x[at + c] *= model_.readout_scale[c];
            mean += x[at + c] / D;
            along += double{x[at + c]} * unit[at + c] / D;
        }
        if (!model_.readout_normed) mean = along = 0;
        for (int c = 0; c < D; ++c)
            d_atoms[at + c] = static_cast<float>((x[at + c] - mean - unit[at + c] * along) * factors[i]);
    }
    return energy;
}

std::vector<double> Evaluation::slopes(const Graph& graph) {
    const Stopwatch watch(timings.functions);
    for (int u = 0; u < graph.n_short; ++u) {
        double sum = 0;
        for (int64_t c = int64_t{u} * D; c < int64_t{u + 1} * D; ++c)
            sum += double{w_.d_short.data()[c]} * w_.short_slopes.data()[c];
        w_.d_lengths[u] += sum;
    }
    std::vector<double> result(graph.vectors.size());
    for (int64_t u = 0; u < graph.n_bonds; ++u)
        for (int k = 0; k < 3; ++k) result[3 * u + k] = w_.d_lengths[u] * graph.vectors[3 * u + k] / graph.lengths[u];
    for (int p = 0; p < graph.n_angles; ++p) {
        const int64_t i = graph.first[p], j = graph.second[p];
        const double cosine = graph.cosines[p], x = cosine * (1 - 1e-6);
        const double d_cosine = -w_.d_angles[p] * (1 - 1e-6) / std::sqrt(1 - x * x);
        const double shared = graph.signs[p] / (graph.lengths[i] * graph.lengths[j]);
        for (int k = 0; k < 3; ++k) {
            const double a = graph.vectors[3 * i + k], b = graph.vectors[3 * j + k];
            result[3 * i + k] += d_cosine * (shared * b - cosine * a / (graph.lengths[i] * graph.lengths[i]));
            result[3 * j + k] += d_cosine * (shared * a - cosine * b / (graph.lengths[j] * graph.lengths[j]));
        }
    }
    return result;
}

}  // namespace hezsp
