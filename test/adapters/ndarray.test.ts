import Stdlib from "@stdlib/ndarray-base-ctor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";
import { fromNdarray, ndarrayArguments, operandFromNdarray, stdlibArguments } from "../../lib/adapters/ndarray.js";
import { gemm, Matrix, Transposed } from "../../lib/linalg/index.js";

const values = Float64Array.from({ length: 24 }, (_, i) => i);
const rowsOf = (a: ndarray.NdArray<Float64Array>) =>
  Array.from({ length: a.shape[0]! }, (_, i) => Array.from({ length: a.shape[1]! }, (_, j) => a.get(i, j)));

describe("fromNdarray", () => {
  it("sees row-major arrays and their blocks without a copy", () => {
    const block = ndarray(values, [4, 6]).lo(1, 2).hi(2, 3);
    const matrix = fromNdarray(block);
    expect(matrix.data).toBe(values);
    expect(matrix.toArrays()).toEqual(rowsOf(block));
  });

  it("sees one dimension as a column, whatever its stride", () => {
    const column = ndarray(values, [4, 6]).pick(null, 5);
    const matrix = fromNdarray(column);
    expect(matrix.data).toBe(values);
    expect(matrix.toArrays()).toEqual([[5], [11], [17], [23]]);
  });

  it("copies what is not row-major", () => {
    for (const array of [
      ndarray(values, [4, 6]).step(1, 2),
      ndarray(values, [4, 6]).step(-1, -1),
      ndarray(values, [4, 6]).transpose(1, 0),
    ]) {
      const matrix = fromNdarray(array);
      expect(matrix.data).not.toBe(values);
      expect(matrix.toArrays()).toEqual(rowsOf(array));
    }
  });

  it("refuses other dimensions, other types, and strides that leave the data", () => {
    expect(() => fromNdarray(ndarray(values, [2, 3, 4]))).toThrow(/one or two dimensions/);
    expect(() => fromNdarray({ data: new Int32Array(4) as never, shape: [2, 2], stride: [2, 1], offset: 0 })).toThrow(TypeError);
    expect(() => fromNdarray({ data: values, shape: [4, 7], stride: [7, 1], offset: 0 })).toThrow(/lies outside/);
    expect(() => fromNdarray({ data: values, shape: [2, 2], stride: [-2, 1], offset: 0 })).toThrow(/lies outside/);
  });
});

describe("operandFromNdarray", () => {
  it("takes a column-major array as a transposed operand", () => {
    const array = ndarray(values, [4, 6]).transpose(1, 0);
    const operand = operandFromNdarray(array);
    expect(operand).toBeInstanceOf(Transposed);
    const product = gemm(operand, Matrix.identity(4));
    expect(product.toArrays()).toEqual(rowsOf(array));
  });
});

describe("to other libraries", () => {
  it("shares memory with ndarray, also from a block", () => {
    const matrix = Matrix.zeros(4, 5).block(1, 1, 2, 3);
    const view = ndarray(...ndarrayArguments(matrix));
    view.set(1, 2, 7);
    expect(matrix.get(1, 2)).toBe(7);
    expect(stdlibArguments(matrix)).toEqual(["float64", matrix.data, [2, 3], [5, 1], 6, "row-major"]);
  });
});

describe("@stdlib/ndarray", () => {
  const whole = (order: "row-major" | "column-major") =>
    Stdlib("float64", values, [4, 6], order === "row-major" ? [6, 1] : [1, 4], 0, order);
  const entries = (a: ReturnType<typeof whole>) =>
    Array.from({ length: a.shape[0]! }, (_, i) => Array.from({ length: a.shape[1]! }, (_, j) => Number(a.get(i, j))));
  const seen = (a: ReturnType<typeof whole>) => a as never as Parameters<typeof fromNdarray<Float64Array>>[0];

  it("is seen without a copy when row-major, also as a block", () => {
    const block = Stdlib("float64", values, [2, 3], [6, 1], 8, "row-major");
    for (const array of [whole("row-major"), block]) {
      const matrix = fromNdarray(seen(array));
      expect(matrix.data).toBe(values);
      expect(matrix.toArrays()).toEqual(entries(array));
    }
  });

  it("is a transposed operand when column-major, and copied when its strides run backwards", () => {
    const columns = whole("column-major");
    const operand = operandFromNdarray(seen(columns));
    expect(operand).toBeInstanceOf(Transposed);
    expect(gemm(operand, Matrix.identity(6)).toArrays()).toEqual(entries(columns));
    const backwards = Stdlib("float64", values, [4, 6], [-6, -1], 23, "row-major");
    const copy = fromNdarray(seen(backwards));
    expect(copy.data).not.toBe(values);
    expect(copy.toArrays()).toEqual(entries(backwards));
  });

  it.each(["float64", "float32"] as const)("looks at a %s matrix without a copy, also at a block", (dtype) => {
    const matrix = Matrix.zeros(4, 5, dtype).block(1, 1, 2, 3);
    const view = new Stdlib(...stdlibArguments(matrix));
    view.set(1, 2, 7);
    expect(matrix.get(1, 2)).toBe(7);
    expect(String(view.dtype)).toBe(dtype);
    expect(view.length).toBe(6);
    expect(fromNdarray(seen(view)).data).toBe(matrix.data);
  });
});
