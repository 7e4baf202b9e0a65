// Angles (chgnet's BondConv and AngleUpdate). A tile holds PAIRS unordered angles; row a is angle a as (first,
// second), row PAIRS + a as (second, first).
static inline int64_t leading(const AngleTask& task, int angle, int order) {
    return order ? task.second[angle] : task.first[angle];
}

static inline const float* turned_row(const AngleTask& task, int angle, int order) {
    return task.turned + (2 * static_cast<int64_t>(angle) + order) * D;
}

// The sums of the first layer, (ROWS, DD).
static inline void angle_rows(const AngleTask& task, int base, int count, float* rows) {
    if (task.turned) {
        alignas(64) float turned[ROWS * D] = {};
        for (int order = 0; order < 2; ++order)
            for (int a = 0; a < count; ++a)
                __builtin_memcpy(turned + (order * PAIRS + a) * D, turned_row(task, base + a, order), D * sizeof(float));
        multiply(turned, D, task.turned_core, nullptr, false, rows, DD, ROWS);
        multiply(turned, D, task.turned_gate, nullptr, false, rows + D, DD, ROWS);
    } else {
        __builtin_memset(rows, 0, ROWS * DD * sizeof(float));
    }
    for (int a = 0; a < count; ++a) {
        const int angle = base + a;
        const Samples angular = samples(task.angular, angle, DD);
        const int64_t i = leading(task, angle, 0) * DD, j = leading(task, angle, 1) * DD;
        const float* center = task.centers + static_cast<int64_t>(task.atoms[angle]) * DD;
        float *out = rows + a * DD, *back = rows + (PAIRS + a) * DD;
        for (int c = 0; c < DD; c += LANES) {
            const Vec shared = angular.value(c) + load(center + c);
            add_to(out + c, load(task.firsts + i + c) + load(task.seconds + j + c) + shared);
            add_to(back + c, load(task.firsts + j + c) + load(task.seconds + i + c) + shared);
        }
    }
}

// Hand the derivatives by the rows of the first layer on to bonds, atoms, the angle and its features.
static inline void angle_rows_backward(const AngleTask& task, int base, int count, const float* d_rows) {
    for (int a = 0; a < count; ++a) {
        const int angle = base + a;
        const Samples function = samples(task.angular, angle, DD);
        const int64_t i = leading(task, angle, 0) * DD, j = leading(task, angle, 1) * DD;
        float* d_center = task.d_centers + static_cast<int64_t>(task.atoms[angle]) * DD;
        const float *out = d_rows + a * DD, *back = d_rows + (PAIRS + a) * DD;
        Vec d_angle = Vec{};
        for (int c = 0; c < DD; c += LANES) {
            const Vec d0 = load(out + c), d1 = load(back + c), both = d0 + d1;
            add_to(task.d_firsts + i + c, d0);
            add_to(task.d_seconds + j + c, d0);
            add_to(task.d_firsts + j + c, d1);
            add_to(task.d_seconds + i + c, d1);
            add_to(d_center + c, both);
            d_angle += both * function.slope(c);
        }
        task.d_angles[angle] += total(d_angle);
    }
    if (!task.turned) return;
    alignas(64) float d_turned[ROWS * D];
    multiply(d_rows, DD, task.turned_core_back, nullptr, false, d_turned, D, ROWS);
    multiply(d_rows + D, DD, task.turned_gate_back, nullptr, true, d_turned, D, ROWS);
    for (int order = 0; order < 2; ++order)
        for (int a = 0; a < count; ++a) {
            float* to = task.d_turned + (2 * static_cast<int64_t>(base + a) + order) * D;
            for (int c = 0; c < D; c += LANES) add_to(to + c, load(d_turned + (order * PAIRS + a) * D + c));
        }
}

// The way back needs the sums of the first layer again; with the angles' own features they cost a product.
static inline void keep_rows(const AngleTask& task, int base, int count, const float* rows) {
    for (int a = 0; a < count; ++a)
        for (int order = 0; order < 2; ++order)
            __builtin_memcpy(task.kept_rows + (2 * static_cast<int64_t>(base + a) + order) * DD,
                             rows + (order * PAIRS + a) * DD, DD * sizeof(float));
}

