import { describe, expect, it } from "vitest";
import { allocate, type DType, Matrix, type Real } from "../../lib/linalg/index.js";
import {
  Activation,
  type ActivationName,
  activations,
  BatchNorm,
  Conv2d,
  Embedding,
  hermite,
  type Layer,
  LayerNorm,
  Linear,
  type Mode,
  Residual,
  Sequential,
} from "../../lib/nn/index.js";
import { Stream } from "../../lib/random/index.js";

const stream = new Stream(7, "nn layers");

function random(rows: number, cols: number, dtype: DType, ...purpose: (string | number)[]): Matrix<Real> {
  const out = new Matrix<Real>(allocate(rows * cols, dtype), rows, cols);
  const values = stream.child(...purpose).normals(rows * cols);
  out.data.set(values);
  return out;
}

/**
 * Central differences of the mean of Σⱼ cᵢⱼ yᵢⱼ against what the layer returns, for the input and every parameter. In single precision
 * the reference is a coarser difference, so the tolerance is the square root of its rounding error.
 */
function checkGradients(layer: Layer<Real>, x: Matrix<Real>, { inputs = true, mode = "train" as Mode } = {}): void {
  const single = x.data instanceof Float32Array;
  const step = single ? 1e-2 : 1e-5;
  const tolerance = single ? 2e-2 : 1e-7;
  const y = layer.forward(x, mode);
  const c = random(y.rows, y.cols, single ? "float32" : "float64", "weights of the outputs");
  const objective = () => {
    const z = layer.forward(x, mode);
    let sum = 0;
    for (let i = 0; i < z.rows; i++) for (let j = 0; j < z.cols; j++) sum += c.get(i, j) * z.get(i, j);
    return sum / z.rows;
  };
  const dx = layer.backward(c, "gradient").clone();
  const analytic = layer.parameters.map((p) => p.gradient.clone());
  const compare = (value: Matrix<Real>, gradient: Matrix<Real>, factor: number) => {
    for (let k = 0; k < value.rows * value.cols; k++) {
      const at = value.data[k]!;
      value.data[k] = at + step;
      const above = objective();
      value.data[k] = at - step;
      const below = objective();
      value.data[k] = at;
      const numeric = (above - below) / (2 * step);
      expect(Math.abs(gradient.data[k]! * factor - numeric)).toBeLessThan(tolerance * (1 + Math.abs(numeric)));
    }
  };
  if (inputs) compare(x, dx, 1 / x.rows);
  layer.parameters.forEach((p, i) => {
    compare(p.value, analytic[i]!, 1);
  });
}

