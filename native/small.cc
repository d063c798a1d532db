#include "small.h"

#include "small_kernel.h"
#include "target.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SmallGemm<double> dSmallAvx2, dSmallAvx512;
extern const SmallGemm<float> sSmallAvx2, sSmallAvx512;
#endif

template <> SmallGemm<double> smallGemm<double>() { return LAYERWISE_BY_INSTRUCTIONS((multiplySmall<double, 2>), dSmallAvx2, dSmallAvx512); }
template <> SmallGemm<float> smallGemm<float>() { return LAYERWISE_BY_INSTRUCTIONS((multiplySmall<float, 4>), sSmallAvx2, sSmallAvx512); }

}  // namespace layerwise
