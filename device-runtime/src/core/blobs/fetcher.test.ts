import {
  BLOCK_BYTES,
  blobTopic,
  type BlobRef,
  type DeviceId,
  type Sha256,
  type TenantId,
} from "@fedge/protocol";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { createMemoryBlobStore } from "../../memory/memory-stores.js";
import type { TopicHandler } from "../connection/connection.js";
import type { BlobStore } from "../ports/storage.js";
import type { Credentials } from "../ports/transport.js";
import { BlobFetcher } from "./fetcher.js";

const NUM_BLOCKS = 20;
const blob = Uint8Array.from({ length: (NUM_BLOCKS - 1) * BLOCK_BYTES + 5 }, (_, at) => at % 251);
const sha256 = createHash("sha256").update(blob).digest("hex") as Sha256;
const ref: BlobRef = { sha256, sizeBytes: blob.byteLength };
const blockOf = (index: number): Uint8Array => blob.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
const isBlob = (bytes: Uint8Array = new Uint8Array(0)): boolean => Buffer.compare(bytes, blob) === 0;
const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection whose broker is the test itself. */
class StubConnection {
  credentials: Credentials | null = null;
  isOnline = false;
  readonly asked: string[] = [];
  readonly heard = new Map<string, (payload: Uint8Array) => void>();
  readonly #listeners: (() => void)[] = [];

