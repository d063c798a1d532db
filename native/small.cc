#include "small.h"

#include "small_kernel.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SmallGemm<double> dSmallAvx2, dSmallAvx512;
extern const SmallGemm<float> sSmallAvx2, sSmallAvx512;
#endif

template <> SmallGemm<double> smallGemm<double>() {
#if defined(__x86_64__)
  static const SmallGemm<double> chosen = __builtin_cpu_supports("avx512vl")                              ? dSmallAvx512
                                          : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? dSmallAvx2
                                                                                                           : multiplySmall<double, 2>;
  return chosen;
#else
  return multiplySmall<double, 2>;
#endif
}

template <> SmallGemm<float> smallGemm<float>() {
#if defined(__x86_64__)
  static const SmallGemm<float> chosen = __builtin_cpu_supports("avx512vl")                              ? sSmallAvx512
                                         : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? sSmallAvx2
                                                                                                          : multiplySmall<float, 4>;
  return chosen;
#else
  return multiplySmall<float, 4>;
#endif
}

}  // namespace layerwise
