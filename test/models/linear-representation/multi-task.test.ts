import { describe, expect, it } from "vitest";
import { Matrix } from "../../../lib/linalg/index.js";
import {
  alternatingTasks,
  alternatingTraining,
  averagedTrunkStep,
  Batches,
  jointTasks,
  jointTraining,
  optimizerTrunkStep,
  randomTask,
  randomTrunk,
  type SharedTrunkStep,
  Student,
  subspaceDistance,
  type Training,
  whitenedTrunkStep,
} from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const [d, k, dy, n] = [12, 3, 5, 200];

function problem(count: number, { cond = 50, noise = 0, outputs = dy } = {}) {
  const stream = new Stream(5, "tasks");
  const star = randomTrunk(stream.child("representation"), k, d);
  const tasks = Array.from({ length: count }, (_, t) => randomTask(stream.child("task", t), star, { dy: outputs, cond, condF: 0, noise }));
  const trunk = stream.child("trunk").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) });
  const students = tasks.map((_, t) => new Student(stream.child("head", t).normal(Matrix.zeros(outputs, k)), trunk));
  const batches = (purpose: string) =>
    tasks.map((task, t) => new Batches(stream.child(purpose, t), task, { n, sampling: "statistics", inputs: "gaussian" }));
  return { star, trunk, students, batches };
}

const train = (training: Training, steps: number, lr: number) => {
  for (let t = 0; t < steps; t++) expect(training.step(lr)).toBe(true);
};

describe("several tasks", () => {
  it("are the scheme of one task when there is one", () => {
    for (const [method, step] of [
      ["sgd", averagedTrunkStep("sgd", {})],
      ["foof", whitenedTrunkStep(0)],
    ] as [string, SharedTrunkStep][]) {
      const [one, several] = [problem(1), problem(1)];

      const known = method === "foof" ? { damping: 0, statistics: "batch", momentum: 0, klClip: null } : {};
      train(alternatingTraining(one.students[0]!, one.batches("a")[0]!, one.batches("b")[0]!, optimizerTrunkStep(method, known)), 3, 0.05);
      train(alternatingTasks({ students: several.students, batches: several.batches("a") }, several.batches("b"), step), 3, 0.05);
      several.trunk.data.forEach((value, i) => {
        expect(value).toBeCloseTo(one.trunk.data[i]!, 9);
      });
    }
    const [one, several] = [problem(1), problem(1)];
    train(jointTraining(one.students[0]!, one.batches("a")[0]!, "sgd", {}, "exact"), 3, 0.02);
    train(jointTasks({ students: several.students, batches: several.batches("a") }, "sgd", {}), 3, 0.02);
    expect(several.trunk.data).toEqual(one.trunk.data);
    expect(several.students[0]!.head.data).toEqual(one.students[0]!.head.data);
  });

  it("find G* with scalar outputs, which one task alone cannot; whitening each task's gradient does not mind the condition number", () => {
    // Six tasks are too few: their heads nearly depend on each other, and where the trunk ends is a matter of the last bit.
    const distances = [1, 12].map((count) => {
      const { star, trunk, students, batches } = problem(count, { cond: 1000, outputs: 1 });
      train(alternatingTasks({ students, batches: batches("a") }, batches("b"), whitenedTrunkStep(0)), 300, 0.1);
      return subspaceDistance(trunk, star);
    });
    expect(distances[0]).toBeGreaterThan(0.3);
    expect(distances[1]).toBeLessThan(0.01);
  });

  it("is slow by the mean gradient (FedRep) where inputs are anisotropic", () => {
    const distances = [1, 1000].map((cond) => {
      const { star, trunk, students, batches } = problem(4, { cond });
      train(alternatingTasks({ students, batches: batches("a") }, batches("b"), averagedTrunkStep("sgd", {})), 200, 0.03);
      return subspaceDistance(trunk, star);
    });
    expect(distances[0]).toBeLessThan(0.01);
    expect(distances[1]).toBeGreaterThan(0.1);
  });
});
