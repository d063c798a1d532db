/** What must hold for every export: checks that throw, each of many random calls. */
import fc from "fast-check";
import type { Signature } from "../../scripts/binding-signatures.js";
import { Draw, type Routine, validCall } from "./harness.js";
import { aliased, huge, type Mutation, mutate, wild } from "./mutations.js";
import { attempt, judge, mustNotice, verify } from "./trial.js";

type Call = (...args: unknown[]) => unknown;

export function properties(
  name: string,
  routine: Routine,
  signature: Signature,
  call: Call,
  options: fc.Parameters<unknown>,
): [string, () => Promise<void>][] {
  const always =
    (body: (draw: Draw) => Promise<void>, largest = 40, least = 1) =>
    async () =>
      fc.assert(
        fc.asyncProperty(fc.gen(), (g) => body(new Draw(g, largest))),
        { ...options, numRuns: Math.max(least, options.numRuns ?? 0) } as fc.Parameters<[fc.GeneratorValue]>,
      );
  const changed = (change: (draw: Draw, args: unknown[]) => Mutation) =>
    always(async (draw) => {
      const { args, what, mustFail } = change(draw, validCall(routine, signature, draw));
      try {
        const { error } = await judge(name, routine, signature, call, args);
        if (mustFail && !error) throw new Error("was accepted");
      } catch (cause) {
        throw new Error(`${name}, ${what}: ${(cause as Error).message}`, { cause });
      }
    });
  return [
    [
      "does valid calls, and has the arity it declares",
      always(async (draw) => {
        const args = validCall(routine, signature, draw);
        if (args.length < signature.required || args.length > signature.total) throw new Error(`${name} takes ${args.length} arguments`);
        const last = signature.required - 1;
        if (last >= 0 && args[last] !== undefined && !(await judge(name, routine, signature, call, args.slice(0, last))).error) {
          throw new Error(`${name} does not need argument ${last}`);
        }
        const { error } = await judge(name, routine, signature, call, args);
        if (error && !error.code) throw error;
      }),
    ],
    [
      "has a check that notices one wrong element, and one written beside the result",
      async () => {
        let noticed = 0;
        // Of small dimensions, where one element is no small part of the whole; some of the calls are empty.
        const spoilt = always(
          async (draw) => {
            const trial = await attempt(name, routine, signature, call, validCall(routine, signature, draw));
            if (!trial.error) noticed += mustNotice(routine, trial, verify(routine, trial), draw);
          },
          10,
          10,
        );
        await spoilt();
        if (!(noticed > 0)) throw new Error(`${name}: nothing was checked`);
      },
    ],
    ["refuses overlapping arguments or copes with them", changed((draw, args) => aliased(args, signature, draw))],
    ["copes with NaN, infinities and extreme numbers", changed((draw, args) => wild(args, draw))],
    ["refuses dimensions whose products overflow", changed((draw, args) => huge(args, signature, draw))],
    [
      "survives broken calls",
      changed((draw, valid) => {
        let mutation = mutate(valid, signature, draw);
        for (let count = draw.pick(0, 0, 0, 1, 2); count > 0; count--) {
          const { args, what } = mutate(mutation.args, signature, draw);
          // Another change may undo what made this call wrong; only a single one is sure.
          mutation = { args, what: `${mutation.what}; ${what}`, mustFail: false };
        }
        return mutation;
      }),
    ],
  ];
}
