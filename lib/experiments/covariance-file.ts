import { readFileSync } from "node:fs";
import { z } from "zod";
import { decodeNpy, toMatrix } from "../io/index.js";
import { eigvalsh, Matrix, norm } from "../linalg/index.js";
import { notAllowed } from "./config.js";

/** The key by which experiments take a covariance of the user's. */
export const covarianceKey = z.string().default("");

/**
 * The covariance in a .npy file.
 * @param experiment named in errors
 * @throws ConfigError on `covariance` unless the file holds a symmetric positive definite d×d matrix
 */
export function covarianceIn(path: string, d: number, experiment: string): Matrix {
  const reject = (allowed: string) => notAllowed(experiment, "covariance", JSON.stringify(path), allowed);
  let matrix: Matrix;
  try {
    matrix = Matrix.zeros(d, d).copy(toMatrix(decodeNpy(readFileSync(path), path)) as Matrix);
  } catch (error) {
    throw reject(`a .npy file with a ${d}×${d} matrix (${(error as Error).message.split("\n")[0]})`);
  }
  let asymmetry = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) asymmetry = Math.max(asymmetry, Math.abs(matrix.get(i, j) - matrix.get(j, i)));
  if (!(asymmetry <= 1e-10 * norm(matrix) && eigvalsh(matrix)[0]! > 0)) throw reject("a symmetric positive definite matrix");
  return matrix;
}

/**
 * The direction in a .npy file.
 * @param experiment named in errors
 * @throws ConfigError on `direction` unless the file holds d finite numbers, not all zero
 */
export function directionIn(path: string, d: number, experiment: string): Float64Array {
  const reject = (allowed: string) => notAllowed(experiment, "direction", JSON.stringify(path), allowed);
  let values: Float64Array;
  try {
    values = Float64Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
  } catch (error) {
    throw reject(`a .npy file with ${d} numbers (${(error as Error).message.split("\n")[0]})`);
  }
  if (values.length !== d) throw reject(`a .npy file with ${d} numbers (it has ${values.length})`);
  const size = Math.hypot(...values);
  if (!(size > 0 && Number.isFinite(size))) throw reject("finite, and not all zero");
  return values;
}
