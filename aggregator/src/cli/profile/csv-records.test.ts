import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_COLUMNS, MAX_RECORD_LENGTH, csvRecords } from "./csv-records.js";

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(text: string | Uint8Array, { size = 1000, separator = "," } = {}): Promise<string[][]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const records: string[][] = [];
  for await (const some of csvRecords(inChunks(bytes, size), separator)) records.push(...some);
  return records;
}

describe("comma-separated values", () => {
  // The examples of RFC 4180, section 2.
  test.each<[string, string, string[][]]>([
    [
      "lines",
      "aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n",
      [
        ["aaa", "bbb", "ccc"],
        ["zzz", "yyy", "xxx"],
      ],
    ],
    [
      "no last line end",
      "aaa,bbb\r\nzzz,yyy",
      [
        ["aaa", "bbb"],
        ["zzz", "yyy"],
      ],
    ],
    [
      "quotes around fields",
      '"aaa","bbb"\r\nzzz,"yyy"',
      [
        ["aaa", "bbb"],
        ["zzz", "yyy"],
      ],
    ],
    [
      "line ends within quotes",
      '"aaa","b\r\nbb"\r\nzzz,yyy',
      [
        ["aaa", "b\r\nbb"],
        ["zzz", "yyy"],
      ],
    ],
    ["quotes within quotes", '"aaa","b""bb"', [["aaa", 'b"bb']]],
    [
      "empty fields",
      ",\n,a,\n",
      [
        ["", ""],
        ["", "a", ""],
      ],
    ],
    ["an empty quoted field", '""\n', [[""]]],
    ["empty lines", "\na\n\n\nb\n\n", [["a"], ["b"]]],
    ["a byte order mark", "\u{feff}a,b\n", [["a", "b"]]],
  ])("with %s are read", async (_, text, records) => {
    expect(await read(text)).toEqual(records);
  });

  test("may be separated by another character", async () => {
    expect(await read("a;b,c\n", { separator: ";" })).toEqual([["a", "b,c"]]);
  });

  test("are the same wherever a chunk ends, also within a character", async () => {
    const field = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('"', ",", "\n", "\r\n", "größe", "日本"),
    );
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (records, size) => {
        const text = records.map((record) => `${record.map(quoted).join(",")}\n`).join("");

        expect(await read(text, { size })).toEqual(records);
      }),
    );
  });

  test.each<[string, string | Uint8Array, string]>([
    ["a quoted field that does not end", 'a\n"b', "line 2 of the data: a quoted field does not end"],
    ["a quote within a field", 'a"b', "a quote stands within a field"],
    ["text after a quoted field", '"a"b', "text follows a quoted field"],
    ["bytes that are no UTF-8", Uint8Array.of(0x61, 0xff), "not UTF-8"],
    ["half a character at the end", Uint8Array.of(0x61, 0xc3), "not UTF-8"],
    ["too long a record", "a".repeat(MAX_RECORD_LENGTH + 1), `more than ${MAX_RECORD_LENGTH} characters`],
    ["too many fields", ",".repeat(MAX_COLUMNS + 1), `more than ${MAX_COLUMNS} fields`],
  ])("with %s are refused", async (_, text, words) => {
    await expect(read(text)).rejects.toMatchObject({
      code: "DATA_CORRUPT",
      message: expect.stringContaining(words) as unknown,
    });
  });
});
