// The Python module: checks what it is given, and lets other Python threads run while it computes.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <mutex>
#include <stdexcept>

#include "evaluation.hpp"
#include "graph.hpp"

namespace py = pybind11;

namespace hezsp {

namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

const Kernels& choose(const std::string& name) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    const bool avx512 = avx512_kernels() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    const bool avx2 = avx2_kernels() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    const bool avx512 = false, avx2 = false;
#endif
    if (avx512 && (name == "best" || name == "avx512")) return *avx512_kernels();
    if (avx2 && (name == "best" || name == "avx2")) return *avx2_kernels();
    if (name == "best" || name == "plain") return plain_kernels();
    throw std::invalid_argument("this processor has no '" + name + "'");
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const char* name : {"avx512", "avx2", "plain"}) try {
            names.push_back(choose(name).name);
        } catch (const std::invalid_argument&) {
        }
    return names;
}

class NativeModel {
  public:
    NativeModel(const py::dict& arrays, int n_conv, int n_readout, bool normed, bool readout_normed, int elements,
                double cutoff, double angle_cutoff, int radial_intervals, int angular_intervals, int threads,
                const std::string& instruction_set)
        : kernels_(choose(instruction_set)),
          model_(source(arrays), n_conv, n_readout, normed, readout_normed, elements, cutoff, angle_cutoff,
                 radial_intervals, angular_intervals),
          elements_(elements), evaluation_(model_, kernels_, threads) {
        if (threads < 1) throw std::invalid_argument("at least one thread is needed");
    }

    py::tuple evaluate(const Array<int32_t>& species, const Array<int32_t>& centers, const Array<int32_t>& neighbors,
                       const Array<double>& vectors, int n_short, const Array<int32_t>& first,
                       const Array<int32_t>& second, bool gradient, bool magmoms) {
        const Graph graph = make_graph(species, centers, neighbors, vectors, n_short, first, second);
        Outcome outcome;
        std::vector<double> forces(gradient ? 3 * species.size() : 0), virial(gradient ? 9 : 0);
        {
            const py::gil_scoped_release release;
            const std::lock_guard<std::mutex> lock(mutex_);
            outcome = evaluation_.run(graph, gradient, magmoms);
            if (gradient) collect(graph, outcome.slopes, forces, virial);
        }
        return py::make_tuple(outcome.energy, py::array_t<double>(forces.size(), forces.data()),
                              py::array_t<double>(virial.size(), virial.data()),
                              py::array_t<double>(outcome.magmoms.size(), outcome.magmoms.data()));
    }

    py::dict timings() {
        const Timings t = evaluation_.timings;
        evaluation_.timings = Timings{};
        py::dict result;
        result["functions"] = t.functions;
        result["edges"] = t.edges;
        result["bonds"] = t.bonds;
        result["angles"] = t.angles;
        result["atoms"] = t.atoms;
        return result;
    }

    std::string instruction_set() const { return kernels_.name; }

  private:
    static Source source(const py::dict& arrays) {
        return [&arrays](const std::string& name, int64_t size) {
            if (!arrays.contains(name.c_str())) throw std::invalid_argument("the array '" + name + "' is missing");
            const auto array = py::cast<Array<float>>(arrays[name.c_str()]);
            if (array.size() != size)
                throw std::invalid_argument("the array '" + name + "' has " + std::to_string(array.size()) +
                                            " values instead of " + std::to_string(size));
            return Floats(array.data(), array.data() + array.size());
        };
    }

    static void check(const Array<int32_t>& indices, int limit, const char* what) {
        for (py::ssize_t i = 0; i < indices.size(); ++i)
            if (indices.data()[i] < 0 || indices.data()[i] >= limit)
                throw std::invalid_argument(std::string(what) + " points outside the structure");
    }

    Graph make_graph(const Array<int32_t>& species, const Array<int32_t>& centers, const Array<int32_t>& neighbors,
                     const Array<double>& vectors, int n_short, const Array<int32_t>& first,
                     const Array<int32_t>& second) const {
        Graph g;
        g.n_atoms = static_cast<int>(species.size());
        g.n_bonds = static_cast<int>(centers.size());
        g.n_short = n_short;
        g.n_angles = static_cast<int>(first.size());
        if (neighbors.size() != g.n_bonds || vectors.size() != 3 * int64_t{g.n_bonds} || second.size() != g.n_angles ||
            n_short < 0 || n_short > g.n_bonds)
            throw std::invalid_argument("bonds and angles do not fit together");
        check(species, elements_, "an element");
        check(centers, g.n_atoms, "a centre");
        check(neighbors, g.n_atoms, "a neighbour");
        check(first, 2 * n_short, "an angle");
        check(second, 2 * n_short, "an angle");
        g.species.assign(species.data(), species.data() + g.n_atoms);
        g.centers.assign(centers.data(), centers.data() + g.n_bonds);
        g.neighbors.assign(neighbors.data(), neighbors.data() + g.n_bonds);
        g.vectors.assign(vectors.data(), vectors.data() + 3 * int64_t{g.n_bonds});
        g.first.assign(first.data(), first.data() + g.n_angles);
        g.second.assign(second.data(), second.data() + g.n_angles);
        measure(g);
        return g;
    }

    // Bond vectors lead from the neighbour to the centre.
    static void collect(const Graph& graph, const std::vector<double>& slopes, std::vector<double>& forces,
                        std::vector<double>& virial) {
        for (int64_t u = 0; u < graph.n_bonds; ++u)
            for (int k = 0; k < 3; ++k) {
                const double slope = slopes[3 * u + k];
                forces[3 * int64_t{graph.centers[u]} + k] -= slope;
                forces[3 * int64_t{graph.neighbors[u]} + k] += slope;
                for (int i = 0; i < 3; ++i) virial[3 * i + k] += graph.vectors[3 * u + i] * slope;
            }
    }

    const Kernels& kernels_;
    const Model model_;
    const int elements_;
    Evaluation evaluation_;
    std::mutex mutex_;
};

}  // namespace

}  // namespace hezsp

PYBIND11_MODULE(_kernel, module) {
    using hezsp::NativeModel;
    module.doc() = "CHGNet compiled for the processor; see aiida_hezsp.potential.native.evaluator.";
    module.attr("SAMPLES") = hezsp::SAMPLES;
    module.def("instruction_sets", &hezsp::instruction_sets, "Names of those this processor has, the best first.");
    py::class_<NativeModel>(module, "NativeModel")
        .def(py::init<const py::dict&, int, int, bool, bool, int, double, double, int, int, int, const std::string&>(),
             py::arg("arrays"), py::kw_only(), py::arg("n_conv"), py::arg("n_readout"), py::arg("normed"),
             py::arg("readout_normed"), py::arg("elements"), py::arg("cutoff"), py::arg("angle_cutoff"),
             py::arg("radial_intervals"), py::arg("angular_intervals"), py::arg("threads"), py::arg("instruction_set"))
        .def("evaluate", &NativeModel::evaluate, py::arg("species"), py::arg("centers"), py::arg("neighbors"),
             py::arg("vectors"), py::arg("n_short"), py::arg("first"), py::arg("second"), py::kw_only(),
             py::arg("gradient"), py::arg("magmoms"))
        .def("timings", &NativeModel::timings)
        .def_property_readonly("instruction_set", &NativeModel::instruction_set);
}
