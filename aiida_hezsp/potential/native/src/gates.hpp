// A function of one number from its samples, and the gated end of a unit: silu(norm(core)) * sigmoid(norm(gate)).
// The centring of the norms is folded into the weights before them, so that only their scaling is left.
struct Samples {
    const float *left, *right;  // slope and curvature follow the value and the step on the left
    const float *values, *slopes;
    int width;

    inline Vec change(const float* weights, int column) const {
        return weights[0] * load(left + width + column) + weights[1] * load(left + 2 * width + column) +
               weights[2] * load(left + 3 * width + column) + weights[3] * load(right + column) +
               weights[4] * load(right + width + column);
    }
    inline Vec value(int column) const { return load(left + column) + change(values, column); }
    inline Vec slope(int column) const { return change(slopes, column); }
};

static inline Samples samples(const Interpolation& f, int64_t item, int width) {
    const float* left = f.table + static_cast<int64_t>(f.knots[item]) * SAMPLES * width;
    return {left, left + (SAMPLES + 2) * width, f.values + item * HERMITE, f.slopes + item * HERMITE, width};
}

static void interpolate(const Interpolation& f, int begin, int end, float* values, float* slopes) {
    for (int64_t item = begin; item < end; ++item) {
        const Samples at = samples(f, item, D);
        for (int c = 0; c < D; c += LANES) {
            store(values + item * D + c, at.value(c));
            store(slopes + item * D + c, at.slope(c));
        }
    }
}

// In place: rows = silu(rows); slopes = its derivative.
static void silu(float* rows, float* slopes, int count) {
    for (int i = 0; i < count; i += LANES) {
        const Vec x = load(rows + i), s = sigmoid(x);
        store(rows + i, x * s);
        store(slopes + i, s * (1.f + x * (1.f - s)));
    }
}

// Scale a row of D by its root mean square; returns the factor.
static inline float scale_to_unit(const float* row, bool normed, float* kept) {
    float factor = 1.f;
    if (normed) {
        Vec square = Vec{};
        for (int c = 0; c < D; c += LANES) {
            const Vec x = load(row + c);
            square += x * x;
        }
        factor = 1.f / __builtin_sqrtf(total(square) * (1.f / D) + 1e-5f);
    }
    for (int c = 0; c < D; c += LANES) store(kept + c, load(row + c) * factor);
    return factor;
}

// Keep what the way back needs of a row (DD) of core and gate, and hand the gated values out, vector by vector.
template <class Use>
static inline void gate_forward(const Gated& unit, const float* row, float* kept, float* scales, Use use) {
    scales[0] = scale_to_unit(row, unit.normed, kept);
    scales[1] = scale_to_unit(row + D, unit.normed, kept + D);
    for (int c = 0; c < D; c += LANES) {
        const Vec core = load(unit.scale + c) * load(kept + c) + load(unit.shift + c);
        const Vec gate = load(unit.scale + D + c) * load(kept + D + c) + load(unit.shift + D + c);
        use(c, core * sigmoid(core) * sigmoid(gate));
    }
}

// d_row (DD): derivative by the row of core and gate, given that by the gated values; `use` sees the gated values.
template <class Given, class Use>
static inline void gate_backward(const Gated& unit, const float* kept, const float* scales, float* d_row, Given given,
                                 Use use) {
    Vec along_core = Vec{}, along_gate = Vec{};
    for (int c = 0; c < D; c += LANES) {
        const Vec scale_c = load(unit.scale + c), scale_g = load(unit.scale + D + c);
        const Vec unit_c = load(kept + c), unit_g = load(kept + D + c);
        const Vec core = scale_c * unit_c + load(unit.shift + c);
        const Vec s = sigmoid(core), g = sigmoid(scale_g * unit_g + load(unit.shift + D + c));
        const Vec silu_core = core * s;
        use(c, silu_core * g);
        const Vec d = given(c);
        const Vec d_core = d * g * (s * (1.f + core * (1.f - s))) * scale_c;
        const Vec d_gate = d * silu_core * (g * (1.f - g)) * scale_g;
        along_core += d_core * unit_c;
        along_gate += d_gate * unit_g;
        store(d_row + c, d_core);
        store(d_row + D + c, d_gate);
    }
    if (!unit.normed) return;
    const float mean_c = total(along_core) * (1.f / D), mean_g = total(along_gate) * (1.f / D);
    for (int c = 0; c < D; c += LANES) {
        store(d_row + c, (load(d_row + c) - mean_c * load(kept + c)) * scales[0]);
        store(d_row + D + c, (load(d_row + D + c) - mean_g * load(kept + D + c)) * scales[1]);
    }
}
