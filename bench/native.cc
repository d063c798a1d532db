// The routines that blas.ts calls through JavaScript, called from C++. Protocol: a line "routine n precision milliseconds clock" in,
// nanoseconds per call out; precision d or s, clock cpu or wall.
#include <cblas.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

extern "C" {
void dsyevd_(const char*, const char*, const int*, double*, const int*, double*, double*, const int*, int*, const int*, int*, size_t, size_t);
void ssyevd_(const char*, const char*, const int*, float*, const int*, float*, float*, const int*, int*, const int*, int*, size_t, size_t);
void dpotrf_(const char*, const int*, double*, const int*, int*, size_t);
void spotrf_(const char*, const int*, float*, const int*, int*, size_t);
}

namespace {

template <typename T> struct Routines;
template <> struct Routines<double> {
  static constexpr auto gemm = cblas_dgemm;
  static constexpr auto syrk = cblas_dsyrk;
  static constexpr auto syevd = dsyevd_;
  static constexpr auto potrf = dpotrf_;
};
template <> struct Routines<float> {
  static constexpr auto gemm = cblas_sgemm;
  static constexpr auto syrk = cblas_ssyrk;
  static constexpr auto syevd = ssyevd_;
  static constexpr auto potrf = spotrf_;
};

/// One call, on memory that is kept.
template <typename T> std::function<void()> prepare(const std::string& routine, int n) {
  using R = Routines<T>;
  const size_t size = static_cast<size_t>(n) * n;
  std::vector<T> a(size), b(size), c(size);
  unsigned state = 1;
  for (T& x : a) x = T(state = state * 1664525u + 1013904223u) / T(4294967296.0) - T(0.5);
  for (T& x : b) x = T(state = state * 1664525u + 1013904223u) / T(4294967296.0) - T(0.5);
  if (routine == "gemm")
    return [=]() mutable { R::gemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n); };
  if (routine == "syrk") return [=]() mutable { R::syrk(CblasRowMajor, CblasLower, CblasNoTrans, n, n, 1, a.data(), n, 0, c.data(), n); };
  // A symmetric positive definite matrix.
  R::syrk(CblasRowMajor, CblasLower, CblasNoTrans, n, n, 1, a.data(), n, 0, c.data(), n);
  for (int i = 0; i < n; ++i) {
    c[static_cast<size_t>(i) * n + i] += 1;
    for (int j = 0; j < i; ++j) c[static_cast<size_t>(j) * n + i] = c[static_cast<size_t>(i) * n + j];
  }
  if (routine == "cholesky")
    return [=]() mutable {
      a = c;
      int info;
      R::potrf("U", &n, a.data(), &n, &info, 1);
    };
  if (routine == "eigh") {
    T size1;
    int size2, ask = -1, info;
    std::vector<T> values(n);
    R::syevd("V", "U", &n, a.data(), &n, values.data(), &size1, &ask, &size2, &ask, &info, 1, 1);
    const int lwork = static_cast<int>(size1) + 1, liwork = size2;
    std::vector<T> work(lwork);
    std::vector<int> iwork(liwork);
    return [=]() mutable {
      a = c;
      R::syevd("V", "U", &n, a.data(), &n, values.data(), work.data(), &lwork, iwork.data(), &liwork, &info, 1, 1);
    };
  }
  return nullptr;
}

double now(bool wall) {
  if (wall) return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e3 * t.tv_sec + t.tv_nsec / 1e6;
}

struct Call {
  std::function<void()> run;
  long count = 0;
};

double milliseconds(const Call& call, bool wall) {
  const double start = now(wall);
  for (long i = 0; i < call.count; ++i) call.run();
  return now(wall) - start;
}

}  // namespace

int main() {
  std::map<std::string, Call> calls;
  std::string routine, precision, clock;
  int n;
  double budget;
  while (std::cin >> routine >> n >> precision >> budget >> clock) {
    const bool wall = clock == "wall";
    Call& call = calls[routine + precision + std::to_string(n) + clock];
    if (!call.run) {
      call.run = precision == "d" ? prepare<double>(routine, n) : prepare<float>(routine, n);
      if (!call.run) return 1;
      call.run();
      call.count = 1;
      for (double ms = milliseconds(call, wall); ms < budget / 2; ms = milliseconds(call, wall))
        call.count *= static_cast<long>(std::min(10.0, std::max(2.0, budget / std::max(ms, 1e-3))));
    }
    std::cout << 1e6 * milliseconds(call, wall) / call.count << std::endl;
  }
}
