#include "secular.h"

#include "instructions.h"
#include "secular_kernel.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SecularEigen secularAvx2, secularAvx512;
#endif

SecularEigen secularEigen() {
#if defined(__x86_64__)
  if (instructions() == Instructions::Avx512) return secularAvx512;
  if (instructions() == Instructions::Avx2) return secularAvx2;
#endif
  return solveSecular<2>;
}

}  // namespace layerwise