for (const dtype of ["float64", "float32"] as const) {
  describe(`gradients by finite differences, ${dtype}`, () => {
    for (const bias of ["homogeneous", "separate", "none"] as const) {
      it(`Linear, bias ${bias}`, () => {
        checkGradients(new Linear<Real>(4, 3, stream.child("linear"), { bias, dtype }), random(5, 4, dtype, "x"));
      });
    }
    for (const name of Object.keys(activations) as ActivationName[]) {
      it(`Activation ${name}`, () => {
        const x = random(3, 4, dtype, "activation");
        // A kink inside the difference has no derivative.
        if (name === "relu") for (let k = 0; k < 12; k++) if (Math.abs(x.data[k]!) < 0.05) x.data[k] = 0.5;
        checkGradients(new Activation<Real>(name), x);
      });
    }
    it("BatchNorm", () => {
      const layer = new BatchNorm<Real>(3, { dtype });
      layer.parameters[0]!.value.data.set([0.5, -1.5, 2]);
      checkGradients(layer, random(6, 3, dtype, "bn"));
    });
    it("BatchNorm by its running statistics", () => {
      const layer = new BatchNorm<Real>(3, { dtype });
      layer.parameters[0]!.value.data.set([0.5, -1.5, 2]);
      for (let k = 0; k < 5; k++) layer.forward(random(6, 3, dtype, "bn history", k));
      checkGradients(layer, random(4, 3, dtype, "bn eval"), { mode: "eval" });
    });
    it.each([0, 1, 4, 7])("Activation hermite(%i)", (k) => {
      checkGradients(new Activation<Real>(hermite(k)), random(3, 4, dtype, "hermite"));
    });
    it("LayerNorm", () => {
      const layer = new LayerNorm<Real>(4, { dtype });
      layer.parameters[0]!.value.data.set([0.5, -1.5, 2, 1]);
      checkGradients(layer, random(5, 4, dtype, "ln"));
    });
    for (const [stride, padding] of [
      [1, 0],
      [2, 1],
    ] as const) {
      it(`Conv2d, stride ${stride}, padding ${padding}`, () => {
        const layer = new Conv2d<Real>(
          { channels: 2, height: 5, width: 4, filters: 3, kernel: 3, stride, padding, dtype },
          stream.child("conv"),
        );
        checkGradients(layer, random(2, 40, dtype, "images"));
      });
    }
    for (const [what, options, rows] of [
      ["the kernel is the image", { channels: 1, height: 3, width: 3 }, 1],
      ["strides jump over pixels", { channels: 2, height: 7, width: 5, kernel: 2, stride: 3 }, 2],
      ["patches lie in the padding alone", { channels: 1, height: 2, width: 3, kernel: 2, padding: 3, stride: 2 }, 1],
      ["one pixel, one filter, no bias", { channels: 1, height: 1, width: 1, kernel: 1, filters: 1, bias: false }, 1],
    ] as const) {
      it(`Conv2d when ${what}`, () => {
        const layer = new Conv2d<Real>({ filters: 2, kernel: 3, dtype, ...options }, stream.child("conv", what));
        checkGradients(layer, random(rows, options.channels * options.height * options.width, dtype, what));
      });
    }
    it("layers of width 1, batches of one row or two, a view with strides", () => {
      checkGradients(new Linear<Real>(1, 1, stream.child("narrow"), { dtype, bias: "separate" }), random(1, 1, dtype, "narrow"));
      checkGradients(new LayerNorm<Real>(1, { dtype }), random(1, 1, dtype, "narrow"));
      checkGradients(new LayerNorm<Real>(4, { dtype, affine: false }), random(1, 4, dtype, "row"));
      checkGradients(new BatchNorm<Real>(2, { dtype }), random(2, 2, dtype, "pair"));
      const layer = new Linear<Real>(3, 2, stream.child("strided"), { dtype });
      const wide = random(4, 7, dtype, "strided");
      const y = layer.forward(wide.block(0, 2, 4, 3)).clone();
      const copy = new Matrix<Real>(allocate(12, dtype), 4, 3).copy(wide.block(0, 2, 4, 3));
      expect(layer.forward(copy).toArrays()).toEqual(y.toArrays());
    });
    it("Embedding", () => {
      const x = new Matrix<Real>(allocate(6, dtype), 3, 2);
      x.data.set([0, 2, 2, 1, 4, 0]);
      checkGradients(new Embedding<Real>(5, 3, stream.child("embedding"), { dtype }), x, { inputs: false });
    });
    it("Residual of a Sequential", () => {
      const body = new Sequential<Real>([
        new Linear<Real>(4, 6, stream.child("a"), { dtype, name: "a" }),
        new Activation<Real>("tanh"),
        new Linear<Real>(6, 4, stream.child("b"), { dtype, name: "b" }),
      ]);
      checkGradients(new Residual<Real>(body), random(3, 4, dtype, "residual"));
    });
  });
}

