// The BLAS underneath: what it is, how many threads it uses, and whether it computes correctly on this processor.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "args.h"
#include "blas.h"
#include "lapack.h"
#include "parallel.h"

extern "C" {
char* openblas_get_config(void);
char* openblas_get_corename(void);
int openblas_get_num_procs(void);
}

namespace layerwise {
namespace {

void set(napi_env env, napi_value object, const char* name, napi_value value) { napi_set_named_property(env, object, name, value); }

napi_value object(napi_env env) {
  napi_value out;
  napi_create_object(env, &out);
  return out;
}

napi_value blasInfo(Args& in) {
  const napi_value out = object(in.env);
  set(in.env, out, "config", in.result(std::string(openblas_get_config())));
  set(in.env, out, "coreType", in.result(std::string(openblas_get_corename())));
  set(in.env, out, "threads", in.result(threadCount()));
  set(in.env, out, "processors", in.result(openblas_get_num_procs()));
  return out;
}

// ---- Threads. There is one number for the process. While Node workers hold the addon it is 1, because W workers
// with T threads each fight for the processor; when the last one has gone, what was before is restored. A number the
// user has chosen, by setThreads or in the environment, is never touched.

struct Threads {
  std::mutex mutex;
  bool chosen = false;
  int workers = 0, before = 1;
};
Threads& threads() {
  static Threads* const state = new Threads;  // outlives every environment's cleanup
  return *state;
}

bool chosenByEnvironment() {
  for (const char* name : {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* value = std::getenv(name);
    if (value && std::atoi(value) > 0) return true;
  }
  return false;
}

napi_value setThreads(Args& in) {
  const int n = static_cast<int>(in.integer("threads", 1, 1024));
  std::lock_guard<std::mutex> lock(threads().mutex);
  threads().chosen = true;
  setThreadCount(n);
  return in.undefined();
}

napi_value getThreads(Args& in) { return in.result(threadCount()); }

void leaveWorker(void* token) {
  delete static_cast<char*>(token);
  std::lock_guard<std::mutex> lock(threads().mutex);
  if (--threads().workers == 0 && !threads().chosen) setThreadCount(threads().before);
}

napi_value enterWorker(Args& in) {
  std::lock_guard<std::mutex> lock(threads().mutex);
  if (threads().workers++ == 0) {
    threads().before = threadCount();
    if (!threads().chosen && !chosenByEnvironment()) setThreadCount(1);
  }
  napi_add_env_cleanup_hook(in.env, leaveWorker, new char);  // a token: Node aborts on the same hook twice
  return in.undefined();
}

// ---- Self-check: each routine against plain loops.

struct Check {
  const char* name;
  double error, limit;
};

/// Numbers in [-1, 1), the same everywhere, with more bits than either precision holds.
template <typename T> std::vector<T> numbers(int64_t count, uint32_t seed) {
  std::vector<T> out(static_cast<size_t>(count));
  for (T& x : out) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<T>(static_cast<int32_t>(seed) / 6442450944.0 * 3.0);
  }
  return out;
}

template <typename T> std::vector<T> transposed(int rows, int cols, const std::vector<T>& a) {
  std::vector<T> out(a.size());
  transpose(rows, cols, a.data(), cols, out.data(), rows);
  return out;
}

/// |x| in units of ε; NaN counts as infinite.
template <typename T> double units(double x) {
  return std::isnan(x) ? std::numeric_limits<double>::infinity() : std::abs(x) / static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// The largest error of C (m×n) as the product of A (m×k) and B (k×n), over every `step`-th row.
template <typename T>
double productError(int m, int n, int k, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& c, int step = 1) {
  double largest = 0;
  std::vector<double> row(static_cast<size_t>(n));
  for (int i = 0; i < m; i += step) {
    std::fill(row.begin(), row.end(), 0.0);
    for (int l = 0; l < k; ++l)
      for (int j = 0; j < n; ++j) row[j] += static_cast<double>(a[i * k + l]) * static_cast<double>(b[l * n + j]);
    for (int j = 0; j < n; ++j) largest = std::max(largest, units<T>(static_cast<double>(c[i * n + j]) - row[j]));
  }
  return largest;
}

/// Odd shapes for the kernels' edges, and one beyond the kernels for small matrices, in all four transpositions.
template <typename T> double gemmError(T fault) {
  double error = 0;
  for (const auto& [m, n, k] : {std::array{5, 3, 7}, std::array{37, 29, 45}, std::array{113, 107, 101}}) {
    const auto a = numbers<T>(m * k, 1), b = numbers<T>(k * n, 2);
    const auto at = transposed(m, k, a), bt = transposed(k, n, b);
    std::vector<T> first;
    for (int form = 0; form < 4; ++form) {
      const bool ta = form & 1, tb = form & 2;
      std::vector<T> c(static_cast<size_t>(m) * n);
      const T *left = ta ? at.data() : a.data(), *right = tb ? bt.data() : b.data();
      // OpenBLAS's own, by which LAPACK multiplies, and the addon's.
      Blas<T>::gemm(CblasRowMajor, transposition(ta), transposition(tb), m, n, k, 1, left, ta ? m : k, right, tb ? k : n, 0, c.data(), n);
      error = std::max(error, productError(m, n, k, a, b, c, m > 100 ? 28 : 1) / k);
      gemm<T>(ta, tb, m, n, k, 1, left, ta ? m : k, right, tb ? k : n, 0, c.data(), n);
      c[0] += fault;
      error = std::max(error, productError(m, n, k, a, b, c, m > 100 ? 28 : 1) / k);
      if (form == 0) first = c;
      for (size_t i = 0; i < c.size(); ++i) error = std::max(error, units<T>(static_cast<double>(c[i]) - static_cast<double>(first[i])) / k);
    }
  }
  return error;
}

template <typename T> double syrkError(T fault) {
  const int n = 45, k = 37;
  const auto a = numbers<T>(n * k, 3), at = transposed(n, k, a);
  double error = 0;
  for (const bool trans : {false, true}) {
    std::vector<T> c(static_cast<size_t>(n) * n);
    const T* x = trans ? at.data() : a.data();
    Blas<T>::syrk(CblasRowMajor, CblasLower, transposition(trans), n, k, 1, x, trans ? n : k, 0, c.data(), n);
    mirrorLower(n, c.data(), n);
    error = std::max(error, productError(n, n, k, a, at, c) / k);
    syrk<T>(trans, n, k, 1, x, trans ? n : k, 0, c.data(), n);
    c[0] += fault;
    error = std::max(error, productError(n, n, k, a, at, c) / k);
  }
  return error;
}

/// A·V = V·Λ and VᵀV = I.
template <typename T> double syevdError(T fault) {
  const int n = 36;  // beyond the order below which syevd does not divide
  auto a = numbers<T>(n * n, 4);
  mirrorTriangle(true, n, a.data(), n);
  auto rows = a;
  std::vector<T> w(n), identity(static_cast<size_t>(n) * n);
  syevd(true, n, rows.data(), n, w.data());
  rows[0] += fault;
  auto scaled = rows;
  for (int i = 0; i < n; ++i) {
    identity[i * n + i] = 1;
    for (int j = 0; j < n; ++j) scaled[i * n + j] *= w[i];
  }
  return std::max(productError(n, n, n, rows, a, scaled), productError(n, n, n, rows, transposed(n, n, rows), identity)) / n;
}

/// L·Lᵀ = A, A diagonally dominant.
template <typename T> double potrfError(T fault) {
  const int n = 70;
  auto a = numbers<T>(n * n, 5);
  for (int i = 0; i < n; ++i) a[i * n + i] += n;
  mirrorTriangle(true, n, a.data(), n);
  auto l = a;
  potrf(true, n, l.data(), n);
  l[0] += fault;
  for (int i = 0; i < n; ++i) std::fill(l.begin() + i * n + i + 1, l.begin() + (i + 1) * n, T(0));
  return productError(n, n, n, l, transposed(n, n, l), a) / n;
}

/// An algorithm that gives up (the eigenvalues do not converge, a minor is not positive) is as wrong as can be.
template <typename F> Check check(const char* name, double limit, F error) {
  try {
    return {name, error(), limit};
  } catch (const NumericalError&) {
    return {name, std::numeric_limits<double>::infinity(), limit};
  }
}

napi_value selfCheckExport(Args& in) {
  // Added to one entry of every result: the check's own check.
  const double fault = in.bounded("fault", 0, 1);
  const float faultf = static_cast<float>(fault);
  const std::vector<Check> checks = {
      check("dgemm", 4, [&] { return gemmError<double>(fault); }),   check("sgemm", 4, [&] { return gemmError<float>(faultf); }),
      check("dsyrk", 4, [&] { return syrkError<double>(fault); }),   check("ssyrk", 4, [&] { return syrkError<float>(faultf); }),
      check("dsyevd", 10, [&] { return syevdError<double>(fault); }), check("ssyevd", 10, [&] { return syevdError<float>(faultf); }),
      check("dpotrf", 10, [&] { return potrfError<double>(fault); }), check("spotrf", 10, [&] { return potrfError<float>(faultf); }),
  };
  napi_value out;
  napi_create_array_with_length(in.env, checks.size(), &out);
  for (size_t i = 0; i < checks.size(); ++i) {
    const napi_value entry = object(in.env);
    set(in.env, entry, "routine", in.result(std::string(checks[i].name)));
    set(in.env, entry, "error", in.result(checks[i].error));
    set(in.env, entry, "limit", in.result(checks[i].limit));
    napi_set_element(in.env, out, static_cast<uint32_t>(i), entry);
  }
  return out;
}

/// Whether this is the process's first question: the check at load runs once, however many workers load the addon.
napi_value firstLoad(Args& in) {
  static std::once_flag once;
  bool first = false;
  std::call_once(once, [&] { first = true; });
  napi_value out;
  napi_get_boolean(in.env, first, &out);
  return out;
}

}  // namespace

void registerRuntime(napi_env env, napi_value exports) {
  threadCount();  // takes OpenBLAS's threads
  LAYERWISE_EXPORT(env, exports, "blasInfo", blasInfo);
  LAYERWISE_EXPORT(env, exports, "setThreads", setThreads);
  LAYERWISE_EXPORT(env, exports, "getThreads", getThreads);
  LAYERWISE_EXPORT(env, exports, "enterWorker", enterWorker);
  LAYERWISE_EXPORT(env, exports, "selfCheck", selfCheckExport);
  LAYERWISE_EXPORT(env, exports, "firstLoad", firstLoad);
}

}  // namespace layerwise
