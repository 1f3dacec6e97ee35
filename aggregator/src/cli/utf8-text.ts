/** What is said of bytes that are no UTF-8. */
export const NOT_UTF8 = "the text is not UTF-8; save the file as UTF-8";

/**
 * The text of bytes, without a byte order mark at their start, with which some editors begin a file; undefined when they are not UTF-8: with
 * the usual replacement characters, texts that differ would be one.
 */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
