// Cuppen's method as stabilised by Gu and Eisenstat (SIAM J. Matrix Anal. Appl. 16, 1995), the method of LAPACK's stedc. That spends half
// of its time on secular equations, one division at a time; here they are solved in vector registers (and always in double precision).
#include "tridiagonal.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "blas.h"
#include "lapack_detail.h"
#include "secular.h"

namespace layerwise {
namespace {

constexpr int kLeaf = 16;  // below, implicit QL is quicker

int paddedLength(int n) { return (n + kSecularLanes - 1) / kSecularLanes * kSecularLanes; }

/// Which half of its block an eigenvector occupies.
enum Half : char { Top, Both, Bottom };

template <typename T> class Divided {
 public:
  Divided(int n, T* d, T* e, T* q, int ldq, int* order)
      : values_(scratch_.take<double>(n)), d_(d), e_(e), q_(q), ld_(ldq), order_(order),
        z_(scratch_.take<double>(n)), rows_(scratch_.take<T>(static_cast<int64_t>(n) * n)),
        inner_(scratch_.take<double>(static_cast<int64_t>(n) * paddedLength(n))),
        sorted_(scratch_.take<int>(n)), kept_(scratch_.take<int>(n)), deflated_(scratch_.take<int>(n)), place_(scratch_.take<int>(n)),
        half_(scratch_.take<Half>(n)) {
    const int padded = paddedLength(n);
    if constexpr (std::is_same_v<T, double>) vectors_ = inner_;
    else vectors_ = scratch_.take<T>(static_cast<int64_t>(n) * paddedLength(n));
    for (double** vector : {&poles_, &weights_, &squares_, &roots_, &product_, &row_}) *vector = scratch_.take<double>(padded);
  }

  const double* values() const { return values_; }

  /// The eigenproblem of the block of n rows from `first` on; off-diagonals at its splits are taken out beforehand, on the way down.
  void solve(int first, int n) {
    if (n <= kLeaf) return leaf(first, n);
    const int upper = n / 2, middle = first + upper;
    const T beta = e_[middle - 1];
    d_[middle - 1] -= std::abs(beta);
    d_[middle] -= std::abs(beta);
    solve(first, upper);
    solve(middle, n - upper);
    merge(first, upper, n - upper, beta);
  }

 private:
  void leaf(int first, int n) {
    int info = 0;
    const int stride = static_cast<int>(ld_);
    Workspace scratch;
    Lapack<T>::steqr("I", &n, d_ + first, e_ + first, q_ + first * (ld_ + 1), &stride, scratch.take<T>(2 * n), &info, 1);
    if (info != 0) throw NumericalError("ERR_NO_CONVERGENCE", "the eigenvalues did not converge (info " + std::to_string(info) + ")");
    for (int i = 0; i < n; ++i) {
      values_[first + i] = d_[first + i];
      order_[first + i] = i;
    }
  }

  /// Two solved blocks of n1 and n2 rows, coupled by β: diag(values) + |β|·v·vᵀ in their eigenbasis.
  void merge(int first, int n1, int n2, T beta) {
    const int n = n1 + n2;
    T* const q = q_ + first * (ld_ + 1);
    double* const d = values_ + first;
    int* const order = order_ + first;

    // v = (0, …, 1, ±1, …, 0)/√2 in the eigenbasis.
    const double rho = 2 * std::abs(static_cast<double>(beta)), half = std::sqrt(0.5);
    double largest = 0, largestZ = 0;
    for (int i = 0; i < n; ++i) {
      z_[i] = half * (i < n1 ? q[i * ld_ + n1 - 1] : beta < 0 ? -q[i * ld_ + n1] : q[i * ld_ + n1]);
      half_[i] = i < n1 ? Top : Bottom;
      largest = std::max(largest, std::abs(d[i]));
      largestZ = std::max(largestZ, std::abs(z_[i]));
    }
    for (int i = n1; i < n; ++i) order[i] += n1;
    std::merge(order, order + n1, order + n1, order + n, sorted_, [d](int a, int b) { return d[a] < d[b]; });
    const double tolerance = 4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::max(largest, largestZ);
    if (rho * largestZ <= tolerance) {
      std::copy(sorted_, sorted_ + n, order);
      return;
    }

    const auto [k, lost] = deflate(n, rho, tolerance, q, d);

    // The kept eigenvectors, grouped by the half they occupy, so that each half is one product.
    int count[3] = {0, 0, 0};
    for (int i = 0; i < k; ++i) ++count[half_[kept_[i]]];
    int next[3] = {0, count[Top], count[Top] + count[Both]};
    const int tops = count[Top] + count[Both], bottoms = count[Both] + count[Bottom];
    T *const top = rows_, *const bottom = top + static_cast<int64_t>(tops) * n1, *const others = bottom + static_cast<int64_t>(bottoms) * n2;
    for (int i = 0; i < k; ++i) {
      const T* row = q + kept_[i] * ld_;
      const Half where = half_[kept_[i]];
      const int64_t place = place_[i] = next[where]++;
      if (where != Bottom) std::copy(row, row + n1, top + place * n1);
      if (where != Top) std::copy(row + n1, row + n, bottom + (place - count[Top]) * n2);
    }
    for (int64_t i = 0; i < lost; ++i) std::copy(q + deflated_[i] * ld_, q + deflated_[i] * ld_ + n, others + i * n);

    secular(k, rho, d);
    const int padded = paddedLength(k), ldq = static_cast<int>(ld_);
    gemm<T>(false, false, k, n1, tops, 1, vectors_, padded, top, n1, 0, q, ldq);
    gemm<T>(false, false, k, n2, bottoms, 1, vectors_ + count[Top], padded, bottom, n2, 0, q + n1, ldq);
    for (int64_t i = 0; i < lost; ++i) std::copy(others + i * n, others + (i + 1) * n, q + (k + i) * ld_);

    for (int i = 0; i < lost; ++i) row_[i] = d[deflated_[i]];
    std::copy(row_, row_ + lost, d + k);
    std::copy(roots_, roots_ + k, d);
    for (int i = 0; i < n; ++i) sorted_[i] = i;
    const auto less = [d](int a, int b) { return d[a] < d[b]; };
    std::sort(sorted_ + k, sorted_ + n, less);
    std::merge(sorted_, sorted_ + k, sorted_ + k, sorted_ + n, order, less);
  }

  struct Split {
    int kept, lost;
  };
  /// Sets aside eigenpairs that the coupling does not touch, and one of every two whose values agree, after rotating them.
  Split deflate(int n, double rho, double tolerance, T* q, double* d) {
    int k = 0, lost = 0, before = -1;
    for (int i = 0; i < n; ++i) {
      const int j = sorted_[i];
      if (rho * std::abs(z_[j]) <= tolerance) {
        deflated_[lost++] = j;
        continue;
      }
      if (before >= 0) {
        // std::hypot would need glibc 2.35; neither component is negligible, so that squares are safe.
        const double length = std::sqrt(z_[j] * z_[j] + z_[before] * z_[before]), c = z_[j] / length, s = -z_[before] / length;
        if (std::abs((d[j] - d[before]) * c * s) <= tolerance) {
          z_[j] = length;
          if (half_[j] != half_[before]) half_[j] = Both;
          Blas<T>::rot(n, q + before * ld_, 1, q + j * ld_, 1, static_cast<T>(c), static_cast<T>(s));
          const double low = d[before] * c * c + d[j] * s * s;
          d[j] = d[before] * s * s + d[j] * c * c;
          d[before] = low;
          deflated_[lost++] = before;
        } else {
          kept_[k++] = before;
        }
      }
      before = j;
    }
    kept_[k++] = before;
    return {k, lost};
  }

  /// The eigenproblem of the kept poles: values into roots_, vectors, in the order of place_, into the rows of vectors_.
  void secular(int k, double rho, const double* d) {
    const int padded = paddedLength(k);
    if (k == 1) {
      roots_[0] = d[kept_[0]] + rho * z_[kept_[0]] * z_[kept_[0]];
      vectors_[0] = 1;
      return;
    }
    for (int i = 0; i < padded; ++i) {
      poles_[i] = i < k ? d[kept_[i]] : std::numeric_limits<double>::infinity();
      weights_[i] = i < k ? z_[kept_[i]] : 0;
      squares_[i] = weights_[i] * weights_[i];
    }
    secularEigen()(k, padded, poles_, weights_, squares_, rho, roots_, inner_, product_);
    for (int64_t j = 0; j < k; ++j) {
      std::copy(inner_ + j * padded, inner_ + j * padded + k, row_);
      for (int i = 0; i < k; ++i) vectors_[j * padded + place_[i]] = static_cast<T>(row_[i]);
    }
  }

  Workspace scratch_;
  double* values_;
  T *d_, *e_, *q_;
  int64_t ld_;
  int* order_;
  double* z_;
  T* rows_;
  double* inner_;  // of one merge: differences dⱼ − λ, then eigenvectors
  T* vectors_;     // these as T
  int *sorted_, *kept_, *deflated_, *place_;
  Half* half_;
  double *poles_, *weights_, *squares_, *roots_, *product_, *row_;
};

}  // namespace

template <typename T> void tridiagonalEigen(int n, T* d, T* e, T* w, T* q, int ldq, int* order) {
  for (int64_t i = 0; i < n; ++i) std::fill_n(q + i * ldq, n, T(0));
  // Tolerances are for a largest element near 1.
  T largest = 0;
  for (int i = 0; i < n; ++i) largest = std::max({largest, std::abs(d[i]), i < n - 1 ? std::abs(e[i]) : T(0)});
  const T scale = largest > 0 ? std::ldexp(T(1), -std::ilogb(largest)) : T(1);
  for (int i = 0; i < n; ++i) d[i] *= scale;
  for (int i = 0; i < n - 1; ++i) e[i] *= scale;
  Divided<T> divided(n, d, e, q, ldq, order);
  divided.solve(0, n);
  for (int i = 0; i < n; ++i) w[i] = static_cast<T>(divided.values()[order[i]] / scale);
}

template void tridiagonalEigen<double>(int, double*, double*, double*, double*, int, int*);
template void tridiagonalEigen<float>(int, float*, float*, float*, float*, int, int*);

}  // namespace layerwise
