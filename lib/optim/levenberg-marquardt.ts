import type { Matrix, Real } from "../linalg/matrix.js";
import { inner } from "./elementwise.js";
import type { Controller } from "./optimizer.js";
import type { Parameter } from "./types.js";

/** The rule of Levenberg and Marquardt for damping λ. */
export interface DampingRule {
  /** λ is multiplied by ω^T when the model is good and divided by it when it is bad; 19/20 in Martens & Grosse. */
  readonly omega: number;
  /** Adapt every T steps. */
  readonly period: number;
  readonly min: number;
  readonly max: number;
  /** Take a step back that raised the loss (ρ < 0 or undefined). */
  readonly reject: boolean;
}

/** λ grows by this when a step is taken back: the trust region's quarter (Nocedal & Wright 2006, Algorithm 4.1). */
const REJECTED = 4;

/** The rule of Martens & Grosse (2015), §6.5: λ adapts, every step stays. */
export const defaultDampingRule: DampingRule = { omega: 19 / 20, period: 5, min: 1e-8, max: 1e8, reject: false };

/**
 * The next λ from the reduction ratio ρ = (f(θ+δ) − f(θ)) / q(δ) (Martens & Grosse 2015, §6.5): ρ > ¾ less damping, ρ < ¼ (or
 * undefined: the new loss is not finite) more, and much more for a step that is taken back.
 */
export function adaptDamping(lambda: number, rho: number, { omega, period, min, max, reject }: DampingRule): number {
  const taken = rho >= 0 || !reject;
  const factor = rho > 0.75 ? omega ** period : rho >= 0.25 ? 1 : taken ? omega ** -period : Math.max(REJECTED, omega ** -period);
  return Math.min(max, Math.max(min, lambda * factor));
}

/** Adaptive damping as the stages see it. */
export interface AdaptiveDamping extends Controller {
  lambda(): number;
  /** Tells the quadratic model of a parameter at this step: DᵀCD of a direction D, without damping. */
  see(parameter: Parameter<Real>, curvature: (direction: Matrix<Real>) => number): void;
  readonly settings: DampingRule & { readonly initial: number };
}

/**
 * Adaptive damping: λ is state; the quadratic model is what the stage that divides by C + λI tells. A parameter without one (Adam's, or
 * one whose axes are all longer than `maxDim`) enters the model by its slope alone.
 * @param shared another group's, if there is one: the ratio is that of the whole step, so λ and its rule are one for all groups.
 * @throws TypeError when that one has other settings.
 */
export function adaptiveDamping(initial: number, rule: DampingRule, shared: Controller | null = null): AdaptiveDamping {
  const settings = { ...rule, initial };
  if (shared && "settings" in shared) {
    const other = shared as AdaptiveDamping;
    for (const [key, value] of Object.entries(other.settings)) {
      const own = settings[key as keyof typeof settings];
      if (own !== value)
        throw new TypeError(
          `adaptive damping: all groups share one λ, so option "${key === "initial" ? "damping" : key}" must be the same in each, got ${value} and ${own}`,
        );
    }
    return other;
  }
  const state = { lambda: initial };
  const curvatures = new Map<string, (direction: Matrix<Real>) => number>();
  let before: number | null = null;
  return {
    state,
    settings,
    rejects: (step) => rule.reject && step % rule.period === 0,
    lambda: () => state.lambda,
    see: (parameter, curvature) => curvatures.set(parameter.name, curvature),
    before(closure, loss) {
      if (!closure) throw new TypeError("adaptive damping: step(closure) needs a closure that returns the loss");
      before = loss;
    },
    after(closure, step, updates) {
      if (step % rule.period !== 0) return true;
      // q(δ) = gᵀδ + ½ δᵀ(C + λI)δ with δ = −ηD.
      let q = 0;
      for (const { parameter, direction, lr } of updates) {
        q -= lr * inner(parameter.gradient!, direction);
        const curvature = curvatures.get(parameter.name);
        if (curvature) q += 0.5 * lr * lr * (curvature(direction) + state.lambda * inner(direction, direction));
      }
      const rho = q < 0 ? (closure!() - before!) / q : Number.NaN;
      state.lambda = adaptDamping(state.lambda, rho, rule);
      return rho >= 0 || !rule.reject;
    },
  };
}
