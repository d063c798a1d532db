// Stand-ins until the native routines land.
import { eigh, gemm, type Matrix, type Operand, qr, type Real, svd, syrk } from "../linalg/index.js";

export { eigh, gemm, qr, syrk };
export function kroneckerApply(
  l: Operand<Real> | null,
  g: Matrix<Real>,
  r: Operand<Real> | null,
  o: { out?: Matrix<Real> } = {},
): Matrix<Real> {
  const t = l ? gemm(l, g) : g;
  return r ? gemm(t, r, o) : (o.out ?? t.clone()).copy(t);
}
export function inverseRoot(a: Matrix<Real>, o: { p: number; damping?: number; method?: string; out?: Matrix<Real> }): Matrix<Real> {
  const { values, vectors } = eigh(a);
  const s = vectors.clone();
  for (let j = 0; j < a.rows; j++) {
    const l = values[j]! + (o.damping ?? 0);
    if (!(l > 0)) throw new Error("not positive definite");
    for (let i = 0; i < a.rows; i++) s.set(i, j, s.get(i, j) * l ** (-0.5 / o.p));
  }
  return syrk(s, { out: o.out });
}
export function orthogonalize(a: Matrix<Real>, o: { method: string; steps?: number; out?: Matrix<Real> }): Matrix<Real> {
  const out = o.out ?? a.clone();
  if (o.method === "exact") {
    const { u, vt } = svd(a);
    return gemm(u, vt, { out });
  }
  let n = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) n += a.get(i, j) ** 2;
  let x: Matrix<Real> = a.clone();
  n = Math.sqrt(n) + 1e-7;
  for (let i = 0; i < x.data.length; i++) x.data[i]! /= n;
  for (let k = 0; k < (o.steps ?? 5); k++) {
    const A = x.rows <= x.cols ? gemm(x, x.T) : gemm(x.T, x);
    const B = gemm(A, A);
    for (let i = 0; i < B.data.length; i++) B.data[i] = -4.775 * A.data[i]! + 2.0315 * B.data[i]!;
    const y = x.rows <= x.cols ? gemm(B, x) : gemm(x, B);
    for (let i = 0; i < y.data.length; i++) y.data[i]! += 3.4445 * x.data[i]!;
    x = y;
  }
  return out.copy(x);
}
