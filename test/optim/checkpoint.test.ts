import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Matrix } from "../../lib/linalg/matrix.js";
import { createOptimizer, loadCheckpoint, methodIds, saveCheckpoint } from "../../lib/optim/index.js";
import { continuation } from "./continuation.js";
import { weight } from "./helpers.js";

const methods = methodIds().filter((id) => !id.startsWith("test-"));

describe.each(methods)("%s", (id) => {
  it.each(["safetensors", "npz"] as const)("continues exactly from a %s file", (format) => {
    const straight = continuation(id);
    for (let t = 0; t < 20; t++) straight.step(t);
    const first = continuation(id);
    for (let t = 0; t < 10; t++) first.step(t);
    const file = saveCheckpoint(first.optimizer, { format });
    const second = continuation(id);
    loadCheckpoint(second.optimizer, file);
    // What was saved is a copy: the first run goes on without touching it.
    first.step(10);
    for (let t = 10; t < 20; t++) second.step(t);
    expect(second.weights()).toEqual(straight.weights());
    expect(saveCheckpoint(second.optimizer)).toEqual(saveCheckpoint(straight.optimizer));
  });

  it("continues exactly from a structured clone of its state", () => {
    const [first, second] = [continuation(id), continuation(id)];
    for (let t = 0; t < 6; t++) for (const run of [first, second]) run.step(t);
    second.step(6); // away from where the state was taken
    const weights = first.optimizer.parameters.map(({ value }) => value.clone());
    second.optimizer.load(structuredClone(first.optimizer.state()));
    second.optimizer.parameters.forEach(({ value }, k) => {
      value.copy(weights[k]!);
    });
    for (let t = 6; t < 9; t++) for (const run of [first, second]) run.step(t);
    expect(second.weights()).toEqual(first.weights());
  });
});

it("refuses a cloned matrix of another shape or with too few elements", () => {
  const w = weight(Matrix.zeros(2, 3));
  const optimizer = createOptimizer("adam", [w]);
  const state = structuredClone(optimizer.state());
  const m = ((state.parameters.w!.stages as never)["1:adam"] as { m: { rows: number; data: Float64Array } }).m;
  m.rows = 3;
  expect(() => optimizer.load(state)).toThrow(/w\/stages\/1:adam\/m/);
  m.rows = 2;
  m.data = new Float64Array(5);
  expect(() => optimizer.load(state)).toThrow(/should be a 2×3 float64 matrix/);
  m.data = new Float64Array(6);
  optimizer.load(state);
});

