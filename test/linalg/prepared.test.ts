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

describe("a sequence of prepared calls", () => {
  const random = (rows: number, cols: number, seed: number) => gaussian(rows, cols, seed, "float64");

  it("does what its calls do, in their order, in both precisions and within itself", () => {
    const [a, b] = [random(5, 5, 1), random(5, 5, 2)];
    const single = { x: allocate(5, "float32").fill(1), y: allocate(5, "float32").fill(2) };
    const [c, d] = [Matrix.zeros(5, 5), Matrix.zeros(5, 5)];
    const inner = prepared.sequence([prepared.gemm(a, b, { out: c }), prepared.scale(0.5, c)]);
    const run = prepared.sequence([inner, prepared.syrk(c, { out: d, beta: 1 }), prepared.axpy(3, single.x, single.y), inner]);
    expect(d.toArrays()).toEqual(Matrix.zeros(5, 5).toArrays());
    const half = gemm(a, b, { alpha: 0.5 });
    const sum = Matrix.zeros(5, 5);
    for (let i = 1; i <= 3; i++) {
      syrk(half, { out: sum, beta: 1 });
      expect(run()).toBeUndefined();
      expect(c.toArrays()).toEqual(half.toArrays());
      expect(d.toArrays()).toEqual(sum.toArrays());
      expect(Array.from(single.y)).toEqual(Array(5).fill(2 + 3 * i));
    }
    expect(prepared.sequence([])()).toBeUndefined();
  });

  it("keeps calls and memory of its own", () => {
    const out = Matrix.zeros(8, 8);
    const run = prepared.sequence(
      Array.from({ length: 50 }, () => prepared.gemm(Matrix.identity(8), Matrix.identity(8), { out, alpha: 0.02, beta: 1 })),
    );
    collect();
    const pressure = Array.from({ length: 1000 }, () => new Float64Array(64).fill(Number.NaN));
    run();
    collect();
    expect(out.get(3, 3)).toBeCloseTo(1, 12);
    expect(pressure.length).toBe(1000);
  });

  it("runs nothing when memory of any call has gone, and names the first", () => {
    const data = Array.from({ length: 4 }, () => new Float64Array(4).fill(1));
    const [p, q, r, s] = data.map((x) => new Matrix(x, 2, 2)) as [Matrix, Matrix, Matrix, Matrix];
    const run = prepared.sequence([
      prepared.scale(2, p),
      prepared.sequence([prepared.axpy(1, p, q), prepared.gemm(q, r, { out: s })]),
      prepared.scale(3, s),
    ]);
    run();
    structuredClone(data[3], { transfer: [data[3]!.buffer as ArrayBuffer] });
    const before = Array.from(data[0]!);
    expect(run).toThrow(TypeError);
    expect(run).toThrow("sequence: memory of call 2 (dgemm) has been detached, transferred or resized");
    expect(Array.from(data[0]!)).toEqual(before);
    structuredClone(data[0], { transfer: [data[0]!.buffer as ArrayBuffer] });
    expect(run).toThrow("sequence: memory of call 0 (dscal)");
  });

  it("refuses memory that shrank below what any of its calls needs", () => {
    const buffer = new (
      ArrayBuffer as unknown as new (
        n: number,
        o: { maxByteLength: number },
      ) => ArrayBuffer & { resize(n: number): void }
    )(32, { maxByteLength: 1 << 12 });
    const first = prepared.scale(2, new Matrix(new Float64Array(buffer, 0, 4), 2, 2));
    buffer.resize(64);
    const second = prepared.scale(2, new Matrix(new Float64Array(buffer, 32, 4), 2, 2));
    const both = prepared.sequence([first, second]);
    both();
    buffer.resize(32);
    first();
    expect(both).toThrow(TypeError);
  });

  it("takes nothing but prepared calls, and says which one is not", () => {
    const x = Matrix.zeros(2, 2);
    const good = prepared.scale(2, x);
    const of =
      (...calls: unknown[]) =>
      () =>
        prepared.sequence(calls as (() => void)[]);
    expect(of(good, () => {})).toThrow("prepareSequence: call 1 must be a prepared call, got a function");
    expect(of(good, good, new Proxy(good, {}))).toThrow("prepareSequence: call 2 must be a prepared call");
    expect(of(undefined)).toThrow("prepareSequence: call 0 must be a prepared call, got undefined");
    expect(of(Object.create(good))).toThrow(TypeError);
    expect(of(good, prepared.norm(x))).toThrow("prepareSequence: call 1 must be a prepared call without a result");
    expect(of(good, new Array(3))).toThrow(TypeError);
    expect(() => prepared.sequence(good as never)).toThrow("prepareSequence: calls must be an array of prepared calls, got a function");
    const trap = [good, good];
    Object.defineProperty(trap, 1, {
      get() {
        throw new RangeError("trapped");
      },
    });
    expect(() => prepared.sequence(trap)).toThrow("trapped");
  });

  it("works on shared memory", () => {
    const data = new Float64Array(new SharedArrayBuffer(32)).fill(1);
    const run = prepared.sequence([prepared.scale(2, new Matrix(data, 2, 2)), prepared.scale(2, new Matrix(data, 2, 2))]);
    collect();
    run();
    expect(Array.from(data)).toEqual([4, 4, 4, 4]);
  });
});
