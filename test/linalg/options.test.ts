import { describe, expect, it } from "vitest";
import * as linalg from "../../lib/linalg/index.js";
import { Matrix } from "../../lib/linalg/index.js";

const square = () =>
  Matrix.from([
    [2, 1],
    [1, 3],
  ]);
const vector = () => new Float64Array([1, 2]);

/** Each function with a misspelt option, and the one that is meant. */
const misspelt: Readonly<Record<string, [call: (options: never) => unknown, slip: string, meant: string, others?: object]>> = {
  gemm: [(o) => linalg.gemm(square(), square(), o), "alhpa", "alpha"],
  gemv: [(o) => linalg.gemv(square(), vector(), o), "bata", "beta"],
  symv: [(o) => linalg.symv(square(), vector(), o), "upol", "uplo"],
  ger: [(o) => linalg.ger(vector(), vector(), o), "alpah", "alpha"],
  syrk: [(o) => linalg.syrk(square(), o), "otu", "out"],
  syr2k: [(o) => linalg.syr2k(square(), square(), o), "Alpha", "alpha"],
  symm: [(o) => linalg.symm(square(), square(), o), "sied", "side"],
  trmm: [(o) => linalg.trmm(square(), square(), o), "unti", "unit"],
  trsm: [(o) => linalg.trsm(square(), square(), o), "upl", "uplo"],
  svd: [(o) => linalg.svd(square(), o), "ful", "full"],
  svdAsync: [(o) => linalg.svdAsync(square(), o), "signla", "signal"],
  lstsq: [(o) => linalg.lstsq(square(), square(), o), "rcnod", "rcond"],
  lstsqAsync: [(o) => linalg.lstsqAsync(square(), square(), o), "rcon", "rcond"],
  condition: [(o) => linalg.condition(square(), o), "metod", "method"],
  inverseRoot: [(o) => linalg.inverseRoot(square(), o), "damp", "damping", { p: 2 }],
  inverseRootAsync: [(o) => linalg.inverseRootAsync(square(), o), "relativeto", "relativeTo", { p: 2 }],
  inverseRoots: [(o) => linalg.inverseRoots(square(), o), "treshold", "threshold", { p: 2 }],
  inverseRootsAsync: [(o) => linalg.inverseRootsAsync(square(), o), "smal", "small", { p: 2 }],
  WarmRoot: [(o) => new linalg.WarmRoot(2, o), "tol", "tolerance", { p: 2 }],
  "WarmRoot.update": [(o) => new linalg.WarmRoot(2, { p: 2 }).update(square(), o), "dampng", "damping"],
  orthogonalize: [(o) => linalg.orthogonalize(square(), o), "step", "steps"],
  orthogonalizeStack: [(o) => linalg.orthogonalizeStack(square(), 2, o), "epsilom", "epsilon"],
  orthogonalizeAsync: [(o) => linalg.orthogonalizeAsync(square(), o), "quintic", "quintics"],
  eigenbasisRefresh: [
    (o) =>
      linalg.eigenbasisRefresh(
        square(),
        Matrix.from([
          [1, 0],
          [0, 1],
        ]),
        o,
      ),
    "sort",
    "sorted",
  ],
  kroneckerFactorUpdate: [(o) => linalg.kroneckerFactorUpdate(square(), square(), o), "homogenous", "homogeneous"],
  kroneckerFactorsUpdate: [(o) => linalg.kroneckerFactorsUpdate(square(), square(), square(), o), "scal", "scale"],
};

describe("a misspelt option is no default", () => {
  for (const [name, [call, slip, meant, others]] of Object.entries(misspelt)) {
    it(name, () => {
      const message = `${name}: unknown option "${slip}"; did you mean "${meant}"?`;
      expect(() => call({ ...others, [slip]: 1 } as never)).toThrow(new TypeError(message));
    });
  }
  it("one like none of them lists what there is", () => {
    expect(() => linalg.gemm(square(), square(), { xyzzyxyzzy: 1 } as never)).toThrow("options are out, alpha, beta");
  });
});

describe("a root without an order", () => {
  const functions = [linalg.inverseRoot, linalg.inverseRootAsync, linalg.inverseRoots, linalg.inverseRootsAsync];
  for (const root of functions) {
    it(root.name, () => {
      for (const options of [undefined, {}]) {
        expect(() => root(square(), options as never)).toThrow(TypeError);
        expect(() => root(square(), options as never)).toThrow(`${root.name}: options must have p`);
      }
    });
  }
  it("WarmRoot", () => {
    expect(() => new linalg.WarmRoot(2, {} as never)).toThrow("WarmRoot: options must have p");
  });
});
