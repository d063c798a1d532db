// LAPACK's Fortran symbols (column-major, 32-bit integers), as Lapack<T>::routine. gfortran passes the length of
// every character argument, by value, after the others.
#pragma once

#include <cstddef>

#define LAYERWISE_LAPACK(T, p)                                                                                              \
  void p##syevd_(const char* jobz, const char* uplo, const int* n, T* a, const int* lda, T* w, T* work, const int* lwork,  \
                 int* iwork, const int* liwork, int* info, size_t, size_t);                                                 \
  void p##potrf_(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);                                  \
  void p##potri_(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);                                  \
  void p##gelqf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);           \
  void p##orglq_(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work, const int* lwork,  \
                 int* info);                                                                                                \
  void p##gesdd_(const char* jobz, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt,    \
                 const int* ldvt, T* work, const int* lwork, int* iwork, int* info, size_t);

extern "C" {
LAYERWISE_LAPACK(double, d)
LAYERWISE_LAPACK(float, s)
}

namespace layerwise {

template <typename T> struct Lapack;

#define LAYERWISE_LAPACK_TABLE(T, p)              \
  template <> struct Lapack<T> {                  \
    static constexpr auto syevd = p##syevd_;      \
    static constexpr auto potrf = p##potrf_;      \
    static constexpr auto potri = p##potri_;      \
    static constexpr auto gelqf = p##gelqf_;      \
    static constexpr auto orglq = p##orglq_;      \
    static constexpr auto gesdd = p##gesdd_;      \
  };
LAYERWISE_LAPACK_TABLE(double, d)
LAYERWISE_LAPACK_TABLE(float, s)
#undef LAYERWISE_LAPACK_TABLE
#undef LAYERWISE_LAPACK

}  // namespace layerwise
