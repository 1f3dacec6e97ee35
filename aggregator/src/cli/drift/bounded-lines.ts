import { utf8Text } from "../utf8-text.js";

/** A line of a file; without its text when it is longer than the limit, and was skipped, or is not UTF-8. */
export type BoundedLine =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly text: undefined; readonly fault: LineFault };

export type LineFault = "too long" | "not UTF-8";

/**
 * The lines of a stream of bytes, however long it is, each held only up to a limit. The last one needs no line end; lines of white space
 * only are left out, but counted.
 */
export async function* boundedLines(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<BoundedLine> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const take = (part: Uint8Array): void => {
    size += part.length;
    if (size <= mostBytes) parts.push(part);
    else parts = [];
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      take(chunk.subarray(from, end));
      const line = lineOf(parts, size, number, mostBytes);
      if (line !== undefined) yield line;
      [parts, size, number, from] = [[], 0, number + 1, end + 1];
    }
    take(chunk.subarray(from));
  }
  const line = lineOf(parts, size, number, mostBytes);
  if (line !== undefined) yield line;
}

function lineOf(
  parts: readonly Uint8Array[],
  size: number,
  number: number,
  mostBytes: number,
): BoundedLine | undefined {
  if (size > mostBytes) return { number, text: undefined, fault: "too long" };
  const text = utf8Text(Buffer.concat(parts))?.trim();
  if (text === undefined) return { number, text, fault: "not UTF-8" };
  return text === "" ? undefined : { number, text };
}
