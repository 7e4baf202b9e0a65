// AVX2 by attribute, not by a compiler option: nothing but the kernels uses it, so that other processors load the module.
#include "tasks.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace hezsp {
namespace avx2 {
#define LANES 8
#define SET_NAME "avx2"
#include "kernels.hpp"
}  // namespace avx2
}  // namespace hezsp

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace hezsp {
const Kernels* avx2_kernels() { return &avx2::kernels; }
}  // namespace hezsp
#else
namespace hezsp {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace hezsp
#endif
