/** Storage of a matrix. Both precisions run the same code; they are never mixed in one call. */
export type Real = Float64Array | Float32Array;

/** Name of a precision. */
export type DType = "float64" | "float32";

/** The precision of an array or matrix. */
export function dtypeOf(x: Real | { readonly data: Real }): DType {
  return (ArrayBuffer.isView(x) ? x : x.data) instanceof Float64Array ? "float64" : "float32";
}

/** A zeroed array of the given precision. */
export function allocate<T extends Real>(length: number, like: T): T;
export function allocate(length: number, dtype: DType): Real;
export function allocate(length: number, like: Real | DType): Real {
  const double = typeof like === "string" ? like === "float64" : like instanceof Float64Array;
  if (typeof like === "string" && !double && like !== "float32") {
    throw new RangeError(`dtype must be one of float64, float32, got ${JSON.stringify(like)}`);
  }
  return double ? new Float64Array(length) : new Float32Array(length);
}

function dimension(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
    throw new RangeError(
      `Matrix: ${name} must be an integer in [0, 2147483647], got ${value}${value === undefined ? " (a Matrix was expected where something else came)" : ""}`,
    );
  }
  return value;
}

/**
 * A row-major view: element (i, j) is `data[offset + i·stride + j]`. Views share memory; nothing is copied unless a
 * method says so.
 */
export class Matrix<T extends Real = Float64Array> {
  readonly rows: number;
  readonly cols: number;
  /** Distance between the starts of two rows, in elements (at least `cols`). */
  readonly stride: number;
  readonly offset: number;

  /**
   * A view of `data`.
   * @throws TypeError when `data` is no Float64Array or Float32Array, RangeError when the view leaves it.
   */
  constructor(
    readonly data: T,
    rows: number,
    cols: number,
    stride: number = cols,
    offset = 0,
  ) {
    if (!(data instanceof Float64Array || data instanceof Float32Array)) {
      throw new TypeError("Matrix: data must be a Float64Array or a Float32Array");
    }
    this.rows = dimension("rows", rows);
    this.cols = dimension("cols", cols);
    this.stride = dimension("stride", stride);
    this.offset = dimension("offset", offset);
    if (stride < cols) throw new RangeError(`Matrix: stride must be at least cols (${cols}), got ${stride}`);
    const end = rows && cols ? offset + (rows - 1) * stride + cols : offset;
    if (end > data.length) {
      throw new RangeError(`Matrix: ${rows}×${cols} with stride ${stride} at offset ${offset} needs ${end} elements, got ${data.length}`);
    }
  }

  /** A rows×cols matrix of zeros. */
  static zeros(rows: number, cols: number): Matrix;
  static zeros<D extends DType>(rows: number, cols: number, dtype: D): Matrix<D extends "float64" ? Float64Array : Float32Array>;
  static zeros(rows: number, cols: number, dtype: DType = "float64"): Matrix<Real> {
    return new Matrix(allocate(dimension("rows", rows) * dimension("cols", cols), dtype), rows, cols);
  }

  /** The n×n identity. */
  static identity(n: number): Matrix {
    const out = Matrix.zeros(n, n);
    for (let i = 0; i < n; i++) out.data[i * n + i] = 1;
    return out;
  }

  /** A square matrix with the given diagonal. */
  static diagonal(values: ArrayLike<number>): Matrix {
    const n = values.length;
    const out = Matrix.zeros(n, n);
    for (let i = 0; i < n; i++) out.data[i * n + i] = values[i]!;
    return out;
  }

  /** Copies nested rows. @throws RangeError when the rows differ in length, TypeError for what is no number. */
  static from(rows: readonly ArrayLike<number>[]): Matrix {
    const cols = rows.length ? rows[0]!.length : 0;
    const out = Matrix.zeros(rows.length, cols);
    rows.forEach((row, i) => {
      if (row.length !== cols) throw new RangeError(`Matrix.from: row ${i} has ${row.length} entries, row 0 has ${cols}`);
      const j = Array.isArray(row) ? row.findIndex((value) => typeof value !== "number") : -1;
      if (j >= 0) throw new TypeError(`Matrix.from: element (${i}, ${j}) is no number, got ${JSON.stringify(row[j])}`);
      out.data.set(row, i * cols);
    });
    return out;
  }

  /** The transpose, as an operand of products ({@link Transposed}); no copy. */
  get T(): Transposed<T> {
    return new Transposed(this);
  }

  /** Element (i, j); indices are not checked. */
  get(i: number, j: number): number {
    return this.data[this.offset + i * this.stride + j]!;
  }

  /** Writes element (i, j); indices are not checked. */
  set(i: number, j: number, value: number): void {
    this.data[this.offset + i * this.stride + j] = value;
  }

  /** Whether the elements lie without gaps. */
  get contiguous(): boolean {
    return this.stride === this.cols || this.rows <= 1;
  }

  /** A view of rows [i, i+rows) and columns [j, j+cols). */
  block(i: number, j: number, rows: number, cols: number): Matrix<T> {
    if (!(i >= 0 && j >= 0 && rows >= 0 && cols >= 0 && i + rows <= this.rows && j + cols <= this.cols)) {
      throw new RangeError(`Matrix.block: [${i}, ${i + rows})×[${j}, ${j + cols}) leaves ${this.rows}×${this.cols}`);
    }
    return new Matrix(this.data, rows, cols, this.stride, this.offset + i * this.stride + j);
  }

  /** Row i as a 1×cols view. */
  row(i: number): Matrix<T> {
    return this.block(i, 0, 1, this.cols);
  }

  /** Row i as a typed array on the same memory. */
  rowArray(i: number): T {
    const start = this.offset + i * this.stride;
    return this.data.subarray(start, start + this.cols) as T;
  }

  /** A contiguous copy. */
  clone(): Matrix<T> {
    return new Matrix(allocate(this.rows * this.cols, this.data), this.rows, this.cols).copy(this);
  }

  /** Overwrites this with `source` (same shape); returns this. */
  copy(source: Matrix<Real>): this {
    if (source.rows !== this.rows || source.cols !== this.cols) {
      throw new RangeError(`Matrix.copy: expected ${this.rows}×${this.cols}, got ${source.rows}×${source.cols}`);
    }
    if (this.contiguous && source.contiguous) {
      const n = this.rows * this.cols;
      this.data.set(source.data.subarray(source.offset, source.offset + n), this.offset);
    } else {
      for (let i = 0; i < this.rows; i++) this.rowArray(i).set(source.rowArray(i));
    }
    return this;
  }

  /** Writes `value` into every element; returns this. */
  fill(value: number): this {
    if (this.contiguous) this.data.fill(value, this.offset, this.offset + this.rows * this.cols);
    else for (let i = 0; i < this.rows; i++) this.rowArray(i).fill(value);
    return this;
  }

  /** Nested arrays, row by row. */
  toArrays(): number[][] {
    return Array.from({ length: this.rows }, (_, i) => Array.from(this.rowArray(i)));
  }
}

/** A matrix to be read transposed by a product. Made by {@link Matrix.T}. */
export class Transposed<T extends Real = Float64Array> {
  constructor(readonly matrix: Matrix<T>) {}
  get rows(): number {
    return this.matrix.cols;
  }
  get cols(): number {
    return this.matrix.rows;
  }
  get T(): Matrix<T> {
    return this.matrix;
  }
}

/** What products take: a matrix or its transpose. */
export type Operand<T extends Real = Float64Array> = Matrix<T> | Transposed<T>;
