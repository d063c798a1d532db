// Random numbers: the exports, and every distribution that is not a hot loop of its own.
#include "random.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "args.h"
#include "target.h"

namespace layerwise {
namespace {

constexpr int64_t kLastIndex = int64_t{1} << 53;  // an index must be exact as a JavaScript number

NormalKernel normalKernel() { return LAYERWISE_BY_INSTRUCTIONS(normalsPortable, normalsAvx2, normalsAvx512); }

void words(Key key, Sequence sequence, uint64_t index, size_t n, uint64_t* out) {
  const uint64_t first = sequence == Sequence::words ? 1 : 0;  // numpy increments before the first block
  uint64_t block[4];
  for (size_t i = 0; i < n;) {
    const uint64_t at = index + i, within = at % 4;
    if (within == 0 && n - i >= 4) {
      philox(key, at / 4 + first, 0, sequence, out + i);
      i += 4;
    } else {
      philox(key, at / 4 + first, 0, sequence, block);
      for (uint64_t j = within; j < 4 && i < n; ++j) out[i++] = block[j];
    }
  }
}

void normals(Key key, uint64_t index, size_t n, double* out) {
  const NormalKernel kernel = normalKernel();
  const auto part = [&](uint64_t from, size_t count) {  // within one tile
    double tile[kTile];
    kernel(key, from / kTile, 1, tile);
    std::copy_n(tile + from % kTile, count, out);
    out += count, index += count, n -= count;
  };
  if (index % kTile && n) part(index, std::min<uint64_t>(n, kTile - index % kTile));
  const size_t tiles = n / kTile;
  kernel(key, index / kTile, tiles, out);
  out += tiles * kTile, index += tiles * kTile, n -= tiles * kTile;
  if (n) part(index, n);
}

uint64_t high(uint64_t a, uint64_t b) { return static_cast<uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64); }

/// Gamma(shape, 1) (Marsaglia, Tsang: "A simple method for generating gamma variables", ACM TOMS 26, 2000). The
/// attempts of the index-th number have counters of their own, so rejections shift nothing.
double gamma(Key key, uint64_t index, double shape) {
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (uint64_t attempt = 0;; ++attempt) {
    uint64_t word[4];
    philox(key, attempt, index, Sequence::gamma, word);
    double x, unused;
    normalPair(word[0], &x, &unused);
    const double t = 1 + c * x, v = t * t * t;
    if (t <= 0) continue;
    const double u = (static_cast<double>(word[1] >> 11) + 0.5) * 0x1p-53;
    if (u < 1 - 0.0331 * (x * x) * (x * x) || std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) {
      if (shape >= 1) return d * v;
      return d * v * std::pow((static_cast<double>(word[2] >> 11) + 0.5) * 0x1p-53, 1 / shape);
    }
  }
}

Key readKey(Args& in) {
  const auto array = in.typed<uint64_t>("key");
  if (array.length != 2) in.rangeError("key", "BigUint64Array of 2 elements", std::to_string(array.length));
  return {array.data[0], array.data[1]};
}

uint64_t readIndex(Args& in) { return static_cast<uint64_t>(in.integer("index", 0, kLastIndex)); }

template <typename T> View<T> readOut(Args& in) {
  const int rows = in.dimension("rows"), cols = in.dimension("cols");
  return in.matrix<T>("out", rows, cols);
}

/// Fills a view in row-major order from generate(first, count, doubles), in pieces that stay in cache.
template <typename T, typename Generate> void fill(const View<T>& out, Generate generate) {
  constexpr int64_t piece = 960;  // of normals, 60 tiles: the vectors take twelve at a time
  double buffer[piece];
  const int64_t total = static_cast<int64_t>(out.rows) * out.cols;
  const bool contiguous = out.ld == out.cols || out.rows == 1;
  for (int64_t first = 0; first < total; first += piece) {
    const int64_t count = std::min(piece, total - first);
    if (contiguous && std::is_same<T, double>::value) {
      generate(first, count, reinterpret_cast<double*>(out.data + first));
      continue;
    }
    generate(first, count, buffer);
    if (contiguous) {
      for (int64_t i = 0; i < count; ++i) out.data[first + i] = static_cast<T>(buffer[i]);
      continue;
    }
    for (int64_t i = 0; i < count;) {
      const int64_t row = (first + i) / out.cols, col = (first + i) % out.cols, run = std::min(count - i, out.cols - col);
      T* target = out.row(static_cast<int>(row)) + col;
      for (int64_t j = 0; j < run; ++j) target[j] = static_cast<T>(buffer[i + j]);
      i += run;
    }
  }
}

napi_value wordsExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const auto out = in.contiguous<uint64_t>("out", in.dimension("n"));
  words(key, Sequence::words, index, static_cast<size_t>(out.rows), out.data);
  return in.undefined();
}

