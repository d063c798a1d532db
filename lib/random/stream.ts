import { createHash } from "node:crypto";
import { binding } from "../binding.js";
import { Matrix, type Real } from "../linalg/matrix.js";

/** What a draw fills: a typed array or a matrix view (row by row). */
export type Target = Real | Matrix<Real>;

/** The sequences of a key; each has its own position. */
type Sequence = "words" | "normal" | "gamma" | "uniform" | "sign" | "integer" | "permutation";

function part(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  throw new TypeError(`Stream: a purpose must be a string or a finite number, got ${typeof value === "number" ? value : typeof value}`);
}

function seedText(seed: unknown): string {
  if (typeof seed === "bigint" || Number.isSafeInteger(seed)) return String(seed);
  throw new TypeError(`Stream: seed must be a bigint or a safe integer, got ${typeof seed === "number" ? seed : typeof seed}`);
}

/**
 * A stream of random numbers, determined by a seed and a purpose, such as `new Stream(seed, trial, "inputs")`: the
 * 128-bit key of Philox4x64-10 is SHA-256(seed, purpose), so that streams of different purposes are independent and
 * none has to be skipped ahead.
 *
 * Each distribution has its own sequence in the stream and reads it from the start: drawing a numbers and then b gives
 * the same as drawing a + b, and normals are not shifted by uniforms drawn in between. Single-precision targets get
 * the same numbers, rounded (uniforms: with 24 bits). The numbers do not depend on the processor.
 */
export class Stream {
  /** The Philox key, two words: `numpy.random.Philox(key=[...])` yields the same {@link Stream.words}. */
  readonly key: BigUint64Array;
  readonly #seed: number | bigint;
  readonly #purpose: readonly (string | number)[];
  readonly #position: Record<Sequence, number> = { words: 0, normal: 0, gamma: 0, uniform: 0, sign: 0, integer: 0, permutation: 0 };

  /** @throws TypeError when the seed is no integer, or a purpose neither a string nor a finite number. */
  constructor(seed: number | bigint, ...purpose: (string | number)[]) {
    this.#seed = seed;
    this.#purpose = purpose;
    const digest = createHash("sha256")
      .update([seedText(seed), ...purpose.map(part)].join(","))
      .digest();
    this.key = new BigUint64Array([digest.readBigUInt64LE(0), digest.readBigUInt64LE(8)]);
  }

  /** The stream of a longer purpose, independent of this one's position: `new Stream(s, a).child(b)` is `new Stream(s, a, b)`. */
  child(...purpose: (string | number)[]): Stream {
    return new Stream(this.#seed, ...this.#purpose, ...purpose);
  }

  /** Fills with mean + std·z, z standard normal. Defaults: mean 0, std 1. */
  normal<T extends Target>(out: T, { mean = 0, std = 1 }: { mean?: number; std?: number } = {}): T {
    const { data, rows, cols, offset, stride, count } = shape(out);
    const index = this.#position.normal;
    if (data instanceof Float64Array) binding.dNormal(this.key, index, mean, std, rows, cols, data, offset, stride);
    else binding.sNormal(this.key, index, mean, std, rows, cols, data, offset, stride);
    this.#position.normal += count;
    return out;
  }

  /** n new standard normals. */
  normals(n: number): Float64Array {
    return this.normal(new Float64Array(n));
  }

  /** Fills with uniforms on [0, 1). */
  uniform<T extends Target>(out: T): T {
    const { data, rows, cols, offset, stride, count } = shape(out);
    const index = this.#position.uniform;
    if (data instanceof Float64Array) binding.dUniform(this.key, index, rows, cols, data, offset, stride);
    else binding.sUniform(this.key, index, rows, cols, data, offset, stride);
    this.#position.uniform += count;
    return out;
  }

  /** Fills with signs, ±1 with equal probability. */
  rademacher<T extends Target>(out: T): T {
    const { data, rows, cols, offset, stride, count } = shape(out);
    const index = this.#position.sign;
    if (data instanceof Float64Array) binding.dRademacher(this.key, index, rows, cols, data, offset, stride);
    else binding.sRademacher(this.key, index, rows, cols, data, offset, stride);
    this.#position.sign += count;
    return out;
  }

  /**
   * Fills with scale · Gamma(shape, 1); the i-th element has shape `shape + i·shapeStep`. Defaults: scale 1, shapeStep 0.
   * @throws RangeError when a shape is not positive.
   */
  gamma<T extends Target>(out: T, shapeParameter: number, { scale = 1, shapeStep = 0 }: { scale?: number; shapeStep?: number } = {}): T {
    const { data, rows, cols, offset, stride, count } = shape(out);
    const index = this.#position.gamma;
    if (data instanceof Float64Array) binding.dGamma(this.key, index, shapeParameter, shapeStep, scale, rows, cols, data, offset, stride);
    else binding.sGamma(this.key, index, shapeParameter, shapeStep, scale, rows, cols, data, offset, stride);
    this.#position.gamma += count;
    return out;
  }

  /**
   * Fills with chi-square variables of df > 0 degrees of freedom; the i-th element has `df + i·step` (default step 0).
   * Reads the sequence of {@link Stream.gamma}.
   */
  chiSquare<T extends Target>(out: T, df: number, { step = 0 }: { step?: number } = {}): T {
    return this.gamma(out, df / 2, { scale: 2, shapeStep: step / 2 });
  }

  /** Fills with integers in [0, bound), 1 ≤ bound ≤ 2³¹. */
  integers(out: Int32Array, bound: number): Int32Array {
    binding.randomIntegers(this.key, this.#position.integer, bound, out.length, out, 0);
    this.#position.integer += out.length;
    return out;
  }

  /** A random permutation of 0 … n − 1. */
  permutation(n: number): Int32Array {
    const out = new Int32Array(n);
    binding.randomPermutation(this.key, this.#position.permutation, n, out, 0);
    this.#position.permutation += n;
    return out;
  }

  /** Fills with raw words of Philox4x64-10. */
  words(out: BigUint64Array): BigUint64Array {
    binding.randomWords(this.key, this.#position.words, out.length, out, 0);
    this.#position.words += out.length;
    return out;
  }
}

function shape(out: Target) {
  if (out instanceof Matrix) {
    return {
      data: out.data,
      rows: out.rows,
      cols: out.cols,
      offset: out.offset,
      stride: Math.max(1, out.stride),
      count: out.rows * out.cols,
    };
  }
  if (!(out instanceof Float64Array || out instanceof Float32Array)) {
    throw new TypeError("Stream: the target must be a Float64Array, a Float32Array or a Matrix");
  }
  return { data: out, rows: 1, cols: out.length, offset: 0, stride: Math.max(1, out.length), count: out.length };
}
