// What the types promise; compiled by `npm run types`, never run.

import type * as tfjs from "@tensorflow/tfjs-core";
import { Linear, Matrix, type OptimizerParameter, Sequential, Stream } from "layerwise";
import { tensorFlowOptimizer } from "layerwise/adapters/tfjs";
import { defineExperiment } from "layerwise/experiments";
import { encodeNpy } from "layerwise/io";
import { cholesky, eigh, gemm, gemv, type Operand, svd } from "layerwise/linalg";
import { createOptimizer, defineMethod, type MethodOptions, type Optimizer, sign } from "layerwise/optim";
import { expectTypeOf } from "vitest";
import { z } from "zod";

const double = Matrix.zeros(2, 2);
const single = Matrix.zeros(2, 2, "float32");

// Precision goes through, and is never mixed.
expectTypeOf(double).toEqualTypeOf<Matrix<Float64Array>>();
expectTypeOf(single).toEqualTypeOf<Matrix<Float32Array>>();
expectTypeOf(gemm(single, single.T)).toEqualTypeOf<Matrix<Float32Array>>();
expectTypeOf(gemv(double, new Float64Array(2))).toEqualTypeOf<Float64Array>();
expectTypeOf(eigh(single).values).toEqualTypeOf<Float32Array>();
expectTypeOf(svd(double).vt).toEqualTypeOf<Matrix<Float64Array>>();
expectTypeOf<Operand<Float32Array>>().not.toMatchTypeOf<Operand<Float64Array>>();
// @ts-expect-error one single, one double
gemm(double, single);
// @ts-expect-error an output of another precision
gemm(double, double, { out: single });
// @ts-expect-error a transposed view is an operand of products only
cholesky(double.T);

// Shapes are read-only.
// @ts-expect-error
double.rows = 3;

// What has value and gradient is a parameter; networks give them.
const parameter = { name: "w", value: double, gradient: double };
expectTypeOf(parameter).toMatchTypeOf<OptimizerParameter>();
expectTypeOf(createOptimizer("soap", [parameter])).toEqualTypeOf<Optimizer>();
createOptimizer("muon", new Sequential([new Linear(2, 3, new Stream(1), { name: "in" })]).parameters);
// @ts-expect-error no gradient
createOptimizer("soap", [{ name: "w", value: double }]);

// So are options: those of the method, the common ones, and those of vectors; an unknown id's are not known.
createOptimizer("soap", [parameter], { lr: 0.1, beta1: 0.9, basis: "eigh", schedule: { kind: "cosine", steps: 9 }, vectorLr: 0.1 });
createOptimizer("kfac", [parameter], {
  groups: [
    { parameters: ["w"], lr: 0.1 },
    { parameters: /w/, method: "adam", beta2: 0.9 },
  ],
});
// @ts-expect-error misspelt
createOptimizer("soap", [parameter], { betta1: 0.9 });
// @ts-expect-error of another method
createOptimizer("adam", [parameter], { damping: 0.1 });
// @ts-expect-error none of the choices
createOptimizer("shampoo", [parameter], { graft: "adamw" });
// @ts-expect-error a group of no parameters
createOptimizer("kfac", [parameter], { groups: [{ lr: 0.1 }] });
createOptimizer("my-own", [parameter], { whatever: 1 });
createOptimizer("soap" as string, [parameter], { whatever: 1 });
expectTypeOf<MethodOptions["shampoo"]["p"]>().toEqualTypeOf<number | undefined>();

// Options of a method have the types of its schema, defaults filled in, and the common ones.
defineMethod({
  id: "scaled-sign",
  title: "Scaled sign",
  reference: "types",
  shape: { strength: z.number().default(1).describe("factor") },
  chain: (options) => {
    expectTypeOf(options.strength).toEqualTypeOf<number>();
    expectTypeOf(options.lr).toEqualTypeOf<number>();
    // @ts-expect-error not an option
    options.weakness;
    return [sign()];
  },
});

// So has the configuration of an experiment.
defineExperiment({
  id: "typed",
  title: "Typed",
  summary: "Types.",
  schema: z.strictObject({ seed: z.int().default(0).describe("seed"), link: z.enum(["relu", "tanh"]).default("relu").describe("link") }),
  trial(config, { stream }) {
    expectTypeOf(config.link).toEqualTypeOf<"relu" | "tanh">();
    expectTypeOf(stream).toEqualTypeOf<Stream>();
    return { value: config.seed };
  },
});

expectTypeOf(tensorFlowOptimizer).returns.toMatchTypeOf<tfjs.Optimizer>();
expectTypeOf(encodeNpy).returns.toEqualTypeOf<Uint8Array>();
