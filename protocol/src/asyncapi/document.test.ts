import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEVICE_DOWN_CHANNELS, DEVICE_UP_CHANNELS, parseTopic } from "../topics.js";
import { describeChannels } from "./channels.js";
import { asyncapiDocument, type Json } from "./document.js";
import { toYaml } from "./yaml.js";

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly operations: Readonly<
    Record<
      string,
      { readonly bindings: { readonly mqtt: { readonly qos: number; readonly retain: boolean } } }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> };
}
const DOCUMENT = asyncapiDocument() as unknown as Document;

function references(node: Json): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, child]) =>
    key === "$ref" ? [child as string] : references(child as Json),
  );
}

test("the committed file is current: build, then run scripts/generate-asyncapi.mjs", () => {
  const committed = readFileSync(new URL("../../asyncapi.yaml", import.meta.url), "utf8");

  expect(committed).toBe(toYaml(asyncapiDocument()));
});

test("every address is a topic of the protocol, and every kind of topic has an address", () => {
  const fill: Readonly<Record<string, string>> = {
    tenantId: "acme",
    deviceId: "dev_1",
    sha256: "a1".repeat(32),
    block: "0",
    shard: "0",
  };
  const parsed = Object.values(DOCUMENT.channels).map(({ address }) =>
    parseTopic(address.replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? "")),
  );

  expect(parsed.map((topic) => (topic.kind === "device" ? topic.channel : topic.kind))).toEqual([
    ...DEVICE_UP_CHANNELS,
    "upload",
    ...DEVICE_DOWN_CHANNELS,
    "blob",
    "meta",
    "meta",
    "server-state",
  ]);
});

test("every reference points at something", () => {
  const dangling = references(asyncapiDocument()).filter((target) => {
    const keys = target.replace("#/", "").split("/");
    return (
      keys.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], DOCUMENT) ===
      undefined
    );
  });

  expect(dangling).toEqual([]);
});

test("every JSON message of the protocol is described by its own type", () => {
  const described = Object.values(DOCUMENT.components.schemas).flatMap(({ properties }) =>
    "type" in properties ? [(properties.type as { const: string }).const] : [],
  );

  const goldens = readdirSync(new URL("../../fixtures/golden/messages/", import.meta.url));
  expect(described.sort()).toEqual(goldens.map((file) => file.replace(".json", "")).sort());
});

test("what stays true is retained, nothing else is, and everything is sent at least once", () => {
  const bindings = Object.entries(DOCUMENT.operations).map(([name, { bindings }]) => ({
    name,
    ...bindings.mqtt,
  }));

  expect(bindings.filter(({ retain }) => retain).map(({ name }) => name)).toEqual([
    "sendPresence",
    "receiveDesired",
    "receiveBlobs",
    "receiveTimestampMetadata",
    "receiveRootMetadata",
    "receiveServerState",
  ]);
  expect(bindings.every(({ qos }) => qos === 1)).toBe(true);
});

test("names of messages are unique", () => {
  const names = describeChannels().flatMap(({ messages }) => messages.map(({ name }) => name));

  expect(new Set(names).size).toBe(names.length);
});

describe("YAML", () => {
  test("nests objects and lists by indentation", () => {
    const value = { a: { b: [1, { c: "x", d: null }, ["z"]] }, e: [], f: {} };

    expect(toYaml(value)).toBe(
      ["a:", "  b:", "    - 1", "    - c: x", "      d: null", "    - - z", "e: []", "f: {}", ""].join("\n"),
    );
  });

  test.each([
    ["plain_word", "plain_word"],
    ["", '""'],
    ["two words", '"two words"'],
    ["1.0.0", '"1.0.0"'],
    ["true", '"true"'],
    ["No", '"No"'],
    ["null", '"null"'],
    ["$ref", '"$ref"'],
    ["a: b", '"a: b"'],
    ["a\nb", '"a\\nb"'],
    ["- a", '"- a"'],
    ["#", '"#"'],
  ])("quotes %j where it would not be read as text", (value, expected) => {
    expect(toYaml([value])).toBe(`- ${expected}\n`);
  });
});
