import {
  deviceTopic,
  blobTopic,
  serverFilters,
  uploadTopic,
  type DeviceId,
  type Sha256,
  type TenantId,
} from "@fedge/protocol";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServerTransport } from "../../port.js";

export interface TransportHarness {
  readonly tenantId: TenantId;
  /** A new connection of the aggregator. */
  openTransport(): Promise<ServerTransport>;
  /** A new connected device. */
  connectDevice(): Promise<{ readonly deviceId: DeviceId; readonly client: MqttClient }>;
  close(): Promise<void>;
}

/** What the aggregator may rely on, whoever's broker it is. */
export function describeServerTransport(name: string, open: () => Promise<TransportHarness>): void {
  describe(`server transport over ${name}`, () => {
    let harness: TransportHarness;
    let transport: ServerTransport;
    let hashes = 0;
    beforeAll(async () => {
      harness = await open();
      transport = await harness.openTransport();
    });
    afterAll(() => harness.close());

    const newBlock = (): string =>
      blobTopic(harness.tenantId, (hashes += 1).toString(16).padStart(64, "0") as Sha256, 0);

    /** Messages of the filter, and a promise of the n-th. */
    async function listen(filter: string) {
      const messages: string[] = [];
      const waiting = new Map<number, () => void>();
      await transport.subscribe(filter, (topic, payload) => {
        messages.push(`${topic} ${Buffer.from(payload).toString()}`);
        waiting.get(messages.length)?.();
      });
      const upTo = (count: number): Promise<void> =>
        messages.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.set(count, resolve));
      return { messages, upTo };
    }

    test("is connected", () => {
      expect(transport.isConnected()).toBe(true);
    });

    test("delivers what one device publishes in its order, over all filters of an aggregator", async () => {
      const { deviceId, client } = await harness.connectDevice();
      const messages: number[] = [];
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => (finish = resolve));
      for (const filter of serverFilters(harness.tenantId)) {
        await transport.subscribe(filter, (topic, payload) => {
          if (!topic.includes(deviceId)) return;
          if (messages.push(Number(Buffer.from(payload).toString())) === 120) finish();
        });
      }
      const topics = [
        deviceTopic(harness.tenantId, deviceId, "fl/up"),
        uploadTopic(harness.tenantId, deviceId, 3),
        deviceTopic(harness.tenantId, deviceId, "report"),
      ];

      for (let index = 0; index < 120; index += 1)
        client.publish(topics[index % 3] ?? "", `${index}`, { qos: 1 });
      await finished;

      expect(messages).toEqual(Array.from({ length: 120 }, (_, index) => index));
    });

    test("counts the payload bytes that came up and went down", async () => {
      const { deviceId, client } = await harness.connectDevice();
      const up = deviceTopic(harness.tenantId, deviceId, "fl/up");
      const down = deviceTopic(harness.tenantId, deviceId, "fl/dn");
      const { upTo } = await listen(up);
      await client.subscribeAsync(down, { qos: 1 });
      const before = transport.traffic();
      const heard = new Promise((resolve) => client.once("message", resolve));

      client.publish(up, "12345", { qos: 1 });
      await upTo(1);
      await transport.publish(down, Buffer.from("1234567"), { retain: false, qos: 1 });
      await heard;

      const { bytesUp, bytesDown } = transport.traffic();
      expect([bytesUp - before.bytesUp, bytesDown - before.bytesDown]).toEqual([5, 7]);
    });

    test("gives a later subscriber what was retained before, device or aggregator", async () => {
      const { deviceId, client } = await harness.connectDevice();
      const block = newBlock();
      const state = deviceTopic(harness.tenantId, deviceId, "state");
      await transport.publish(block, Buffer.from("block"), { retain: true, qos: 1 });
      await client.publishAsync(state, "online", { qos: 1, retain: true });
      const { messages, upTo } = await listen(state);
      const arrived = new Promise((resolve) =>
        client.once("message", (_topic, payload) => resolve(payload.toString())),
      );

      await client.subscribeAsync(block, { qos: 1 });

      expect(await arrived).toBe("block");
      await upTo(1);
      // At least once: a broker may send one copy for each subscription that covers the topic.
      expect(new Set(messages)).toEqual(new Set([`${state} online`]));
    });

    test("clears a retained message by an empty one", async () => {
      const { client } = await harness.connectDevice();
      const [cleared, kept] = [newBlock(), newBlock()];
      await transport.publish(cleared, Buffer.from("cleared"), { retain: true, qos: 1 });
      await transport.publish(kept, Buffer.from("kept"), { retain: true, qos: 1 });
      await transport.publish(cleared, new Uint8Array(0), { retain: true, qos: 1 });
      const arrived = new Promise((resolve) =>
        client.once("message", (_topic, payload) => resolve(payload.toString())),
      );

      await client.subscribeAsync(cleared, { qos: 1 });
      await client.subscribeAsync(kept, { qos: 1 });

      expect(await arrived).toBe("kept");
    });

    test("carries a block of the largest size, whole, when it is part of a larger buffer", async () => {
      const { deviceId, client } = await harness.connectDevice();
      const command = deviceTopic(harness.tenantId, deviceId, "cmd");
      await client.subscribeAsync(command, { qos: 1 });
      const blob = Buffer.alloc(300 * 1024, "y");
      blob.fill("x", 1000, 1000 + 128 * 1024);
      const arrived = new Promise<Buffer>((resolve) =>
        client.once("message", (_topic, payload) => resolve(payload)),
      );

      await transport.publish(command, new Uint8Array(blob.buffer, blob.byteOffset + 1000, 128 * 1024), {
        retain: false,
        qos: 1,
      });

      expect((await arrived).equals(Buffer.alloc(128 * 1024, "x"))).toBe(true);
    });

    test("hears its own messages that it subscribes to", async () => {
      const block = newBlock();
      const { messages, upTo } = await listen(block);

      await transport.publish(block, Buffer.from("mine"), { retain: false, qos: 1 });
      await upTo(1);

      expect(messages).toEqual([`${block} mine`]);
    });

    test.each(["fedge/1/a/b/c/d/e/f/g", "fedge/1/acme/+/x", ""])(
      "refuses to publish to %j",
      async (topic) => {
        const publish = transport.publish(topic, Buffer.from("x"), { retain: false, qos: 1 });

        await expect(publish).rejects.toMatchObject({ code: "TOPIC_INVALID" });
      },
    );

    test("tells when it closes, closes once, and publishes no more", async () => {
      const other = await harness.openTransport();
      const states: boolean[] = [];
      other.onState((connected) => states.push(connected));

      await other.close();
      await other.close();

      expect(states).toEqual([false]);
      expect(other.isConnected()).toBe(false);
      await expect(
        other.publish(newBlock(), Buffer.from("x"), { retain: false, qos: 1 }),
      ).rejects.toMatchObject({
        code: "CLOSED",
      });
    });
  });
}
