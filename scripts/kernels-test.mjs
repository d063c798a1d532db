// Products and factorisations against plain loops, on sizes around and beyond the kernels' blocks.
// Copied into a project that has layerwise installed, and run there once per OPENBLAS_CORETYPE.
import { blasInfo, Stream, selfCheck } from "layerwise";
import { addDiagonal, cholesky, eigh, gemm, inverseRoot, Matrix, solve, svd, syrk } from "layerwise/linalg";

const wanted = process.env.OPENBLAS_CORETYPE;
const { coreType } = blasInfo();
if (wanted && coreType !== wanted) throw new Error(`asked for ${wanted}, runs ${coreType}`);
const { passed, message } = selfCheck();
if (!passed) throw new Error(message);

/** Σₖ aᵢₖ dₖ bₖⱼ by the definition. */
function product(a, b, d) {
  const [x, y] = [a.toArrays(), b.toArrays()];
  return x.map((row) => y[0].map((_, j) => row.slice(0, y.length).reduce((sum, value, k) => sum + value * (d ? d[k] : 1) * y[k][j], 0)));
}
const transpose = (a) => Matrix.from(a.toArrays()[0].map((_, j) => a.toArrays().map((row) => row[j])));

let largest = 0;
function compare(name, got, expected) {
  const [x, y] = [got, expected].map((m) => (Array.isArray(m) ? m : m.toArrays()).flat());
  const scale = Math.max(...y.map(Math.abs));
  const error = Math.max(...x.map((value, i) => Math.abs(value - y[i]))) / scale;
  if (x.length !== y.length || !(error <= 1e-12)) throw new Error(`${name}: relative error ${error} with the ${coreType} kernels`);
  largest = Math.max(largest, error);
}

const stream = new Stream(7, "kernels");
for (const n of [3, 31, 64, 133, 200]) {
  const a = stream.normal(Matrix.zeros(n, n + 5));
  const b = stream.normal(Matrix.zeros(n + 5, n));
  compare(`gemm ${n}`, gemm(a, b), product(a, b));
  const s = addDiagonal(syrk(a), n / 10);
  const { values, vectors } = eigh(s);
  compare(`eigh ${n}`, product(vectors, transpose(vectors), values), s);
  const l = cholesky(s);
  compare(`cholesky ${n}`, product(l, transpose(l)), s);
  compare(`solve ${n}`, product(s, solve(s, a)), a);
  const root = inverseRoot(s, { p: 2 });
  compare(`inverse root ${n}`, product(Matrix.from(product(root, s)), root), Matrix.identity(n));
  const { u, s: singular, vt } = svd(a);
  compare(`svd ${n}`, product(u, vt, singular), a);
}
console.log(`largest relative error ${largest.toExponential(1)}`);
