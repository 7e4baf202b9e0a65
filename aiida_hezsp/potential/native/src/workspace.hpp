// The structure under evaluation, what the way forward leaves for the way back, and the buffers of the threads.
#pragma once

#include <memory>
#include <new>
#include <vector>

#include "tasks.hpp"

namespace hezsp {

// An array of floats on a cache line's boundary that keeps its memory from one evaluation to the next.
class Buffer {
  public:
    float* get(int64_t size) {
        if (size > capacity_) {
            memory_.reset(static_cast<float*>(::operator new(size * sizeof(float), std::align_val_t(64))));
            capacity_ = size;
        }
        size_ = size;
        return memory_.get();
    }
    float* zeros(int64_t size) {
        float* p = get(size);
        __builtin_memset(p, 0, size * sizeof(float));
        return p;
    }
    float* data() { return memory_.get(); }
    const float* data() const { return memory_.get(); }
    int64_t size() const { return size_; }

  private:
    struct Free {
        void operator()(float* p) const { ::operator delete(p, std::align_val_t(64)); }
    };
    std::unique_ptr<float, Free> memory_;
    int64_t capacity_ = 0, size_ = 0;
};

struct Located {  // items placed in the intervals of a sampled function
    std::vector<int32_t> knots;
    Buffer values, slopes;
};

struct Kept {  // of one layer of gated units
    Buffer rows, scales, inputs, sums, starts, ends, changes;
};

struct Workspace {
    std::vector<double> angles, d_lengths, d_angles;
    Located radial, short_radial, angular;
    Buffer edge_weights, edge_slopes, bond_weights, bond_slopes, short_bonds, short_slopes;
    Buffer atoms, d_atoms, changed, d_changed, d_short, lift;
    std::vector<Buffer> turned;                // features of angles beyond their basis, after each update
    Buffer d_turned;
    std::vector<Kept> edges, bonds, updates;
    Buffer firsts, seconds, centers, total;
    Buffer d_starts, d_ends, d_changes, d_firsts, d_seconds, d_centers, d_sums;
    Buffer thread_a, thread_b, thread_c;       // sums of the threads, one after another
    std::vector<double> thread_lengths;
    Buffer features, row_a, row_b;
    std::vector<Buffer> readout_slopes;
};

}  // namespace hezsp
