// What the kernels of one instruction set work on. A task covers a range of bonds, angles or rows, so that
// threads share nothing they write to: sums over atoms and bonds go to buffers of the thread's own.
#pragma once

#include <cstdint>

namespace hezsp {

constexpr int D = 64;        // features of an atom, a bond, an angle
constexpr int DD = 2 * D;    // core and gate side by side
constexpr int SAMPLES = 4;   // rows of a knot: value, step to the next, h times the slope, h^2 times the curvature
constexpr int HERMITE = 5;   // weights of an interval: its step, slope and curvature on the left, and on the right
constexpr int PAIRS = 12;    // bonds or angles in a tile; each gives two rows
constexpr int ROWS = 2 * PAIRS;

// A function of one number, sampled with spacing h, and items placed in its intervals. The quintic of an interval is
// its left value plus five weighted rows; with the step as a row of its own no digits are lost in the derivative.
struct Interpolation {
    const float* table;      // (knots, SAMPLES, width)
    const int32_t* knots;    // interval of each item
    const float* values;     // (items, HERMITE) weights of the value
    const float* slopes;     // (items, HERMITE) weights of the derivative
};

// The second layer of a gated unit and its layer norms, whose centring is folded into the weights.
struct Gated {
    const float *core, *gate;            // (input, output), D x D
    const float *core_back, *gate_back;  // transposed
    const float* bias;                   // (DD)
    const float *scale, *shift;          // (DD), of the layer norms
    bool normed;
};

// Messages along bonds, both directions of each: chgnet's AtomConv.
struct EdgeTask {
    int begin, end, n_short;
    const int32_t *centers, *neighbors;
    const float *starts, *ends;          // (atoms, DD)
    const float* changes;                // (short bonds, DD), or null
    Interpolation radial;
    const float *weights, *weight_slopes;  // (bonds, D)
    Gated unit;
    float* kept;                         // (bonds, 2, DD) normalised outputs of the second layer
    float* kept_scales;                  // (bonds, 2, 2) factors of the norms
    float* sums;                         // (atoms, D), the thread's own
    const float* d_sums;                 // (atoms, D)
    float *d_starts, *d_ends;            // (atoms, DD), the thread's own
    float* d_changes;                    // (short bonds, DD), or null
    double* d_lengths;                   // (bonds)
};

// Angles, both orders of each: chgnet's BondConv and AngleUpdate.
struct AngleTask {
    int begin, end;
    const int32_t *first, *second, *atoms;
    const float *firsts, *seconds;       // (short bonds, DD)
    const float* centers;                // (atoms, DD)
    const float *turned_core, *turned_gate;            // (D, D) of the angles' own features
    const float *turned_core_back, *turned_gate_back;  // transposed
    Interpolation angular;
    const float *weights, *weight_slopes;  // (short bonds, D); BondConv only
    Gated unit;
    const float* turned;                 // (angles, 2, D) or null: the angles' features beyond their basis
    float* turned_next;                  // AngleUpdate only
    float *kept, *kept_scales;
    float* kept_rows;                    // (angles, 2, DD) sums of the first layer; BondConv only
    float* sums;                         // (short bonds, D), the thread's own; BondConv only
    const float* d_sums;
    float *d_firsts, *d_seconds, *d_centers;  // the thread's own
    float* d_turned;                     // (angles, 2, D): read by AngleUpdate, added to by both
    double* d_angles;                    // (angles)
    double* d_lengths;                   // (short bonds), the thread's own; BondConv only
};

struct Kernels {
    const char* name;
    void (*edges_forward)(const EdgeTask&);
    void (*edges_backward)(const EdgeTask&);
    void (*bonds_forward)(const AngleTask&);
    void (*bonds_backward)(const AngleTask&);
    void (*angles_forward)(const AngleTask&);
    void (*angles_backward)(const AngleTask&);
    // out (rows, stride) = or += in (rows, stride) times a D x D matrix
    void (*multiply)(const float* in, int in_stride, const float* matrix, const float* bias, bool add, float* out,
                     int out_stride, int rows);
    void (*interpolate)(const Interpolation&, int begin, int end, float* values, float* slopes);  // width D
    void (*silu)(float* rows, float* slopes, int count);
};

const Kernels& plain_kernels();
const Kernels* avx2_kernels();    // null where they were not compiled
const Kernels* avx512_kernels();

}  // namespace hezsp
