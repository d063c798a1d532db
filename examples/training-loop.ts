// A plain training loop with mini-batches, a schedule, a checkpoint, and exact continuation: `npx tsx examples/training-loop.ts`.
import { Activation, createOptimizer, Linear, Matrix, Sequential, SquaredError, Stream } from "layerwise";
import { loadCheckpoint, saveCheckpoint } from "layerwise/optim";

const stream = new Stream(1, "training loop");
const x = stream.normal(Matrix.zeros(512, 8));
const y = Matrix.from(x.toArrays().map((row) => [Math.tanh(row[0]! + 2 * row[1]!) + 0.5 * row[2]!]));
const loss = new SquaredError();

function build() {
  const network = new Sequential([
    new Linear(8, 32, new Stream(2, "in"), { name: "in" }),
    new Activation("relu"),
    new Linear(32, 1, new Stream(2, "out"), { name: "out" }),
  ]);
  const schedule = { kind: "cosine", steps: 200 } as const;
  return { network, optimizer: createOptimizer("soap", network.parameters, { lr: 0.02, schedule }) };
}

/** Steps [from, to) on batches that depend on the step only, so that a run can be continued. */
function train({ network, optimizer }: ReturnType<typeof build>, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    const first = (step * 64) % 512;
    const batch = x.block(first, 0, 64, 8);
    const z = network.forward(batch);
    network.backward(loss.gradient(z, y.block(first, 0, 64, 1)));
    optimizer.step();
  }
}

const model = build();
console.log("start", loss.value(model.network.forward(x), y));
train(model, 0, 100);
const weights = model.network.parameters.map(({ value }) => value.clone());
const checkpoint = saveCheckpoint(model.optimizer);
train(model, 100, 200);
const end = loss.value(model.network.forward(x), y);
console.log("end", end);

const continued = build();
continued.network.parameters.forEach(({ value }, i) => {
  value.copy(weights[i]!);
});
loadCheckpoint(continued.optimizer, checkpoint);
train(continued, 100, 200);
if (loss.value(continued.network.forward(x), y) !== end) throw new Error("a continued run must be the same to the bit");
console.log("continued to the same bit");
