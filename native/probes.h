// Random vectors of signs, by which norms are estimated: E ‖M z‖² = ‖M‖²_F.
#pragma once

#include <cstdint>

namespace layerwise {

/// 64 random bits of a counter: the signs of one row of probes.
inline uint64_t randomBits(uint64_t counter) {
  uint64_t z = (counter + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// An estimate of ‖QᵀQ − I‖_F of a square Q, from probes that `counter` and the n − 1 numbers after it give. NaN where Q has one.
template <typename T> double orthogonalityDefect(int n, const T* q, int ldq, uint64_t counter);

}  // namespace layerwise
