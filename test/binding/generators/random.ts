import type { Draw, Family, Values } from "../harness.js";

const place = (draw: Draw) => ({ index: draw.pick(0, draw.integer(0, 1e6), 2 ** 40) });
const matrix = (draw: Draw) => ({ ...place(draw), rows: draw.dimension(), cols: draw.dimension() });
const list = (draw: Draw) => ({ ...place(draw), n: draw.dimension() });
const key: [number, number] = [2, 1];
const ofMatrix = ({ rows, cols }: Values): Record<string, [number, number]> => ({ key, out: [rows, cols] });
const ofList = ({ n }: Values): Record<string, [number, number]> => ({ key, out: [n, 1] });

export const both: NonNullable<Family["both"]> = {
  Normal: { values: (draw) => ({ ...matrix(draw), mean: draw.scalar(), std: draw.scalar() }), shapes: ofMatrix },
  Uniform: { values: matrix, shapes: ofMatrix },
  Rademacher: { values: matrix, shapes: ofMatrix },
  Gamma: {
    values: (draw) => ({ ...matrix(draw), shape: draw.integer(1, 40) / 4, shapeStep: draw.pick(0, 0.5), scale: draw.integer(0, 3) }),
    shapes: ofMatrix,
  },
};

export const others: NonNullable<Family["others"]> = {
  randomWords: { values: list, shapes: ofList },
  randomIntegers: { values: (draw) => ({ ...list(draw), bound: draw.integer(1, 1000) }), shapes: ofList },
  randomPermutation: { values: list, shapes: ofList },
  instructions: { values: (draw) => ({ which: draw.pick("widest", "portable", undefined) }), shapes: () => ({}) },
};
