import { describe, expect, it } from "vitest";
import { Matrix } from "../../lib/linalg/index.js";
import { Linear } from "../../lib/nn/index.js";
import { createOptimizer } from "../../lib/optim/index.js";
import { Stream } from "../../lib/random/index.js";

const weight = (name = "w") => ({ name, value: Matrix.identity(2), gradient: Matrix.identity(2) });

// What people who come from other libraries, or do without TypeScript, try first.
describe("a mistake at createOptimizer", () => {
  it.each([
    ["learningRate", "lr"],
    ["weight_decay", "decay"],
    ["betta1", "beta1"],
  ])("option %s: %s is proposed", (key, meant) => {
    expect(() => createOptimizer("soap", [weight()], { [key]: 1 })).toThrow(`did you mean "${meant}"?`);
  });

  it("an option unlike any other: all are listed", () => {
    expect(() => createOptimizer("sgd", [weight()], { frobnicate: 1 } as never)).toThrow(/options are .*momentum/);
  });

  it("no id, options null", () => {
    expect(() => createOptimizer(undefined as never, [weight()])).toThrow("the id of an optimizer must be a string, got undefined");
    createOptimizer("sgd", [weight()], null as never);
  });

  it("a schedule of an unknown kind: the kinds are listed", () => {
    expect(() => createOptimizer("sgd", [weight()], { schedule: { kind: "cosin", steps: 3 } } as never)).toThrow(/linear, cosine, wsd/);
  });

  it.each([
    ["no parameters", undefined, /must be an array/],
    ["a single one", weight(), /must be an array/],
    ["no name", [{ ...weight(), name: undefined }], /needs a name/],
    ["a name that no record can have", [weight("__proto__")], /no parameter can be named "__proto__"/],
    ["nested arrays", [{ ...weight(), value: [[1]] }], /value of "w" must be a Matrix/],
    ["bare arrays", [{ ...weight(), gradient: new Float64Array(4) }], /gradient of "w" must be a Matrix.*new Matrix\(array, rows, cols\)/],
  ])("%s", (_, parameters, message) => {
    for (const method of ["adam", "soap", "lbfgs"]) expect(() => createOptimizer(method, parameters as never)).toThrow(message);
  });

  it.each(["adam", "lbfgs"])("a closure of %s that returns nothing, or a promise", (id) => {
    for (const closure of [() => {}, async () => 1]) {
      const optimizer = createOptimizer(id, [weight()]);
      expect(() => optimizer.step(closure as never)).toThrow(`${id}: the closure must return the mean loss, got`);
    }
  });

  it.each(["kfac", "ekfac", "foof", "kfac-stylised", "newton-muon"])(
    "%s without any layer statistics is refused, not another method",
    (id) => {
      expect(() => createOptimizer(id, [weight()])).toThrow(/preconditions with `inputs` or `outputGradients`/);
      createOptimizer(id, [{ ...weight(), inputs: { samples: Matrix.identity(2) } }]);
    },
  );

  it("kfac in a group without any is refused as well, but not the biases of a network in a group of their own", () => {
    const kfac = [{ parameters: ["b"], method: "kfac" }];
    expect(() => createOptimizer("sgd", [weight("a"), weight("b")], { groups: kfac })).toThrow(/"kfac" preconditions with/);
    const layer = new Linear(2, 2, new Stream(1), { bias: "separate" });
    createOptimizer("kfac", layer.parameters, { decay: 0.1, groups: [{ parameters: /bias/, decay: 0 }] });
  });

  it("one weight without statistics among others: Adam takes it", () => {
    const [a, b, c] = [weight("a"), weight("b"), weight("b")];
    const layer = new Linear(2, 2, new Stream(1));
    layer.forward(Matrix.identity(2));
    layer.backward(Matrix.identity(2));
    createOptimizer("kfac", [a, ...layer.parameters], { vectorLr: 0.1 }).step();
    expect(a.value).not.toEqual(b.value);
    createOptimizer("adam", [c], { lr: 0.1 }).step();
    expect(a.value.toArrays()).toEqual(c.value.toArrays());
  });
});
