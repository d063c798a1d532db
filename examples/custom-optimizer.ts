// A new method, registered from outside the package: `npx tsx examples/custom-optimizer.ts`.
//
// "Sign-FOOF": precondition the gradient by the layer inputs, W ← W − η·sign(M), M an average of G (A + λI)^{-1}.

import { Linear, Matrix, SquaredError, Stream } from "layerwise";
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
const stream = new Stream(1, "custom optimizer");
const x = stream.normal(Matrix.zeros(64, 2));
const y = Matrix.from(x.toArrays().map(([a, b]) => [a! - 2 * b! + 0.5]));
const layer = new Linear(2, 1, stream);
const loss = new SquaredError();
const optimizer = createOptimizer("sign-foof", layer.parameters, { lr: 0.05, schedule: { kind: "linear", steps: 100 } });
for (let t = 0; t < 100; t++) {
  layer.backward(loss.gradient(layer.forward(x), y));
  optimizer.step();
}
console.log("w =", layer.weight.value.toArrays()[0]);