  onOnline(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async listen(entries: readonly TopicHandler[]): Promise<void> {
    for (const [topic, handler] of entries) {
      this.asked.push(topic);
      this.heard.set(topic, handler);
    }
  }

  async unlisten(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.heard.delete(topic);
  }

  begin(tenant: string): void {
    this.credentials = {
      deviceId: "device" as DeviceId,
      tenantId: tenant as TenantId,
      token: "",
      brokerUrl: "",
    };
    this.isOnline = true;
    for (const listener of this.#listeners) listener();
  }

  topicOf(block: number): string {
    return blobTopic(this.credentials?.tenantId as TenantId, sha256, block);
  }

  /** Publishes a block; says whether anybody heard it. */
  publish(block: number, payload = blockOf(block)): boolean {
    const handler = this.heard.get(this.topicOf(block));
    handler?.(payload);
    return handler !== undefined;
  }

  publishAll(): void {
    for (let block = 0; block < NUM_BLOCKS; block += 1) this.publish(block);
  }
}

interface Rig {
  readonly connection: StubConnection;
  readonly clock: ManualClock;
  readonly blobs: BlobStore;
  readonly errors: unknown[];
  readonly fetcher: BlobFetcher;
}

function openRig(tenant: string | null = "acme"): Rig {
  const connection = new StubConnection();
  const clock = new ManualClock();
  const blobs = createMemoryBlobStore();
  const errors: unknown[] = [];
  const digest = {
    sha256: async (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex") as Sha256,
  };
  const fetcher = new BlobFetcher({
    ...{ connection, ports: { clock, blobs, digest } },
    onError: (error) => errors.push(error),
  });
  if (tenant !== null) connection.begin(tenant);
  return { connection, clock, blobs, errors, fetcher };
}

describe("fetching a blob", () => {
  test("asks for eight blocks at once and for each block once", async () => {
    const { connection, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    const numAtFirst = connection.asked.length;
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
    expect(numAtFirst).toBe(8);
    expect(connection.asked).toHaveLength(NUM_BLOCKS);
    expect(connection.heard.size).toBe(0);
  });

  test("takes two requests for one blob as one", async () => {
    const { connection, fetcher } = openRig();
    const both = Promise.all([fetcher.fetch(ref, never), fetcher.fetch(ref, never)]);
    await settled();
    connection.publishAll();

    await both;
    expect(connection.asked).toHaveLength(NUM_BLOCKS);
  });

  test("asks for nothing that the store has", async () => {
    const { connection, blobs, fetcher } = openRig();
    await blobs.put(sha256, blob);

    expect(isBlob(await fetcher.fetch(ref, never))).toBe(true);
    expect(connection.asked).toEqual([]);
  });

  test("fetches anew what the store has damaged, and tells", async () => {
    const { connection, blobs, errors, fetcher } = openRig();
    await blobs.put(sha256, blob.slice(1));
    const fetching = fetcher.fetch(ref, never);
    await settled();
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
    expect(isBlob(await blobs.get(sha256))).toBe(true);
    expect(errors).toMatchObject([{ code: "BLOB_HASH_MISMATCH" }]);
  });

  test("R29 and S4: refuses other bytes and keeps none of them", async () => {
    const { connection, blobs, fetcher } = openRig();
    const fetching = expect(fetcher.fetch(ref, never)).rejects.toMatchObject({ code: "BLOB_HASH_MISMATCH" });
    await settled();
    connection.publish(0, blockOf(0).fill(7));
    connection.publishAll();

    await fetching;
    expect(await blobs.list()).toEqual([]);
  });

  test("takes a withdrawn block for none", async () => {
    const { connection, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    connection.publish(0, new Uint8Array(0));
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
  });

  test("S5: refuses a block of another length and waits for the right one", async () => {
    const { connection, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();

    expect(() => connection.publish(0, new Uint8Array(3))).toThrow("block");
    connection.publishAll();
    expect(isBlob(await fetching)).toBe(true);
  });

  test("refuses a size that no blob may have before it asks for anything", async () => {
    const { connection, fetcher } = openRig();

    await expect(fetcher.fetch({ sha256, sizeBytes: 2 ** 40 }, never)).rejects.toMatchObject({
      code: "BLOCK_INVALID",
    });
    expect(connection.asked).toEqual([]);
  });
});

describe("a connection that comes late or changes", () => {
  test("begins a transfer that was wanted before it", async () => {
    const { connection, fetcher } = openRig(null);
    const fetching = fetcher.fetch(ref, never);
    await settled();
    connection.begin("acme");
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
  });

  test("leaves the blocks that are here where they are", async () => {
    const { connection, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    for (let block = 0; block < 5; block += 1) connection.publish(block);
    connection.isOnline = false;
    connection.begin("acme");
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
    expect(new Set(connection.asked).size).toBe(connection.asked.length);
  });

  test("of another tenant moves the missing blocks to that tenant's topics", async () => {
    const { connection, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    connection.publish(0);
    connection.heard.clear();
    connection.begin("other");

    expect(connection.publish(0)).toBe(false);
    connection.publishAll();
    expect(isBlob(await fetching)).toBe(true);
  });
});

describe("waiting for a block", () => {
  test("S9: ends after five minutes without one", async () => {
    const { clock, fetcher } = openRig();
    const fetching = expect(fetcher.fetch(ref, never)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await settled();
    clock.advance(16 * 20_000);

    await fetching;
    expect(clock.numTimers).toBe(0);
  });

  test("asks for it again after twenty seconds", async () => {
    const { connection, clock, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    clock.advance(20_000);
    connection.publishAll();

    await fetching;
    expect(connection.asked.filter((topic) => topic === connection.topicOf(0))).toHaveLength(2);
  });

  test("does not count the time without a connection", async () => {
    const { connection, clock, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    connection.isOnline = false;
    clock.advance(86_400_000);
    connection.begin("acme");
    connection.publishAll();

    expect(isBlob(await fetching)).toBe(true);
  });

  test("counts anew after each block that comes", async () => {
    const { connection, clock, fetcher } = openRig();
    const fetching = fetcher.fetch(ref, never);
    await settled();
    for (let block = 0; block < NUM_BLOCKS; block += 1) {
      clock.advance(10 * 20_000);
      connection.publish(block);
    }

    expect(isBlob(await fetching)).toBe(true);
  });
});

describe("a transfer that is not wanted any more", () => {
  test("ends, and asks for nothing that it did not ask for yet", async () => {
    const { connection, clock, fetcher } = openRig();
    const stop = new AbortController();
    const fetching = expect(fetcher.fetch(ref, stop.signal)).rejects.toMatchObject({ code: "CLOSED" });
    await settled();
    stop.abort();

    await fetching;
    expect(connection.heard.size).toBe(0);
    expect(clock.numTimers).toBe(0);
  });

  test("goes on for another who still waits", async () => {
    const { connection, fetcher } = openRig();
    const stop = new AbortController();
    const stopped = expect(fetcher.fetch(ref, stop.signal)).rejects.toMatchObject({ code: "CLOSED" });
    const fetching = fetcher.fetch(ref, never);
    await settled();
    stop.abort();
    connection.publishAll();

    await stopped;
    expect(isBlob(await fetching)).toBe(true);
  });
});

describe("closing", () => {
  test("ends every transfer, unsubscribes it, and leaves no timer", async () => {
    const { connection, clock, fetcher } = openRig();
    const fetching = expect(fetcher.fetch(ref, never)).rejects.toMatchObject({ code: "CLOSED" });
    await settled();
    fetcher.close();

    await fetching;
    expect(connection.heard.size).toBe(0);
    expect(clock.numTimers).toBe(0);
  });

  test("refuses what is asked for later", async () => {
    const { fetcher } = openRig();
    fetcher.close();

    await expect(fetcher.fetch(ref, never)).rejects.toMatchObject({ code: "CLOSED" });
  });
});
