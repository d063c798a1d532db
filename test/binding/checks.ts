/**
 * What shows that a call did what it should. Every routine has a check of one of these kinds:
 * - `reference`: the same by plain loops, element by element;
 * - `identity`: what defines the result (A·V = V·Λ, VᵀV = I), by plain loops, at thresholds like LAPACK's own;
 * - `twin`: another export, checked by itself, gives the same;
 * - `law`: what else must hold.
 * Each also says which elements may be written; the harness sees to it that no other is.
 */
import { type Values, View } from "./harness.js";
import { mark, type Trial, Writable } from "./trial.js";

export type Kind = "reference" | "identity" | "twin" | "law";

/** Which elements of an array argument are written; "unspecified": written with what nobody may rely on. */
export type Mask = true | ((i: number, j: number, values: Values, result: unknown) => boolean | "unspecified");
export type Outputs = Record<string, Mask>;

export interface Check {
  readonly kind: Kind;
  /** Whether something is returned; `verify` then looks at it. */
  readonly returns?: boolean;
  /** Where a call may write that does not fail; and one that fails numerically (default: the same). */
  readonly outputs?: Outputs;
  readonly failing?: Outputs;
  /** Whether a part may be written also when the input is not finite. */
  readonly partial?: boolean;
  /** Throws where a call that did not fail went wrong; returns where it may have written. */
  verify(trial: Trial): Writable;
  /** Throws where a call should not have failed as it did. */
  failed?(trial: Trial): void;
}

/** Throws where an error exceeds its bound, or is NaN. */
export type Test = (what: string, error: number, bound: number) => void;

function test(what: string, error: number, bound: number): void {
  if (!(error <= bound)) throw new Error(`${what}: ${error}, allowed ${bound}`);
}

/** `holds` is asked where all numbers are of ordinary size. */
export function identity(outputs: Outputs, holds: (trial: Trial, test: Test) => void, more: Partial<Check> = {}): Check {
  return {
    kind: "identity",
    outputs,
    verify(trial) {
      if (trial.moderate) holds(trial, test);
      return mark(new Writable(), outputs, trial.after, trial.result);
    },
    ...more,
  };
}

/** A law of what is returned (and of the state behind it); nothing is written. */
export function law(holds: (trial: Trial, test: Test) => void): Check {
  return {
    kind: "law",
    returns: true,
    verify(trial) {
      holds(trial, test);
      return new Writable();
    },
  };
}

/** Throws where two results differ in a bit. */
export function equal(got: unknown, wanted: unknown, at = "the result"): void {
  const [a, b] = [got, wanted].map((x) => (ArrayBuffer.isView(x) ? Array.from(x as Float64Array) : x));
  if (typeof b === "object" && b !== null) {
    const keys = (x: object) => Object.keys(x).sort().join();
    if (typeof a !== "object" || a === null || keys(a) !== keys(b) || Array.isArray(a) !== Array.isArray(b)) {
      throw new Error(`${at} has other parts`);
    }
    for (const key of Object.keys(b)) equal((a as Values)[key], (b as Values)[key], `${at}.${key}`);
  } else if (!Object.is(a, b)) throw new Error(`${at} is ${String(a)}, the other ${String(b)}`);
}

/** `other` makes the same of the arguments by another export. */
export function twin(other: (values: Values, trial: Trial) => unknown): Check {
  return {
    kind: "twin",
    returns: true,
    verify(trial) {
      equal(trial.result, other(trial.before(), trial));
      return new Writable();
    },
    failed(trial) {
      const { error } = trial;
      if (!error!.code || error!.code === "ABORT_ERR") return;
      try {
        other(trial.before(), trial);
      } catch (same) {
        if ((same as { code?: string }).code === error!.code) return;
      }
      throw new Error(`failed alone: ${error!.message}`);
    },
  };
}

/**
 * `plain` does what the routine does: writes with {@link View.set}, returns the result. `spreads`: NaN and infinities may
 * show also where it has none (0·∞ of a triangle that counts as zero).
 */
export function reference(plain: (values: Values, u: number) => unknown, { spreads = false, returns = false } = {}): Check {
  return {
    kind: "reference",
    returns,
    verify(trial) {
      const values = trial.before();
      const { u } = trial;
      // Scalars are rounded to the precision of the matrices; sizes and indices are exact.
      if (u === 2 ** -24)
        for (const [name, x] of Object.entries(values)) if (typeof x === "number" && !Number.isInteger(x)) values[name] = Math.fround(x);
      const [largest, tiny] = u === 2 ** -24 ? [3.4e38, 2 ** -149] : [Number.MAX_VALUE, Number.MIN_VALUE];
      // Near the ends of the range the order of operations decides what over- or underflows.
      const outside = (x: number) => !(Math.abs(x) < largest * 2 ** -20) || (x !== 0 && Math.abs(x) < tiny / u);
      const extreme = Object.values(values).some((x) => typeof x === "number" && outside(x));
      const subnormal = [...trial.arrays.values()].some(
        (x) => !(x instanceof BigUint64Array) && (x as Float64Array).some((y) => y !== 0 && Math.abs(y) < tiny / u),
      );
      const finite = [...trial.arrays.values()].every((x) => x instanceof BigUint64Array || (x as Float64Array).every(Number.isFinite));
      const expected = plain(values, u);
      const close = (x: number, y: number, magnitude: number) =>
        extreme ||
        subnormal ||
        !Number.isFinite(y) ||
        !(magnitude < largest * 2 ** -20) ||
        (spreads && !finite) ||
        Math.abs(x - y) <= 8 * u * magnitude + 4096 * tiny;
      const writable = new Writable();
      for (const view of Object.values(values)) {
        if (!(view instanceof View)) continue;
        for (const [at, magnitude] of view.written) {
          const [got, wanted] = [view.origin[at], view.array[at]];
          const right = typeof wanted === "bigint" ? got === wanted : close(Number(got), Number(wanted), magnitude);
          if (!right) throw new Error(`element ${at} is ${got}, the reference gives ${wanted}`);
          writable.add(view, Math.floor((at - view.offset) / view.ld), (at - view.offset) % view.ld);
        }
      }
      if (expected !== undefined && !close(trial.result as number, expected as number, values.magnitude ?? Math.abs(expected as number))) {
        throw new Error(`returned ${String(trial.result)}, the reference ${expected}`);
      }
      return writable;
    },
  };
}
