// A new method, registered from outside the package: `npx tsx examples/custom-optimizer.ts`.
//
// "Sign-FOOF": precondition the gradient by the layer inputs, W ← W − η·sign(M), M an average of G (A + λI)^{-1}.

import { gemm, Matrix } from "layerwise/linalg";
import {
  createOptimizer,
  defineMethod,
  Factor,
  inputs,
  inverseRootSolver,
  kronecker,
  momentum,
  registerMethod,
  sign,
} from "layerwise/optim";
import { z } from "zod";

registerMethod(
  defineMethod({
    id: "sign-foof",
    title: "Sign-FOOF",
    reference: "this example",
    shape: {
      damping: z.number().nonnegative().default(1e-3).describe("λ, added to the input covariance"),
      momentum: z.number().min(0).lt(1).default(0.9).describe("averaging factor"),
    },
    chain: (o) => {
      const damping = { value: o.damping, relativeTo: null, floor: 0, spectrum: "add" } as const;
      const right = { source: inputs, factor: new Factor("right", inverseRootSolver(1), { damping }) };
      return [kronecker({ left: null, right }), momentum({ mu: o.momentum, ema: true }), sign()];
    },
  }),
);

// It is an optimizer like any other: options are checked, state is saved, schedules and groups work.
const x = Matrix.from([
  [1, 0.2],
  [0.9, -0.1],
  [-1, 0.3],
  [0.2, 0.1],
]);
const y = Matrix.from([[0.5], [1.1], [-1.3], [0]]);
const w = { name: "w", value: Matrix.zeros(1, 2), gradient: Matrix.zeros(1, 2), inputs: { samples: x } };
const optimizer = createOptimizer("sign-foof", [w], { lr: 0.05, schedule: { kind: "linear", steps: 100 } });
for (let t = 0; t < 100; t++) {
  const residual = gemm(x, w.value.T);
  for (let i = 0; i < 4; i++) residual.data[i]! -= y.data[i]!;
  gemm(residual.T, x, { out: w.gradient, alpha: 1 / 4 });
  optimizer.step();
}
console.log("w =", w.value.toArrays()[0]);
