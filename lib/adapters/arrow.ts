/**
 * Apache Arrow: numeric columns of a table as a {@link Matrix}. (Parquet is read into Arrow by `parquet-wasm` and others.) The package
 * is not imported here.
 *
 * @packageDocumentation
 */
import { Matrix } from "../linalg/index.js";

/** What is used of an Arrow type. */
export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly precision?: number;
}

/** What is used of an Arrow table. */
export interface ArrowTable {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChild(name: string): { readonly type: ArrowType; readonly nullCount: number; toArray(): unknown } | null;
}

type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

/** Integers of up to 32 bits, and floats of 32 or 64 (of 16 Arrow gives the bits, not the values): `Type` and `Precision` in its format. */
function isNumber(type: ArrowType): boolean {
  const { typeId, bitWidth = 64, precision = 0 } = type;
  return (typeId === 2 && bitWidth <= 32) || (typeId === 3 && precision >= 1);
}

/**
 * The columns of these names (default: all), one row per row of the table, in double precision. One column of Float64 in one chunk is
 * seen without a copy; all else is copied.
 * @throws RangeError for a name that is not there or a column with nulls, TypeError for one that is neither an integer of up to
 * 32 bits nor a float of 32 or 64.
 */
export function fromArrow(table: ArrowTable, columns?: readonly string[]): Matrix {
  if (!table?.schema?.fields) throw new TypeError("fromArrow: a Table of apache-arrow is expected");
  const names = columns ?? table.schema.fields.map(({ name }) => name);
  const arrays = names.map((name) => {
    const column = table.getChild(name);
    if (!column) throw new RangeError(`fromArrow: there is no column "${name}"`);
    if (column.nullCount > 0) throw new RangeError(`fromArrow: column "${name}" has ${column.nullCount} nulls`);
    if (!isNumber(column.type))
      throw new TypeError(`fromArrow: column "${name}" is neither an integer of up to 32 bits nor a float of 32 or 64`);
    return column.toArray() as Numbers;
  });
  const [first] = arrays;
  if (arrays.length === 1 && first instanceof Float64Array) return new Matrix(first, table.numRows, 1);
  const out = Matrix.zeros(table.numRows, arrays.length);
  arrays.forEach((values, j) => {
    for (let i = 0; i < values.length; i++) out.data[i * arrays.length + j] = values[i]!;
  });
  return out;
}
