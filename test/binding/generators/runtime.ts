import { binding } from "../../../lib/binding.js";
import type { Draw, Family } from "../harness.js";

/** A prepared call on its own memory, or a sequence of such. */
function prepared(draw: Draw, depth = 2): () => void {
  const kind = draw.integer(0, depth ? 3 : 2);
  if (kind === 3) return binding.prepareSequence(Array.from({ length: draw.integer(0, 3) }, () => prepared(draw, depth - 1)));
  const n = draw.integer(0, 40);
  const x = new Float64Array(n);
  if (kind === 0) return binding.prepare("dscal", n, 1, draw.scalar(), x, 0, 1);
  if (kind === 1) return binding.prepare("daxpy", n, 1, draw.scalar(), x, 0, 1, new Float64Array(n), 0, 1);
  return binding.prepare("sger", 2, 2, 1, new Float32Array(2), 0, 1, new Float32Array(2), 0, 1, new Float32Array(4), 0, 2);
}

export const others: NonNullable<Family["others"]> = {
  blasInfo: { values: () => ({}), shapes: () => ({}) },
  getThreads: { values: () => ({}), shapes: () => ({}) },
  setThreads: { values: (draw) => ({ threads: draw.integer(1, 3) }), shapes: () => ({}) },
  enterWorker: { values: () => ({}), shapes: () => ({}) },
  selfCheck: { values: (draw) => ({ fault: draw.pick(0, 0.5, 1) }), shapes: () => ({}) },
  prepareSequence: {
    values: (draw) => ({ calls: Array.from({ length: draw.integer(0, 4) }, () => prepared(draw)) }),
    shapes: () => ({}),
    call: (routine, args) => (routine(...args) as () => void)(),
  },
  firstLoad: { values: () => ({}), shapes: () => ({}) },
};
