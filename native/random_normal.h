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

template <int Lanes> inline void boxMuller(typename Vector<Lanes>::Word word, typename Vector<Lanes>::Real& x, typename Vector<Lanes>::Real& y) {
  using D = typename Vector<Lanes>::Real;
  using W = typename Vector<Lanes>::Word;
  constexpr uint64_t two52 = 0x4330000000000000u;  // the bits of 2⁵²; an integer below 2⁵² or-ed in is added exactly
  constexpr double value52 = 4503599627370496.0;

  // h = radius + ½ = m·2ᵉ with m in [√½, √2), so that ln m keeps its relative accuracy as u → 1.
  const D h = (D)(((word >> 30) & 0xffffffffu) | two52) - (value52 - 0.5);
  constexpr uint64_t root = 0x3fe6a09e667f3bcdu;  // √½
  const W shifted = (W)h + (0x3ff0000000000000u - root);
  const D e = (D)((shifted >> 52) | two52) - (value52 + 1023 + 32);  // exponent of u
  const D m = (D)((shifted & 0xfffffffffffffu) + root);
  // 2 ln m = 4 artanh s, s = (m − 1)/(m + 1). Relative errors of the three polynomials: 1.7e-11, 2e-11, 4e-13, all well
  // below the spacing 2⁻³² of the uniforms.
  const D s = (m - 1.0) / (m + 1.0);
  const D z = s * s;
  const D twiceLog = s * (4.0 + z * cubic(z, z * z, 0x1.5555554bb2b2cp+0, 0x1.9999eb5d84f14p-1, 0x1.245c438323e9ap-1, 0x1.ddced7078dd3ap-2));
  const D r = squareRoot(e * -0x1.62e42fefa39efp+0 - twiceLog);

  const D phi = (((D)((word & 0x3fffffffu) | two52) - (value52 + 536870912.0)) + 0.5) * 0x1.921fb54442d18p-30;
  const D v = phi * phi, v2 = v * v;
  D sine = phi * (1.0 + v * cubic(v, v2, -0x1.555555545e0acp-3, 0x1.11110def2e1c9p-7, -0x1.a013a793b98cep-13, 0x1.6dbe0838a06e9p-19));
  D cosine = 1.0 + v * quartic(v, v2, -0x1.fffffffffe697p-2, 0x1.555555514f774p-5, -0x1.6c16bae5ef6d4p-10, 0x1.a01298d866458p-16,
                               -0x1.2474e1a97d143p-22);
  cosine = (D)((W)cosine ^ (word & 0x8000000000000000u));
  swapWhereBit62(word, cosine, sine);
  x = r * cosine;
  y = r * sine;
}

// Words by scalar multiplications, one tile at a time, four tiles ahead of the vector arithmetic: both kinds of unit
// stay busy.
struct ScalarWords {
  static constexpr size_t tiles = 1, ahead = 4;
  static inline void make(Key key, uint64_t tile, uint64_t* out) {
    philox(key, 2 * tile, 0, Sequence::normal, out);
    philox(key, 2 * tile + 1, 0, Sequence::normal, out + 4);
  }
};

template <int Lanes, typename Words> inline void normalTiles(Key key, uint64_t tile, size_t tiles, double* out) {
  using D = typename Vector<Lanes>::Real;
  using W = typename Vector<Lanes>::Word;
  alignas(64) uint64_t ring[Words::ahead][8 * Words::tiles];
  for (size_t i = 0; i < Words::ahead && i * Words::tiles < tiles; ++i) Words::make(key, tile + i * Words::tiles, ring[i]);
  for (size_t i = 0, slot = 0; i < tiles; i += Words::tiles, slot = (slot + 1) % Words::ahead) {
    const size_t count = tiles - i < Words::tiles ? tiles - i : Words::tiles;
    for (size_t lane = 0; lane < 8 * count; lane += Lanes) {
      W word;
      D x, y;
      __builtin_memcpy(&word, ring[slot] + lane, sizeof word);
      boxMuller<Lanes>(word, x, y);
      double* const target = out + kTile * i + lane + lane / 8 * 8;
      __builtin_memcpy(target, &x, sizeof x);
      __builtin_memcpy(target + 8, &y, sizeof y);
    }
    const size_t next = i + Words::ahead * Words::tiles;
    if (next < tiles) Words::make(key, tile + next, ring[slot]);
  }
}

}  // namespace
}  // namespace layerwise
