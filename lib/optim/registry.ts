import { z } from "zod";
import type { Real } from "../linalg/matrix.js";
import { unknown } from "../names.js";
import type { Method } from "./method.js";
import { adagrad } from "./methods/adagrad.js";
import { adam } from "./methods/adam.js";
import { adamw } from "./methods/adamw.js";
import { asgo } from "./methods/asgo.js";
import { ekfac } from "./methods/ekfac.js";
import { foof } from "./methods/foof.js";
import { gaussNewton } from "./methods/gauss-newton.js";
import { kfac } from "./methods/kfac.js";
import { kfacStylised } from "./methods/kfac-stylised.js";
import { klShampoo } from "./methods/kl-shampoo.js";
import { klSoap } from "./methods/kl-soap.js";
import { lbfgs } from "./methods/lbfgs.js";
import { lion } from "./methods/lion.js";
import { muon } from "./methods/muon.js";
import { newtonMuon } from "./methods/newton-muon.js";
import { rmsprop } from "./methods/rmsprop.js";
import { sgd } from "./methods/sgd.js";
import { shampoo } from "./methods/shampoo.js";
import { soap } from "./methods/soap.js";
import { soapMuon } from "./methods/soap-muon.js";
import { splus } from "./methods/splus.js";
import { ChainOptimizer, type Controller, type Group } from "./optimizer.js";
import { commonShape, type OptionsGiven, type Shape, validate, vectorShape } from "./options.js";
import { checkParameters, hasStatistics } from "./parameters.js";
import type { Optimizer, Parameter, Stage } from "./types.js";

const methods = new Map<string, Method>();

/** Adds a method under its id, so that {@link createOptimizer} finds it. @throws Error when the id is taken. */
export function registerMethod<S extends Shape>(method: Method<S>): void {
  if (methods.has(method.id)) throw new Error(`registerMethod: "${method.id}" is already registered`);
  methods.set(method.id, method as unknown as Method);
}

const builtIn = {
  sgd,
  adagrad,
  rmsprop,
  adam,
  adamw,
  lion,
  lbfgs,
  "gauss-newton": gaussNewton,
  kfac,
  ekfac,
  foof,
  "kfac-stylised": kfacStylised,
  shampoo,
  asgo,
  "kl-shampoo": klShampoo,
  soap,
  "kl-soap": klSoap,
  "soap-muon": soapMuon,
  splus,
  muon,
  "newton-muon": newtonMuon,
};
for (const method of Object.values(builtIn)) registerMethod<Shape>(method as unknown as Method);

/** The options that each method of the library takes, by its id; every one has a default but Gauss-Newton's provider. */
export type MethodOptions = {
  readonly [Id in keyof typeof builtIn]: (typeof builtIn)[Id] extends Method<infer S>
    ? OptionsGiven<S> & { readonly groups?: readonly GroupOptions[] }
    : never;
};

/** Ids of all registered methods. */
export function methodIds(): string[] {
  return [...methods.keys()];
}

/** The method of that id. @throws RangeError naming the nearest id. */
export function findMethod(id: string): Method {
  if (typeof id !== "string") throw new TypeError(`the id of an optimizer must be a string, got ${id}`);
  const method = methods.get(id);
  if (!method) throw new RangeError(unknown("optimizer", id, methodIds()));
  return method;
}

/** All options of a method, its own and the common ones, as a zod shape: defaults, bounds and descriptions. */
export function methodShape(method: Method): Shape {
  let shape = shapes.get(method);
  if (!shape) {
    shape = { ...commonShape, ...(method.diagonal ? vectorShape : {}), ...method.shape };
    shapes.set(method, shape);
  }
  return shape;
}

/** One shape per method, so that {@link validate} compiles it once: thousands of trials check thousands of options. */
const shapes = new WeakMap<Method, Shape>();

/** What a group says besides options. */
const groupShape = {
  parameters: z
    .union([z.array(z.string()), z.instanceof(RegExp), z.custom<Selector>((f) => typeof f === "function")])
    .describe("an array of names, a RegExp on the name, or a predicate"),
  method: z.string().optional().describe("the id of a method"),
};

/** Options by name, checked against the method's shape. */
export type Options = Readonly<Record<string, unknown>>;

/** Selects parameters by name, by RegExp, or by predicate. */
export type Selector = readonly string[] | RegExp | ((parameter: Parameter<Real>) => boolean);

/** An entry of the option `groups`: which parameters, what method (by default the optimizer's), and options of that method. */
export type GroupOptions = { readonly parameters: Selector; readonly method?: string } & Options;

