import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceId, sha256, tenantId } from "./ids.js";
import {
  blobTopic,
  DEVICE_DOWN_CHANNELS,
  DEVICE_UP_CHANNELS,
  deviceTopic,
  MAX_TOPIC_SLASHES,
  META_ROLES,
  metaTopic,
  parseTopic,
  serverFilters,
  serverStateTopic,
  uploadTopic,
  type Topic,
} from "./topics.js";

const SEED = 20_262;
const GOLDEN = JSON.parse(
  readFileSync(new URL("../fixtures/golden/topics.json", import.meta.url), "utf8"),
) as readonly { readonly topic: string; readonly parts: Topic }[];
const HASH = "a1".repeat(32);

function build(parts: Topic): string {
  switch (parts.kind) {
    case "device":
      return deviceTopic(parts.tenantId, parts.deviceId, parts.channel);
    case "upload":
      return uploadTopic(parts.tenantId, parts.deviceId, parts.shard);
    case "blob":
      return blobTopic(parts.tenantId, parts.sha256, parts.block);
    case "meta":
      return metaTopic(parts.tenantId, parts.role);
    case "server-state":
      return serverStateTopic(parts.tenantId);
  }
}

const identifier = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const tenants = identifier.map((id) => tenantId.parse(id));
const devices = identifier.map((id) => deviceId.parse(id));
const hashes = fc.stringMatching(/^[0-9a-f]{64}$/).map((hash) => sha256.parse(hash));
const topics: fc.Arbitrary<Topic> = fc.oneof(
  fc.record({
    kind: fc.constant("device" as const),
    tenantId: tenants,
    deviceId: devices,
    channel: fc.constantFrom(...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS),
  }),
  fc.record({
    kind: fc.constant("upload" as const),
    tenantId: tenants,
    deviceId: devices,
    shard: fc.nat(255),
  }),
  fc.record({
    kind: fc.constant("blob" as const),
    tenantId: tenants,
    sha256: hashes,
    block: fc.nat(4095),
  }),
  fc.record({
    kind: fc.constant("meta" as const),
    tenantId: tenants,
    role: fc.constantFrom(...META_ROLES),
  }),
  fc.record({ kind: fc.constant("server-state" as const), tenantId: tenants }),
);

/** MQTT 3.1.1, section 4.7: `+` stands for one level, `#` for all that follow. */
function matches(filter: string, topic: string): boolean {
  const [levels, wanted] = [topic.split("/"), filter.split("/")];
  if (wanted.at(-1) === "#")
    return wanted.slice(0, -1).every((level, at) => level === "+" || level === levels[at]);
  return (
    levels.length === wanted.length && wanted.every((level, at) => level === "+" || level === levels[at])
  );
}

describe("golden topics", () => {
  test.each(GOLDEN)("$topic is parsed", ({ topic, parts }) => {
    expect(parseTopic(topic)).toEqual(parts);
  });

  test.each(GOLDEN)("$topic is built", ({ topic, parts }) => {
    expect(build(parts)).toBe(topic);
  });

  test("every channel is among them", () => {
    const channels = GOLDEN.flatMap(({ parts }) => (parts.kind === "device" ? [parts.channel] : []));

    expect(channels).toEqual([...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS]);
  });
});

