/**
 * LAPACK through offsets and leading dimensions: the same results as on contiguous matrices up to rounding (kernels follow
 * alignment), and nothing written around the matrices. (That the contiguous results are right is tested in test/linalg.)
 */
import { describe, expect, it } from "vitest";
import { binding, routines } from "../../lib/binding.js";
import { gaussian } from "../linalg/residuals.js";

type Numbers = Float64Array | Float32Array;
const PADDING = 12345;

/** A matrix and the memory it lies in; `arg` is what the binding takes. */
interface Placed {
  arg: [Numbers, number, number];
  rows: number;
  cols: number;
}

/** Places a contiguous matrix with `extra` columns of padding and `offset` elements in front. */
function place(values: Numbers, rows: number, cols: number, extra: number, offset: number): Placed {
  const ld = Math.max(cols, 1) + extra;
  const data = new (values.constructor as Float64ArrayConstructor)(offset + rows * ld + 3).fill(PADDING) as Numbers;
  for (let i = 0; i < rows; i++) data.set(values.subarray(i * cols, (i + 1) * cols), offset + i * ld);
  return { arg: [data, offset, ld], rows, cols };
}

/** The matrix again, contiguous; checks that the padding is intact. */
function take({ arg: [data, offset, ld], rows, cols }: Placed): number[] {
  const inside = new Set<number>();
  const out: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      inside.add(offset + i * ld + j);
      out.push(data[offset + i * ld + j]!);
    }
  }
  data.forEach((x, i) => {
    if (!inside.has(i)) expect(x, `padding at ${i}`).toBe(PADDING);
  });
  return out;
}