describe("what preconditioners need", () => {
  it("a layer's gradient is the mean of the outer products of output gradients and inputs", () => {
    const layer = new Linear(4, 3, stream.child("outer"));
    const x = random(5, 4, "float64", "outer x") as Matrix;
    const dy = random(5, 3, "float64", "outer dy") as Matrix;
    layer.forward(x);
    layer.backward(dy);
    const a = layer.weight.inputs!.samples;
    const g = layer.weight.outputGradients!.samples;
    expect([a.rows, a.cols, g.rows, g.cols]).toEqual([5, 5, 5, 3]);
    for (let r = 0; r < 3; r++) {
      for (let s = 0; s < 5; s++) {
        let mean = 0;
        for (let i = 0; i < 5; i++) mean += (g.get(i, r) * a.get(i, s)) / 5;
        expect(layer.weight.gradient.get(r, s)).toBeCloseTo(mean, 13);
      }
    }
  });

  it("Fisher passes sum their moments and leave the gradient alone", () => {
    const layer = new Linear(2, 2, stream.child("fisher"), { bias: "none" });
    layer.forward(random(4, 2, "float64", "fisher x") as Matrix);
    layer.backward(random(4, 2, "float64", "true gradient") as Matrix);
    const gradient = layer.weight.gradient.clone();
    for (const j of [0, 1]) {
      const column = Matrix.zeros(4, 2);
      for (let i = 0; i < 4; i++) column.set(i, j, 1);
      layer.backward(column, "fisher");
    }
    const { samples, scale } = layer.weight.outputGradients!;
    expect([samples.rows, scale]).toEqual([8, 2]);
    // Σⱼ E[eⱼ eⱼᵀ] = I
    for (const [r, s] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      let moment = 0;
      for (let i = 0; i < 8; i++) moment += (scale! * samples.get(i, r) * samples.get(i, s)) / 8;
      expect(moment).toBeCloseTo(Number(r === s), 14);
    }
    expect(layer.weight.gradient.toArrays()).toEqual(gradient.toArrays());
  });

  it("the expand factors of a convolution are exact for a single position", () => {
    const options = { channels: 2, height: 3, width: 3, filters: 2, kernel: 3 } as const;
    const expand = new Conv2d({ ...options, sharing: "expand" }, stream.child("single"));
    const reduce = new Conv2d({ ...options, sharing: "reduce" }, stream.child("single"));
    const x = random(4, 18, "float64", "single x") as Matrix;
    const dy = random(4, 2, "float64", "single dy") as Matrix;
    for (const layer of [expand, reduce]) {
      layer.forward(x);
      layer.backward(dy);
    }
    expect(expand.weight.inputs!.samples.toArrays()).toEqual(reduce.weight.inputs!.samples.toArrays());
    expect(expand.weight.outputGradients!.samples.toArrays()).toEqual(reduce.weight.outputGradients!.samples.toArrays());
  });

  it.each([
    ["expand", 1, 1],
    ["reduce", 1, 1],
    ["expand", 2, 0],
    ["reduce", 2, 0],
  ] as const)(
    "the factors of a convolution are those of KFAC-%s (Eschenhagen et al. 2023), stride %i, padding %i",
    (sharing, stride, padding) => {
      const [channels, height, width, filters, kernel, n] = [2, 4, 5, 3, 2, 3];
      const layer = new Conv2d({ channels, height, width, filters, kernel, stride, padding, sharing }, stream.child("sharing"));
      const x = random(n, channels * height * width, "float64", "sharing x") as Matrix;
      layer.forward(x);
      const positions = layer.outputHeight * layer.outputWidth;
      const passes = [0, 1].map((c) => random(n, filters * positions, "float64", "sharing dy", c) as Matrix);
      for (const dy of passes) layer.backward(dy, "fisher");
      // a[i][t]: the patch at position t with a 1; g[c][i][t]: the output gradients there.
      const pixel = (i: number, c: number, v: number, h: number) =>
        v >= 0 && v < height && h >= 0 && h < width ? x.get(i, c * height * width + v * width + h) : 0;
      const a = Array.from({ length: n }, (_, i) =>
        Array.from({ length: positions }, (_, t) => {
          const [top, left] = [Math.floor(t / layer.outputWidth) * stride - padding, (t % layer.outputWidth) * stride - padding];
          const patch: number[] = [];
          for (let c = 0; c < channels; c++)
            for (let v = 0; v < kernel; v++) for (let h = 0; h < kernel; h++) patch.push(pixel(i, c, top + v, left + h));
          return [...patch, 1];
        }),
      );
      const g = passes.map((dy) =>
        Array.from({ length: n }, (_, i) =>
          Array.from({ length: positions }, (_, t) => Array.from({ length: filters }, (_, f) => dy.get(i, f * positions + t))),
        ),
      );
      const sum = (vectors: number[][]) => vectors[0]!.map((_, k) => vectors.reduce((total, v) => total + v[k]!, 0));
      const outer = (vectors: number[][], r: number, s: number) => vectors.reduce((total, v) => total + v[r]! * v[s]!, 0);
      const inputs = sharing === "expand" ? a.flat() : a.map((rows) => sum(rows).map((v) => v / positions));
      const gradients = sharing === "expand" ? g.flat(2) : g.flat().map(sum);
      const moment = ({ samples, scale = 1 }: { samples: Matrix; scale?: number }, r: number, s: number) =>
        (scale * outer(samples.toArrays(), r, s)) / samples.rows;
      for (let r = 0; r < inputs[0]!.length; r++)
        for (let s = 0; s < inputs[0]!.length; s++)
          expect(moment(layer.weight.inputs!, r, s)).toBeCloseTo(outer(inputs, r, s) / (sharing === "expand" ? n * positions : n), 12);
      for (let r = 0; r < filters; r++)
        for (let s = 0; s < filters; s++) expect(moment(layer.weight.outputGradients!, r, s)).toBeCloseTo(outer(gradients, r, s) / n, 12);
    },
  );

  it("frequencies are exact to single precision however many tokens there are", () => {
    const tokens = 300_000;
    const x = new Matrix(new Float32Array(tokens), tokens, 1);
    for (let i = 0; i < tokens; i += 3) x.data[i] = 1;
    const layer = new Embedding<Float32Array>(2, 1, stream.child("many"), { dtype: "float32" });
    layer.forward(x);
    expect([...layer.weight.inputs!.diagonal]).toEqual([Math.fround(2 / 3), Math.fround(1 / 3)]);
  });

  it("the input side of an embedding is the frequency of its tokens", () => {
    const layer = new Embedding(4, 2, stream.child("frequencies"));
    layer.forward(Matrix.from([[0, 1, 1, 3]]));
    expect(Array.from(layer.weight.inputs!.diagonal)).toEqual([0.25, 0.5, 0, 0.25]);
  });
});

