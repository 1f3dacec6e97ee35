import type { ModelName, Sha256 } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Of } from "../../blobs/blob-name.js";
import { createMemoryBlobStore } from "../../blobs/memory-blob-store.js";
import { encodeExampleResults } from "../../evaluation/example-results.js";
import type { VersionRecord } from "../../rounds/journal.js";
import { ModelCards } from "../cards/model-cards.js";
import { openRegistryRig, type RegistryRig } from "../testing/registry-rig.js";
import { decodeBundleIndex, encodeBundleIndex, type BundleIndex } from "./bundle-index.js";
import { exportBundle } from "./export-bundle.js";
import { importBundle } from "./import-bundle.js";
import { readBundle } from "./read-bundle.js";
import { decodeTar, encodeTar, type TarFile } from "./tar.js";

let rig: RegistryRig;
/** Another registry, to import into. */
let other: RegistryRig;
let record: VersionRecord;
let bundle: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  rig = await openRegistryRig();
  other = await openRegistryRig();
  const { model } = await rig.importNew("reads digits");
  record = await rig.commitRound(model);
  await evaluate(rig, record);
  bundle = await bundleOf(rig, record);
}, 120_000);
afterAll(async () => {
  await rig.close();
  await other.close();
}, 60_000);

async function evaluate({ store, blobs }: RegistryRig, { model, version }: VersionRecord): Promise<void> {
  const losses = Float32Array.from([0.5, 0.25]);
  const dataSha256 = "ab".repeat(32) as Sha256;
  const results = await blobs.put(encodeExampleResults({ dataSha256, losses, correct: null }));
  const measured = { numExamples: 2, accuracy: null, loss: 0.375, results, evaluatedAtMs: 1 };
  await store.saveEvaluation({
    model: model as ModelName,
    version,
    dataSet: "held-out",
    segment: "",
    ...measured,
  });
}

async function bundleOf(
  { store, blobs, clock }: RegistryRig,
  version: VersionRecord,
): Promise<Uint8Array<ArrayBuffer>> {
  const cards = new ModelCards({ store, blobs, nowMs: () => clock.nowMs() });
  const all = await store.listEvaluations(version.model as ModelName);
  const evaluations = all.filter((one) => one.version === version.version);
  return exportBundle(blobs, { record: version, card: (await cards.card(version)).content, evaluations });
}

function importInto({ store, blobs, clock }: RegistryRig, archive: Uint8Array) {
  return importBundle({ store, blobs, nowMs: () => clock.nowMs() }, archive, "alice");
}

/** The bundle with its files changed, and its index if asked, in a well-formed archive. */
function forged(change: (files: TarFile[]) => TarFile[], changeIndex = (index: BundleIndex) => index) {
  const files = decodeTar(bundle, { maxFiles: 1000 });
  const index = decodeBundleIndex(files[0]?.bytes ?? new Uint8Array(0));
  const first = { name: "bundle.json", bytes: encodeBundleIndex(changeIndex(index)) };
  return encodeTar([first, ...change(files.slice(1))]);
}

const flipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte));

describe("a bundle", () => {
  test("is the same bytes whenever the version is exported", async () => {
    expect(sha256Of(await bundleOf(rig, record))).toBe(sha256Of(bundle));
  });

  test("carries a version to another registry with its number, its bytes and its evaluations", async () => {
    const { record: there, isNew } = await importInto(other, bundle);

    expect([isNew, there.version, there.manifest, there.checkpoint, there.optimizerState]).toEqual([
      true,
      record.version,
      record.manifest,
      record.checkpoint,
      record.optimizerState,
    ]);
    expect(await other.store.listEvaluations(record.model as ModelName)).toEqual(
      await rig.store.listEvaluations(record.model as ModelName),
    );
    expect(await bundleFiles(await bundleOf(other, there))).toEqual(await bundleFiles(bundle));
  });

  test("of a version that a round made carries what explains it, as the import made it", () => {
    const { manifest, blobs } = readBundle(bundle);

    const { sha256 } = manifest.graphs.attribution ?? {};
    expect(blobs.map(sha256Of)).toContain(sha256);
  });

  test("that is here already changes nothing", async () => {
    const again = await importInto(rig, bundle);

    expect([again.isNew, again.record]).toEqual([false, record]);
  });

  test("of an older version than the newest here is refused", async () => {
    const { model } = await rig.importNew();
    const second = await bundleOf(rig, await rig.commitRound(model));
    await importInto(other, await bundleOf(rig, await rig.commitRound(model)));

    await expect(importInto(other, second)).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
  });
});

/** Names and hashes of what belongs to the version itself. */
function bundleFiles(archive: Uint8Array): string[] {
  return decodeTar(archive, { maxFiles: 1000 })
    .filter(({ name }) => name.startsWith("blobs/") || name === "manifest.json")
    .map(({ name, bytes }) => `${name} ${sha256Of(bytes)}`);
}

