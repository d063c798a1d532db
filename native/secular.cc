#include "secular.h"

#include "secular_kernel.h"
#include "target.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SecularEigen secularAvx2, secularAvx512;
#endif

SecularEigen secularEigen() { return LAYERWISE_BY_INSTRUCTIONS(solveSecular<2>, secularAvx2, secularAvx512); }

}  // namespace layerwise
