import { binding } from "../lib/binding.js";

/** Undoes what a test has set: `afterEach(widest)`. */
export const widest = () => void binding.instructions("widest");

/** The vector instructions that this processor has, for tests of every kernel of our own. */
export const instructionSets = (["portable", "avx2", "avx512"] as const).filter((which) => {
  try {
    return binding.instructions(which) === which;
  } catch {
    return false;
  }
});
widest();
