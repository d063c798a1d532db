import { allocate, type DType, gemm, Matrix, type Real } from "../linalg/index.js";
import type { Stream } from "../random/index.js";
import { type Initializer, initialize } from "./initialize.js";
import { expectChoice, expectColumns, expectGradient, kept, type Layer, type Mode, type Purpose } from "./layer.js";
import { OutputGradients } from "./output-gradients.js";
import { Buffer, Parameter, type Samples, withStatistics } from "./parameter.js";

/** Shape and options of {@link Conv2d}. */
export interface Conv2dOptions {
  /** Input channels, height and width. */
  channels: number;
  height: number;
  width: number;
  /** Output channels. */
  filters: number;
  /** Side of the square kernel. */
  kernel: number;
  /** Default 1. */
  stride?: number;
  /** Zeros on each side. Default 0. */
  padding?: number;
  /** A bias as homogeneous coordinate (an extra column of the weight). Default true. */
  bias?: boolean;
  /**
   * How positions enter the Kronecker factors (Eschenhagen et al. 2023, arXiv 2311.00636): `expand` (default) treats them as
   * independent examples (Grosse & Martens 2016), `reduce` averages inputs and sums output gradients over them.
   */
  sharing?: "expand" | "reduce";
  /** Default `he`. */
  initializer?: Initializer;
  dtype?: DType;
  name?: string;
}

/**
 * Two-dimensional convolution as a linear map of patches. A row holds one image, channel by channel (channels×height×width); the
 * weight is filters×(channels·kernel² [+1]).
 */
export class Conv2d<T extends Real = Float64Array> implements Layer<T> {
  readonly weight: Parameter<T, Samples<T>>;
  readonly parameters: readonly Parameter<T>[];
  readonly outputHeight: number;
  readonly outputWidth: number;

  private readonly shape: Required<Conv2dOptions>;
  private readonly patches: Buffer<T>;
  private readonly rowsOut: Buffer<T>;
  private readonly output: Buffer<T>;
  private readonly rowsGradient: Buffer<T>;
  private readonly patchGradient: Buffer<T>;
  private readonly inputGradient: Buffer<T>;
  private readonly meanInputs: Buffer<T>;
  private readonly sumGradients: Buffer<T>;
  private readonly outputGradients: OutputGradients<T>;
  private last?: Matrix<T>;

  /** @throws RangeError for a size that is no integer, or when the kernel does not fit into the padded image. */
  constructor(options: Conv2dOptions, stream: Stream) {
    const shape = {
      stride: 1,
      padding: 0,
      bias: true,
      sharing: "expand",
      initializer: "he",
      dtype: "float64",
      name: "conv",
      ...options,
    } as const;
    this.shape = shape;
    for (const key of ["channels", "height", "width", "filters", "kernel", "stride", "padding"] as const) {
      const least = key === "padding" ? 0 : 1;
      if (!(Number.isSafeInteger(shape[key]) && shape[key] >= least))
        throw new RangeError(`Conv2d: ${key} must be an integer ≥ ${least}, got ${shape[key]}`);
    }
    expectChoice("Conv2d: sharing", shape.sharing, ["expand", "reduce"]);
    const extent = (size: number) => Math.floor((size + 2 * shape.padding - shape.kernel) / shape.stride) + 1;
    this.outputHeight = extent(shape.height);
    this.outputWidth = extent(shape.width);
    if (!(this.outputHeight >= 1 && this.outputWidth >= 1)) {
      throw new RangeError(
        `Conv2d: a kernel of ${shape.kernel} does not fit into ${shape.height}×${shape.width} with padding ${shape.padding}`,
      );
    }
    const fanIn = shape.channels * shape.kernel ** 2;
    const cols = fanIn + Number(shape.bias);
    const value = new Matrix(allocate(shape.filters * cols, shape.dtype) as T, shape.filters, cols);
    initialize(value.block(0, 0, shape.filters, fanIn), shape.initializer, stream);
    this.weight = withStatistics(new Parameter(`${shape.name}.weight`, value));
    this.parameters = [this.weight];
    const buffer = () => new Buffer<T>(shape.dtype);
    this.patches = buffer();
    this.rowsOut = buffer();
    this.output = buffer();
    this.rowsGradient = buffer();
    this.patchGradient = buffer();
    this.inputGradient = buffer();
    this.meanInputs = buffer();
    this.sumGradients = buffer();
    this.outputGradients = new OutputGradients(shape.dtype);
  }

