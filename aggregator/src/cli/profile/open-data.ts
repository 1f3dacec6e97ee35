import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { FedgeError } from "@fedge/protocol";
import type { ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import type { TrainingData } from "../../drift/profiles/training-data.js";
import { MAX_IDX_BYTES } from "../../simulation/data/idx.js";
import { readBytes } from "../verbs/model-file.js";
import { planColumns, type ColumnChoices } from "./column-plan.js";
import { openCsv, type ByteSource } from "./csv-table.js";
import { idxData } from "./idx-data.js";
import { openJsonLines } from "./json-lines-table.js";
import { tableData } from "./table-data.js";

export interface DataChoices extends ColumnChoices {
  readonly data: string;
  /** IDX file with the labels of an IDX file. */
  readonly labels?: string;
  readonly separator: string;
  /** What an IDX file's bytes are divided by. */
  readonly divisor: number;
  readonly batchSize: number;
}

export interface OpenedData {
  readonly data: TrainingData;
  readonly fields: readonly string[];
  /** Column names of an input's numbers, by input. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly hasLabel: boolean;
}

/** Training data of a file, by how its name ends. Throws OPTION_INVALID, DATA_MISSING and DATA_CORRUPT. */
export async function openData(model: ProfiledModel | null, choices: DataChoices): Promise<OpenedData> {
  const { data: path } = choices;
  if (/\.csv$/i.test(path)) return ofTable(model, choices, await openCsv(bytesOf(path), choices.separator));
  if (/\.(?:jsonl|ndjson)$/i.test(path)) return ofTable(model, choices, await openJsonLines(bytesOf(path)));
  if (/(?:\.idx|ubyte)(?:\.gz)?$/i.test(path)) return ofIdx(model, choices);
  throw new FedgeError(
    "OPTION_INVALID",
    `${path} does not end in .csv, .jsonl or .idx; rename it, or convert it to one of them`,
  );
}

function ofTable(
  model: ProfiledModel | null,
  choices: DataChoices,
  table: Awaited<ReturnType<typeof openCsv>>,
): OpenedData {
  const plan = planColumns(table.columns, model, choices);
  const nameOf = (at: number): string => table.columns[at] as string;
  const inputs = plan.inputs.filter(({ columns }) => columns.length > 1);
  return {
    data: tableData(table, plan, choices.batchSize),
    fields: plan.fields.map(nameOf),
    columns: Object.fromEntries(inputs.map(({ port, columns }) => [port.name, columns.map(nameOf)])),
    hasLabel: plan.label !== null,
  };
}

async function ofIdx(model: ProfiledModel | null, choices: DataChoices): Promise<OpenedData> {
  if (model === null)
    throw new FedgeError(
      "OPTION_INVALID",
      "IDX files need the model's input; give --onnx FILE, or its server",
    );
  const read = async (path: string) => ({
    name: basename(path),
    bytes: await readBytes(path, MAX_IDX_BYTES),
  });
  const files = {
    data: await read(choices.data),
    labels: choices.labels === undefined ? null : await read(choices.labels),
  };
  return { data: idxData(model, files, choices), fields: [], columns: {}, hasLabel: files.labels !== null };
}

/** The file is looked for before anything reads it. */
function bytesOf(path: string): ByteSource {
  return async function* chunks() {
    try {
      await stat(path);
      yield* createReadStream(path) as AsyncIterable<Uint8Array>;
    } catch (cause) {
      throw new FedgeError(
        "DATA_MISSING",
        `cannot read ${path} (${(cause as Error).message}); check the path`,
        { cause },
      );
    }
  };
}
