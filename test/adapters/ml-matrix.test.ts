import { Matrix as MlMatrix, SVD, WrapperMatrix2D } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { fromMlMatrix, rowViews } from "../../lib/adapters/ml-matrix.js";
import { Matrix, singularValues } from "../../lib/linalg/index.js";
import { Stream } from "../../lib/random/index.js";

describe("rowViews", () => {
  it("makes an ml-matrix on the same memory, also of a block", () => {
    const matrix = Matrix.zeros(4, 4).block(1, 1, 2, 3);
    const view = new WrapperMatrix2D(rowViews(matrix));
    view.set(1, 2, 5);
    view.add(1);
    expect(matrix.toArrays()).toEqual([
      [1, 1, 1],
      [1, 1, 6],
    ]);
  });

  it("feeds ml-matrix's decompositions", () => {
    const matrix = new Stream(3, "ml").normal(Matrix.zeros(6, 4));
    const theirs = new SVD(new WrapperMatrix2D(rowViews(matrix))).diagonal;
    const ours = singularValues(matrix);
    theirs.forEach((value, i) => {
      expect(ours[i]).toBeCloseTo(value, 12);
    });
  });
});

describe("fromMlMatrix", () => {
  it("comes back to the same memory", () => {
    const matrix = Matrix.zeros(5, 6).block(1, 2, 3, 4);
    const back = fromMlMatrix(new WrapperMatrix2D(rowViews(matrix)));
    expect(back.data.buffer).toBe(matrix.data.buffer);
    back.set(2, 3, 9);
    expect(matrix.get(2, 3)).toBe(9);
    expect([back.rows, back.cols, back.stride]).toEqual([3, 4, 6]);
  });

  it("copies ml-matrix's own matrices, views and reordered rows", () => {
    const own = new MlMatrix([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(fromMlMatrix(own).toArrays()).toEqual(own.to2DArray());
    expect(fromMlMatrix(own.transpose()).toArrays()).toEqual(own.transpose().to2DArray());
    const rows = rowViews(Matrix.from(own.to2DArray())).reverse();
    const reversed = fromMlMatrix(new WrapperMatrix2D(rows));
    expect(reversed.toArrays()).toEqual([...own.to2DArray()].reverse());
    expect(fromMlMatrix(new MlMatrix(0, 0)).rows).toBe(0);
  });
});

it("nested arrays are refused", () => {
  expect(() => fromMlMatrix([[1]] as never)).toThrow(TypeError);
});