  /** How positions enter the Kronecker factors. */
  get sharing(): "expand" | "reduce" {
    return this.shape.sharing;
  }

  private get positions(): number {
    return this.outputHeight * this.outputWidth;
  }

  forward(x: Matrix<T>, _mode: Mode = "train"): Matrix<T> {
    const { channels, height, width, filters, bias, sharing } = this.shape;
    expectColumns("Conv2d", x, channels * height * width);
    const n = x.rows;
    const t = this.positions;
    const patches = this.patches.get(n * t, this.weight.value.cols);
    this.forEachTap((i, column, patch, source) => {
      patches.data[patch * patches.cols + column] = source < 0 ? 0 : x.get(i, source);
    }, n);
    if (bias) for (let row = 0; row < n * t; row++) patches.set(row, patches.cols - 1, 1);
    this.last = patches;
    this.weight.inputs = { samples: sharing === "expand" ? patches : groupRows(patches, t, 1 / t, this.meanInputs.get(n, patches.cols)) };
    const rows = gemm(patches, this.weight.value.T, { out: this.rowsOut.get(n * t, filters) });
    // (image, position)×filter → image×(filter, position)
    const y = this.output.get(n, filters * t);
    for (let i = 0; i < n; i++) for (let p = 0; p < t; p++) for (let f = 0; f < filters; f++) y.set(i, f * t + p, rows.get(i * t + p, f));
    return y;
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    const patches = kept("Conv2d", this.last);
    const { channels, height, width, filters, bias, sharing } = this.shape;
    const t = this.positions;
    expectGradient("Conv2d", dy, patches.rows / t, filters * t);
    const n = dy.rows;
    const rows = this.rowsGradient.get(n * t, filters);
    for (let i = 0; i < n; i++) for (let p = 0; p < t; p++) for (let f = 0; f < filters; f++) rows.set(i * t + p, f, dy.get(i, f * t + p));
    if (purpose === "gradient") gemm(rows.T, patches, { out: this.weight.gradient, alpha: 1 / n });
    this.weight.outputGradients =
      sharing === "expand"
        ? this.outputGradients.collect(rows, purpose, t)
        : this.outputGradients.collect(groupRows(rows, t, 1, this.sumGradients.get(n, filters)), purpose);
    const w = this.weight.value.block(0, 0, filters, patches.cols - Number(bias));
    const patchGradient = gemm(rows, w, { out: this.patchGradient.get(n * t, w.cols) });
    const dx = this.inputGradient.get(n, channels * height * width).fill(0);
    this.forEachTap((i, column, patch, source) => {
      if (source >= 0) dx.data[i * dx.cols + source]! += patchGradient.data[patch * w.cols + column]!;
    }, n);
    return dx;
  }

  /** Calls visit(image, column of the patch, row of the patch matrix, index into the image or −1 in the padding). */
  private forEachTap(visit: (image: number, column: number, patch: number, source: number) => void, images: number): void {
    const { channels, height, width, kernel, stride, padding } = this.shape;
    for (let i = 0; i < images; i++) {
      for (let oy = 0; oy < this.outputHeight; oy++) {
        for (let ox = 0; ox < this.outputWidth; ox++) {
          const patch = i * this.positions + oy * this.outputWidth + ox;
          let column = 0;
          for (let c = 0; c < channels; c++) {
            for (let ky = 0; ky < kernel; ky++) {
              const y = oy * stride + ky - padding;
              for (let kx = 0; kx < kernel; kx++, column++) {
                const x = ox * stride + kx - padding;
                visit(i, column, patch, y >= 0 && y < height && x >= 0 && x < width ? (c * height + y) * width + x : -1);
              }
            }
          }
        }
      }
    }
  }
}

/** Sums groups of t consecutive rows, times a factor. */
function groupRows<T extends Real>(x: Matrix<T>, t: number, factor: number, out: Matrix<T>): Matrix<T> {
  out.fill(0);
  for (let row = 0; row < x.rows; row++) {
    const to = Math.floor(row / t) * x.cols;
    const from = row * x.cols;
    for (let j = 0; j < x.cols; j++) out.data[to + j]! += factor * x.data[from + j]!;
  }
  return out;
}
