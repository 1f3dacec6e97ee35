import { FedgeError, type PortShape, type TensorData } from "@fedge/protocol";
import type { FeatureTensor, FeatureValue } from "@fedge/protocol/profile";
import type { Fields, TrainingBatch, TrainingData } from "../../drift/profiles/training-data.js";
import type { ColumnPlan } from "./column-plan.js";
import type { Cell, Table } from "./table.js";

type Row = readonly Cell[];

/**
 * The rows of a table as the model's tensors and the app's fields, at most `batchSize` together. Throws DATA_CORRUPT for
 * an input or label that is no number, a whole number that is missing, or a row of another length.
 */
export function tableData(table: Table, plan: ColumnPlan, batchSize: number): TrainingData {
  return async function* batches() {
    let row = 0;
    for await (const rows of table.rows())
      for (let at = 0; at < rows.length;) {
        const size = sameLength(plan, rows, at, batchSize);
        yield batchOf(table, plan, { rows: rows.slice(at, at + size), first: row });
        at += size;
        row += size;
      }
  };
}

/** Rows from `at` on that make one tensor: lists of a free length may differ from row to row. */
function sameLength({ inputs }: ColumnPlan, rows: readonly Row[], at: number, most: number): number {
  const lengths = (row: Row | undefined): string =>
    inputs
      .map(({ columns }) => {
        const cell = row?.[columns[0] as number];
        return Array.isArray(cell) ? cell.length : columns.length;
      })
      .join();
  let end = at + 1;
  while (end < rows.length && end - at < most && lengths(rows[end]) === lengths(rows[at])) end += 1;
  return end - at;
}

interface Block {
  readonly rows: readonly Row[];
  /** Index of the first row in the table. */
  readonly first: number;
}

function batchOf(table: Table, plan: ColumnPlan, block: Block): TrainingBatch {
  const { rows } = block;
  const inputs = plan.inputs.map(
    ({ port, columns }) => [port.name, tensorOf(port, numbersOf(table, columns, block), block)] as const,
  );
  const label = plan.label === null ? null : labelOf(numbersOf(table, [plan.label], block), rows.length);
  const fields = rows.map((row): Fields => {
    return Object.fromEntries(plan.fields.map((at) => [table.columns[at] as string, fieldOf(row[at])]));
  });
  return { numRows: rows.length, inputs: Object.fromEntries(inputs), label, fields };
}

/** What an app notes is one value; of a list it is how long it is. */
function fieldOf(cell: Cell | undefined): FeatureValue {
  if (cell === undefined || cell === null) return null;
  return typeof cell === "object" ? cell.length : cell;
}

function numbersOf(table: Table, columns: readonly number[], { rows, first }: Block): number[] {
  return rows.flatMap((row, index) =>
    columns.flatMap((at) => {
      const cell = row[at];
      if (Array.isArray(cell)) return cell as readonly number[];
      if (cell === null) return [Number.NaN];
      if (typeof cell === "number" || typeof cell === "boolean") return [Number(cell)];
      const name = table.columns[at] as string;
      throw corrupt(first + index, `"${name}" is ${JSON.stringify(cell)}, and the model takes numbers`);
    }),
  );
}

function tensorOf(port: PortShape, numbers: readonly number[], { rows, first }: Block): FeatureTensor {
  const sizes = port.shape.slice(1);
  const known = sizes.reduce<number>((product, size) => product * (size ?? 1), 1);
  const free = numbers.length / rows.length / known;
  const isWhole = sizes.includes(null) ? Number.isInteger(free) && free > 0 : free === 1;
  const numFree = sizes.filter((size) => size === null).length;
  if (!isWhole || numFree > 1)
    throw corrupt(
      first,
      `input "${port.name}" has rows of ${numbers.length / rows.length} numbers, which its shape [${port.shape.map((size) => size ?? "?").join(", ")}] does not take`,
    );
  const shape = port.shape.length === 0 ? [] : [rows.length, ...sizes.map((size) => size ?? free)];
  return { shape, data: dataOf(port, numbers, first) };
}

function dataOf({ elementType, name }: PortShape, numbers: readonly number[], first: number): TensorData {
  if (elementType === "float32") return Float32Array.from(numbers);
  if (elementType === "float64") return Float64Array.from(numbers);
  if (numbers.some((value) => !Number.isSafeInteger(value)))
    throw corrupt(first, `input "${name}" takes whole numbers; fill in what is missing`);
  if (elementType === "int64") return BigInt64Array.from(numbers, BigInt);
  return elementType === "int32" ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}

function labelOf(numbers: readonly number[], numRows: number): FeatureTensor {
  return { shape: [numRows, numbers.length / numRows], data: Float64Array.from(numbers) };
}

function corrupt(row: number, what: string): FedgeError {
  return new FedgeError("DATA_CORRUPT", `row ${row + 1} of the data and those after it: ${what}`);
}
