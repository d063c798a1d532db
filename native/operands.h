// Under AddressSanitizer the operands of level-3 products are looked at before OpenBLAS, which is not instrumented, gets them: a wrong
// dimension or stride is reported as if this code had read what OpenBLAS would. Otherwise nothing.
#pragma once

#include <cblas.h>

#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

namespace layerwise {

/// Reads a byte that may not be read, if the matrix has one.
template <typename T> void touch(int rows, int cols, const T* a, int ld) {
  for (int64_t i = 0; i < rows && cols > 0; ++i) {
    T* row = const_cast<T*>(a + i * ld);
    if (void* poisoned = __asan_region_is_poisoned(row, static_cast<size_t>(cols) * sizeof(T))) static_cast<void>(*static_cast<volatile char*>(poisoned));
  }
}

/// The routines of Base, Blas<T>, with a look at their operands; all row-major.
template <typename Base, typename T> struct Looked : Base {
  static void gemm(CBLAS_ORDER order, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
    const bool transA = ta == CblasTrans, transB = tb == CblasTrans;
    touch(transA ? k : m, transA ? m : k, a, lda);
    touch(transB ? n : k, transB ? k : n, b, ldb);
    touch(m, n, c, ldc);
    Base::gemm(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }
  static void syrk(CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, int n, int k, T alpha, const T* a, int lda, T beta, T* c, int ldc) {
    touch(t == CblasTrans ? k : n, t == CblasTrans ? n : k, a, lda);
    touch(n, n, c, ldc);
    Base::syrk(order, uplo, t, n, k, alpha, a, lda, beta, c, ldc);
  }
  static void syr2k(CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
    touch(t == CblasTrans ? k : n, t == CblasTrans ? n : k, a, lda);
    touch(t == CblasTrans ? k : n, t == CblasTrans ? n : k, b, ldb);
    touch(n, n, c, ldc);
    Base::syr2k(order, uplo, t, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }
  static void symm(CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, int m, int n, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
    const int size = side == CblasLeft ? m : n;
    touch(size, size, a, lda);
    touch(m, n, b, ldb);
    touch(m, n, c, ldc);
    Base::symm(order, side, uplo, m, n, alpha, a, lda, b, ldb, beta, c, ldc);
  }
  static void trmm(CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, CBLAS_DIAG diag, int m, int n, T alpha, const T* a, int lda, T* b, int ldb) {
    const int size = side == CblasLeft ? m : n;
    touch(size, size, a, lda);
    touch(m, n, b, ldb);
    Base::trmm(order, side, uplo, t, diag, m, n, alpha, a, lda, b, ldb);
  }
  static void trsm(CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, CBLAS_DIAG diag, int m, int n, T alpha, const T* a, int lda, T* b, int ldb) {
    const int size = side == CblasLeft ? m : n;
    touch(size, size, a, lda);
    touch(m, n, b, ldb);
    Base::trsm(order, side, uplo, t, diag, m, n, alpha, a, lda, b, ldb);
  }
};

}  // namespace layerwise
#endif
