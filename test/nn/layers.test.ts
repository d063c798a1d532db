import { describe, expect, it } from "vitest";
import { allocate, type DType, Matrix, type Real } from "../../lib/linalg/index.js";
import {
  Activation,
  type ActivationName,
  activations,
  BatchNorm,
  Conv2d,
  Embedding,
  type Layer,
  LayerNorm,
  Linear,
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
function checkGradients(layer: Layer<Real>, x: Matrix<Real>, { inputs = true } = {}): void {
  const single = x.data instanceof Float32Array;
  const step = single ? 1e-2 : 1e-5;
  const tolerance = single ? 2e-2 : 1e-7;
  const y = layer.forward(x, "train");
  const c = random(y.rows, y.cols, single ? "float32" : "float64", "weights of the outputs");
  const objective = () => {
    const z = layer.forward(x, "train");
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

describe("mistakes", () => {
  it("weights without a source of randomness", () => {
    expect(() => new Linear(2, 2, undefined as never)).toThrow(/Stream is needed/);
  });

  it("a purpose that there is not", () => {
    const layer = new Linear(2, 2, new Stream(1));
    layer.forward(Matrix.zeros(3, 2));
    expect(() => layer.backward(Matrix.zeros(3, 2), "fischer" as never)).toThrow(/"gradient" or "fisher", got "fischer"/);
  });
});
