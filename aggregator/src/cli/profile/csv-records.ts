import { Readable } from "node:stream";
import { FedgeError } from "@fedge/protocol";
import { CsvError, parse, type Parser } from "csv-parse";
import { NOT_UTF8 } from "../utf8-text.js";

/** Longest record, in characters, and most fields of one. */
export const MAX_RECORD_LENGTH = 2 ** 20;
export const MAX_COLUMNS = 4096;
/** Records that are given at once. */
const BATCH_SIZE = 256;

/**
 * The records of comma-separated values (RFC 4180, and with LF alone), some at once. Quoted fields may hold separators, quotes and
 * line ends; a byte order mark and empty lines are left out.
 *
 * Throws DATA_CORRUPT with the line for text that is no UTF-8, a quote in the wrong place or a record beyond the limits.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Uint8Array>,
  separator = ",",
): AsyncGenerator<string[][]> {
  const parser = parse({
    ...{ delimiter: separator, record_delimiter: ["\r\n", "\n"], skip_empty_lines: true },
    // How many fields a record has to have is said, with the record, by who reads the table.
    relax_column_count: true,
    // It is looked at before a character is taken.
    max_record_size: MAX_RECORD_LENGTH - 1,
  });
  const texts = Readable.from(decoded(chunks, parser));
  texts.once("error", (error) => parser.destroy(error)).pipe(parser);
  try {
    let batch: string[][] = [];
    for await (const record of parser as AsyncIterable<string[]>) {
      if (record.length > MAX_COLUMNS)
        throw corrupt(parser.info.lines, `a record has more than ${MAX_COLUMNS} fields`);
      if (batch.push(record) < BATCH_SIZE) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  } catch (error) {
    throw error instanceof CsvError ? refusalOf(error, parser) : error;
  } finally {
    texts.destroy();
  }
}

async function* decoded(chunks: AsyncIterable<Uint8Array>, parser: Parser): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw corrupt(parser.info.lines, NOT_UTF8, cause);
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

const WORDS: Readonly<Partial<Record<CsvError["code"], string>>> = {
  CSV_QUOTE_NOT_CLOSED: "a quoted field does not end",
  INVALID_OPENING_QUOTE: "a quote stands within a field without quotes",
  CSV_INVALID_CLOSING_QUOTE: "text follows a quoted field; write a quote in it twice",
  CSV_MAX_RECORD_SIZE: `a record has more than ${MAX_RECORD_LENGTH} characters`,
};

function refusalOf(error: CsvError, { info }: Parser): FedgeError {
  const { lines } = error as CsvError & { readonly lines?: unknown };
  const line = typeof lines === "number" ? lines : info.lines;
  return corrupt(line, WORDS[error.code] ?? "it is no comma-separated text", error);
}

function corrupt(line: number, what: string, cause?: unknown): FedgeError {
  return new FedgeError("DATA_CORRUPT", `line ${line} of the data: ${what}`, { cause });
}
