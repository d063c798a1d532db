// Matrix products by avx512f instructions. See target.h for what may be included where.
#include "product.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX512)
#include "product_kernel.h"

namespace layerwise {
extern const ProductKernel<double> dProductAvx512 = product<double, 8, 8>;
extern const ProductKernel<float> sProductAvx512 = product<float, 16, 8>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