describe("any topic of the protocol", () => {
  test("is parsed into what it was built from", () => {
    fc.assert(
      fc.property(topics, (parts) => {
        expect(parseTopic(build(parts))).toEqual(parts);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("has at most seven slashes and 256 characters", () => {
    fc.assert(
      fc.property(topics, (parts) => {
        const topic = build(parts);
        expect(topic.split("/").length - 1).toBeLessThanOrEqual(MAX_TOPIC_SLASHES);
        expect(topic.length).toBeLessThanOrEqual(256);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("is delivered to the server exactly when a device publishes on it", () => {
    const filters = serverFilters(tenantId.parse("acme"));
    const delivered = GOLDEN.filter(({ topic }) => filters.some((filter) => matches(filter, topic)));

    const up: ReadonlySet<string> = new Set(DEVICE_UP_CHANNELS);
    const published = GOLDEN.filter(
      ({ parts }) => parts.kind === "upload" || (parts.kind === "device" && up.has(parts.channel)),
    );
    expect(delivered).toEqual(published);
  });
});

describe("hostile topics", () => {
  test.each([
    ["nothing", ""],
    ["a lone slash", "/"],
    ["a leading slash", "/fedge/1/acme/srv/state"],
    ["a trailing slash", "fedge/1/acme/srv/state/"],
    ["another root", "Fedge/1/acme/srv/state"],
    ["another major version", "fedge/2/acme/srv/state"],
    ["a padded major version", "fedge/01/acme/srv/state"],
    ["an empty tenant", "fedge/1//srv/state"],
    ["a tenant of one wildcard", "fedge/1/+/srv/state"],
    ["a wildcard for everything", "#"],
    ["a wildcard at the end", "fedge/1/acme/d/dev_1/#"],
    ["a wildcard for the device", "fedge/1/acme/d/+/fl/up"],
    ["a wildcard for the shard", "fedge/1/acme/d/dev_1/fl/blk/+"],
    ["a shared subscription", "$share/group/fedge/1/acme/srv/state"],
    ["the broker's own topics", "$SYS/broker/clients"],
    ["an empty device", "fedge/1/acme/d//fl/up"],
    ["a device with a space", "fedge/1/acme/d/dev 1/fl/up"],
    ["a device with a dot-dot", "fedge/1/acme/d/../fl/up"],
    ["a device that is not ASCII", "fedge/1/acme/d/größer/fl/up"],
    ["a device with a NUL", "fedge/1/acme/d/dev\u0000/fl/up"],
    ["a device with a line feed", "fedge/1/acme/d/dev_1\n/fl/up"],
    ["a line feed at the end", "fedge/1/acme/srv/state\n"],
    ["a device of 65 characters", `fedge/1/acme/d/${"d".repeat(65)}/fl/up`],
    ["a device alone", "fedge/1/acme/d/dev_1"],
    ["an unknown channel", "fedge/1/acme/d/dev_1/fl/side"],
    ["half a channel", "fedge/1/acme/d/dev_1/fl"],
    ["more than a channel", "fedge/1/acme/d/dev_1/fl/up/x"],
    ["a prototype key for a channel", "fedge/1/acme/d/dev_1/__proto__"],
    ["an unknown branch", "fedge/1/acme/x/state"],
    ["an upload without a shard", "fedge/1/acme/d/dev_1/fl/blk"],
    ["shard 256", "fedge/1/acme/d/dev_1/fl/blk/256"],
    ["a negative shard", "fedge/1/acme/d/dev_1/fl/blk/-1"],
    ["a padded shard", "fedge/1/acme/d/dev_1/fl/blk/00"],
    ["a hexadecimal shard", "fedge/1/acme/d/dev_1/fl/blk/0x1"],
    ["more than a shard", "fedge/1/acme/d/dev_1/fl/blk/0/1"],
    ["a short hash", `fedge/1/acme/blob/${HASH.slice(1)}/0`],
    ["an upper-case hash", `fedge/1/acme/blob/${HASH.toUpperCase()}/0`],
    ["a blob without a block", `fedge/1/acme/blob/${HASH}`],
    ["a block beyond the largest blob", `fedge/1/acme/blob/${HASH}/4096`],
    ["a block of many digits", `fedge/1/acme/blob/${HASH}/99999999999999999999`],
    ["a block in exponent form", `fedge/1/acme/blob/${HASH}/1e3`],
    ["a very long topic", `fedge/1/acme/${"x/".repeat(40_000)}`],
  ])("%s is refused", (_, topic) => {
    expect(() => parseTopic(topic)).toThrow(expect.objectContaining({ code: "TOPIC_INVALID" }));
  });
});
