// Angles, forward and back: messages to short bonds, and the angles' own features.
#include "evaluation.hpp"
#include "place.hpp"
#include "stopwatch.hpp"
#include "threads.hpp"

namespace hezsp {

AngleTask Evaluation::angle_task(const Graph& graph, const Unit& unit, Kept& kept, const float* turned, int thread) {
    const Range range = share(graph.n_angles, threads_, thread, PAIRS);
    AngleTask task{};
    task.begin = range.begin;
    task.end = range.end;
    task.first = graph.first.data();
    task.second = graph.second.data();
    task.atoms = graph.angle_atoms.data();
    task.firsts = w_.firsts.data();
    task.seconds = w_.seconds.data();
    task.centers = w_.centers.data();
    task.turned_core = unit.turned[0].forward.data();
    task.turned_gate = unit.turned[1].forward.data();
    task.turned_core_back = unit.turned[0].back.data();
    task.turned_gate_back = unit.turned[1].back.data();
    task.angular = interpolation(unit.basis, w_.angular);
    task.weights = w_.bond_weights.data();
    task.weight_slopes = w_.bond_slopes.data();
    task.unit = unit.gated(model_.normed);
    task.turned = turned;
    task.kept = kept.rows.data();
    task.kept_scales = kept.scales.data();
    task.kept_rows = kept.inputs.data();
    task.d_turned = w_.d_turned.data();
    task.d_angles = w_.d_angles.data();
    return task;
}

// What short bonds and atoms give to the first layer of a unit over angles.
void Evaluation::angle_tables(const Graph& graph, const Unit& unit) {
    const Stopwatch watch(timings.atoms);
    const int n = graph.n_short;
    float *bonds = w_.row_a.get(int64_t{n} * D), *lift = w_.lift.data();
    const float *at_first = w_.short_bonds.data(), *change = w_.changed.data();
    for (int64_t i = 0; i < int64_t{n} * D; ++i) bonds[i] = at_first[i] + change[i] + lift[i % D];
    spread(bonds, unit.inputs[0], nullptr, w_.firsts.get(int64_t{n} * DD), n);
    spread(bonds, unit.inputs[1], nullptr, w_.seconds.get(int64_t{n} * DD), n);
    spread(w_.atoms.data(), unit.inputs[2], unit.bias.data(), w_.centers.get(int64_t{graph.n_atoms} * DD),
           graph.n_atoms);
}

void Evaluation::angles_back(const Graph& graph, const Unit& unit, const std::function<void(AngleTask&)>& kernel,
                             Kept& kept, const float* turned) {
    const int64_t bonds = int64_t{graph.n_short} * DD, atoms = int64_t{graph.n_atoms} * DD;
    const ThreadSums d_firsts(w_.d_firsts.get(bonds), w_.thread_a, bonds, threads_);
    const ThreadSums d_seconds(w_.d_seconds.get(bonds), w_.thread_b, bonds, threads_);
    const ThreadSums d_centers(w_.d_centers.get(atoms), w_.thread_c, atoms, threads_);
    w_.thread_lengths.assign(int64_t{threads_} * graph.n_short, 0.);
    in_parallel(threads_, [&](int thread) {
        AngleTask task = angle_task(graph, unit, kept, turned, thread);
        task.d_firsts = d_firsts.zeroed(thread);
        task.d_seconds = d_seconds.zeroed(thread);
        task.d_centers = d_centers.zeroed(thread);
        task.d_lengths = &w_.thread_lengths[int64_t{thread} * graph.n_short];
        kernel(task);
    });
    d_firsts.add_up();
    d_seconds.add_up();
    d_centers.add_up();
    for (int thread = 0; thread < threads_; ++thread)
        for (int u = 0; u < graph.n_short; ++u)
            w_.d_lengths[u] += w_.thread_lengths[int64_t{thread} * graph.n_short + u];
}

void Evaluation::angle_tables_backward(const Graph& graph, const Unit& unit) {
    const Stopwatch watch(timings.atoms);
    const int n = graph.n_short;
    float* d_bonds = w_.row_a.get(int64_t{n} * D);
    gather(w_.d_firsts.data(), unit.inputs[0], false, d_bonds, n);
    gather(w_.d_seconds.data(), unit.inputs[1], true, d_bonds, n);
    float *d_short = w_.d_short.data(), *d_changed = w_.d_changed.data();
    for (int64_t i = 0; i < int64_t{n} * D; ++i) {
        d_short[i] += d_bonds[i];
        d_changed[i] += d_bonds[i];
    }
    gather(w_.d_centers.data(), unit.inputs[2], true, w_.d_atoms.data(), graph.n_atoms);
}

void Evaluation::bonds_forward(const Graph& graph, int layer) {
    const Unit& unit = model_.bonds[layer];
    Kept& kept = w_.bonds[layer];
    const int64_t size = int64_t{graph.n_short} * D;
    angle_tables(graph, unit);
    kept.rows.get(int64_t{2} * graph.n_angles * DD);
    kept.inputs.get(int64_t{2} * graph.n_angles * DD);
    kept.scales.get(int64_t{4} * graph.n_angles);
    const ThreadSums sums(kept.sums.get(size), w_.thread_a, size, threads_);
    {
        const Stopwatch watch(timings.bonds);
        in_parallel(threads_, [&](int thread) {
            AngleTask task = angle_task(graph, unit, kept, turned_before(layer), thread);
            task.sums = sums.zeroed(thread);
            kernels_.bonds_forward(task);
        });
        sums.add_up();
    }
    const Stopwatch watch(timings.atoms);
    const float *total = kept.sums.data(), *weights = w_.bond_weights.data();
    float *weighted = w_.row_a.get(size), *changed = w_.changed.data(), *lift = w_.lift.data();
    for (int64_t i = 0; i < size; ++i) weighted[i] = total[i] * weights[i];
    times(weighted, D, unit.out.forward, nullptr, true, changed, D, graph.n_short);
    for (int c = 0; c < D; ++c) lift[c] += unit.out_bias[c];
}

void Evaluation::bonds_backward(const Graph& graph, int layer) {
    const Unit& unit = model_.bonds[layer];
    Kept& kept = w_.bonds[layer];
    const int64_t size = int64_t{graph.n_short} * D;
    float* d_sums = w_.d_sums.get(size);
    {
        const Stopwatch watch(timings.atoms);
        times(w_.d_changed.data(), D, unit.out.back, nullptr, false, d_sums, D, graph.n_short);
        for (int64_t u = 0; u < graph.n_short; ++u) {
            double along = 0;
            for (int64_t i = u * D; i < (u + 1) * D; ++i) {
                along += double{d_sums[i]} * kept.sums.data()[i] * w_.bond_slopes.data()[i];
                d_sums[i] *= w_.bond_weights.data()[i];
            }
            w_.d_lengths[u] += along;
        }
    }
    {
        const Stopwatch watch(timings.bonds);
        const auto kernel = [&](AngleTask& task) {
            task.d_sums = d_sums;
            kernels_.bonds_backward(task);
        };
        angles_back(graph, unit, kernel, kept, turned_before(layer));
    }
    angle_tables_backward(graph, unit);
}

void Evaluation::angles_forward(const Graph& graph, int layer) {
    const Unit& unit = model_.angles[layer];
    Kept& kept = w_.updates[layer];
    angle_tables(graph, unit);
    kept.rows.get(int64_t{2} * graph.n_angles * DD);
    kept.scales.get(int64_t{4} * graph.n_angles);
    float* next = w_.turned[layer].get(int64_t{2} * graph.n_angles * D);
    const Stopwatch watch(timings.angles);
    in_parallel(threads_, [&](int thread) {
        AngleTask task = angle_task(graph, unit, kept, turned_before(layer), thread);
        task.turned_next = next;
        kernels_.angles_forward(task);
    });
}

void Evaluation::angles_backward(const Graph& graph, int layer) {
    const Unit& unit = model_.angles[layer];
    {
        const Stopwatch watch(timings.angles);
        angles_back(graph, unit, kernels_.angles_backward, w_.updates[layer], turned_before(layer));
    }
    angle_tables_backward(graph, unit);
}

}  // namespace hezsp
