import { describe, expect, it } from "vitest";
import { gemm, Matrix } from "../../lib/linalg/index.js";

describe("Matrix refuses", () => {
  it("what is no number, and says where", () => {
    expect(() => Matrix.from([[1, "2"]] as never)).toThrow(/element \(0, 1\) is no number, got "2"/);
    expect(() => Matrix.from([[1], [Number.NaN]])).not.toThrow();
  });

  it("rows of different lengths", () => {
    expect(() => Matrix.from([[1, 2], [3]])).toThrow(/row 1 has 1 entries/);
  });

  it("a precision that it does not have", () => {
    expect(() => Matrix.zeros(2, 2, "float16" as never)).toThrow(/one of float64, float32/);
  });

  it("views that leave the data", () => {
    expect(() => new Matrix(new Float64Array(5), 2, 2, 4)).toThrow(/needs 6 elements, got 5/);
    expect(() => Matrix.zeros(2, 2).block(1, 1, 1, 2)).toThrow(/leaves 2×2/);
  });
});

it("nested arrays in place of a Matrix are explained", () => {
  expect(() => gemm([[1]] as never, [[1]] as never)).toThrow(/a Matrix was expected/);
});
