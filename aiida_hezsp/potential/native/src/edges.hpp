// Messages along bonds (chgnet's AtomConv). A tile holds PAIRS bonds; row b is bond b from its centre, row PAIRS + b
// the same bond from its neighbour.
struct Ends {
    int start, end;
};

static inline Ends ends_of(const EdgeTask& task, int bond, int direction) {
    return direction ? Ends{task.neighbors[bond], task.centers[bond]} : Ends{task.centers[bond], task.neighbors[bond]};
}

// The sums of the first layer, (ROWS, DD); what the bond gives is the same in both directions.
static inline void edge_rows(const EdgeTask& task, int base, int count, float* rows) {
    for (int b = 0; b < count; ++b) {
        const int bond = base + b;
        const Samples radial = samples(task.radial, bond, DD);
        const float* change = task.changes && bond < task.n_short ? task.changes + static_cast<int64_t>(bond) * DD
                                                                   : nullptr;
        const int64_t i = task.centers[bond], j = task.neighbors[bond];
        const float *start_i = task.starts + i * DD, *start_j = task.starts + j * DD;
        const float *end_i = task.ends + i * DD, *end_j = task.ends + j * DD;
        float *out = rows + b * DD, *back = rows + (PAIRS + b) * DD;
        for (int c = 0; c < DD; c += LANES) {
            Vec shared = radial.value(c);
            if (change) shared += load(change + c);
            store(out + c, load(start_i + c) + load(end_j + c) + shared);
            store(back + c, load(start_j + c) + load(end_i + c) + shared);
        }
    }
}

static void edges_forward(const EdgeTask& task) {
    alignas(64) float rows[ROWS * DD] = {}, hidden[ROWS * DD];
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        edge_rows(task, base, count, rows);
        for (int i = 0; i < ROWS * DD; i += LANES) {
            const Vec x = load(rows + i);
            store(hidden + i, x * sigmoid(x));
        }
        multiply_halves(hidden, task.unit.core, task.unit.gate, task.unit.bias, rows, ROWS);
        for (int b = 0; b < count; ++b) {
            const int64_t bond = base + b;
            const float* weight = task.weights + bond * D;
            for (int direction = 0; direction < 2; ++direction) {
                const int64_t place = 2 * bond + direction;
                float* sum = task.sums + static_cast<int64_t>(ends_of(task, bond, direction).start) * D;
                gate_forward(task.unit, rows + (direction * PAIRS + b) * DD, task.kept + place * DD,
                             task.kept_scales + place * 2,
                             [&](int c, Vec gated) { add_to(sum + c, gated * load(weight + c)); });
            }
        }
    }
}

// Derivatives by the rows of the second layer; returns those by the length that come of the messages' weights.
static inline void edge_messages_backward(const EdgeTask& task, int base, int count, float* d_rows) {
    for (int b = 0; b < count; ++b) {
        const int64_t bond = base + b;
        const float *weight = task.weights + bond * D, *slope = task.weight_slopes + bond * D;
        Vec d_length = Vec{};
        for (int direction = 0; direction < 2; ++direction) {
            const int64_t place = 2 * bond + direction;
            const float* d_sum = task.d_sums + static_cast<int64_t>(ends_of(task, bond, direction).start) * D;
            gate_backward(
                task.unit, task.kept + place * DD, task.kept_scales + place * 2, d_rows + (direction * PAIRS + b) * DD,
                [&](int c) { return load(d_sum + c) * load(weight + c); },
                [&](int c, Vec gated) { d_length += gated * load(d_sum + c) * load(slope + c); });
        }
        task.d_lengths[bond] += total(d_length);
    }
}

static void edges_backward(const EdgeTask& task) {
    alignas(64) float rows[ROWS * DD] = {}, d_rows[ROWS * DD] = {}, d_hidden[ROWS * DD];
    for (int base = task.begin; base < task.end; base += PAIRS) {
        const int count = task.end - base < PAIRS ? task.end - base : PAIRS;
        edge_messages_backward(task, base, count, d_rows);
        multiply_halves(d_rows, task.unit.core_back, task.unit.gate_back, nullptr, d_hidden, ROWS);
        edge_rows(task, base, count, rows);
        for (int b = 0; b < count; ++b) {
            const int bond = base + b;
            const int64_t i = task.centers[bond], j = task.neighbors[bond];
            float* d_change = task.d_changes && bond < task.n_short ? task.d_changes + static_cast<int64_t>(bond) * DD
                                                                    : nullptr;
            const Samples function = samples(task.radial, bond, DD);
            Vec d_length = Vec{};
            for (int c = 0; c < DD; c += LANES) {
                Vec d[2];
                for (int direction = 0; direction < 2; ++direction) {
                    const int at = (direction * PAIRS + b) * DD + c;
                    const Vec x = load(rows + at), s = sigmoid(x);
                    d[direction] = load(d_hidden + at) * (s * (1.f + x * (1.f - s)));
                }
                add_to(task.d_starts + i * DD + c, d[0]);
                add_to(task.d_ends + j * DD + c, d[0]);
                add_to(task.d_starts + j * DD + c, d[1]);
                add_to(task.d_ends + i * DD + c, d[1]);
                const Vec both = d[0] + d[1];
                if (d_change) store(d_change + c, both);
                d_length += both * function.slope(c);
            }
            task.d_lengths[bond] += total(d_length);
        }
    }
}
