#include "triangular.h"

#include "target.h"
#include "triangular_kernel.h"
#include "workspace.h"

namespace layerwise {

#if defined(__x86_64__)
extern const SolveKernel<double> dSolveAvx2, dSolveAvx512;
extern const SolveKernel<float> sSolveAvx2, sSolveAvx512;
#endif

namespace {

template <typename T> SolveKernel<T> kernel();
template <> SolveKernel<double> kernel() { return LAYERWISE_BY_INSTRUCTIONS((substitute<double, 2>), dSolveAvx2, dSolveAvx512); }
template <> SolveKernel<float> kernel() { return LAYERWISE_BY_INSTRUCTIONS((substitute<float, 4>), sSolveAvx2, sSolveAvx512); }

template <typename T> void byHalves(const TriangularSystem<T>& p, SolveKernel<T> leaf, T* room) {
  const int order = p.left ? p.m : p.n;
  if (order <= kTriangle) return leaf(p, room);
  // The system of one half is solved first; the other's right-hand side is what that leaves.
  const int h = half(order), rest = order - h;
  const bool down = p.left == p.lower;
  const Strided<T> corner{p.a.data + h * (p.a.row + p.a.col), p.a.row, p.a.col};
  const Strided<T> coupling{p.a.data + h * (p.lower ? p.a.row : p.a.col), p.a.row, p.a.col};
  T* const second = p.b + (p.left ? h * p.ldb : h);
  const TriangularSystem<T> upper{p.left, p.lower, p.unit, p.left ? h : p.m, p.left ? p.n : h, p.a, p.b, p.ldb};
  const TriangularSystem<T> below{p.left, p.lower, p.unit, p.left ? rest : p.m, p.left ? p.n : rest, corner, second, p.ldb};
  byHalves(down ? upper : below, leaf, room);
  const Strided<T> solved{down ? p.b : second, p.ldb, 1};
  T* const other = down ? second : p.b;
  const int solvedSize = down ? h : rest, otherSize = down ? rest : h;
  if (p.left) multiply<T>({Part::Whole, otherSize, p.n, solvedSize, T(-1), coupling, solved, T(1), other, p.ldb});
  else multiply<T>({Part::Whole, p.m, otherSize, solvedSize, T(-1), solved, coupling, T(1), other, p.ldb});
  byHalves(down ? below : upper, leaf, room);
}

}  // namespace

template <typename T> void solveTriangular(const TriangularSystem<T>& p) {
  Workspace scratch;
  byHalves(p, kernel<T>(), p.left ? nullptr : scratch.take<T>(static_cast<int64_t>(kTriangle) * kSubstituted<T>));
}
template void solveTriangular(const TriangularSystem<double>&);
template void solveTriangular(const TriangularSystem<float>&);

}  // namespace layerwise