describe("normalisation", () => {
  it("eval uses the running statistics and changes nothing", () => {
    const layer = new BatchNorm(2, { momentum: 1, epsilon: 0, affine: false });
    const x = Matrix.from([
      [1, 10],
      [3, 14],
    ]);
    expect(layer.forward(x, "train").toArrays()).toEqual([
      [-1, -1],
      [1, 1],
    ]);
    expect(Array.from(layer.runningMean.data)).toEqual([2, 12]);
    expect(Array.from(layer.runningVariance.data)).toEqual([2, 8]);
    const y = layer.forward(Matrix.from([[2 + Math.SQRT2, 12]]), "eval");
    expect(y.get(0, 0)).toBeCloseTo(1, 14);
    expect(y.get(0, 1)).toBe(0);
    expect(Array.from(layer.runningMean.data)).toEqual([2, 12]);
  });

  it("refuses a training batch of one row", () => {
    expect(() => new BatchNorm(2).forward(Matrix.zeros(1, 2))).toThrow(/at least 2 rows, got 1/);
  });
});

describe("bad input", () => {
  it("names what does not fit", () => {
    expect(() => new Linear(3, 2, stream).forward(Matrix.zeros(1, 4))).toThrow("Linear: expected 3 columns, got 1×4");
    expect(() => new Linear(3, 2, stream).backward(Matrix.zeros(1, 2))).toThrow("backward before any forward");
    expect(() => new Conv2d({ channels: 1, height: 2, width: 2, filters: 1, kernel: 3 }, stream)).toThrow(/kernel of 3 does not fit/);
    expect(() => new Embedding(3, 2, stream).forward(Matrix.from([[3]]))).toThrow("integer in [0, 3), got 3");
    expect(() => new Activation("rellu" as ActivationName)).toThrow(/one of identity, relu/);
    expect(() => new Sequential([new Linear(1, 1, stream), new Linear(1, 1, stream)])).toThrow(/two parameters are named "linear.weight"/);
  });
});

