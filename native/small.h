// The product of small matrices, where OpenBLAS spends more time on deciding than on multiplying.
#pragma once

#include <cstddef>

namespace layerwise {

/// The largest dimension of a small product.
constexpr int kSmallest = 32;

template <typename T>
using SmallGemm = void (*)(bool transA, bool transB, int m, int n, int k, T alpha, const T* a, ptrdiff_t lda, const T* b, ptrdiff_t ldb, T beta, T* c, ptrdiff_t ldc);

/// C ← α·op(A)·op(B) + β·C for dimensions up to kSmallest, by the widest instructions of this CPU.
template <typename T> SmallGemm<T> smallGemm();

}  // namespace layerwise
