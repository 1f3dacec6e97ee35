import { FedgeError } from "@fedge/protocol";
import { csvRecords } from "./csv-records.js";
import { ColumnCensus, valueOfText, type Cell, type Table } from "./table.js";

/** Reads bytes from their beginning, each time it is called. */
export type ByteSource = () => AsyncIterable<Uint8Array>;

/**
 * A table whose first record names its columns. Looks through all of it once, for what each column holds. Throws as
 * `csvRecords`, and DATA_CORRUPT for a column without a name or a name twice, or a record with more or fewer fields.
 */
export async function openCsv(bytes: ByteSource, separator = ","): Promise<Table> {
  let header: readonly string[] | null = null;
  let census: ColumnCensus[] = [];
  for await (const records of csvRecords(bytes(), separator))
    for (const record of records) {
      if (header === null) {
        header = namesOf(record);
        census = header.map(() => new ColumnCensus());
        continue;
      }
      requireLength(record, header.length);
      census.forEach((one, at) => one.add(record[at] as string));
    }
  if (header === null) throw new FedgeError("DATA_CORRUPT", "the data have no line that names the columns");
  const columns = header;
  return { columns, rows: () => rowsOf(bytes, separator, census) };
}

async function* rowsOf(
  bytes: ByteSource,
  separator: string,
  census: readonly ColumnCensus[],
): AsyncGenerator<Cell[][]> {
  const forms = census.map(({ form }) => form);
  let isHeader = true;
  for await (const records of csvRecords(bytes(), separator)) {
    const rows = isHeader && records.length > 0 ? records.slice(1) : records;
    if (records.length > 0) isHeader = false;
    yield rows.map((record) => forms.map((form, at) => valueOfText(record[at] as string, form)));
  }
}

function namesOf(record: readonly string[]): string[] {
  const names = record.map((name) => name.trim());
  const bad = names.find((name, at) => name === "" || name.length > 64 || names.indexOf(name) !== at);
  if (bad === undefined) return names;
  throw new FedgeError(
    "DATA_CORRUPT",
    `the first line must name each column differently, with 1 to 64 characters; "${bad.slice(0, 80)}" does not`,
  );
}

function requireLength(record: readonly string[], numColumns: number): void {
  if (record.length === numColumns) return;
  const begin = record.slice(0, 3).join(",").slice(0, 40);
  throw new FedgeError(
    "DATA_CORRUPT",
    `the record that begins with "${begin}" has ${record.length} fields where the first line names ${numColumns} columns`,
  );
}
