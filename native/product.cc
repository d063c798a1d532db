#include "product.h"

#include <cblas.h>

#include <algorithm>

#include "product_kernel.h"
#include "target.h"
#include "workspace.h"

namespace layerwise {

#if defined(__x86_64__)
extern const ProductKernel<double> dProductAvx2, dProductAvx512;
extern const ProductKernel<float> sProductAvx2, sProductAvx512;
#endif

namespace {

template <typename T> ProductKernel<T> kernel();
template <> ProductKernel<double> kernel() { return LAYERWISE_BY_INSTRUCTIONS((product<double, 2, 4>), dProductAvx2, dProductAvx512); }
template <> ProductKernel<float> kernel() { return LAYERWISE_BY_INSTRUCTIONS((product<float, 4, 4>), sProductAvx2, sProductAvx512); }

}  // namespace

template <typename T> void multiply(const Product<T>& p) {
  if (!copies(p)) return kernel<T>()(p, nullptr);
  Workspace scratch;
  const int64_t depth = std::min(p.k, kBlockDepth<T>), width = std::min(p.n, kBlockWidth<T>) + 64 / static_cast<int>(sizeof(T));
  kernel<T>()(p, scratch.take<T>(depth * width));
}
template void multiply(const Product<double>&);
template void multiply(const Product<float>&);

bool multiplies(int m, int n, int k) {
  if (m <= kSmallest && n <= kSmallest && k <= kSmallest) return true;
  if (instructions() == Instructions::Portable) return false;
  constexpr double kAlone = 128.0 * 128 * 128;  // below, threads gain nothing
  return openblas_get_num_threads() == 1 || static_cast<double>(m) * n * k <= kAlone;
}

}  // namespace layerwise
