// Small products by avx2 instructions. See target.h for what may be included where.
#include "small.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX2)
#include "small_kernel.h"

namespace layerwise {
extern const SmallGemm<double> dSmallAvx2 = multiplySmall<double, 4>;
extern const SmallGemm<float> sSmallAvx2 = multiplySmall<float, 8>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