describe.each(["float64", "float32"] as const)("%s", (dtype) => {
  const lapack = routines(gaussian(1, 1, 1, dtype).data);
  const numbers = (rows: number, cols: number, seed = 1) => gaussian(rows, cols, seed, dtype).data;
  const definite = (n: number) => {
    const out = numbers(n, n);
    for (let i = 0; i < n; i++) out[i * n + i] = 3 * n;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[j * n + i] = out[i * n + j]!;
    return out;
  };
  /** Runs a routine on matrices placed plainly and with gaps; expects equal results. */
  const compare = (matrices: [Numbers, number, number][], call: (...placed: Placed["arg"][]) => unknown) => {
    const run = (extra: number, offset: number) => {
      const placed = matrices.map(([values, rows, cols], i) => place(values, rows, cols, extra * (i + 1), offset + i));
      const returned = call(...placed.map((p) => p.arg));
      return [returned ?? 0, ...placed.map(take)].flat(2) as number[];
    };
    const plain = run(0, 0);
    const apart = run(3, 5);
    const largest = Math.max(...plain.map(Math.abs));
    expect(Number.isFinite(largest)).toBe(true);
    expect(apart.length).toBe(plain.length);
    plain.forEach((x, i) => void expect(Math.abs(apart[i]! - x)).toBeLessThanOrEqual((dtype === "float64" ? 1e-12 : 1e-4) * largest));
  };
  const empty = (rows: number, cols: number): [Numbers, number, number] => [numbers(rows, cols, 9), rows, cols];
  const vector = (n: number, seed = 2) => numbers(n, 1, seed);

  it.each([1, 2, 7, 40])("square matrices of order %i", (n) => {
    const [a, b, half] = [definite(n), numbers(n, 3, 4), Math.floor(n / 2)];
    for (const vectors of [true, false]) {
      compare([[a, n, n]], (a) => {
        const w = vector(n);
        lapack.syevd(vectors, n, ...a, w as never, 0);
        return [...w];
      });
    }
    compare([[a, n, n], empty(n, n - half)], (a, z) => {
      const w = vector(n - half);
      return [lapack.syevr(true, n, "index", half, n, ...a, w as never, 0, ...z), ...w];
    });
    for (const lower of [true, false]) {
      compare([[a, n, n]], (a) => {
        lapack.potrf(lower, false, n, ...a);
        lapack.potri(lower, n, ...a);
      });
      compare(
        [
          [a, n, n],
          [b, n, 3],
        ],
        (a, b) => {
          lapack.potrf(lower, false, n, ...a);
          lapack.potrs(lower, n, 3, ...a, ...b);
          return lapack.pocon(lower, n, ...a, 4 * n);
        },
      );
      for (const unit of [true, false]) compare([[a, n, n]], (a) => lapack.trtri(lower, unit, n, ...a));
    }
    for (const trans of [true, false]) {
      compare(
        [
          [a, n, n],
          [b, n, 3],
        ],
        (a, b) => {
          const pivots = new Int32Array(n);
          const norm = lapack.norm1(n, n, ...a);
          lapack.getrf(n, n, ...a, pivots, 0);
          lapack.getrs(trans, n, 3, ...a, pivots, 0, ...b);
          return [lapack.gecon(n, ...a, norm), ...pivots];
        },
      );
    }
    compare(
      [
        [a, n, n],
        [b, n, 3],
      ],
      (a, b) => lapack.gesv(n, 3, ...a, ...b),
    );
  });

  it.each([
    [5, 5],
    [40, 6],
    [6, 40],
    [1, 3],
  ])("%i×%i matrices", (m, n) => {
    const k = Math.min(m, n);
    const a = numbers(m, n);
    compare([[a, m, n]], (a) => {
      const tau = vector(k);
      lapack.geqrf(m, n, ...a, tau as never, 0);
      return [...tau];
    });
    compare([[a, m, n], empty(m, k), empty(k, n)], (a, q, r) => lapack.qr(m, n, ...a, ...q, ...r));
    for (const job of ["thin", "full"] as const) {
      const [p, q] = job === "full" ? [m, n] : [k, k];
      compare([[a, m, n], empty(m, p), empty(q, n)], (a, u, vt) => {
        const s = vector(k);
        lapack.gesdd(job, m, n, ...a, s as never, 0, ...u, ...vt);
        return [...s];
      });
    }
    compare([[a, m, n], [numbers(m, 2, 6), m, 2], empty(n, 2)], (a, b, x) => {
      const s = vector(k);
      return [lapack.gelsd(m, n, 2, ...a, ...b, ...x, s as never, 0, 1e-5), ...s];
    });
    compare(
      [
        [a, m, n],
        [numbers(m, m, 7), m, m],
      ],
      (a, c) => {
        const tau = vector(k);
        lapack.geqrf(m, n, ...a, tau as never, 0);
        for (const left of [true, false]) {
          for (const trans of [true, false]) lapack.ormqr(left, trans, m, m, k, ...a, tau as never, 0, ...c);
        }
        if (m >= n) lapack.orgqr(m, n, k, ...a, tau as never, 0);
      },
    );
  });

  it("applies the Q that orgqr forms", () => {
    const [m, n] = [9, 4];
    const packed = numbers(m, n);
    const tau = vector(n);
    lapack.geqrf(m, n, packed as never, 0, n, tau as never, 0);
    const q = packed.slice();
    lapack.orgqr(m, n, n, q as never, 0, n, tau as never, 0);
    const close = (x: Numbers, y: ArrayLike<number>) => x.forEach((value, i) => void expect(value).toBeCloseTo(y[i]!, 5));
    const applied = numbers(m, n).fill(0);
    for (let i = 0; i < n; i++) applied[i * n + i] = 1;
    const first = applied.slice();
    lapack.ormqr(true, false, m, n, n, packed as never, 0, n, tau as never, 0, applied as never, 0, n);
    close(applied, q);
    lapack.ormqr(true, true, m, n, n, packed as never, 0, n, tau as never, 0, applied as never, 0, n);
    close(applied, first);
    // From the right: (Cᵀ·Q)ᵀ = Qᵀ·C.
    const c = numbers(m, 3, 8);
    const ct = numbers(3, m).map((_, i) => c[(i % m) * 3 + Math.floor(i / m)]!) as Numbers;
    lapack.ormqr(true, true, m, 3, n, packed as never, 0, n, tau as never, 0, c as never, 0, 3);
    lapack.ormqr(false, false, 3, m, n, packed as never, 0, n, tau as never, 0, ct as never, 0, m);
    close(ct, numbers(3, m).map((_, i) => c[(i % m) * 3 + Math.floor(i / m)]!) as Numbers);
  });
});

it("orders beyond LAPACK's integers are refused before anything is computed", () => {
  expect(() => binding.dsyevd(false, 40_000, new Float64Array(0), 0, 40_000, new Float64Array(0), 0)).toThrow(RangeError);
});
