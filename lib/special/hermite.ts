/**
 * Orthonormal probabilists' Hermite polynomial `h_k(z)`: E[h_j(Z) h_k(Z)] = δ_jk for Z ~ N(0, 1).
 * Recurrence √(k+1) h_{k+1} = z h_k − √k h_{k−1}.
 * @throws RangeError when k is no integer ≥ 0
 */
export function hermite(k: number, z: number): number {
  if (!Number.isInteger(k) || k < 0) throw new RangeError(`hermite: k must be an integer ≥ 0, got ${k}`);
  let previous = 0;
  let current = 1;
  for (let j = 0; j < k; j++) [previous, current] = [current, (z * current - Math.sqrt(j) * previous) / Math.sqrt(j + 1)];
  return current;
}
