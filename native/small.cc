#include "small.h"

#include "instructions.h"
#include "small_kernel.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SmallGemm<double> dSmallAvx2, dSmallAvx512;
extern const SmallGemm<float> sSmallAvx2, sSmallAvx512;
#endif

template <> SmallGemm<double> smallGemm<double>() {
#if defined(__x86_64__)
  if (instructions() == Instructions::Avx512) return dSmallAvx512;
  if (instructions() == Instructions::Avx2) return dSmallAvx2;
#endif
  return multiplySmall<double, 2>;
}

template <> SmallGemm<float> smallGemm<float>() {
#if defined(__x86_64__)
  if (instructions() == Instructions::Avx512) return sSmallAvx512;
  if (instructions() == Instructions::Avx2) return sSmallAvx2;
#endif
  return multiplySmall<float, 4>;
}

}  // namespace layerwise
