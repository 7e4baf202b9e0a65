// Energy, its derivatives and magnetic moments of one structure.
#pragma once

#include <vector>

#include "graph.hpp"
#include "model.hpp"
#include "workspace.hpp"

namespace hezsp {

struct Outcome {
    double energy = 0;             // sum of the sites' energies, without composition references
    std::vector<double> slopes;    // (bonds, 3) derivative of the energy by the bonds' vectors; empty if not wanted
    std::vector<double> magmoms;   // (atoms), if wanted
};

struct Timings {                   // seconds since the start
    double functions = 0, edges = 0, bonds = 0, angles = 0, atoms = 0;
};

class Evaluation {
  public:
    Evaluation(const Model& model, const Kernels& kernels, int threads)
        : model_(model), kernels_(kernels), threads_(threads) {}
    Outcome run(const Graph& graph, bool gradient, bool magmoms);
    Timings timings;

  private:
    // The way forward
    void place(const Graph&);
    void atoms_forward(const Graph&, int layer);
    void bonds_forward(const Graph&, int layer);
    void angles_forward(const Graph&, int layer);
    double readout(const Graph&, bool gradient);
    std::vector<double> moments(const Graph&);
    // The way back
    void atoms_backward(const Graph&, int layer);
    void bonds_backward(const Graph&, int layer);
    void angles_backward(const Graph&, int layer);
    std::vector<double> slopes(const Graph&);

    EdgeTask edge_task(const Graph&, int layer, int thread);
    AngleTask angle_task(const Graph&, const Unit&, Kept&, const float* turned, int thread);
    void edge_tables(const Graph&, int layer);
    void angle_tables(const Graph&, const Unit&);
    void angle_tables_backward(const Graph&, const Unit&);
    void angles_back(const Graph&, const Unit&, const std::function<void(AngleTask&)>& kernel, Kept&,
                     const float* turned);
    // Short bonds differ from their first features from the second layer on.
    static bool changed(const Graph& graph, int layer) { return layer > 0 && graph.n_angles > 0; }
    const float* turned_before(int layer) const { return layer ? w_.turned[layer - 1].data() : nullptr; }
    void times(const float* in, int in_stride, const Floats& matrix, const float* bias, bool add, float* out,
               int out_stride, int rows);
    void spread(const float* in, const Matrix (&halves)[2], const float* bias, float* out, int rows);
    void gather(const float* d_out, const Matrix (&halves)[2], bool add, float* d_in, int rows);

    const Model& model_;
    const Kernels& kernels_;
    const int threads_;
    Workspace w_;
};

}  // namespace hezsp
