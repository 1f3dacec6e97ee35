import { describe, expect, test } from "vitest";
import { deflateSync, gzipSync } from "node:zlib";
import { certainBase64, found, traceOfLabel, tracesOfIds, tracesOfList, tracesOfText } from "./encodings.js";
import { plainBytes } from "./recording-proxy.js";
import { tracesOfTyped } from "./typed-canaries.js";

const noise = (bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([0, 255, 7]), Buffer.from(bytes), Buffer.from([9])]);

describe("a canary is found when it stands in bytes as", () => {
  const canary = "quartzlimerick";
  const traces = tracesOfText(canary);
  test.each<[string, Buffer]>([
    ["text", noise(`{"word":"${canary}"}`)],
    ["a word with a capital", noise("Quartzlimerick")],
    ["UTF-16", noise(Buffer.from(`x${canary}`, "utf16le"))],
    ["base64", noise(Buffer.from(canary).toString("base64"))],
    ["base64 after one byte", noise(Buffer.from(`a${canary}bc`).toString("base64"))],
    ["base64 after two bytes", noise(Buffer.from(`ab${canary}c`).toString("base64url"))],
    ["hexadecimal", noise(Buffer.from(canary).toString("hex").toUpperCase())],
    ["numbers", noise([...Buffer.from(canary)].join(","))],
    ["numbers, one a line", noise([...Buffer.from(canary)].join("\n"))],
    [
      "JSON escapes",
      noise([...canary].map((char) => `\\u00${char.charCodeAt(0).toString(16).toUpperCase()}`).join("")),
    ],
    ["HTML entities", noise([...canary].map((char) => `&#${char.charCodeAt(0)};`).join(""))],
    [
      "hexadecimal HTML entities",
      noise([...canary].map((char) => `&#x${char.charCodeAt(0).toString(16)};`).join("")),
    ],
    ["base64 of UTF-16", noise(Buffer.from(`a${canary}bc`, "utf16le").toString("base64"))],
    [
      "base64 of UTF-16, big endian",
      noise(Buffer.from(`ab${canary}c`, "utf16le").swap16().toString("base64")),
    ],
    ["hexadecimal with spaces", noise(Buffer.from(canary).toString("hex").replace(/../g, "$& "))],
    [
      "hexadecimal with colons",
      noise(
        Buffer.from(canary)
          .toString("hex")
          .replace(/..(?!$)/g, "$&:"),
      ),
    ],
    ["letters with spaces", noise([...canary].join(" "))],
    ["two parts", noise("quartz-limerick")],
    ["gzip", noise(gzipSync(`a text with ${canary} in it`))],
    ["deflate", noise(deflateSync(`a text with ${canary} in it`, { level: 1 }))],
    ["gzip that breaks off", noise(gzipSync(`${canary} ${"and more ".repeat(99)}`).subarray(0, -9))],
    [
      "base64 within gzip within deflate",
      noise(deflateSync(gzipSync(Buffer.from(canary).toString("base64")))),
    ],
  ])("%s", (_, bytes) => {
    expect(found(traces, bytes)).not.toEqual([]);
  });

  const ids = [17, 230, 45];
  const wide = Buffer.from(BigInt64Array.of(3n, 17n, 230n, 45n).buffer);
  test.each<[string, Buffer]>([
    ["64-bit ids", wide],
    ["64-bit ids, big endian", Buffer.from(wide).swap64()],
    ["32-bit ids", Buffer.from(Int32Array.of(17, 230, 45).buffer)],
    ["32-bit ids, big endian", Buffer.from(Int32Array.of(17, 230, 45).buffer).swap32()],
    ["32-bit float ids", Buffer.from(Float32Array.of(17, 230, 45).buffer)],
    ["64-bit float ids", Buffer.from(Float64Array.of(17, 230, 45).buffer)],
    ["64-bit float ids, big endian", Buffer.from(Float64Array.of(17, 230, 45).buffer).swap64()],
    ["base64 of 64-bit ids", Buffer.from(wide.toString("base64"))],
    [
      "base64 of 64-bit float ids",
      Buffer.from(Buffer.from(Float64Array.of(17, 230, 45).buffer).toString("base64")),
    ],
    [
      "hexadecimal of 32-bit ids",
      Buffer.from(Buffer.from(Int32Array.of(17, 230, 45).buffer).toString("hex")),
    ],
    ["decimals in JSON", Buffer.from("[3,17,230,45]")],
    ["decimals with spaces", Buffer.from("3, 17, 230, 45")],
    ["decimals between spaces", Buffer.from("3 17 230 45")],
    ["texts in JSON", Buffer.from('["3","17","230","45"]')],
    ["pretty JSON", Buffer.from(JSON.stringify({ tokens: [3, 17, 230, 45] }, null, 2))],
    ["one a line", Buffer.from("3\n17\n230\n45\n")],
    ["floats", Buffer.from("17.0 2.3e2 45.0")],
    ["one for each object", Buffer.from('[{"id":17},{"id":230},{"id":45}]')],
    ["values of an object by their place", Buffer.from('{"0":17,"1":230,"2":45}')],
    [
      "one for each object, with a time",
      Buffer.from('[{"id":17,"at":5},{"id":230,"at":6},{"id":45,"at":9}]'),
    ],
    ["a sorted set", Buffer.from("[17,45,230]")],
    ["varints", Buffer.from([17, 0xe6, 0x01, 45, 17])],
    ["MessagePack", Buffer.from([0x93, 17, 0xcc, 230, 45, 17])],
    ["8-bit ids", Buffer.from([17, 230, 45, 17, 230])],
    ["gzipped JSON", gzipSync("[17,230,45]")],
  ])("%s", (_, bytes) => {
    const longer = [...ids, 17, 230];
    const traces = [ids, [...ids, 17], longer].flatMap(tracesOfIds);

    expect(found(traces, noise(bytes))).not.toEqual([]);
  });

  test.each(['{"label":230}', '{"truth": [230]}', '{"target":["230"]}', '{"wordId":230}'])(
    "the single label %s",
    (text) => {
      expect(found([traceOfLabel(230)], noise(text))).toEqual(["the label 230"]);
      expect(found([traceOfLabel(23)], noise(text))).toEqual([]);
    },
  );

  test.each(['["quartz","limerick"]', '["quartz", "limerick"]'])("the list %s", (text) => {
    expect(found(tracesOfList(["quartz", "limerick"]), noise(text))).not.toEqual([]);
  });

  test("and is not found where it is not", () => {
    expect(found(traces, noise("quartz and limericks are something else"))).toEqual([]);
  });
});

test.each([0, 1, 2])(
  "the certain letters of base64 after %i bytes are those that no neighbour changes",
  (before) => {
    const word = Buffer.from("crane");
    const among = (byte: number): string =>
      Buffer.concat([Buffer.alloc(before, byte), word, Buffer.alloc(4 - before, byte)]).toString("base64");
    const [zeros, ones] = [among(0), among(255)];
    const same = [...zeros].filter((letter, at) => letter === ones[at]).join("");

    expect(certainBase64(word, before)).toBe(same);
  },
);

test("no trace of what is typed is so short that an update of random bytes holds it by chance", () => {
  const lengths = tracesOfTyped().flatMap((trace) => ("bytes" in trace ? [trace.bytes.length] : []));

  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(5);
});

test("the payload of a masked WebSocket frame is read", () => {
  // RFC 6455, section 5.7: a masked text frame that holds "Hello".
  const frame = Buffer.from("818537fa213d7f9f4d5158", "hex");
  const request = Buffer.from("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");

  expect(plainBytes(Buffer.concat([request, frame])).toString()).toMatch(/Hello$/);
});
