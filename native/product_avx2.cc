// Matrix products by avx2 and fma instructions. See target.h for what may be included where.
#include "product.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX2)
#include "product_kernel.h"

namespace layerwise {
extern const ProductKernel<double> dProductAvx2 = product<double, 4, 4>;
extern const ProductKernel<float> sProductAvx2 = product<float, 8, 4>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
