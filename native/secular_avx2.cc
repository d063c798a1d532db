// The secular equation by avx2 instructions. No header of the standard library is included under the wider target: its
// inline functions must not be compiled for it.
#include "secular.h"
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#include "secular_kernel.h"

namespace layerwise {
extern const SecularEigen secularAvx2 = solveSecular<4>;
}  // namespace layerwise
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
