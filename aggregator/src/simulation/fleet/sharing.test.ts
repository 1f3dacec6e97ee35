import type { ServingEngine } from "@fedge/device-runtime";
import type { ModelManifest, Sha256 } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { InternedBlobs } from "./interned-blobs.js";
import { SharedServing } from "./shared-serving.js";

const sha256 = "a".repeat(64) as Sha256;

describe("InternedBlobs", () => {
  test("a device finds only what it stored itself", async () => {
    const blobs = new InternedBlobs();
    const [ana, bo] = [blobs.newStore(), blobs.newStore()];

    await ana.put(sha256, Uint8Array.of(1));

    expect([await ana.has(sha256), await bo.has(sha256)]).toEqual([true, false]);
    expect(await bo.get(sha256)).toBeUndefined();
    expect(await bo.list()).toEqual([]);
  });

  test("bytes stay until the last owner deletes them", async () => {
    const blobs = new InternedBlobs();
    const [ana, bo] = [blobs.newStore(), blobs.newStore()];
    await ana.put(sha256, Uint8Array.of(1));
    await bo.put(sha256, Uint8Array.of(1));
    await bo.put(sha256, Uint8Array.of(1));

    await ana.delete(sha256);
    expect(await bo.get(sha256)).toEqual(Uint8Array.of(1));

    await bo.delete(sha256);
    expect(blobs.size).toBe(0);
  });
});

describe("SharedServing", () => {
  const bundle = (checkpoint: string): Parameters<ServingEngine["load"]>[0] => ({
    manifest: {
      graphs: { infer: { sha256, sizeBytes: 1 } },
      checkpoint: { sha256: checkpoint.repeat(64), sizeBytes: 1 },
    } as unknown as ModelManifest,
    program: new Uint8Array(0),
    tensors: [],
  });
  const setUp = () => {
    const log: string[] = [];
    const engine = new SharedServing({
      name: "fake",
      form: "onnx",
      load: ({ manifest }) => {
        const name = manifest.checkpoint.sha256[0] ?? "";
        log.push(`load ${name}`);
        if (name === "f") return Promise.reject(new Error("refused"));
        return Promise.resolve({
          run: () => Promise.resolve({}),
          close: () => Promise.resolve(void log.push(`close ${name}`)),
        });
      },
    });
    return { engine, log };
  };

  test("loads a version once and closes it with its last user", async () => {
    const { engine, log } = setUp();
    const [one, other] = await Promise.all([engine.load(bundle("b")), engine.load(bundle("b"))]);

    await one.close();
    await one.close();
    expect(log).toEqual(["load b"]);

    await other.close();
    expect(log).toEqual(["load b", "close b"]);
  });

  test("loads other versions beside it, and one that was closed anew", async () => {
    const { engine, log } = setUp();
    await (await engine.load(bundle("b"))).close();

    await engine.load(bundle("c"));
    await engine.load(bundle("b"));

    expect(log).toEqual(["load b", "close b", "load c", "load b"]);
  });

  test("a version that could not be loaded is tried again", async () => {
    const { engine, log } = setUp();

    await expect(engine.load(bundle("f"))).rejects.toThrow("refused");
    await expect(engine.load(bundle("f"))).rejects.toThrow("refused");

    expect(log).toEqual(["load f", "load f"]);
  });
});
