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

// c0 + c1 z + … + c4 z⁴ by Estrin's scheme, a shorter chain than Horner's.
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
  // 2 ln m = 4 artanh s, s = (m − 1)/(m + 1); relative error of the polynomial 1.1e-13.
  const D s = (m - 1.0) / (m + 1.0);
  const D z = s * s;
  const D twiceLog = s * (4.0 + z * quartic(z, z * z, 0x1.5555555564e96p+0, 0x1.999998cafbf2ap-1, 0x1.249323e4d7fc7p-1,
                                            0x1.c67ada017cf97p-2, 0x1.8c8c11e54d389p-2));
  const D r = squareRoot(e * -0x1.62e42fefa39efp+0 - twiceLog);

  // sin φ and cos φ; relative errors 1.9e-14 and 3.1e-13.
  const D phi = ((D)((word & 0x3fffffffu) | two52) - (value52 + 536870912.0 - 0.5)) * 0x1.921fb54442d18p-30;
  const D v = phi * phi, v2 = v * v;
  D sine = phi * (1.0 + v * quartic(v, v2, -0x1.555555555516bp-3, 0x1.1111110fd3d43p-7, -0x1.a019fd9b35ee5p-13,
                                    0x1.71d9a9f41c5a9p-19, -0x1.aa285788aaa42p-26));
  D cosine = 1.0 + v * quartic(v, v2, -0x1.fffffffffe697p-2, 0x1.555555514f774p-5, -0x1.6c16bae5ef6d4p-10,
                               0x1.a01298d866458p-16, -0x1.2474e1a97d143p-22);
  cosine = (D)((W)cosine ^ (word & 0x8000000000000000u));
  swapWhereBit62(word, cosine, sine);
  x = r * cosine;
  y = r * sine;
}

// Words by scalar multiplications, a few tiles ahead of the vector arithmetic: both kinds of unit stay busy.
template <int Lanes> inline void normalTiles(Key key, uint64_t tile, size_t tiles, double* out) {
  using D = typename Vector<Lanes>::Real;
  using W = typename Vector<Lanes>::Word;
  constexpr size_t ahead = 4;
  alignas(64) uint64_t ring[ahead][8];
  const auto words = [&](size_t i) {
    philox(key, 2 * (tile + i), 0, Sequence::normal, ring[i % ahead]);
    philox(key, 2 * (tile + i) + 1, 0, Sequence::normal, ring[i % ahead] + 4);
  };
  for (size_t i = 0; i < ahead && i < tiles; ++i) words(i);
  for (size_t i = 0; i < tiles; ++i, out += kTile) {
    for (int lane = 0; lane < 8; lane += Lanes) {
      W word;
      D x, y;
      __builtin_memcpy(&word, ring[i % ahead] + lane, sizeof word);
      boxMuller<Lanes>(word, x, y);
      __builtin_memcpy(out + lane, &x, sizeof x);
      __builtin_memcpy(out + 8 + lane, &y, sizeof y);
    }
    if (i + ahead < tiles) words(i + ahead);
  }
}

}  // namespace
}  // namespace layerwise
