// Messages along bonds, forward and back, and what surrounds them.
#include "evaluation.hpp"
#include "place.hpp"
#include "stopwatch.hpp"
#include "threads.hpp"

namespace hezsp {

EdgeTask Evaluation::edge_task(const Graph& graph, int layer, int thread) {
    const Unit& unit = model_.atoms[layer];
    Kept& kept = w_.edges[layer];
    const Range range = share(graph.n_bonds, threads_, thread, PAIRS);
    EdgeTask task{};
    task.begin = range.begin;
    task.end = range.end;
    task.n_short = graph.n_short;
    task.centers = graph.centers.data();
    task.neighbors = graph.neighbors.data();
    task.starts = kept.starts.data();
    task.ends = kept.ends.data();
    task.changes = changed(graph, layer) ? kept.changes.data() : nullptr;
    task.radial = interpolation(unit.basis, w_.radial);
    task.weights = w_.edge_weights.data();
    task.weight_slopes = w_.edge_slopes.data();
    task.unit = unit.gated(model_.normed);
    task.kept = kept.rows.data();
    task.kept_scales = kept.scales.data();
    task.d_lengths = w_.d_lengths.data();
    return task;
}

// What atoms, and short bonds that have changed, give to the first layer of their unit.
void Evaluation::edge_tables(const Graph& graph, int layer) {
    const Stopwatch watch(timings.atoms);
    const Unit& unit = model_.atoms[layer];
    Kept& kept = w_.edges[layer];
    const int n = graph.n_atoms;
    float bias[DD];
    for (int half = 0; half < 2; ++half)
        kernels_.multiply(w_.lift.data(), D, unit.inputs[2][half].forward.data(), unit.bias.data() + half * D, false,
                          bias + half * D, DD, 1);
    spread(w_.atoms.data(), unit.inputs[0], bias, kept.starts.get(int64_t{n} * DD), n);
    spread(w_.atoms.data(), unit.inputs[1], nullptr, kept.ends.get(int64_t{n} * DD), n);
    if (changed(graph, layer))
        spread(w_.changed.data(), unit.inputs[2], nullptr, kept.changes.get(int64_t{graph.n_short} * DD),
               graph.n_short);
}

void Evaluation::atoms_forward(const Graph& graph, int layer) {
    const Unit& unit = model_.atoms[layer];
    Kept& kept = w_.edges[layer];
    const int n = graph.n_atoms;
    edge_tables(graph, layer);
    kept.rows.get(int64_t{2} * graph.n_bonds * DD);
    kept.scales.get(int64_t{4} * graph.n_bonds);
    float* total = w_.total.get(int64_t{n} * D);
    const ThreadSums sums(total, w_.thread_a, int64_t{n} * D, threads_);
    {
        const Stopwatch watch(timings.edges);
        in_parallel(threads_, [&](int thread) {
            EdgeTask task = edge_task(graph, layer, thread);
            task.sums = sums.zeroed(thread);
            kernels_.edges_forward(task);
        });
        sums.add_up();
    }
    const Stopwatch watch(timings.atoms);
    float *atoms = w_.atoms.data(), *change = w_.row_a.get(int64_t{n} * D);
    times(total, D, unit.out.forward, unit.out_bias.data(), false, change, D, n);
    for (int64_t i = 0; i < int64_t{n} * D; ++i) atoms[i] += change[i];
}

void Evaluation::atoms_backward(const Graph& graph, int layer) {
    const Unit& unit = model_.atoms[layer];
    const int n = graph.n_atoms;
    float *d_atoms = w_.d_atoms.data(), *d_sums = w_.d_sums.get(int64_t{n} * D);
    {
        const Stopwatch watch(timings.atoms);
        times(d_atoms, D, unit.out.back, nullptr, false, d_sums, D, n);
    }
    const ThreadSums d_starts(w_.d_starts.get(int64_t{n} * DD), w_.thread_a, int64_t{n} * DD, threads_);
    const ThreadSums d_ends(w_.d_ends.get(int64_t{n} * DD), w_.thread_b, int64_t{n} * DD, threads_);
    float* d_changes = changed(graph, layer) ? w_.d_changes.get(int64_t{graph.n_short} * DD) : nullptr;
    {
        const Stopwatch watch(timings.edges);
        in_parallel(threads_, [&](int thread) {
            EdgeTask task = edge_task(graph, layer, thread);
            task.d_sums = d_sums;
            task.d_starts = d_starts.zeroed(thread);
            task.d_ends = d_ends.zeroed(thread);
            task.d_changes = d_changes;
            kernels_.edges_backward(task);
        });
        d_starts.add_up();
        d_ends.add_up();
    }
    if (layer == 0) return;  // the embedding of an atom depends on nothing
    const Stopwatch watch(timings.atoms);
    gather(w_.d_starts.data(), unit.inputs[0], true, d_atoms, n);
    gather(w_.d_ends.data(), unit.inputs[1], true, d_atoms, n);
    if (d_changes) gather(d_changes, unit.inputs[2], true, w_.d_changed.data(), graph.n_short);
}

}  // namespace hezsp
