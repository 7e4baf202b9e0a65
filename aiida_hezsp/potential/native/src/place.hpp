// Where a number lies in a sampled function, and the weights of its interval's quintic.
#pragma once

#include <cmath>

#include "model.hpp"
#include "workspace.hpp"

namespace hezsp {

// Quintic Hermite polynomials on [0, 1]; derivatives are by the function's own variable.
inline void hermite(double t, double h, float* values, float* slopes) {
    const double t2 = t * t, t3 = t2 * t, t4 = t3 * t, t5 = t4 * t;
    const double value[HERMITE] = {10 * t3 - 15 * t4 + 6 * t5, t - 6 * t3 + 8 * t4 - 3 * t5,
                                   0.5 * t2 - 1.5 * t3 + 1.5 * t4 - 0.5 * t5, -4 * t3 + 7 * t4 - 3 * t5,
                                   0.5 * t3 - t4 + 0.5 * t5};
    const double slope[HERMITE] = {30 * t2 - 60 * t3 + 30 * t4, 1 - 18 * t2 + 32 * t3 - 15 * t4,
                                   t - 4.5 * t2 + 6 * t3 - 2.5 * t4, -12 * t2 + 28 * t3 - 15 * t4,
                                   1.5 * t2 - 4 * t3 + 2.5 * t4};
    for (int i = 0; i < HERMITE; ++i) {
        values[i] = static_cast<float>(value[i]);
        slopes[i] = static_cast<float>(slope[i] / h);
    }
}

inline void locate(const double* x, int count, double end, int intervals, Located& into) {
    const double h = end / intervals;
    into.knots.resize(count);
    float* values = into.values.get(static_cast<int64_t>(count) * HERMITE);
    float* slopes = into.slopes.get(static_cast<int64_t>(count) * HERMITE);
    for (int64_t i = 0; i < count; ++i) {
        const double at = x[i] / h;
        const int knot = at < intervals ? static_cast<int>(at) : intervals - 1;
        into.knots[i] = knot;
        hermite(at - knot, h, values + i * HERMITE, slopes + i * HERMITE);
    }
}

inline Interpolation interpolation(const Function& function, const Located& items) {
    return {function.table.data(), items.knots.data(), items.values.data(), items.slopes.data()};
}

}  // namespace hezsp
