// Box–Muller on Lanes words at once, written once for every instruction set. Only operations that IEEE 754 rounds
// correctly (+ − × ÷ √) and bit operations occur, in one fixed order, and these files are compiled without contraction
// into fused multiply-adds: hence the same bits on every path and every machine.
//
// A word is |sign 1|swap 1|radius 32|angle 30|: u = (radius + ½)/2³², φ = (angle + ½ − 2²⁹)·(π/2)/2³⁰ ∈ (−π/4, π/4),
// and the pair is √(−2 ln u)·(±cos φ, sin φ), swapped or not, which together cover the circle. |x| ≤ 6.77.
#pragma once

#include "random.h"

namespace layerwise {
namespace {

template <int Lanes> struct Vector {
  typedef double Real __attribute__((vector_size(8 * Lanes)));
  typedef uint64_t Word __attribute__((vector_size(8 * Lanes)));
};

// Each path defines these for its width.
template <typename D> inline D squareRoot(D x);
template <typename W, typename D> inline void swapWhereBit62(W word, D& x, D& y);

// By Estrin's scheme, a shorter chain than Horner's.
template <typename D> inline D cubic(D z, D z2, double c0, double c1, double c2, double c3) { return (c0 + c1 * z) + z2 * (c2 + c3 * z); }
template <typename D> inline D quartic(D z, D z2, double c0, double c1, double c2, double c3, double c4) {
  return (c0 + c1 * z) + z2 * ((c2 + c3 * z) + z2 * c4);
}

// U vectors side by side, step by step: one alone would wait for its own results.
#define LAYERWISE_EACH _Pragma("GCC unroll 4") for (int u = 0; u < U; ++u)

template <int Lanes, int U>
inline void boxMuller(const typename Vector<Lanes>::Word* word, typename Vector<Lanes>::Real* x, typename Vector<Lanes>::Real* y) {
  using D = typename Vector<Lanes>::Real;
  using W = typename Vector<Lanes>::Word;
  constexpr uint64_t two52 = 0x4330000000000000u;  // the bits of 2⁵²; an integer below 2⁵² or-ed in is added exactly
  constexpr double value52 = 4503599627370496.0;
  constexpr uint64_t root = 0x3fe6a09e667f3bcdu;  // √½
  D e[U], m[U], s[U], z[U], r[U], phi[U], v[U], sine[U], cosine[U];

  // h = radius + ½ = m·2ᵉ with m in [√½, √2), so that ln m keeps its relative accuracy as u → 1.
  LAYERWISE_EACH {
    const D h = (D)(((word[u] >> 30) & 0xffffffffu) | two52) - (value52 - 0.5);
    const W shifted = (W)h + (0x3ff0000000000000u - root);
    e[u] = (D)((shifted >> 52) | two52) - (value52 + 1023 + 32);  // exponent of the uniform
    m[u] = (D)((shifted & 0xfffffffffffffu) + root);
  }
  // 2 ln m = 4 artanh s, s = (m − 1)/(m + 1). Relative errors of the three polynomials: 1.7e-11, 2e-11, 4e-13, all well
  // below the spacing 2⁻³² of the uniforms.
  LAYERWISE_EACH s[u] = (m[u] - 1.0) / (m[u] + 1.0);
  LAYERWISE_EACH {
    phi[u] = (((D)((word[u] & 0x3fffffffu) | two52) - (value52 + 536870912.0)) + 0.5) * 0x1.921fb54442d18p-30;
    v[u] = phi[u] * phi[u];
  }
  LAYERWISE_EACH z[u] = s[u] * s[u];
  LAYERWISE_EACH {
    const D twiceLog = s[u] * (4.0 + z[u] * cubic(z[u], z[u] * z[u], 0x1.5555554bb2b2cp+0, 0x1.9999eb5d84f14p-1, 0x1.245c438323e9ap-1, 0x1.ddced7078dd3ap-2));
    r[u] = squareRoot(e[u] * -0x1.62e42fefa39efp+0 - twiceLog);
  }
  LAYERWISE_EACH sine[u] = phi[u] * (1.0 + v[u] * cubic(v[u], v[u] * v[u], -0x1.555555545e0acp-3, 0x1.11110def2e1c9p-7, -0x1.a013a793b98cep-13, 0x1.6dbe0838a06e9p-19));
  LAYERWISE_EACH {
    cosine[u] = 1.0 + v[u] * quartic(v[u], v[u] * v[u], -0x1.fffffffffe697p-2, 0x1.555555514f774p-5, -0x1.6c16bae5ef6d4p-10, 0x1.a01298d866458p-16,
                                     -0x1.2474e1a97d143p-22);
  }
  LAYERWISE_EACH {
    cosine[u] = (D)((W)cosine[u] ^ (word[u] & 0x8000000000000000u));
    swapWhereBit62(word[u], cosine[u], sine[u]);
    x[u] = r[u] * cosine[u];
    y[u] = r[u] * sine[u];
  }
}

/// The normals of U vectors of words, the first of which are words[at …]; those of the word at i·8 + j are at 16·i + j and 8 behind.
template <int Lanes, int U> inline void normalVectors(const uint64_t* words, size_t at, double* out) {
  using D = typename Vector<Lanes>::Real;
  using W = typename Vector<Lanes>::Word;
  W word[U];
  D x[U], y[U];
  LAYERWISE_EACH __builtin_memcpy(word + u, words + at + u * Lanes, sizeof(W));
  boxMuller<Lanes, U>(word, x, y);
  LAYERWISE_EACH {
    const size_t first = at + u * Lanes;
    double* const target = out + first + first / 8 * 8;
    __builtin_memcpy(target, x + u, sizeof(D));
    __builtin_memcpy(target + 8, y + u, sizeof(D));
  }
}
#undef LAYERWISE_EACH

/// Words by scalar multiplications.
struct ScalarWords {
  static constexpr size_t tiles = 4;
  static inline void make(Key key, uint64_t tile, size_t count, uint64_t* out) {
    for (uint64_t block = 2 * tile; block < 2 * (tile + count); ++block, out += 4) philox(key, block, 0, Sequence::normal, out);
  }
};

/// A few tiles' words, then their normals, U vectors at a time.
template <int Lanes, int U, typename Words> inline void normalTiles(Key key, uint64_t tile, size_t tiles, double* out) {
  alignas(64) uint64_t words[8 * Words::tiles];
  while (tiles > 0) {
    const size_t count = tiles < Words::tiles ? tiles : Words::tiles, total = 8 * count;
    Words::make(key, tile, count, words);
    size_t at = 0;
    for (; at + U * Lanes <= total; at += U * Lanes) normalVectors<Lanes, U>(words, at, out);
    for (; at < total; at += Lanes) normalVectors<Lanes, 1>(words, at, out);
    tile += count, tiles -= count, out += kTile * count;
  }
}

}  // namespace
}  // namespace layerwise
