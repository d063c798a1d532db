import { Float16, makeVector, Table, tableFromArrays, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { fromArrow } from "../../lib/adapters/arrow.js";

const table = tableFromArrays({
  a: Float64Array.of(1.5, 2, 3),
  b: Int32Array.of(4, 5, 6),
  c: Float32Array.of(0.5, 0.25, 0.125),
  name: ["x", "y", "z"],
});

describe("fromArrow", () => {
  it("puts columns side by side, in the order asked for", () => {
    expect(fromArrow(table, ["b", "a", "c"]).toArrays()).toEqual([
      [4, 1.5, 0.5],
      [5, 2, 0.25],
      [6, 3, 0.125],
    ]);
  });

  it("sees a single Float64 column without a copy", () => {
    const values = Float64Array.of(1, 2, 3);
    const matrix = fromArrow(new Table({ v: makeVector(values) }));
    expect(matrix.data.buffer).toBe(values.buffer);
    expect([matrix.rows, matrix.cols]).toEqual([3, 1]);
  });

  it("reads tables of several chunks and slices", () => {
    const both = table.concat(table).slice(2, 5);
    expect(fromArrow(both, ["a", "b"]).toArrays()).toEqual([
      [3, 6],
      [1.5, 4],
      [2, 5],
    ]);
  });

  it("refuses nulls, names that are not there, and what is no number or half a number", () => {
    expect(() => fromArrow([1] as never)).toThrow(/Table of apache-arrow/);
    expect(() => fromArrow(table, ["d"])).toThrow(/no column "d"/);
    expect(() => fromArrow(table)).toThrow(/"name" is neither/);
    expect(() => fromArrow(tableFromArrays({ n: BigInt64Array.of(1n) }))).toThrow(TypeError);
    expect(() => fromArrow(new Table({ h: vectorFromArray([1, null, 2]) }))).toThrow(/1 nulls/);
    expect(() => fromArrow(new Table({ h: vectorFromArray([1, 2], new Float16()) }))).toThrow(TypeError);
  });
});
