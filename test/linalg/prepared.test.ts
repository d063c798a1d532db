import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { dot, norm } from "../../lib/linalg/elementwise.js";
import { allocate, type DType, Matrix, type Real } from "../../lib/linalg/matrix.js";
import { prepared } from "../../lib/linalg/prepared.js";
import { gemm, gemv, ger, symm, symv, syr2k, syrk, trmm, trsm } from "../../lib/linalg/products.js";
import { gaussian } from "./residuals.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

describe.each(["float64", "float32"] as DType[])("prepared calls in %s", (dtype) => {
  const m = (rows: number, cols: number, seed: number) => gaussian(rows + 1, cols + 2, seed, dtype).block(1, 1, rows, cols);

  it("do what the ordinary calls do, each time they are run", () => {
    const [a, b, s] = [m(5, 7, 1), m(7, 3, 2), m(5, 5, 3)];
    const x = gaussian(1, 5, 4, dtype).data;
    const w = gaussian(1, 7, 5, dtype).data;
    const triangle = m(5, 5, 6);
    for (let i = 0; i < 5; i++) triangle.set(i, i, 3);
    const cases: [Matrix<Real> | Real, (out: never) => unknown, (out: never) => () => void][] = [
      [m(5, 3, 7), (out) => gemm(a, b, { out, beta: 0.5 }), (out) => prepared.gemm(a, b, { out, beta: 0.5 })],
      [m(7, 1, 8).clone().data, (out) => gemv(a.T, x, { out, alpha: 2 }), (out) => prepared.gemv(a.T, x, { out, alpha: 2 })],
      [m(5, 1, 8).clone().data, (out) => symv(s, x, { out }), (out) => prepared.symv(s, x, { out })],
      [m(5, 7, 8), (out) => ger(x, w, { out }), (out) => prepared.ger(x, w, { out })],
      [m(5, 7, 8), (out) => symm(s, a, { out, uplo: "upper" }), (out) => prepared.symm(s, a, { out, uplo: "upper" })],
      [m(7, 7, 8), (out) => syrk(a.T, { out, beta: 1 }), (out) => prepared.syrk(a.T, { out, beta: 1 })],
      [m(5, 5, 8), (out) => syr2k(a, a, { out }), (out) => prepared.syr2k(a, a, { out })],
      [m(5, 4, 8), (out) => trmm(triangle, out, { out }), (out) => prepared.trmm(triangle, out)],
      [m(5, 4, 8), (out) => trsm(triangle.T, out, { out, alpha: 2 }), (out) => prepared.trsm(triangle.T, out, { alpha: 2 })],
    ];
    for (const [start, ordinary, prepare] of cases) {
      const expected = start instanceof Matrix ? start.clone() : (start.slice() as Real);
      const actual = start instanceof Matrix ? start.clone() : (start.slice() as Real);
      const run = prepare(actual as never);
      expect(actual).toEqual(start instanceof Matrix ? start.clone() : start);
      for (let i = 0; i < 3; i++) {
        ordinary(expected as never);
        run();
        expect(actual).toEqual(expected);
      }
    }
  });

  it("return numbers and see new ones", () => {
    const x = m(3, 4, 1);
    const y = m(3, 4, 2);
    const inner = prepared.dot(x, y);
    const length = prepared.norm(x);
    prepared.scale(3, x)();
    prepared.axpy(2, x, y)();
    expect(inner()).toBe(dot(x, y));
    expect(length()).toBe(norm(x));
  });

  it("keep their memory alive, and give it back", () => {
    const make = () => {
      const a = new Matrix(allocate(64, dtype), 8, 8).fill(1);
      const out = new Matrix(allocate(64, dtype), 8, 8);
      return { run: prepared.gemm(a, a, { out }), sum: prepared.dot(out, out) };
    };
    const kept = Array.from({ length: 100 }, make);
    collect();
    const pressure = Array.from({ length: 1000 }, () => allocate(64, dtype).fill(Number.NaN));
    for (const { run, sum } of kept) {
      run();
      expect(sum()).toBe(64 * 64);
    }
    expect(pressure.length).toBe(1000);
  });
});

describe("prepared calls and memory that goes away", () => {
  const square = (data: Float64Array, offset = 0) => new Matrix(data, 2, 2, 2, offset);

  it("refuse a transferred operand, whichever it is", () => {
    for (let moved = 0; moved < 3; moved++) {
      const data = [0, 1, 2].map(() => new Float64Array(4));
      const run = prepared.gemm(square(data[0]), square(data[1]), { out: square(data[2]) });
      run();
      structuredClone(data[moved], { transfer: [data[moved].buffer] });
      collect();
      expect(run).toThrow(TypeError);
      expect(run).toThrow("dgemm: memory that was prepared has been detached, transferred or resized");
    }
  });

  it("refuse a buffer that shrank, and go on when it grew", () => {
    const buffer = new (
      ArrayBuffer as unknown as new (
        n: number,
        o: { maxByteLength: number },
      ) => ArrayBuffer & { resize(n: number): void }
    )(96, { maxByteLength: 1 << 16 });
    const data = new Float64Array(buffer, 0, 12);
    data.set([1, 2, 3, 4, 1, 0, 0, 1]);
    const run = prepared.gemm(square(data), square(data, 4), { out: square(data, 8) });
    run();
    expect(Array.from(data.subarray(8))).toEqual([1, 2, 3, 4]);
    buffer.resize(1 << 16);
    run();
    buffer.resize(88);
    expect(run).toThrow(TypeError);
    buffer.resize(0);
    expect(run).toThrow(TypeError);
  });

  it("work on shared memory", () => {
    const data = new Float64Array(new SharedArrayBuffer(96));
    data.set([1, 2, 3, 4, 1, 0, 0, 1]);
    prepared.gemm(square(data), square(data, 4), { out: square(data, 8) })();
    expect(Array.from(data.subarray(8))).toEqual([1, 2, 3, 4]);
  });

  it("are refused at preparation as ordinary calls are", () => {
    const a = Matrix.zeros(2, 2);
    expect(() => prepared.gemm(a, a, { out: a })).toThrow("c must not share memory with a");
    expect(() => prepared.gemm(a, Matrix.zeros(3, 2), { out: a })).toThrow(RangeError);
    expect(() => prepared.gemm(a, a, {} as { out: Matrix })).toThrow("prepared.gemm: out must be given");
    expect(() => prepared.trsm(a, Matrix.zeros(2, 2), { out: Matrix.zeros(2, 2) })).toThrow("works in place");
    gemm(a, a); // the ordinary call is itself again
  });
});
