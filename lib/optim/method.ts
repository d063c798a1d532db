import type { z } from "zod";
import type { Real } from "../linalg/matrix.js";
import type { Controller } from "./optimizer.js";
import type { commonShape, Shape, vectorShape } from "./options.js";
import type { Optimizer, Parameter, Stage } from "./types.js";

/** Options as a method receives them: checked, defaults filled in. */
export type OptionsOf<S extends Shape> = z.output<z.ZodObject<S>> &
  Omit<z.output<z.ZodObject<typeof commonShape>>, keyof S> &
  Partial<z.output<z.ZodObject<typeof vectorShape>>>;

/** A method: its options and what it does with them. Either a `chain` of stages, or `create` for methods over all parameters at once. */
export interface Method<S extends Shape = Shape> {
  readonly id: string;
  readonly title: string;
  /** Paper: authors, year, arXiv or venue. */
  readonly reference: string;
  /** Zod types of the method's own options, each with default and description; common options are added. */
  readonly shape: S;
  /** Whether it reads `outputGradients`: whoever computes gradients then provides those of the Fisher matrix that is wanted. */
  readonly curvature?: boolean;
  /** Whether it preconditions with layer inputs or output gradients: an optimizer over parameters of which none has any is refused. */
  readonly layerwise?: boolean;
  /** What stands between gradient and weight. An optimizer has one controller: `shared` is what an earlier group's chain came with, to be returned again. */
  chain?(options: OptionsOf<S>, shared?: Controller | null): Stage[] | { stages: Stage[]; controller: Controller };
  /** Parameters that `chain` is not for (vectors), and the chain they get instead, at the rate `vectorLr`. */
  readonly diagonal?: { applies(parameter: Parameter<Real>): boolean; chain(options: OptionsOf<S>): Stage[] };
  create?(parameters: readonly Parameter<Real>[], options: OptionsOf<S>): Optimizer;
}

/** Checks types; returns its argument. */
export function defineMethod<const S extends Shape>(method: Method<S>): Method<S> {
  return method;
}
