// LAPACK's Fortran symbols (column-major, 32-bit integers), as Lapack<T>::routine. gfortran passes the length of
// every character argument, by value, after the others.
#pragma once

#include <cstddef>

#define LAYERWISE_LAPACK(T, p)                                                                                              \
  void p##sytrd_(const char* uplo, const int* n, T* a, const int* lda, T* d, T* e, T* tau, T* work, const int* lwork,       \
                 int* info, size_t);                                                                                        \
  void p##larfg_(const int* n, T* alpha, T* x, const int* incx, T* tau);                                                     \
  void p##steqr_(const char* compz, const int* n, T* d, T* e, T* z, const int* ldz, T* work, int* info, size_t);            \
  void p##potrf_(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);                                  \
  void p##potri_(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);                                  \
  void p##pocon_(const char* uplo, const int* n, const T* a, const int* lda, const T* anorm, T* rcond, T* work, int* iwork, \
                 int* info, size_t);                                                                                        \
  void p##trtri_(const char* uplo, const char* diag, const int* n, T* a, const int* lda, int* info, size_t, size_t);        \
  void p##getrf_(const int* m, const int* n, T* a, const int* lda, int* ipiv, int* info);                                   \
  void p##gecon_(const char* norm, const int* n, const T* a, const int* lda, const T* anorm, T* rcond, T* work, int* iwork, \
                 int* info, size_t);                                                                                        \
  void p##geqrf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);           \
  void p##orgqr_(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work, const int* lwork,  \
                 int* info);                                                                                                \
  void p##ormlq_(const char* side, const char* trans, const int* m, const int* n, const int* k, const T* a,                 \
                 const int* lda, const T* tau, T* c, const int* ldc, T* work, const int* lwork, int* info, size_t, size_t); \
  void p##gesdd_(const char* jobz, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt,    \
                 const int* ldvt, T* work, const int* lwork, int* iwork, int* info, size_t);                                \
  void p##gelsd_(const int* m, const int* n, const int* nrhs, T* a, const int* lda, T* b, const int* ldb, T* s,             \
                 const T* rcond, int* rank, T* work, const int* lwork, int* iwork, int* info);

extern "C" {
LAYERWISE_LAPACK(double, d)
LAYERWISE_LAPACK(float, s)
}

namespace layerwise {

template <typename T> struct Lapack;

#define LAYERWISE_LAPACK_TABLE(T, p)         \
  template <> struct Lapack<T> {             \
    static constexpr auto sytrd = p##sytrd_; \
    static constexpr auto larfg = p##larfg_; \
    static constexpr auto steqr = p##steqr_; \
    static constexpr auto potrf = p##potrf_; \
    static constexpr auto potri = p##potri_; \
    static constexpr auto pocon = p##pocon_; \
    static constexpr auto trtri = p##trtri_; \
    static constexpr auto getrf = p##getrf_; \
    static constexpr auto gecon = p##gecon_; \
    static constexpr auto geqrf = p##geqrf_; \
    static constexpr auto orgqr = p##orgqr_; \
    static constexpr auto ormlq = p##ormlq_; \
    static constexpr auto gesdd = p##gesdd_; \
    static constexpr auto gelsd = p##gelsd_; \
  };
LAYERWISE_LAPACK_TABLE(double, d)
LAYERWISE_LAPACK_TABLE(float, s)
#undef LAYERWISE_LAPACK_TABLE
#undef LAYERWISE_LAPACK

}  // namespace layerwise
