import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { decodeEnvelope, encodeEnvelope, type Envelope } from "./envelope.js";
import { messageId } from "./ids.js";
import { MAX_MESSAGE_BYTES } from "./limits.js";

const ping = z.object({ type: z.literal("ping"), note: z.string() });
const HEADER = { v: 1, id: messageId.parse("m1"), sentAtMs: 1700, session: 2, seq: 3, ttlMs: 400 } as const;
const PING: Envelope<z.infer<typeof ping>> = { ...HEADER, body: { type: "ping", note: "größer" } };

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown => decodeEnvelope(bytes, ping, "ping");
const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

test("an envelope is UTF-8 JSON of its header and body", () => {
  expect(new TextDecoder().decode(encodeEnvelope(PING))).toBe(
    '{"v":1,"id":"m1","sentAtMs":1700,"session":2,"seq":3,"ttlMs":400,"body":{"type":"ping","note":"größer"}}',
  );
});

test("decoding gives back what was encoded", () => {
  expect(decode(encodeEnvelope(PING))).toEqual(PING);
});

test("a message without an expiry has none", () => {
  const { ttlMs: _, ...rest } = PING;

  expect(decode(bytesOf(rest))).toEqual(rest);
});

test("unknown fields of the header are ignored", () => {
  expect(decode(bytesOf({ ...PING, traceId: "t" }))).toEqual(PING);
});

describe("a header is refused when", () => {
  test.each([
    ["v is missing", { v: undefined }],
    ["v is text", { v: "1" }],
    ["v is null", { v: null }],
    ["id is missing", { id: undefined }],
    ["id is outside the alphabet", { id: "m/1" }],
    ["id is too long", { id: "m".repeat(65) }],
    ["sentAtMs is negative", { sentAtMs: -1 }],
    ["sentAtMs is missing", { sentAtMs: undefined }],
    ["session is fractional", { session: 0.5 }],
    ["session is missing", { session: undefined }],
    ["seq is no safe integer", { seq: 2 ** 53 }],
    ["seq is missing", { seq: undefined }],
    ["ttlMs is negative", { ttlMs: -1 }],
    ["ttlMs is null", { ttlMs: null }],
    ["the body is missing", { body: undefined }],
    ["the body is null", { body: null }],
    ["the body is text", { body: "ping" }],
  ])("%s", (_, change) => {
    expect(() => decode(bytesOf({ ...PING, ...change }))).toThrow(withCode("MESSAGE_MALFORMED"));
  });
});

describe("bytes are refused when they are", () => {
  test.each([
    ["nothing", new Uint8Array()],
    ["no JSON", new TextEncoder().encode("{")],
    ["JSON and then something", new TextEncoder().encode("{}x")],
    ["not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["a number", bytesOf(1)],
    ["null", bytesOf(null)],
    ["an array", bytesOf([PING])],
  ])("%s", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(withCode("MESSAGE_MALFORMED"));
  });
});

describe("another protocol version", () => {
  test.each([0, 2, 1.5, -1, 1e300])("%d is refused by name, whatever else the message holds", (v) => {
    expect(() => decode(bytesOf({ v, other: "shape" }))).toThrow(withCode("PROTOCOL_VERSION_UNSUPPORTED"));
  });

  test("is told both versions in the details", () => {
    expect(() => decode(bytesOf({ ...PING, v: 2 }))).toThrow(
      expect.objectContaining({ details: { received: 2, supported: 1 } }),
    );
  });
});

describe("the size limit", () => {
  // The rest of the message around the note.
  const overhead = encodeEnvelope({ ...PING, body: { type: "ping", note: "" } }).length;
  const noteOf = (totalBytes: number): Envelope<z.infer<typeof ping>> => ({
    ...PING,
    body: { type: "ping", note: "x".repeat(totalBytes - overhead) },
  });

  test("holds a message of exactly 128 KiB", () => {
    const bytes = encodeEnvelope(noteOf(131_072));

    expect(bytes.length).toBe(MAX_MESSAGE_BYTES);
    expect(decode(bytes)).toEqual(noteOf(131_072));
  });

  test("refuses to encode one byte more", () => {
    expect(() => encodeEnvelope(noteOf(131_073))).toThrow(withCode("MESSAGE_TOO_LARGE"));
  });

  test("refuses one byte more before it parses anything", () => {
    expect(() => decode(new Uint8Array(131_073).fill(0x78))).toThrow(withCode("MESSAGE_TOO_LARGE"));
  });
});
