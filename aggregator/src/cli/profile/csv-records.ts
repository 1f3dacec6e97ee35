import { FedgeError } from "@fedge/protocol";

/** Longest record, in characters, and most fields of one. */
export const MAX_RECORD_LENGTH = 2 ** 20;
export const MAX_COLUMNS = 4096;

/**
 * The records of comma-separated values (RFC 4180, and with LF alone), as many at once as a chunk completes. Quoted fields
 * may hold separators, quotes and line ends; a byte order mark and empty lines are left out.
 *
 * Throws DATA_CORRUPT with the line for text that is no UTF-8, a quote in the wrong place or a record beyond the limits.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Uint8Array>,
  separator = ",",
): AsyncGenerator<string[][]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = new CsvReader(separator);
  for await (const chunk of chunks) yield reader.read(decoded(decoder, reader, chunk));
  reader.read(decoded(decoder, reader));
  yield reader.end();
}

function decoded(decoder: TextDecoder, reader: CsvReader, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw reader.corrupt("the text is not UTF-8; save the file as UTF-8", cause);
  }
}

/** `quoted`: within quotes; `closed`: after a quote, which ends the field or is the first of two. */
type Place = "begin" | "plain" | "quoted" | "closed";

class CsvReader {
  #place: Place = "begin";
  #field = "";
  #record: string[] = [];
  #length = 0;
  #line = 1;
  #records: string[][] = [];

  constructor(private readonly separator: string) {}

  read(text: string): string[][] {
    this.#records = [];
    for (let at = 0; at < text.length; at += 1) this.#take(text.charAt(at));
    return this.#records;
  }

  /** The last record needs no line end. */
  end(): string[][] {
    this.#records = [];
    if (this.#place === "quoted") throw this.corrupt("a quoted field does not end");
    if (this.#place !== "begin" || this.#record.length > 0) this.#endRecord();
    return this.#records;
  }

  corrupt(what: string, cause?: unknown): FedgeError {
    return new FedgeError("DATA_CORRUPT", `line ${this.#line} of the data: ${what}`, { cause });
  }

  #take(character: string): void {
    if (character === "\n") this.#line += 1;
    this.#length += 1;
    if (this.#length > MAX_RECORD_LENGTH)
      throw this.corrupt(`a record has more than ${MAX_RECORD_LENGTH} characters`);
    if (this.#place === "quoted") {
      if (character === '"') this.#place = "closed";
      else this.#field += character;
    } else if (character === this.separator) this.#endField();
    else if (character === "\n") this.#endRecord();
    else if (character === '"') this.#quote();
    else if (character !== "\r") this.#plain(character);
  }

  #quote(): void {
    if (this.#place === "plain") throw this.corrupt("a quote stands within a field without quotes");
    if (this.#place === "closed") this.#field += '"';
    this.#place = "quoted";
  }

  #plain(character: string): void {
    if (this.#place === "closed")
      throw this.corrupt("text follows a quoted field; write a quote in it twice");
    this.#place = "plain";
    this.#field += character;
  }

  #endField(): void {
    if (this.#record.push(this.#field) > MAX_COLUMNS)
      throw this.corrupt(`a record has more than ${MAX_COLUMNS} fields`);
    this.#field = "";
    this.#place = "begin";
  }

  #endRecord(): void {
    const isEmpty = this.#record.length === 0 && this.#place === "begin";
    if (!isEmpty) {
      this.#endField();
      this.#records.push(this.#record);
    }
    this.#record = [];
    this.#length = 0;
  }
}