describe("gradients of another batch", () => {
  const layers: Record<string, () => Layer> = {
    Linear: () => new Linear(3, 2, stream),
    Conv2d: () => new Conv2d({ channels: 1, height: 1, width: 3, filters: 2, kernel: 1 }, stream),
    BatchNorm: () => new BatchNorm(3),
    LayerNorm: () => new LayerNorm(3),
    Activation: () => new Activation("relu"),
    Embedding: () => new Embedding(1, 2, stream),
    Residual: () => new Residual(new LayerNorm(3)),
  };
  it.each(Object.keys(layers))("are refused by %s", (name) => {
    for (const purpose of ["gradient", "fisher"] as const) {
      for (const [rows, more] of [
        [1, 0],
        [3, 0],
        [2, 1],
      ] as const) {
        const layer = layers[name]!();
        const { cols } = layer.forward(Matrix.zeros(2, 3));
        expect(() => layer.backward(Matrix.zeros(rows, cols + more), purpose)).toThrow(
          new RegExp(`the last outputs were 2×${cols}, their gradient is ${rows}×${cols + more}`),
        );
      }
    }
  });

  it.each(Object.keys(layers).filter((name) => name !== "BatchNorm"))("an empty batch has none in %s", (name) => {
    const layer = layers[name]!();
    const { cols } = layer.forward(Matrix.zeros(0, 3));
    expect(() => layer.backward(Matrix.zeros(0, cols))).toThrow(/an empty batch/);
  });
});

describe("mistakes", () => {
  it("weights without a source of randomness", () => {
    expect(() => new Linear(2, 2, undefined as never)).toThrow(/Stream is needed/);
  });

  it("sizes and choices that there are not", () => {
    const conv = (options: Record<string, unknown>) =>
      new Conv2d({ channels: 1, height: 4, width: 4, filters: 2, kernel: 3, ...options } as never, stream);
    expect(() => conv({ stride: 0 })).toThrow("Conv2d: stride must be an integer ≥ 1, got 0");
    expect(() => conv({ stride: 1.5 })).toThrow("Conv2d: stride must be an integer ≥ 1, got 1.5");
    expect(() => conv({ kernel: 0 })).toThrow("Conv2d: kernel must be an integer ≥ 1, got 0");
    expect(() => conv({ padding: 0.5 })).toThrow("Conv2d: padding must be an integer ≥ 0, got 0.5");
    expect(() => conv({ filters: 0 })).toThrow("Conv2d: filters must be an integer ≥ 1, got 0");
    expect(() => conv({ sharing: "sum" })).toThrow('Conv2d: sharing must be one of expand, reduce, got "sum"');
    expect(() => conv({ initializer: "xavier" })).toThrow(/initializer must be one of lecun, .*, got "xavier"/);
    expect(() => new Linear(2, 2, stream, { bias: "seperate" as never })).toThrow(/Linear: bias must be one of .*, got "seperate"/);
  });

  it("a purpose that there is not", () => {
    const layer = new Linear(2, 2, new Stream(1));
    layer.forward(Matrix.zeros(3, 2));
    expect(() => layer.backward(Matrix.zeros(3, 2), "fischer" as never)).toThrow(/"gradient" or "fisher", got "fischer"/);
  });
});
