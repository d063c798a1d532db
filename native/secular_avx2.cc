// The secular equation by avx2 instructions. See target.h for what may be included where.
#include "secular.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX2)
#include "secular_kernel.h"

namespace layerwise {
extern const SecularEigen secularAvx2 = solveSecular<4>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
