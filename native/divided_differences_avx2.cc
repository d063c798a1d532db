// The kernels by avx2 instructions. No header of the standard library is included under the wider target.
#include "divided_differences.h"
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#include "divided_differences_kernel.h"

namespace layerwise {
extern const DividedDifferences<double> dDifferencesAvx2 = kKernel<double>;
extern const DividedDifferences<float> sDifferencesAvx2 = kKernel<float>;
}  // namespace layerwise
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
