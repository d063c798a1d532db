import { availableParallelism } from "node:os";
import { binding } from "../../../lib/binding.js";
import { equal, law } from "../checks.js";
import type { Draw, Family } from "../harness.js";

/** What running a prepared call once adds to counters in its own memory, one for each prepared call in it. */
const counters = new WeakMap<() => void, Map<Float64Array, number>>();

/** A prepared call that counts how often it runs, or a sequence of such. */
function prepared(draw: Draw, depth = 2): () => void {
  const counts = new Map<Float64Array, number>();
  let call: () => void;
  if (depth > 0 && draw.boolean()) {
    const parts = Array.from({ length: draw.integer(0, 3) }, () => prepared(draw, depth - 1));
    call = binding.prepareSequence(parts);
    for (const part of parts) for (const [count, times] of counters.get(part)!) counts.set(count, (counts.get(count) ?? 0) + times);
  } else {
    const n = draw.integer(1, 40);
    const count = new Float64Array(n);
    call = binding.prepare("daxpy", n, 1, 1, new Float64Array(n).fill(1), 0, 1, count, 0, 1);
    counts.set(count, 1);
  }
  counters.set(call, counts);
  return call;
}

const none = { values: () => ({}), shapes: () => ({}) };

export const others: NonNullable<Family["others"]> = {
  blasInfo: {
    ...none,
    check: law(({ result }) => {
      const { config, coreType, threads, processors } = result as ReturnType<typeof binding.blasInfo>;
      if (!config.startsWith("OpenBLAS ")) throw new Error(`config is ${config}`);
      if (threads !== binding.getThreads()) throw new Error(`threads is ${threads}`);
      if (!(processors >= availableParallelism() && processors <= 4096)) throw new Error(`processors is ${processors}`);
      if (!/^[A-Za-z0-9_]+$/.test(coreType)) throw new Error(`coreType is ${coreType}`);
      equal(result, binding.blasInfo());
    }),
  },
  getThreads: { ...none, check: law(({ result }) => equal(result, binding.blasInfo().threads)) },
  setThreads: {
    values: (draw) => ({ threads: draw.integer(1, 3) }),
    shapes: () => ({}),
    check: law(({ result, after }) => {
      equal(result, undefined);
      equal(binding.getThreads(), after.threads);
    }),
  },
  enterWorker: {
    ...none,
    check: law(({ result }) => equal(result, undefined)),
    // The threads it may change are those that nobody has chosen: in a test of its own (test/runtime).
  },
  selfCheck: {
    values: (draw) => ({ fault: draw.pick(0, 0.5, 1) }),
    shapes: () => ({}),
    check: law(({ result, after }, test) => {
      const checks = result as ReturnType<typeof binding.selfCheck>;
      equal(
        checks.map(({ routine }) => routine),
        ["gemm", "syrk", "syevd", "potrf"].flatMap((name) => [`d${name}`, `s${name}`]),
      );
      for (const { routine, error, limit } of checks) {
        if (after.fault >= 0.5) test(`${routine} with a fault`, limit, error);
        else if (after.fault === 0) test(routine, error, limit);
      }
      equal(checks, binding.selfCheck(after.fault));
    }),
  },
  prepareSequence: {
    values: (draw) => ({ calls: Array.from({ length: draw.integer(0, 4) }, () => prepared(draw)) }),
    shapes: () => ({}),
    // The number of elements that are not what the calls in it should have made of them, after two runs.
    call: (routine, args) => {
      const [calls] = args as [(() => void)[]];
      const sequence = routine(...args) as () => unknown;
      const before = new Map<Float64Array, number>();
      for (const call of calls) for (const count of counters.get(call)?.keys() ?? []) before.set(count, count[0]!);
      for (let run = 0; run < 2; run++) equal(sequence(), undefined);
      let wrong = 0;
      for (const [count, start] of before) {
        const times = calls.reduce((sum, call) => sum + (counters.get(call)?.get(count) ?? 0), 0);
        for (const x of count) wrong += Number(x !== start + 2 * times);
      }
      return wrong;
    },
    check: law(({ result }) => equal(result, 0)),
  },
  // lib/binding.ts has asked first.
  firstLoad: { ...none, check: law(({ result }) => equal(result, false)) },
};
