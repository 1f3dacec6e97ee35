import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type * as z from "zod/mini";
import { decodeEnvelope, encodeEnvelope, type Envelope } from "../envelope.js";
import { MAX_BLOB_BYTES, MAX_EXAMPLES_PER_UPDATE } from "../limits.js";
import { evaluated, evaluationDeclined } from "./evaluation-up.js";
import { evaluate } from "./evaluation.js";
import { birth, desired, installReport, presence, serverState } from "./fleet.js";
import { profileWindow, profileWindowReceipt } from "./profile-window.js";
import { roundUp } from "./round-up.js";
import { roundDown } from "./round.js";
import { servingMetrics } from "./serving-metrics.js";

const MESSAGES = new URL("../../fixtures/golden/messages/", import.meta.url);
const TYPES = readdirSync(MESSAGES)
  .map((file) => file.replace(".json", ""))
  .sort();
const golden = (type: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${type}.json`, MESSAGES)));

/** What the topic of each message type is decoded with. */
const SCHEMAS: Readonly<Record<string, z.ZodMiniType>> = {
  presence,
  birth,
  desired,
  install: installReport,
  "serving-metrics": servingMetrics,
  "profile-window": profileWindow,
  "profile-window-received": profileWindowReceipt,
  "server-state": serverState,
  "check-in": roundUp,
  report: roundUp,
  abort: roundUp,
  queued: roundDown,
  rejected: roundDown,
  assigned: roundDown,
  proceed: roundDown,
  receipt: roundDown,
  "round-closed": roundDown,
  evaluate,
  evaluated,
  "evaluation-declined": evaluationDeclined,
};

type Path = readonly (string | number)[];
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const schemaOf = (type: string): z.ZodMiniType => SCHEMAS[type] as z.ZodMiniType;
const goldenJson = (type: string): { body: Json } =>
  JSON.parse(new TextDecoder().decode(golden(type))) as { body: Json };

/** The golden message with one field of its body replaced; `undefined` leaves the field out. */
function withField(type: string, path: Path, value: unknown): Uint8Array {
  const message = goldenJson(type);
  const parent = path.slice(0, -1).reduce<Json>((node, key) => (node as never)[key], message.body);
  (parent as Record<string | number, unknown>)[path.at(-1) as string | number] = value;
  return encodeEnvelope(message as unknown as Envelope<unknown>);
}

function fieldPaths(node: Json, path: Path = []): Path[] {
  if (typeof node !== "object" || node === null) return [path];
  const entries: [string | number, Json][] = Array.isArray(node) ? [...node.entries()] : Object.entries(node);
  const own = path.length === 0 ? [] : [path];
  return [...own, ...entries.flatMap(([key, child]) => fieldPaths(child, [...path, key]))];
}

const FIELDS = TYPES.flatMap((type) =>
  fieldPaths(goldenJson(type).body).map((path): [string, Path] => [`${type} ${path.join(".")}`, path]),
).map(([name, path]) => ({ name, type: name.split(" ")[0] as string, path }));

const OPTIONAL = new Set([
  "evaluation-declined code",
  "birth attributes",
  "birth attributes.region",
  "birth attributes.form",
  "birth untrusting",
  "desired deviceId",
  "desired signature",
  "desired models.0.releaseCounter",
  "desired models.0.rolloutId",
  "desired models.0.attempt",
  "desired models.0.policy",
  "install rolloutId",
  "install attempt",
  "install step",
  "install code",
  "install message",
  "serving-metrics shadow",
  "serving-metrics proxies.accepted",
  "receipt code",
  "receipt message",
]);
const BOOLEAN = new Set([
  "profile-window-received isCounted",
  "desired models.0.policy.probation.allowsOffline",
]);
const NULLABLE = new Set([
  "evaluated results.0.numCorrect",
  "evaluated results.0.lossSum",
  "evaluated results.1.numCorrect",
  "evaluated results.1.lossSum",
  "desired models.0.rolloutId",
  "desired models.0.policy.probation.maxMemoryGrowthBytes",
  "install rolloutId",
  "birth models.0.manifestSha256",
  "birth models.1.manifestSha256",
  "report metrics.lossBefore",
  "report metrics.lossAfter",
]);

const malformed = expect.objectContaining({ code: "MESSAGE_MALFORMED" }) as Error;

describe("golden messages", () => {
  test("there is one for every message type", () => {
    expect(TYPES.toString()).toBe(Object.keys(SCHEMAS).sort().toString());
  });

  test.each(TYPES)("%s is read whole and written as the same bytes", (type) => {
    const message = decodeEnvelope(golden(type), schemaOf(type), type);

    expect(message).toEqual(goldenJson(type));
    expect(encodeEnvelope(message)).toEqual(golden(type));
  });
});

describe("every field of every message", () => {
  test.each(FIELDS.filter(({ name }) => !OPTIONAL.has(name)))("$name is required", ({ type, path }) => {
    const inArray = typeof path.at(-1) === "number";
    const message = withField(type, path, inArray ? null : undefined);

    expect(() => decodeEnvelope(message, schemaOf(type), type)).toThrow(malformed);
  });

  test.each([...OPTIONAL])("%s is optional", (name) => {
    const [type, field] = name.split(" ") as [string, string];

    const { body } = decodeEnvelope(withField(type, field.split("."), undefined), schemaOf(type), type);

    expect(body).not.toHaveProperty(field);
  });

  test.each(FIELDS.filter(({ name }) => !NULLABLE.has(name)))("$name is not null", ({ type, path }) => {
    const message = withField(type, path, null);

    expect(() => decodeEnvelope(message, schemaOf(type), type)).toThrow(malformed);
  });

  test.each(FIELDS)("$name is of one JSON type", ({ name, type, path }) => {
    const other = BOOLEAN.has(name) ? "true" : true;

    expect(() => decodeEnvelope(withField(type, path, other), schemaOf(type), type)).toThrow(malformed);
  });
});

const TOO_LONG = "x".repeat(257);
const UNSAFE = 2 ** 53;
const OUT_OF_RANGE: readonly (readonly [type: string, path: string, ...values: unknown[]])[] = [
  ["presence", "presence", "away", "ONLINE", 0],
  ["presence", "session", -1, 0.5, UNSAFE, "41"],
  ["birth", "session", -1, 0.5, UNSAFE],
  ["birth", "runtimeVersion", TOO_LONG],
  ["birth", "engine", TOO_LONG],
  ["birth", "platform", TOO_LONG],
  ["birth", "models", Array(17).fill({ model: "m", version: 0, manifestSha256: null })],
  ["birth", "models.0.model", "", "a/b", "+", "#", "größer", "m".repeat(65)],
  ["birth", "models.0.version", -1, 1.5],
  ["birth", "models.0.manifestSha256", "a1", "A1".repeat(32), `${"a1".repeat(32)}\n`],
  ["birth", "attributes", { Region: "eu" }, { "": "eu" }, { region: "x".repeat(65) }],
  ["birth", "attributes", Object.fromEntries([...Array(33).keys()].map((at) => [`a${at}`, ""]))],
  ["desired", "releaseCounter", 0, -1, 1.5],
  ["desired", "models.0.attempt", 0, 1.5],
  ["desired", "models.0.policy.rollback", "always"],
  ["desired", "models.0.policy.maxActivations", 0],
  ["desired", "models.0.policy.probation.maxErrorRate", -0.1, 1.1],
  ["desired", "models.0.policy.probation.maxLatencyRatio", 0, -1],
  ["desired", "signature.keyId", "k".repeat(129)],
  ["desired", "signature.value", TOO_LONG],
  ["profile-window", "replicate", -1, 32, 0.5],
  ["profile-window", "layoutSha256", "5f", "5F".repeat(32)],
  ["profile-window", "vector", "not base64!", "A".repeat(80_001)],
  ["profile-window", "window", -1, 0.5, UNSAFE],
  ["serving-metrics", "latency", [], Array(19).fill(0), Array(21).fill(0), Array(20).fill(-1)],
  ["serving-metrics", "numPredictions", -1, 0.5, UNSAFE],
  ["serving-metrics", "proxies", { "a b": { numTrue: 0, numAll: 0 } }],
  ["serving-metrics", "proxies.accepted.numAll", -1, 0.5],
  [
    "desired",
    "models",
    Array(17).fill({ model: "m", version: 1, manifest: { sha256: "a1".repeat(32), sizeBytes: 1 } }),
  ],
  ["desired", "models.0.version", 0],
  ["desired", "models.0.manifest.sizeBytes", 0, MAX_BLOB_BYTES + 1, 1.5],
  ["desired", "models.0.manifest.sha256", "zz".repeat(32)],
  ["install", "version", 0],
  ["install", "releaseCounter", 0],
  ["install", "step", -1, 0.5],
  ["install", "attempt", 0],
  ["install", "state", "done"],
  ["install", "code", "OOPS", ""],
  ["install", "message", TOO_LONG],
  ["install", "manifestSha256", "a1"],
  ["server-state", "presence", "sleeping"],
  ["server-state", "session", -1],
  ["check-in", "runtimeVersion", TOO_LONG],
  ["check-in", "engine", TOO_LONG],
  ["check-in", "models", [], Array(17).fill({ model: "m", numExamples: 1 })],
  ["check-in", "models.0.model", "a b"],
  ["check-in", "models.0.numExamples", -1, 0.5, UNSAFE],
  ["queued", "answerWithinMs", -1, 0.5],
  ["rejected", "reason", "busy"],
  ["rejected", "retryAfter", { minMs: 2, maxMs: 1 }],
  ["rejected", "retryAfter.minMs", -1],
  ["rejected", "retryAfter.maxMs", UNSAFE],
  ["assigned", "taskId", "", "t/1"],
  ["assigned", "roundId", "", "r 1"],
  ["assigned", "attempt", 0, 65_536, 1.5],
  ["assigned", "model", ""],
  ["assigned", "baseVersion", 0],
  ["assigned", "manifest.sizeBytes", 0],
  ["assigned", "plan.epochs", 0, 1001, 1.5],
  ["assigned", "plan.batchSize", 0, 65_537],
  ["assigned", "plan.learningRate", 0, -0.1],
  ["assigned", "plan.proximalMu", -0.1],
  ["assigned", "plan.maxExamples", 0, MAX_EXAMPLES_PER_UPDATE + 1],
  ["assigned", "plan.seed", "s".repeat(129)],
  ["assigned", "upload.encoding", "float64"],
  ["assigned", "upload.topic", TOO_LONG],
  ["assigned", "upload.maxBytes", 0, MAX_BLOB_BYTES + 1],
  ["assigned", "reportWithinMs", -1],
  ["report", "attempt", 0, 65_536],
  ["report", "baseVersion", 0],
  ["report", "numExamples", -1, 0.5],
  ["report", "update.sha256", "a1"],
  ["report", "update.sizeBytes", 0, MAX_BLOB_BYTES + 1],
  ["report", "update.encoding", "int4"],
  ["report", "metrics.steps", -1],
  ["report", "metrics.trainMs", -1],
  ["report", "metrics.lossBefore", "NaN"],
  ["abort", "attempt", 0],
  ["abort", "reason", "tired"],
  ["abort", "code", "OOPS"],
  ["proceed", "attempt", 0],
  ["proceed", "missing", [], Array(4097).fill([0, 0]), [[0]], [[0, 1, 2]]],
  [
    "proceed",
    "missing",
    [[2, 1]],
    [
      [0, 1],
      [1, 2],
    ],
    [
      [3, 3],
      [0, 0],
    ],
    [[0, 4096]],
  ],
  ["proceed", "missing.0.0", -1, 0.5],
  ["receipt", "attempt", 0],
  ["receipt", "outcome", "accepted"],
  ["receipt", "code", "OOPS"],
  ["receipt", "message", TOO_LONG],
  ["receipt", "retryAfter", { minMs: 2, maxMs: 1 }],
  ["round-closed", "attempt", 0],
  ["round-closed", "reason", "bored"],
  ["evaluate", "runId", "", "a/b"],
  ["evaluate", "attempt", 0, 65_536],
  ["evaluate", "model", "a b"],
  [
    "evaluate",
    "versions",
    [],
    [evaluatedVersion(7), evaluatedVersion(7)],
    [evaluatedVersion(7), evaluatedVersion(8), evaluatedVersion(9)],
  ],
  ["evaluate", "versions.0.version", 0, 1.5, UNSAFE],
  ["evaluate", "maxExamples", 0, MAX_EXAMPLES_PER_UPDATE + 1],
  ["evaluate", "deadlineMs", -1],
  ["evaluated", "runId", "#"],
  ["evaluated", "attempt", 0],
  ["evaluated", "numExamples", 0, -1, 1.5, MAX_EXAMPLES_PER_UPDATE + 1],
  ["evaluated", "numTerms", 0, 899, UNSAFE],
  ["evaluated", "results", [], [sums(7), sums(7)], [sums(7), sums(8), sums(9)]],
  ["evaluated", "results.0.version", 0],
  ["evaluated", "results.0.numCorrect", -1, 1201, 0.5],
  ["evaluation-declined", "attempt", 0],
  ["evaluation-declined", "reason", "bored"],
  ["evaluation-declined", "code", "OOPS"],
];

function evaluatedVersion(version: number): Json {
  return { version, manifest: { sha256: "a1".repeat(32), sizeBytes: 1 } };
}

function sums(version: number): Json {
  return { version, numCorrect: 1, lossSum: 1 };
}

describe("values out of range", () => {
  const rows = OUT_OF_RANGE.flatMap(([type, path, ...values]) =>
    values.map((value) => ({ type, path, value, shown: JSON.stringify(value).slice(0, 24) })),
  );
  test.each(rows)("$type $path is not $shown", ({ type, path, value }) => {
    const keys = path.split(".").map((key) => (/^\d+$/.test(key) ? Number(key) : key));

    expect(() => decodeEnvelope(withField(type, keys, value), schemaOf(type), type)).toThrow(malformed);
  });

  test("a number that JSON reads as infinite is refused", () => {
    const text = new TextDecoder()
      .decode(golden("assigned"))
      .replace('"learningRate":0.05', '"learningRate":1e999');

    expect(() => decodeEnvelope(new TextEncoder().encode(text), roundDown, "assigned")).toThrow(malformed);
  });

  test("the error names the message and the field", () => {
    const message = withField("assigned", ["plan", "epochs"], 0);

    expect(() => decodeEnvelope(message, roundDown, "round message")).toThrow(
      /round message.*body\.plan\.epochs/,
    );
  });
});

describe("what a later version may add", () => {
  test.each(TYPES)("unknown fields of %s are ignored", (type) => {
    const message = decodeEnvelope(withField(type, ["colour"], { any: ["thing"] }), schemaOf(type), type);

    expect(message).toEqual(goldenJson(type));
  });

  test("unknown fields deep inside are ignored", () => {
    const message = decodeEnvelope(withField("assigned", ["plan", "warmUp"], 3), roundDown, "assigned");

    expect(message).toEqual(goldenJson("assigned"));
  });

  test.each(TYPES)("an unknown message type where %s is expected is refused", (type) => {
    expect(() => decodeEnvelope(withField(type, ["type"], "hello"), schemaOf(type), type)).toThrow(malformed);
  });

  test("a message of the other direction is refused", () => {
    expect(() => decodeEnvelope(golden("assigned"), roundUp, "round message")).toThrow(malformed);
  });
});
