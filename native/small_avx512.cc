// Small products by avx512f instructions. See target.h for what may be included where.
#include "small.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX512)
#include "small_kernel.h"

namespace layerwise {
extern const SmallGemm<double> dSmallAvx512 = multiplySmall<double, 8>;
extern const SmallGemm<float> sSmallAvx512 = multiplySmall<float, 16>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