template <typename T> napi_value normalExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const double mean = in.bounded("mean", -1e300, 1e300), std = in.bounded("std", -1e300, 1e300);
  const auto out = readOut<T>(in);
  fill(out, [&](int64_t first, int64_t count, double* x) {
    normals(key, index + first, count, x);
    if (mean != 0 || std != 1)
      for (int64_t i = 0; i < count; ++i) x[i] = mean + std * x[i];
  });
  return in.undefined();
}

template <typename T> napi_value uniformExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const auto out = readOut<T>(in);
  constexpr int bits = std::is_same<T, double>::value ? 53 : 24;
  constexpr double unit = std::is_same<T, double>::value ? 0x1p-53 : 0x1p-24;
  fill(out, [&](int64_t first, int64_t count, double* x) {
    uint64_t word[1024];
    words(key, Sequence::uniform, index + first, count, word);
    for (int64_t i = 0; i < count; ++i) x[i] = static_cast<double>(static_cast<int64_t>(word[i] >> (64 - bits))) * unit;
  });
  return in.undefined();
}

template <typename T> napi_value rademacherExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const auto out = readOut<T>(in);
  fill(out, [&](int64_t first, int64_t count, double* x) {
    uint64_t word[1024 / 64 + 1];
    const uint64_t from = index + first, bit = from % 64;
    words(key, Sequence::sign, from / 64, (bit + count + 63) / 64, word);
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t at = bit + i, sign = (word[at / 64] >> (at % 64)) << 63, bits = sign | 0x3ff0000000000000u;
      std::memcpy(x + i, &bits, sizeof bits);
    }
  });
  return in.undefined();
}

template <typename T> napi_value gammaExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const double shape = in.bounded("shape", 0, 1e300), step = in.bounded("shapeStep", -1e300, 1e300), scale = in.bounded("scale", 0, 1e300);
  const auto out = readOut<T>(in);
  const int64_t total = static_cast<int64_t>(out.rows) * out.cols;
  const double last = shape + step * static_cast<double>(total - 1);
  if (total > 0 && !(shape > 0 && last > 0 && last <= 1e300))
    in.rangeError("shape", "in (0, 1e300] for every element", Args::text(shape > 0 ? last : shape));
  fill(out, [&](int64_t first, int64_t count, double* x) {
    for (int64_t i = 0; i < count; ++i) x[i] = scale * gamma(key, index + first + i, shape + step * static_cast<double>(first + i));
  });
  return in.undefined();
}

napi_value integersExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const uint64_t bound = static_cast<uint64_t>(in.integer("bound", 1, int64_t{1} << 31));
  const auto out = in.contiguous<int32_t>("out", in.dimension("n"));
  uint64_t word[256];
  for (int first = 0; first < out.rows; first += 256) {
    const int count = std::min(256, out.rows - first);
    words(key, Sequence::integer, index + first, count, word);
    for (int i = 0; i < count; ++i) out.data[first + i] = static_cast<int32_t>(high(word[i], bound));
  }
  return in.undefined();
}

/// Fisher–Yates.
napi_value permutationExport(Args& in) {
  const Key key = readKey(in);
  const uint64_t index = readIndex(in);
  const auto out = in.contiguous<int32_t>("out", in.dimension("n"));
  const int n = out.rows;
  for (int i = 0; i < n; ++i) out.data[i] = i;
  uint64_t word[256];
  for (int i = 0; i + 1 < n; ++i) {
    if (i % 256 == 0) words(key, Sequence::permutation, index + i, std::min(256, n - i), word);
    std::swap(out.data[i], out.data[i + static_cast<int>(high(word[i % 256], static_cast<uint64_t>(n - i)))]);
  }
  return in.undefined();
}

}  // namespace

void registerRandom(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "randomWords", wordsExport);
  LAYERWISE_EXPORT(env, exports, "dNormal", normalExport<double>);
  LAYERWISE_EXPORT(env, exports, "sNormal", normalExport<float>);
  LAYERWISE_EXPORT(env, exports, "dUniform", uniformExport<double>);
  LAYERWISE_EXPORT(env, exports, "sUniform", uniformExport<float>);
  LAYERWISE_EXPORT(env, exports, "dRademacher", rademacherExport<double>);
  LAYERWISE_EXPORT(env, exports, "sRademacher", rademacherExport<float>);
  LAYERWISE_EXPORT(env, exports, "dGamma", gammaExport<double>);
  LAYERWISE_EXPORT(env, exports, "sGamma", gammaExport<float>);
  LAYERWISE_EXPORT(env, exports, "randomIntegers", integersExport);
  LAYERWISE_EXPORT(env, exports, "randomPermutation", permutationExport);
}

}  // namespace layerwise