/**
 * An optimizer over `parameters` by the method `id`.
 *
 * `options` are the method's own and the common ones (see {@link methodShape}). `groups: [{ parameters, method?, …options }]`
 * gives some parameters other options or another method; the first group that selects a parameter gets it, the rest follow
 * the outer options. Group options may set `lr`, `decay` and the method's own.
 * @throws RangeError for an unknown method, TypeError for an option that is unknown or out of bounds (naming it), or
 * parameters that disagree in name, shape or precision, or none with the statistics that the method lives on.
 */
export function createOptimizer<Id extends keyof MethodOptions | (string & {})>(
  id: Id,
  parameters: readonly Parameter<Real>[],
  options?: Id extends keyof MethodOptions ? MethodOptions[Id] : Options,
): Optimizer {
  const given: Options = options ?? {};
  const method = findMethod(id);
  checkParameters(id, parameters);
  const base = validate(id, methodShape(method), given) as Common;
  if (method.create) {
    if (base.groups.length) throw new TypeError(`${id}: option "groups": works on all parameters at once, has no groups`);
    return method.create(parameters, base as never);
  }
  const { groups: _groups, ...outer } = given;
  let rest = [...parameters];
  const names = new Set(parameters.map(({ name }) => name));
  const groups: Group[] = [];
  const taken = new Map<Method, Parameter<Real>[]>();
  let controller: Controller | null = null;
  const add = (chosen: Method, members: readonly Parameter<Real>[], own: Options, where = "") => {
    const checked = validate(chosen.id, methodShape(chosen), own) as Common;
    if (base.lr === 0 && checked.lr > 0)
      throw new RangeError(`${id}: option "${where}.lr": rates of groups are relative to lr, which is 0`);
    if (!chosen.chain) throw new TypeError(`${id}: "${chosen.id}" works on all parameters at once, it cannot be the method of a group`);
    taken.set(chosen, [...(taken.get(chosen) ?? []), ...members]);
    const vectors = members.filter((parameter) => chosen.diagonal?.applies(parameter));
    const matrices = members.filter((parameter) => !vectors.includes(parameter));
    const { decay } = checked;
    const built = chosen.chain(checked as never, controller);
    const stages: readonly Stage[] = Array.isArray(built) ? built : built.stages;
    if (!Array.isArray(built)) {
      if (controller && controller !== built.controller) throw new TypeError(`${id}: the groups' methods have different controllers`);
      controller = built.controller;
    }
    groups.push({ chain: stages, parameters: matrices, lr: checked.lr, decay });
    if (vectors.length) groups.push({ chain: chosen.diagonal!.chain(checked as never), parameters: vectors, lr: checked.vectorLr, decay });
  };
  base.groups.forEach((entry, i) => {
    const where = `groups.${i}`;
    if (typeof entry !== "object" || entry === null)
      throw new TypeError(`${id}: option "${where}": expected {parameters, method?, …options}, got ${entry}`);
    const { parameters, method: name = id, ...own } = entry as GroupOptions;
    const { parameters: selector } = validate(`${id}: option "${where}"`, groupShape, { parameters, method: name });
    for (const key of Object.keys(own)) {
      if (Object.hasOwn(commonShape, key) && key !== "lr" && key !== "decay")
        throw new TypeError(`${id}: option "${where}.${key}": is of all parameters together, not of a group`);
    }
    const missing = Array.isArray(selector) && selector.find((wanted) => !names.has(wanted));
    if (typeof missing === "string") throw new RangeError(`${id}: option "${where}": ${unknown("parameter", missing, [...names])}`);
    const members = rest.filter((parameter) => selects(selector, parameter));
    if (!members.length) throw new RangeError(`${id}: option "${where}": selects no parameter`);
    rest = rest.filter((parameter) => !members.includes(parameter));
    add(findMethod(name), members, name === id ? { ...outer, ...own } : own, where);
  });
  add(method, rest, outer);
  for (const [{ id: own, layerwise }, members] of taken) {
    if (layerwise && members.length && !members.some(hasStatistics)) {
      throw new TypeError(
        `${id}: "${own}" preconditions with \`inputs\` or \`outputGradients\`, and no parameter has them ` +
          "(the layers of layerwise/nn do; they must be there when the optimizer is made)",
      );
    }
  }
  return new ChainOptimizer(id, groups, base, controller);
}

type Common = z.output<z.ZodObject<typeof commonShape>> & z.output<z.ZodObject<typeof vectorShape>>;

function selects(selector: Selector, parameter: Parameter<Real>): boolean {
  if (typeof selector === "function") return selector(parameter);
  // Not test(): with the flag g it goes on where its last match ended.
  return selector instanceof RegExp ? parameter.name.search(selector) >= 0 : selector.includes(parameter.name);
}
