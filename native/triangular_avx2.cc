// Triangular systems by avx2 and fma instructions. See target.h for what may be included where.
#include "target.h"
#include "triangular.h"
#if defined(__x86_64__)
LAYERWISE_TARGET(LAYERWISE_AVX2)
#include "triangular_kernel.h"

namespace layerwise {
extern const SolveKernel<double> dSolveAvx2 = substitute<double, 4>;
extern const SolveKernel<float> sSolveAvx2 = substitute<float, 8>;
}  // namespace layerwise
LAYERWISE_TARGET_END
#endif
