import { gemm, Matrix, singularValues, solve } from "../../linalg/index.js";
import { randomTrunk } from "../../models/linear-representation/index.js";
import { Covariance, logSpectrum, Stream } from "../../random/index.js";
import { angleStep } from "../../theory/index.js";
import { median } from "../statistics.js";
import { problem } from "./representation.js";

const starts = 5;
const known = new Map<string, number>();

/** Median steps to distance 0.1 that the angle's recursion (infinitely many samples, no noise) takes from random starts; within `problem.steps`. */
export function recursionSteps(cond: number, eta: number): number {
  const key = `${cond} ${eta}`;
  const steps = known.get(key) ?? median(Array.from({ length: starts }, (_, i) => stepsOfRecursion(new Stream(i, "recursion"), cond, eta)));
  known.set(key, steps);
  return steps;
}

function stepsOfRecursion(stream: Stream, cond: number, eta: number): number {
  const { d, k, steps } = problem;
  const star = randomTrunk(stream.child("representation"), k, d);
  const { matrix } = Covariance.rotated(logSpectrum(d, cond), stream.child("covariance"));
  const trunk = stream.child("trunk").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) });
  const along = gemm(trunk, star.T);
  let tangent = solve(along, gemm(along, star, { out: trunk, alpha: -1, beta: 1 }));
  for (let t = 0; t < steps; t++) {
    if (Math.sin(Math.atan(singularValues(tangent)[0]!)) <= 0.1) return t;
    tangent = angleStep(tangent, matrix, star, eta);
  }
  return steps;
}