static void bonds_forward(const AngleTask& task) {
    alignas(64) float rows[ROWS * DD], hidden[ROWS * DD];
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        angle_rows(task, base, count, rows);
        keep_rows(task, base, count, rows);
        for (int i = 0; i < ROWS * DD; i += LANES) {
            const Vec x = load(rows + i);
            store(hidden + i, x * sigmoid(x));
        }
        multiply_halves(hidden, task.unit.core, task.unit.gate, task.unit.bias, rows, ROWS);
        for (int a = 0; a < count; ++a)
            for (int order = 0; order < 2; ++order) {
                const int angle = base + a;
                const int64_t place = 2 * static_cast<int64_t>(angle) + order;
                float* sum = task.sums + leading(task, angle, order) * D;
                const float* weight = task.weights + leading(task, angle, 1 - order) * D;
                gate_forward(task.unit, rows + (order * PAIRS + a) * DD, task.kept + place * DD,
                             task.kept_scales + place * 2,
                             [&](int c, Vec gated) { add_to(sum + c, gated * load(weight + c)); });
            }
    }
}

static void bonds_backward(const AngleTask& task) {
    alignas(64) float d_rows[ROWS * DD] = {}, d_hidden[ROWS * DD];
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        for (int a = 0; a < count; ++a)
            for (int order = 0; order < 2; ++order) {
                const int angle = base + a;
                const int64_t place = 2 * static_cast<int64_t>(angle) + order, other = leading(task, angle, 1 - order);
                const float* d_sum = task.d_sums + leading(task, angle, order) * D;
                const float *weight = task.weights + other * D, *slope = task.weight_slopes + other * D;
                Vec d_length = Vec{};
                gate_backward(
                    task.unit, task.kept + place * DD, task.kept_scales + place * 2, d_rows + (order * PAIRS + a) * DD,
                    [&](int c) { return load(d_sum + c) * load(weight + c); },
                    [&](int c, Vec gated) { d_length += gated * load(d_sum + c) * load(slope + c); });
                task.d_lengths[other] += total(d_length);
            }
        multiply_halves(d_rows, task.unit.core_back, task.unit.gate_back, nullptr, d_hidden, ROWS);
        for (int a = 0; a < count; ++a)
            for (int order = 0; order < 2; ++order) {
                const float* row = task.kept_rows + (2 * static_cast<int64_t>(base + a) + order) * DD;
                float* d_row = d_hidden + (order * PAIRS + a) * DD;
                for (int c = 0; c < DD; c += LANES) {
                    const Vec x = load(row + c), s = sigmoid(x);
                    store(d_row + c, load(d_row + c) * (s * (1.f + x * (1.f - s))));
                }
            }
        angle_rows_backward(task, base, count, d_hidden);
    }
}

static void angles_forward(const AngleTask& task) {
    alignas(64) float rows[ROWS * DD];
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        angle_rows(task, base, count, rows);
        for (int a = 0; a < count; ++a)
            for (int order = 0; order < 2; ++order) {
                const int64_t place = 2 * static_cast<int64_t>(base + a) + order;
                float* next = task.turned_next + place * D;
                const float* before = task.turned ? task.turned + place * D : nullptr;
                gate_forward(task.unit, rows + (order * PAIRS + a) * DD, task.kept + place * DD,
                             task.kept_scales + place * 2,
                             [&](int c, Vec gated) { store(next + c, before ? load(before + c) + gated : gated); });
            }
    }
}

static void angles_backward(const AngleTask& task) {
    alignas(64) float d_rows[ROWS * DD] = {};
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        for (int a = 0; a < count; ++a)
            for (int order = 0; order < 2; ++order) {
                const int64_t place = 2 * static_cast<int64_t>(base + a) + order;
                const float* d_next = task.d_turned + place * D;
                gate_backward(
                    task.unit, task.kept + place * DD, task.kept_scales + place * 2, d_rows + (order * PAIRS + a) * DD,
                    [&](int c) { return load(d_next + c); }, [](int, Vec) {});
            }
        angle_rows_backward(task, base, count, d_rows);
    }
}
