// Counter-based random numbers: Philox4x64-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A number is a pure function of (key, sequence, index): nothing is kept between calls, so how a
// request is split into calls never matters.
#pragma once

#include <cstddef>
#include <cstdint>

namespace layerwise {

struct Key {
  uint64_t lo, hi;
};

/// Every distribution reads its own sequence of a key: the highest counter word. Sequence 0 counts from 1 and is the
/// raw output of numpy.random.Philox(key=…).
enum class Sequence : uint64_t { words = 0, normal = 1, gamma = 2, uniform = 3, sign = 4, integer = 5, permutation = 6 };

/// One round, in place.
static inline void philoxRound(Key key, uint64_t* x) {
  const auto a = static_cast<unsigned __int128>(0xD2E7470EE14C6C93u) * x[0];
  const auto b = static_cast<unsigned __int128>(0xCA5A826395121157u) * x[2];
  x[0] = static_cast<uint64_t>(b >> 64) ^ x[1] ^ key.lo;
  x[1] = static_cast<uint64_t>(b);
  x[2] = static_cast<uint64_t>(a >> 64) ^ x[3] ^ key.hi;
  x[3] = static_cast<uint64_t>(a);
}

/// Philox4x64-10 at the counter (c0, c1, 0, sequence).
static inline void philox(Key key, uint64_t c0, uint64_t c1, Sequence sequence, uint64_t* out) {
  uint64_t x[4] = {c0, c1, 0, static_cast<uint64_t>(sequence)};
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    philoxRound(key, x);
    key.lo += 0x9E3779B97F4A7C15u;  // golden ratio
    key.hi += 0xBB67AE8584CAA73Bu;  // √3 − 1
  }
  out[0] = x[0], out[1] = x[1], out[2] = x[2], out[3] = x[3];
}

/// Standard normals come in tiles: 8 words (two blocks) give 16 numbers, the tile-th at out[0 … 15].
constexpr int kTile = 16;
using NormalKernel = void (*)(Key key, uint64_t tile, size_t tiles, double* out);

// The same numbers, bit for bit, by different instructions.
void normalsPortable(Key key, uint64_t tile, size_t tiles, double* out);
#if defined(__x86_64__)
void normalsAvx2(Key key, uint64_t tile, size_t tiles, double* out);
void normalsAvx512(Key key, uint64_t tile, size_t tiles, double* out);
#endif

/// The two normals of one word.
void normalPair(uint64_t word, double* x, double* y);

}  // namespace layerwise