describe("a bundle is refused, and nothing of it is stored", () => {
  test.each([
    [
      "S18: a file that its index does not name",
      () => forged((files) => [...files, extra()]),
      /extra, which its index/,
    ],
    ["S18: a missing file", () => forged((files) => files.slice(0, -1)), /missing or out of place/],
    ["S18: files in another order", () => forged((files) => [...files].reverse()), /missing or out of place/],
    [
      "S4: one bit of a blob flipped",
      () =>
        forged((files) =>
          files.map((file) => (isBlob(file) ? { ...file, bytes: flipped(file.bytes) } : file)),
        ),
      /not what its index says/,
    ],
    [
      "S3: the manifest of another version",
      () =>
        forged(
          (files) => files,
          (index) => ({ ...index, version: index.version + 1 }),
        ),
      /that of another version/,
    ],
    [
      "S10: the manifest of another model",
      () =>
        forged(
          (files) => files,
          (index) => ({ ...index, model: "other" as ModelName }),
        ),
      /that of another version/,
    ],
    [
      "S18: a blob that nothing in it names",
      () =>
        forged(
          (files) => [...files, { name: `blobs/${sha256Of(extra().bytes)}`, bytes: extra().bytes }],
          (index) => ({
            ...index,
            blobs: [...index.blobs, { sha256: sha256Of(extra().bytes) as Sha256, sizeBytes: 5 }],
          }),
        ),
      /blobs are not those/,
    ],
    ["S5: the truncated archive", () => bundle.subarray(0, bundle.length - 700), /truncated|refused/],
    ["S5: the padded archive", () => padded(bundle), /refused/],
    ["no archive at all", () => new TextEncoder().encode("not a tar file ".repeat(200)), /refused/],
    ["an empty file", () => new Uint8Array(0), /refused/],
  ])("%s", async (_name, make, message) => {
    const blobs = createMemoryBlobStore();
    const importing = importBundle({ store: other.store, blobs, nowMs: () => 0 }, make(), "mallory");

    await expect(importing).rejects.toMatchObject({ code: "DATA_CORRUPT" });
    await expect(importing).rejects.toThrow(message);
    expect(await blobs.list()).toEqual([]);
  });

  test("S19: a graph that is no ONNX model, with every hash right", () => {
    expect(() => readBundle(withGraph(new TextEncoder().encode("no graph")))).toThrow(
      expect.objectContaining({ code: "ONNX_MALFORMED" }) as Error,
    );
  });

  test("S19: weights that announce gigabytes, with every hash right", () => {
    const header = JSON.stringify({ w: { dtype: "F32", shape: [1e9], data_offsets: [0, 4e9] } });
    const bytes = new Uint8Array(8 + header.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);

    expect(() => readBundle(withCheckpoint(bytes))).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }) as Error,
    );
  });
});

function extra(): TarFile {
  return { name: "extra", bytes: new TextEncoder().encode("extra") };
}

function isBlob({ name }: TarFile): boolean {
  return name.startsWith("blobs/");
}

function padded(archive: Uint8Array): Uint8Array {
  const longer = new Uint8Array(archive.length + 512);
  longer.set(archive);
  return longer;
}

const withGraph = (graph: Uint8Array): Uint8Array =>
  rebuilt((manifest, ref) => ({ ...manifest, graphs: { infer: ref } }), graph);
const withCheckpoint = (checkpoint: Uint8Array): Uint8Array =>
  rebuilt((manifest, ref) => ({ ...manifest, checkpoint: ref }), checkpoint);

type Json = Record<string, unknown>;

/** The bundle of a manifest that names one blob of ours, with all hashes made anew and nothing else in it. */
function rebuilt(
  change: (manifest: Json, ref: { sha256: string; sizeBytes: number }) => Json,
  blob: Uint8Array,
) {
  const files = decodeTar(bundle, { maxFiles: 1000 });
  const bytesOf = (name: string): Uint8Array =>
    files.find((file) => file.name === name)?.bytes ?? new Uint8Array(0);
  const refOf = (bytes: Uint8Array) => ({ sha256: sha256Of(bytes) as Sha256, sizeBytes: bytes.length });
  const manifest = JSON.parse(new TextDecoder().decode(bytesOf("manifest.json"))) as Json;
  const changed = change(manifest, refOf(blob));
  const manifestBytes = new TextEncoder().encode(JSON.stringify(changed));
  const named = JSON.stringify([changed["graphs"], changed["checkpoint"]]);
  const blobs = [...files.filter(isBlob).map(({ bytes }) => bytes), blob]
    .filter((bytes) => named.includes(sha256Of(bytes)))
    .sort((one, two) => (sha256Of(one) < sha256Of(two) ? -1 : 1));
  const index = decodeBundleIndex(bytesOf("bundle.json"));
  const evaluations: BundleIndex["evaluations"] = [];
  const next = {
    ...index,
    evaluations,
    optimizerState: null,
    manifest: refOf(manifestBytes),
    blobs: blobs.map(refOf),
  };
  return encodeTar([
    { name: "bundle.json", bytes: encodeBundleIndex(next) },
    { name: "manifest.json", bytes: manifestBytes },
    { name: "card.json", bytes: bytesOf("card.json") },
    { name: "card.md", bytes: bytesOf("card.md") },
    ...blobs.map((bytes) => ({ name: `blobs/${sha256Of(bytes)}`, bytes })),
  ]);
}
