#include "product.h"

#include <algorithm>

#include "parallel.h"
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

/// Elements of the copy of a block of B.
template <typename T> int64_t room(const Product<T>& p) {
  return copies(p) ? static_cast<int64_t>(std::min(p.k, kBlockDepth<T>)) * (std::min(p.n, kBlockWidth<T>) + 64 / static_cast<int>(sizeof(T))) : 0;
}

/// Columns [from, to) of a product, or its rows.
template <typename T> Product<T> stripe(Product<T> p, bool columns, int from, int to) {
  if (columns) p.b.data += from * p.b.col, p.c += from, p.n = to - from, p.above += from;
  else p.a.data += from * p.a.row, p.c += from * p.ldc, p.m = to - from, p.above -= from;
  return p;
}

/// By stripes of the longer side, more than there are threads: they need not take equally long.
template <typename T> void onThreads(const Product<T>& p, int threads, bool wakes) {
  const bool columns = p.n >= p.m;
  const int side = columns ? p.n : p.m, unit = 48;
  const int width = std::max(unit, (side / (4 * threads) + unit - 1) / unit * unit), parts = (side - 1) / width + 1;
  const auto part = [&](int i) { return stripe(p, columns, i * width, side - i * width < width ? side : (i + 1) * width); };
  int64_t most = 0;
  for (int i = 0; i < parts; ++i) most = std::max(most, room(part(i)));
  Workspace scratch;
  T* const rooms = scratch.take<T>(most * parts);
  parallel(parts, threads, wakes, [&, run = kernel<T>()](int i) {
    const Product<T> own = part(i);
    run(own, copies(own) ? rooms + most * i : nullptr);
  });
}

}  // namespace

template <typename T> void multiply(const Product<T>& p) {
  // Below the first, handing a part to a thread costs more than it gains; below the second, waking one.
  constexpr double kShared = 110.0 * 110 * 110, kWakes = 200.0 * 200 * 200;
  if (const double work = static_cast<double>(p.m) * p.n * p.k; work >= kShared) {
    if (const int threads = threadCount(); threads > 1) return onThreads(p, threads, work >= kWakes);
  }
  if (!copies(p)) return kernel<T>()(p, nullptr);
  Workspace scratch;
  kernel<T>()(p, scratch.take<T>(room(p)));
}
template void multiply(const Product<double>&);
template void multiply(const Product<float>&);

bool multiplies(int m, int n, int k) {
  return instructions() != Instructions::Portable || (m <= kSmallest && n <= kSmallest && k <= kSmallest);
}

}  // namespace layerwise
