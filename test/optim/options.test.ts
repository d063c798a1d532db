import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Matrix, scale } from "../../lib/linalg/index.js";
import { createOptimizer, defineMethod, findMethod, methodIds, methodShape, momentum, registerMethod } from "../../lib/optim/index.js";
import { continuation } from "./continuation.js";
import { distance, generator, trajectory, weight } from "./helpers.js";

const one = () => [
  weight(
    Matrix.from([
      [1, 2],
      [3, 4],
    ]),
  ),
];

describe("options", () => {
  it("an unknown optimizer names the nearest", () => {
    expect(() => createOptimizer("shampo", one())).toThrow(/unknown optimizer "shampo"; did you mean "shampoo"\?/);
  });

  it("an unknown option names the nearest", () => {
    expect(() => createOptimizer("kfac", one(), { dampng: 1 } as never)).toThrow(/kfac: unknown option "dampng"; did you mean "damping"\?/);
  });

  it.each([
    ["adam", { beta1: 1 }, /option "beta1".*got 1/],
    ["adam", { lr: -1 }, /option "lr".*got -1/],
    ["adam", { lr: Number.NaN }, /option "lr".*got NaN/],
    ["adam", { lr: Number.POSITIVE_INFINITY }, /option "lr".*got Infinity/],
    ["soap", { basis: "QR" }, /option "basis".*got "QR"/],
    ["shampoo", { root: "warm", rootTolerance: 10 }, /option "rootTolerance".*got 10/],
    ["muon", { polarSteps: 2.5 }, /option "polarSteps".*got 2.5/],
  ])("%s %o is refused by name and value", (id, options, message) => {
    expect(() => createOptimizer(id, one(), options)).toThrow(message);
  });

  it.each([
    ["soap", "relativeTo", "trace"],
    ["soap", "spectrum", "clip"],
    ["soap-muon", "dampingFloor", 1],
    ["splus", "root", "eigh"],
    ["kl-soap", "spectrum", "clip"],
    ["ekfac", "relativeTo", "trace"],
    ["ekfac", "rootTolerance", 0.1],
  ])("%s refuses %s, which would do nothing", (id, key, value) => {
    expect(() => createOptimizer(id, one(), { [key]: value })).toThrow(`unknown option "${key}"`);
  });

  it("KFAC refuses a unit of λ that its split does not know", () => {
    const layer = { ...one()[0]!, inputs: { samples: Matrix.zeros(0, 2) } };
    expect(() => createOptimizer("kfac", [layer], { relativeTo: "trace" })).toThrow('option "relativeTo" needs split "plain", got "pi"');
    expect(() => createOptimizer("kfac", [layer], { dampingFloor: 1 })).toThrow('option "dampingFloor" needs split "plain", got "pi"');
    expect(() => createOptimizer("kfac", [layer], { spectrum: "clip", split: "exact" })).toThrow(
      'option "spectrum" needs split "plain", got "exact"',
    );
  });

  it("every option of every method has a description", () => {
    for (const id of methodIds()) {
      for (const [key, type] of Object.entries(methodShape(findMethod(id)))) expect(type.description, `${id}.${key}`).toBeTruthy();
    }
  });

  it("has the whole list of methods, each with a reference", () => {
    const wanted =
      "sgd adagrad rmsprop adam adamw lion lbfgs gauss-newton kfac ekfac foof kfac-stylised shampoo asgo kl-shampoo soap kl-soap soap-muon splus muon newton-muon";
    expect(methodIds()).toEqual(expect.arrayContaining(wanted.split(" ")));
    for (const id of methodIds()) expect(findMethod(id).reference).not.toBe("");
  });

  it("two parameters of one name, or a gradient of another shape or precision, are refused", () => {
    expect(() => createOptimizer("sgd", [...one(), ...one()])).toThrow(/two parameters are named "w"/);
    const value = Matrix.zeros(2, 2);
    expect(() => createOptimizer("sgd", [{ name: "w", value, gradient: Matrix.zeros(2, 3) }])).toThrow(/"w" is 2×3, its weight 2×2/);
    expect(() => createOptimizer("sgd", [{ name: "w", value, gradient: Matrix.zeros(2, 2, "float32") as never }])).toThrow(
      /"w" is float32/,
    );
  });
});

