import { FedgeError, type DeviceId, type Sha256 } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { createMemoryBlobStore, createMemoryByteStore } from "../../memory/memory-stores.js";
import type { DevicePorts } from "../ports/ports.js";
import type { Farewell } from "../ports/transport.js";
import { Farewells } from "./farewells.js";

const wish: Farewell = { deviceId: "ana" as DeviceId, timestampMs: 7, signature: "signed" };
const hash = "ab".repeat(32) as Sha256;

async function createWorld() {
  const world = {
    store: createMemoryByteStore(),
    blobs: createMemoryBlobStore(),
    told: [] as Farewell[],
    errors: [] as unknown[],
    hasKey: true,
    isReachable: true,
    /** A kill: everything fails from here on. */
    diesAtErase: false,
  };
  const identity = {
    credentials: () => Promise.reject(new FedgeError("INTERNAL", "not asked for here")),
    farewell: () => Promise.resolve(wish),
    sayFarewell: async (farewell: Farewell) => {
      if (!world.isReachable) throw new FedgeError("SERVER_UNREACHABLE", "no");
      world.told.push(farewell);
    },
    erase: async () => {
      if (world.diesAtErase) throw new FedgeError("STORAGE_FAILED", "killed");
      world.hasKey = false;
    },
  };
  const { store, blobs } = world;
  await store.put("log/rows/1", Uint8Array.of(1));
  await store.put("active/digits", Uint8Array.of(2));
  await blobs.put(hash, Uint8Array.of(3));
  /** Nothing can be written or deleted any more. */
  const failingStores = () => {
    const fail = (): Promise<never> => Promise.reject(new FedgeError("STORAGE_FULL", "no room"));
    return {
      store: { ...store, put: fail, write: fail, delete: fail },
      blobs: { ...blobs, put: fail, delete: fail },
    };
  };
  const start = (more: Partial<Pick<DevicePorts, "store" | "blobs">> = {}): Farewells =>
    new Farewells({ store, blobs, identity, ...more }, (error) => world.errors.push(error));
  const left = async (): Promise<unknown> => [await store.keys(""), await blobs.list(), world.hasKey];
  return { world, start, left, failingStores };
}

describe("a device that is forgotten", () => {
  test("leaves nothing, and the server knows", async () => {
    const { world, start, left } = await createWorld();

    expect(await start().say()).toBe(true);
    expect([await left(), world.told]).toEqual([[[], [], false], [wish]]);
  });

  test("leaves nothing but its wish while the server cannot be reached, and tells it later", async () => {
    const { world, start, left } = await createWorld();
    world.isReachable = false;
    expect(await start().say()).toBe(false);
    expect(await left()).toEqual([["farewell"], [], false]);

    world.isReachable = true;
    const later = start();
    expect(await later.restore()).toBe(true);
    await later.tellLate();
    expect([await left(), world.told]).toEqual([[[], [], false], [wish]]);
  });

  test("that was killed half way is erased whole at the next start", async () => {
    const { world, start, left } = await createWorld();
    world.diesAtErase = true;
    await expect(start().say()).rejects.toMatchObject({ code: "STORAGE_FAILED" });

    world.diesAtErase = false;
    await start().restore();
    expect(await left()).toEqual([["farewell"], [], false]);
  });

  test("has no key any more and is told to the server, even where nothing else can be erased", async () => {
    const { world, start, failingStores } = await createWorld();

    await expect(start(failingStores()).say()).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect([world.hasKey, world.told]).toEqual([false, [wish]]);
  });

  test("leaves nothing where only its wish cannot be kept, for want of room", async () => {
    const { world, start, left, failingStores } = await createWorld();
    const { put } = failingStores().store;

    expect(await start({ store: { ...world.store, put } }).say()).toBe(true);
    expect([await left(), world.told]).toEqual([[[], [], false], [wish]]);
    expect(world.errors).toMatchObject([{ code: "STORAGE_FULL" }, { code: "STORAGE_FULL" }]);
  });

  test("loses all other things when one cannot be erased, and that one at the next start", async () => {
    const { start, left, failingStores, world } = await createWorld();
    const { blobs } = failingStores();
    await expect(start({ blobs }).say()).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await left()).toEqual([["farewell"], [hash], false]);

    await start().restore();
    expect([await left(), world.told]).toEqual([[["farewell"], [], false], [wish]]);
  });

  test("is not erased again once another device has begun here", async () => {
    const { world, start, left } = await createWorld();
    world.isReachable = false;
    await start().say();
    await world.store.put("active/digits", Uint8Array.of(9));
    world.hasKey = true;
    await start().restore();

    expect(await left()).toEqual([["active/digits", "farewell"], [], true]);
  });

  test("was never here: a start has nothing to tell", async () => {
    const { world, start, left } = await createWorld();
    const farewells = start();
    expect(await farewells.restore()).toBe(false);
    await farewells.tellLate();

    expect([await left(), world.told]).toEqual([[["active/digits", "log/rows/1"], [hash], true], []]);
  });
});
