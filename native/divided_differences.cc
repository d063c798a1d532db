#include "divided_differences.h"

#include "divided_differences_kernel.h"
#include "target.h"

namespace layerwise {

#if defined(__x86_64__)
extern const DividedDifferences<double> dDifferencesAvx2, dDifferencesAvx512;
extern const DividedDifferences<float> sDifferencesAvx2, sDifferencesAvx512;
#endif

template <> const DividedDifferences<double>& dividedDifferences() {
  return LAYERWISE_BY_INSTRUCTIONS(kKernel<double>, dDifferencesAvx2, dDifferencesAvx512);
}
template <> const DividedDifferences<float>& dividedDifferences() {
  return LAYERWISE_BY_INSTRUCTIONS(kKernel<float>, sDifferencesAvx2, sDifferencesAvx512);
}

}  // namespace layerwise
