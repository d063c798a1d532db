// The secular equation by avx512 instructions. See target.h for what may be included where.
#include "secular.h"
#include "target.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX512)
#include "secular_kernel.h"

namespace layerwise {
extern const SecularEigen secularAvx512 = solveSecular<8>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
