// The kernels by avx512 instructions. See target.h for what may be included where.
#include "divided_differences.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX512)
#include "divided_differences_kernel.h"

namespace layerwise {
extern const DividedDifferences<double> dDifferencesAvx512 = kKernel<double>;
extern const DividedDifferences<float> sDifferencesAvx512 = kKernel<float>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
