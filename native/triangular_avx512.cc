// Triangular systems by avx512f instructions. See target.h for what may be included where.
#include "target.h"
#include "triangular.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX512)
#include "triangular_kernel.h"

namespace layerwise {
extern const SolveKernel<double> dSolveAvx512 = substitute<double, 8>;
extern const SolveKernel<float> sSolveAvx512 = substitute<float, 16>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
