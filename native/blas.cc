#include "blas.h"

#include <cstring>

namespace layerwise {

bool hasSmallKernels() {
  static const bool answer = [] {
    const char* core = openblas_get_corename();
    for (const char* name : {"SkylakeX", "Cooperlake", "SapphireRapids"})
      if (std::strcmp(core, name) == 0) return true;
    return false;
  }();
  return answer;
}

}  // namespace layerwise
