#include "divided_differences.h"

#include "divided_differences_kernel.h"

namespace layerwise {

#if defined(__x86_64__)
extern const DividedDifferences<double> dDifferencesAvx2, dDifferencesAvx512;
extern const DividedDifferences<float> sDifferencesAvx2, sDifferencesAvx512;

namespace {
template <typename T> const DividedDifferences<T>& choose(const DividedDifferences<T>& avx512, const DividedDifferences<T>& avx2) {
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) return avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2 : kKernel<T>;
}
}  // namespace

template <> const DividedDifferences<double>& dividedDifferences() {
  static const auto& chosen = choose(dDifferencesAvx512, dDifferencesAvx2);
  return chosen;
}
template <> const DividedDifferences<float>& dividedDifferences() {
  static const auto& chosen = choose(sDifferencesAvx512, sDifferencesAvx2);
  return chosen;
}
#else
template <> const DividedDifferences<double>& dividedDifferences() { return kKernel<double>; }
template <> const DividedDifferences<float>& dividedDifferences() { return kKernel<float>; }
#endif

}  // namespace layerwise
