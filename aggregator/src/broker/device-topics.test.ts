import {
  MAX_MESSAGE_BYTES,
  blobTopic,
  deviceTopic,
  metaTopic,
  serverStateTopic,
  sha256,
  uploadTopic,
} from "@fedge/protocol";
import mqtt from "mqtt";
import * as z from "zod/mini";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  TENANT,
  closed,
  newDeviceId,
  openTestBroker,
  received,
  subscribeCodes,
  tenantOf,
  type TestBroker,
} from "./testing/broker-fixture.js";

const HASH = z.parse(sha256, "a".repeat(64));

let server: TestBroker;
beforeEach(async () => {
  server = await openTestBroker();
});
afterEach(() => server.close());

describe("a device's messages", () => {
  test("on each of its up channels and upload topics reach the aggregator in order", async () => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const client = await device.connect();
    const topics = [
      ...(["birth", "state", "report", "metrics", "fl/up", "rpc/req"] as const).map((channel) =>
        deviceTopic(TENANT, device.deviceId, channel),
      ),
      uploadTopic(TENANT, device.deviceId, 255),
    ];

    await Promise.all(
      topics.map((topic, index) => client.publishAsync(topic, `${index}`, { qos: index % 2 ? 1 : 0 })),
    );
    await client.publishAsync(topics[0] ?? "", "last", { qos: 1 });

    expect(messages).toEqual([...topics.map((topic, index) => `${topic} ${index}`), `${topics[0]} last`]);
  });

  test("retained and ordinary ones of one packet burst keep their order", async () => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const client = await device.connect();
    const state = deviceTopic(TENANT, device.deviceId, "state");
    const report = deviceTopic(TENANT, device.deviceId, "report");

    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        client.publishAsync(index % 3 === 0 ? state : report, `${index}`, {
          qos: 1,
          retain: index % 3 === 0,
        }),
      ),
    );

    expect(messages.map((message) => Number(message.split(" ")[1]))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  test("also arrive over WebSocket at /mqtt", async () => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const url = `ws://127.0.0.1:${server.webSocketPort}/mqtt`;
    const client = await mqtt.connectAsync(url, {
      ...device.options(),
      protocol: "ws",
      port: server.webSocketPort,
    });
    const topic = deviceTopic(TENANT, device.deviceId, "report");

    await client.publishAsync(topic, Buffer.alloc(MAX_MESSAGE_BYTES, "x"), { qos: 1 });

    expect(messages).toEqual([`${topic} ${"x".repeat(MAX_MESSAGE_BYTES)}`]);
    client.end(true);
  });

  test("that retain more than 4 KiB of state are refused", async () => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const client = await device.connect();

    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "state"), Buffer.alloc(4097), {
      qos: 1,
      retain: true,
    });

    expect(messages).toEqual([]);
    expect(server.refusals).toEqual(["publish/MESSAGE_TOO_LARGE"]);
  });

  test("are no longer taken after a hundred refusals", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    for (let index = 0; index < 100; index += 1) client.publish("hello", "x", { qos: 0 });
    await gone;

    expect(
      server.refusals.filter((refusal) => refusal === "publish/TOPIC_INVALID").length,
    ).toBeGreaterThanOrEqual(100);
  });
});

