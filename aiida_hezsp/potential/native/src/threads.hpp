// Work shared out among threads the same way every time, so that sums come out the same every time.
#pragma once

#include <cstdint>

#include "workspace.hpp"

namespace hezsp {

template <class Work>
void in_parallel(int threads, Work work) {
    if (threads == 1) return work(0);
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int thread = 0; thread < threads; ++thread) work(thread);
}

struct Range {
    int begin, end;
};

// The share of a thread, in whole tiles of `grain`.
inline Range share(int count, int threads, int thread, int grain) {
    const int64_t tiles = (count + grain - 1) / grain;
    const int begin = static_cast<int>(tiles * thread / threads) * grain;
    const int end = static_cast<int>(tiles * (thread + 1) / threads) * grain;
    return {begin, end < count ? end : count};
}

// Sums every thread makes for itself: the first in the result's own place, the others in buffers that are added to it
// in their order.
class ThreadSums {
  public:
    ThreadSums(float* result, Buffer& others, int64_t size, int threads)
        : result_(result), others_(threads > 1 ? others.get(size * (threads - 1)) : nullptr), size_(size),
          threads_(threads) {}
    float* zeroed(int thread) const {
        float* p = thread ? others_ + size_ * (thread - 1) : result_;
        __builtin_memset(p, 0, size_ * sizeof(float));
        return p;
    }
    void add_up() const {
        if (threads_ == 1) return;
        in_parallel(threads_, [&](int thread) {
            const int64_t begin = size_ * thread / threads_, end = size_ * (thread + 1) / threads_;
            for (int other = 0; other + 1 < threads_; ++other)
                for (int64_t i = begin; i < end; ++i) result_[i] += others_[size_ * other + i];
        });
    }

  private:
    float *result_, *others_;
    int64_t size_;
    int threads_;
};

}  // namespace hezsp