it("continues exactly in a fresh process", () => {
  const directory = mkdtempSync(join(tmpdir(), "layerwise-"));
  try {
    const ids = methods;
    ids.forEach((id, i) => {
      const first = continuation(id);
      for (let t = 0; t < 10; t++) first.step(t);
      writeFileSync(join(directory, id), saveCheckpoint(first.optimizer, { format: i % 2 === 0 ? "safetensors" : "npz" }));
    });
    const script = new URL("./continuation.ts", import.meta.url).pathname;
    const out = execFileSync(process.execPath, ["--import", "tsx", script, ...ids.map((id) => join(directory, id))], { encoding: "utf8" });
    const lines = out.trim().split("\n");
    for (const [i, id] of ids.entries()) {
      const straight = continuation(id);
      for (let t = 0; t < 20; t++) straight.step(t);
      expect(lines[i]).toBe(JSON.stringify(straight.weights()));
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("a checkpoint is refused", () => {
  const make = (id: string, rows = 2, dtype: "float64" | "float32" = "float64", options = {}) => {
    const value = Matrix.zeros(rows, 3, dtype);
    return createOptimizer(id, [{ name: "fc.weight", value, gradient: Matrix.zeros(rows, 3, dtype) }], options);
  };
  const saved = (format: "safetensors" | "npz" = "safetensors") => saveCheckpoint(make("adam"), { format });

  it("from another method", () => {
    expect(() => loadCheckpoint(make("sgd"), saved())).toThrow(/made by "adam", cannot continue "sgd"/);
  });
  it("from another shape, naming the entry", () => {
    expect(() => loadCheckpoint(make("adam", 3), saved())).toThrow(/"weights\/fc.weight" is 2×3 float64, the weight 3×3 float64/);
  });
  it("from another precision, naming the entry", () => {
    expect(() => loadCheckpoint(make("adam", 2, "float32"), saved())).toThrow(
      /"weights\/fc.weight" is 2×3 float64, the weight 2×3 float32/,
    );
  });
  it("from other options that change the state, naming the entry", () => {
    expect(() => loadCheckpoint(make("adam", 2, "float64", { amsgrad: true }), saved())).toThrow(
      /"fc.weight\/stages\/1:adam\/max" should be a 2×3 float64 matrix, got a 0×3/,
    );
    expect(() => loadCheckpoint(make("adam", 2, "float64", { average: 0.9 }), saved())).toThrow(/"fc.weight\/average"/);
  });
  it("when it is no state, or its numbers are none", () => {
    const optimizer = make("adam");
    for (const bad of [null, {}, { method: "adam" }]) expect(() => optimizer.load(bad as never)).toThrow("expected what state() returned");
    const state = optimizer.state();
    for (const t of [-1, 1.5, Number.NaN]) expect(() => optimizer.load({ ...state, t })).toThrow(`"t" must be an integer ≥ 0, got ${t}`);
    for (const lr of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => optimizer.load({ ...state, lr })).toThrow(/"lr" must be/);
    const weights = structuredClone(state);
    (weights.parameters["fc.weight"] as { t: number }).t = Number.NaN;
    expect(() => optimizer.load(weights)).toThrow('entry "fc.weight/t" should be a number, got NaN');
  });
  it("when a weight has NaN, naming it", () => {
    const optimizer = make("adam");
    optimizer.parameters[0]!.value.data[4] = Number.NaN;
    const file = saveCheckpoint(optimizer);
    optimizer.parameters[0]!.value.data[4] = 0;
    expect(() => loadCheckpoint(optimizer, file)).toThrow('entry "weights/fc.weight" has NaN or infinite elements');
    expect([...optimizer.parameters[0]!.value.data]).toEqual([0, 0, 0, 0, 0, 0]);
  });
  it("for other parameters, naming them", () => {
    const other = createOptimizer("adam", [weight(Matrix.zeros(2, 3), "other")]);
    expect(() => loadCheckpoint(other, saved())).toThrow(/no weight for parameter "other"/);
    expect(() => other.load(make("adam").state())).toThrow(/nothing for parameter "other"/);
  });
  it("when it is some other safetensors or npz file, or cut off", () => {
    for (const format of ["safetensors", "npz"] as const) {
      const file = saved(format);
      for (const end of [0, 7, 100, file.length - 1])
        expect(() => loadCheckpoint(make("adam"), file.slice(0, end))).toThrow(/safetensors|npz|"/);
    }
  });
  it("and changes nothing then", () => {
    const a = weight(Matrix.zeros(2, 3), "a");
    const b = weight(Matrix.zeros(2, 3), "b");
    const optimizer = createOptimizer("adam", [a, b]);
    a.gradient.fill(1);
    b.gradient.fill(1);
    optimizer.step();
    const before = saveCheckpoint(optimizer);
    const state = optimizer.state();
    // The first parameter's entries fit, the second's do not.
    const bad = structuredClone({ ...state, parameters: {} }) as never as { parameters: Record<string, unknown> };
    bad.parameters = {
      a: createOptimizer("adam", [weight(Matrix.zeros(2, 3), "a")]).state().parameters.a,
      b: { t: 1, stages: {}, average: null },
    };
    expect(() => optimizer.load(bad as never)).toThrow(/"b\/stages\/0:coupledDecay" is missing/);
    expect(saveCheckpoint(optimizer)).toEqual(before);
  });
});

it("stores matrices under readable names", () => {
  const optimizer = createOptimizer("soap", [weight(Matrix.zeros(2, 3), "fc")]);
  const text = Buffer.from(saveCheckpoint(optimizer)).toString("latin1");
  expect(text).toContain('"state/parameters/fc/stages/0:inEigenbasis/left/moment":{"dtype":"F64","shape":[2,2]');
});
