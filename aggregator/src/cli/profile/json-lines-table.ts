import { FedgeError } from "@fedge/protocol";
import { boundedLines } from "../drift/bounded-lines.js";
import { parseNumberedJson } from "../drift/numbered-json.js";
import { NOT_UTF8 } from "../utf8-text.js";
import { MAX_COLUMNS } from "./csv-records.js";
import type { ByteSource } from "./csv-table.js";
import type { Cell, Table } from "./table.js";

const MAX_LINE_BYTES = 8 * 2 ** 20;
const ROWS_AT_ONCE = 256;

/**
 * A table with one JSON object a line; a name that a line has not is missing there. Lists, nested ones too, are rows of
 * tensors. Throws DATA_CORRUPT with the line for what is no such object.
 */
export async function openJsonLines(bytes: ByteSource): Promise<Table> {
  const names = new Set<string>();
  for await (const { record, number } of records(bytes)) {
    for (const name of Object.keys(record)) names.add(name);
    if (names.size > MAX_COLUMNS) throw corrupt(number, `there are more than ${MAX_COLUMNS} names`);
  }
  const columns = [...names];
  return { columns, rows: () => rowsOf(bytes, columns) };
}

async function* rowsOf(bytes: ByteSource, columns: readonly string[]): AsyncGenerator<Cell[][]> {
  let rows: Cell[][] = [];
  for await (const { record, number } of records(bytes)) {
    rows.push(columns.map((name) => cellOf(record[name], name, number)));
    if (rows.length < ROWS_AT_ONCE) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

async function* records(
  bytes: ByteSource,
): AsyncGenerator<{ readonly record: Record<string, unknown>; readonly number: number }> {
  for await (const line of boundedLines(bytes(), MAX_LINE_BYTES)) {
    const { number } = line;
    if (line.text === undefined)
      throw corrupt(
        number,
        line.fault === "too long" ? `it has more than ${MAX_LINE_BYTES} bytes` : NOT_UTF8,
      );
    yield { record: objectOf(line.text, number), number };
  }
}

function objectOf(text: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseNumberedJson(text);
  } catch (cause) {
    throw corrupt(number, "it is no JSON", cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.assign(Object.create(null) as Record<string, unknown>, value);
  throw corrupt(number, "it is no object");
}

function cellOf(value: unknown, name: string, number: number): Cell {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return (value as unknown[]).flat(16).map((item) => numberIn(item, name, number));
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  throw corrupt(number, `"${name}" is neither a number, text, boolean, null nor a list of numbers`);
}

function numberIn(item: unknown, name: string, number: number): number {
  if (item === null) return Number.NaN;
  if (typeof item === "number" || typeof item === "boolean") return Number(item);
  throw corrupt(number, `the list "${name}" holds what is no number`);
}

function corrupt(line: number, what: string, cause?: unknown): FedgeError {
  return new FedgeError("DATA_CORRUPT", `line ${line} of the data: ${what}`, { cause });
}
