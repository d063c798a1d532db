import type { Family } from "../harness.js";

export const others: NonNullable<Family["others"]> = {
  blasInfo: { values: () => ({}), shapes: () => ({}) },
  getThreads: { values: () => ({}), shapes: () => ({}) },
  setThreads: { values: (draw) => ({ threads: draw.integer(1, 3) }), shapes: () => ({}) },
  enterWorker: { values: () => ({}), shapes: () => ({}) },
  selfCheck: { values: (draw) => ({ fault: draw.pick(0, 0.5, 1) }), shapes: () => ({}) },
  firstLoad: { values: () => ({}), shapes: () => ({}) },
};