describe("groups", () => {
  it("give parameters their own rate, decay, options or method", () => {
    const [a, b, c] = ["a", "b", "c"].map((name) =>
      weight(
        Matrix.from([
          [1, 2],
          [3, 4],
        ]),
        name,
      ),
    );
    const g = generator(1).matrix(2, 2);
    for (const p of [a!, b!, c!]) p.gradient.copy(g);
    const optimizer = createOptimizer("sgd", [a!, b!, c!], {
      lr: 0.1,
      groups: [
        { parameters: ["b"], lr: 0.2, decay: 0.5 },
        { parameters: /^c$/, method: "muon", lr: 0.3, polar: "exact" },
      ],
    });
    optimizer.step();
    const start = Matrix.from([
      [1, 2],
      [3, 4],
    ]);
    const step = [{ gradient: g }];
    expect(distance(a!.value, trajectory("sgd", start, step, { lr: 0.1 })[0]!)).toBe(0);
    expect(distance(b!.value, trajectory("sgd", start, step, { lr: 0.2, decay: 0.5 })[0]!)).toBe(0);
    expect(distance(c!.value, trajectory("muon", start, step, { lr: 0.3, polar: "exact" })[0]!)).toBe(0);
    // The base rate moves all groups.
    optimizer.lr = 0;
    const before = b!.value.clone();
    optimizer.step();
    expect(distance(b!.value, before)).toBe(0);
  });

  // One λ adapts for all groups of KFAC (`special` of continuation.ts): the reduction ratio is that of the whole step.
  it.each(methodIds().filter((id) => !findMethod(id).create))("that say nothing new change nothing of %s", (id) => {
    const [plain, grouped] = [continuation(id), continuation(id, { groups: [{ parameters: ["second"] }, { parameters: /^bi/ }] })];
    for (let t = 0; t < 10; t++) for (const run of [plain, grouped]) run.step(t);
    expect(grouped.weights()).toEqual(plain.weights());
    expect(grouped.optimizer.state().shared).toEqual(plain.optimizer.state().shared);
  });

  it("adapt one λ by one rule", () => {
    const parameters = () =>
      [weight(Matrix.zeros(2, 2), "a"), weight(Matrix.zeros(2, 2), "b")].map((w) => ({ ...w, inputs: { samples: Matrix.identity(2) } }));
    for (const own of [{ damping: 1 }, { omega: 0.5 }, { period: 2 }, { reject: true }]) {
      const groups = [{ parameters: ["b"], ...own }];
      const key = Object.keys(own)[0]!;
      expect(() => createOptimizer("kfac", parameters(), { adaptive: true, groups })).toThrow(`option "${key}" must be the same in each`);
      createOptimizer("kfac", parameters(), { groups });
    }
  });

  it("are refused when they select nothing or have an unknown option", () => {
    expect(() => createOptimizer("sgd", one(), { groups: [{ parameters: /x/ }] })).toThrow(/groups.0.*selects no parameter/);
    expect(() => createOptimizer("sgd", one(), { groups: [{ parameters: ["w", "w2"] }] })).toThrow(
      'unknown parameter "w2"; did you mean "w"?',
    );
    for (const [entry, message] of [
      [null, /"groups.0": expected \{parameters, method/],
      [{ parameters: "w" }, /"groups.0": option "parameters": expected an array of names, a RegExp.*got "w"/],
      [{ parameters: [1] }, /"parameters"/],
      [{ parameters: ["w"], method: 3 }, /"groups.0": option "method"/],
    ] as const)
      expect(() => createOptimizer("sgd", one(), { groups: [entry as never] })).toThrow(message);
    expect(() => createOptimizer("sgd", one(), { groups: [{ parameters: ["w"], momentm: 1 }] })).toThrow(/did you mean "momentum"/);
    expect(() => createOptimizer("sgd", one(), { groups: [{ lr: 1 }] } as never)).toThrow(/parameters/);
  });

  it("are refused with what belongs to all parameters, or with a rate relative to none", () => {
    const given = (entry: Record<string, unknown>, lr = 0.1) =>
      createOptimizer("sgd", one(), { lr, groups: [{ parameters: ["w"], ...entry }] });
    for (const key of ["schedule", "clipNorm", "clipValue", "average", "nonFinite", "record", "groups"])
      expect(() => given({ [key]: 1 })).toThrow(new RegExp(`option "groups.0.${key}": is of all parameters together`));
    expect(() => given({ lr: 1 }, 0)).toThrow(/option "groups.0.lr": rates of groups are relative to lr, which is 0/);
    given({ lr: 0 }, 0);
    // Also when it is the default of another method.
    expect(() => given({ method: "muon" }, 0)).toThrow(/option "groups.0.lr": rates of groups are relative to lr, which is 0/);
  });

  it("a RegExp selects by itself, whatever its flags and whatever it matched before", () => {
    const parameters = ["a1", "a2", "a3"].map((name) => weight(Matrix.from([[0]]), name));
    for (const p of parameters) p.gradient.fill(1);
    createOptimizer("sgd", parameters, { lr: 1, groups: [{ parameters: /a/g, lr: 2 }] }).step();
    expect(parameters.map(({ value }) => value.data[0])).toEqual([-2, -2, -2]);
  });

  it("vectors get Adam at their own rate in matrix methods", () => {
    const vector = weight(Matrix.from([[1, 2, 3]]), "bias");
    vector.gradient.fill(0.5);
    const matrix = one()[0]!;
    createOptimizer("muon", [vector, matrix], { lr: 1, vectorLr: 0.25 }).step();
    for (let i = 0; i < 3; i++) expect(vector.value.data[i]).toBeCloseTo(i + 1 - 0.25, 7);
  });
});

describe("clipping, decay, averaging", () => {
  it("clipNorm scales all gradients together", () => {
    const [a, b] = ["a", "b"].map((name) => weight(Matrix.zeros(1, 2), name));
    a!.gradient.data.set([3, 0]);
    b!.gradient.data.set([0, 4]);
    createOptimizer("sgd", [a!, b!], { lr: 1, clipNorm: 1 }).step();
    expect([...a!.value.data, ...b!.value.data].map((x) => +x.toFixed(12))).toEqual([-0.6, 0, 0, -0.8]);
  });

  it("clipNorm keeps the direction of gradients whose norm overflows", () => {
    const [a, b] = ["a", "b"].map((name) => weight(Matrix.zeros(1, 2), name));
    a!.gradient.data.set([1.5e308, 0]);
    b!.gradient.data.set([0, -1.5e308]);
    createOptimizer("sgd", [a!, b!], { lr: 1, clipNorm: 2 }).step();
    expect([...a!.value.data, ...b!.value.data].map((x) => +x.toFixed(12))).toEqual(
      [-Math.SQRT2, 0, 0, Math.SQRT2].map((x) => +x.toFixed(12)),
    );
  });

  it("clipValue clamps elements", () => {
    const [a] = one();
    a!.gradient.data.set([5, -5, 0.1, 0]);
    createOptimizer("sgd", [a!], { lr: 1, clipValue: 0.5 }).step();
    expect([...a!.value.data]).toEqual([0.5, 2.5, 2.9, 4]);
  });

  it("decoupled decay comes before the step and does not pass the preconditioner", () => {
    const [a] = one();
    a!.gradient.fill(1);
    createOptimizer("sgd", [a!], { lr: 0.5, decay: 0.2 }).step();
    expect([...a!.value.data]).toEqual([1, 2, 3, 4].map((w) => w * (1 - 0.5 * 0.2) - 0.5));
  });

  it("averages weights with bias correction", () => {
    const [a] = one();
    a!.gradient.fill(1);
    const optimizer = createOptimizer("sgd", [a!], { lr: 1, average: 0.5 });
    optimizer.step(); // w = 0 1 2 3
    optimizer.step(); // w = −1 0 1 2; average (0.25·w₁ + 0.5·w₂)/0.75
    expect(optimizer.averaged("w")!.data[0]).toBeCloseTo((0.25 * 0 + 0.5 * -1) / 0.75, 14);
    expect(createOptimizer("sgd", one()).averaged("w")).toBeNull();
  });

  it("KL clip bounds η² Σ⟨U, G⟩ by κ over all parameters together", () => {
    const g = generator(5);
    const parameters = ["a", "b"].map((name) => {
      const p = weight(Matrix.zeros(2, 3), name);
      p.gradient.copy(g.matrix(2, 3));
      return Object.assign(p, { inputs: { samples: g.matrix(9, 3) } });
    });
    createOptimizer("foof", parameters, { lr: 2, klClip: 1e-3, momentum: 0 }).step();
    const slope = (weights: Matrix[]) => {
      let sum = 0; // η Σ⟨U, G⟩ = −Σ⟨ΔW, G⟩
      for (const [k, w] of weights.entries()) for (let i = 0; i < 6; i++) sum -= w.data[i]! * parameters[k]!.gradient.data[i]!;
      return sum;
    };
    const free = parameters.map(
      ({ gradient, inputs }) => trajectory("foof", Matrix.zeros(2, 3), [{ gradient, inputs: inputs.samples }], { lr: 2, momentum: 0 })[0]!,
    );
    const nu = Math.sqrt(1e-3 / (2 * slope(free)));
    expect(nu).toBeLessThan(1);
    expect(slope(parameters.map((p) => p.value))).toBeCloseTo(nu * slope(free), 12);
  });
});

describe("registering a method from outside", () => {
  it("makes it an optimizer like any other", () => {
    registerMethod(
      defineMethod({
        id: "test-half",
        title: "Half",
        reference: "here",
        shape: { mu: z.number().default(0).describe("momentum") },
        chain: (o) => [{ name: "half", init: () => null, apply: (direction) => void scale(0.5, direction) }, momentum({ mu: o.mu })],
      }),
    );
    const [a] = one();
    a!.gradient.fill(1);
    createOptimizer("test-half", [a!], { lr: 1 }).step();
    expect([...a!.value.data]).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(() => registerMethod(findMethod("sgd"))).toThrow(/already registered/);
  });
});