describe("S12: a message that a device may not send", () => {
  const notItsOwn: readonly [string, (deviceId: string) => { topic: string; retain?: boolean }, string][] = [
    [
      "to another device's topic",
      () => ({ topic: deviceTopic(TENANT, newDeviceId(), "report") }),
      "ACCESS_DENIED",
    ],
    [
      "to another device's uploads",
      () => ({ topic: uploadTopic(TENANT, newDeviceId(), 0) }),
      "ACCESS_DENIED",
    ],
    ["to its own down channel", (id) => ({ topic: `fedge/1/acme/d/${id}/desired` }), "ACCESS_DENIED"],
    ["to another tenant", (id) => ({ topic: `fedge/1/umbrella/d/${id}/report` }), "ACCESS_DENIED"],
    ["to a blob", () => ({ topic: blobTopic(TENANT, HASH, 0) }), "ACCESS_DENIED"],
    ["as the server", () => ({ topic: serverStateTopic(TENANT) }), "ACCESS_DENIED"],
    ["to the signed metadata", () => ({ topic: metaTopic(TENANT, "timestamp") }), "ACCESS_DENIED"],
    [
      "to another tenant's device",
      () => ({ topic: `fedge/1/umbrella/d/${newDeviceId()}/desired`, retain: true }),
      "ACCESS_DENIED",
    ],
    ["to $SYS", () => ({ topic: "$SYS/broker/uptime" }), "TOPIC_INVALID"],
    [
      "to a shared subscription's name",
      (id) => ({ topic: `$share/x/fedge/1/acme/d/${id}/report` }),
      "TOPIC_INVALID",
    ],
    ["outside the protocol", () => ({ topic: "hello" }), "TOPIC_INVALID"],
    [
      "to an upload shard that does not exist",
      (id) => ({ topic: `fedge/1/acme/d/${id}/fl/blk/256` }),
      "TOPIC_INVALID",
    ],
    [
      "retained on another channel than state",
      (id) => ({ topic: `fedge/1/acme/d/${id}/report`, retain: true }),
      "ACCESS_DENIED",
    ],
  ];
  test.each(notItsOwn)("%s is acknowledged, counted and goes nowhere", async (_name, request, code) => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const client = await device.connect();
    const { topic, retain = false } = request(device.deviceId);

    await client.publishAsync(topic, "x", { qos: 1, retain });
    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "report"), "after", { qos: 1 });

    expect(messages).toEqual([`${deviceTopic(TENANT, device.deviceId, "report")} after`]);
    expect(server.refusals).toEqual([`publish/${code}`]);
    expect(await received(server, topic.startsWith("$") ? "$SYS/#" : topic)).toEqual([]);
  });
});

describe("a subscription", () => {
  test("to each of a device's down channels, blocks, signed metadata and the server's state is granted", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const topics = [
      ...(["desired", "cmd", "fl/dn", "rpc/res"] as const).map((channel) =>
        deviceTopic(TENANT, device.deviceId, channel),
      ),
      blobTopic(TENANT, HASH, 4095),
      metaTopic(TENANT, "timestamp"),
      metaTopic(TENANT, "root"),
      serverStateTopic(TENANT),
    ];

    const granted = await client.subscribeAsync(topics, { qos: 1 });

    expect(granted.map((grant) => grant.qos)).toEqual(topics.map(() => 1));
  });
});

describe("S12: a subscription that a device may not have", () => {
  const refusedFilters: readonly [string, (deviceId: string) => string][] = [
    ["#", () => "#"],
    ["+", () => "+"],
    ["+/+/+/+/+/cmd", () => "+/+/+/+/+/cmd"],
    ["$SYS/#", () => "$SYS/#"],
    ["where refused messages end", () => "$SYS/refused"],
    ["a shared subscription", () => "$share/x/#"],
    ["a share of its own commands", (id) => `$share/x/fedge/1/acme/d/${id}/cmd`],
    ["a share of the fleet's commands", () => "$share/x/fedge/1/acme/d/+/cmd"],
    ["a wildcard in its own branch", (id) => `fedge/1/acme/d/${id}/#`],
    ["one level as wildcard", (id) => `fedge/1/acme/d/${id}/+`],
    ["every block of a blob", () => `fedge/1/acme/blob/${HASH}/+`],
    ["another device's commands", () => deviceTopic(TENANT, newDeviceId(), "cmd")],
    ["another device's reports", () => deviceTopic(TENANT, newDeviceId(), "report")],
    ["its own reports", (id) => `fedge/1/acme/d/${id}/report`],
    ["its own uploads", (id) => `fedge/1/acme/d/${id}/fl/blk/0`],
    ["another tenant's state", () => serverStateTopic(tenantOf("umbrella"))],
    ["another tenant's metadata", () => metaTopic(tenantOf("umbrella"), "timestamp")],
    ["all metadata", () => "fedge/1/acme/meta/+"],
    ["another tenant's blobs", () => blobTopic(tenantOf("umbrella"), HASH, 0)],
  ];
  test.each(refusedFilters)("to %s is answered with 0x80", async (_name, filter) => {
    const device = await server.newDevice();
    const client = await device.connect();
    const codes = subscribeCodes(client);

    client.subscribe(filter(device.deviceId), { qos: 1 }, () => undefined);

    expect(await codes).toEqual([0x80]);
    expect(client.connected).toBe(true);
  });
});
