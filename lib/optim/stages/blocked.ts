import type { Matrix, Real } from "../../linalg/matrix.js";
import { Scratch } from "../scratch.js";
import type { Parameter, Stage, StateRecord, StateValue } from "../types.js";

/**
 * Runs a chain on each block of at most size×size (Anil et al. 2020, arXiv 2002.09018, §5): the cost of a root falls from n³
 * to n·size². Only for stages that need nothing but the gradient.
 */
export function blocked(stages: readonly Stage[], size: number): Stage<StateRecord> {
  const scratch = new Scratch();
  return {
    name: "blocked",
    init(parameter) {
      const state: StateRecord = {};
      for (const { key, ...block } of blocks(parameter.value, size)) {
        const part = view(parameter, block);
        state[key] = stages.map((stage) => stage.init(part));
      }
      return state;
    },
    apply(direction, parameter, state, step) {
      for (const { key, ...block } of blocks(parameter.value, size)) {
        const part = view(parameter, block);
        const target = direction.block(block.i, block.j, block.rows, block.cols);
        const d = scratch.like(part.value).copy(target);
        stages.forEach((stage, k) => {
          stage.apply(d, part, (state[key] as StateValue[])[k]!, step);
        });
        target.copy(d);
      }
    },
  };
}

interface Block {
  readonly i: number;
  readonly j: number;
  readonly rows: number;
  readonly cols: number;
}

function* blocks({ rows, cols }: Matrix<Real>, size: number): Generator<Block & { key: string }> {
  for (let i = 0; i < rows; i += size) {
    for (let j = 0; j < cols; j += size) yield { key: `${i},${j}`, i, j, rows: Math.min(size, rows - i), cols: Math.min(size, cols - j) };
  }
}

function view({ name, value, gradient }: Parameter<Real>, { i, j, rows, cols }: Block): Parameter<Real> {
  return {
    name: rows === value.rows && cols === value.cols ? name : `${name}[${i},${j}]`,
    value: value.block(i, j, rows, cols),
    gradient: gradient?.block(i, j, rows, cols) ?? null,
  };
}
