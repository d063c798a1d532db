// The secular equation by avx512 instructions. No header of the standard library is included under the wider target: its
// inline functions must not be compiled for it.
#include "secular.h"
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,fma")
#endif
#include "secular_kernel.h"

namespace layerwise {
extern const SecularEigen secularAvx512 = solveSecular<8>;
}  // namespace layerwise
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
