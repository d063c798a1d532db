// Small products by avx512f instructions. No header of the standard library is included under the wider target: its
// inline functions must not be compiled for it.
#include "small.h"
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,fma")
#endif
#include "small_kernel.h"

namespace layerwise {
extern const SmallGemm<double> dSmallAvx512 = multiplySmall<double, 8>;
extern const SmallGemm<float> sSmallAvx512 = multiplySmall<float, 16>;
}  // namespace layerwise
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
