import {
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type ModelName,
  type NamedTensor,
} from "@fedge/protocol";
import { checkSkew, decodeProfile, type ReferenceProfile } from "@fedge/protocol/profile";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildProfile } from "../../drift/profiles/build-profile.js";
import { draftFeatures } from "../../drift/profiles/feature-drafts.js";
import type { VersionRecord } from "../../rounds/journal.js";
import { manifestBlobs } from "../cards/model-card.js";
import { openRegistryRig, type RegistryRig } from "../testing/registry-rig.js";
import { attachProfile } from "./attach-profile.js";
import {
  decodeProfilePackage,
  encodeProfilePackage,
  packageOf,
  type ProfilePackage,
} from "./profile-package.js";

let rig: RegistryRig;
beforeAll(async () => {
  rig = await openRegistryRig();
}, 240_000);
afterAll(() => rig.close());

const manifestOf = async ({ manifest }: VersionRecord) =>
  decodeManifest(await rig.blobs.get(manifest.sha256));
function bytesOf(ref: BlobRef | undefined): Promise<Uint8Array> {
  if (ref === undefined) throw new Error("the manifest names no such blob");
  return rig.blobs.get(ref.sha256);
}
const tensor = (name: string, shape: number[], ...values: number[]): NamedTensor => ({
  ...{ name, elementType: "float32", shape, data: Float32Array.from(values) },
});

const GOLDEN_ROWS = [tensor("inputs/input", [1, 4], 1, 0, 2, 0), tensor("outputs/logits", [1, 3], 1, 2, 3)];

/** A profile of the rig's model: four numbers in, three logits out. */
async function packageFor(model: string, change: Partial<ReferenceProfile> = {}): Promise<ProfilePackage> {
  const shape = {
    inputs: [{ name: "input", elementType: "float32" as const, shape: [null, 4] }],
    outputs: [{ name: "logits", elementType: "float32" as const, shape: [null, 3] }],
  };
  const { profile } = await buildProfile({
    ...{ model: model as ModelName, shape, predict: null, origin: "a test", seed: "s" },
    drafts: draftFeatures(shape, { fields: [], hasLabel: false, hasOutputs: false }),
    data: async function* batches() {
      const input = { shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
      yield await Promise.resolve({ numRows: 2, inputs: { input }, label: null, fields: [] });
    },
  });
  return packageOf({ ...profile, reviewedBy: "ada", ...change }, GOLDEN_ROWS, 0.001);
}

const attach = (base: VersionRecord, given: ProfilePackage): Promise<VersionRecord> =>
  attachProfile({ ...rig, nowMs: () => rig.clock.nowMs() }, base, { package: given, actor: "ada" });

test("the next version has the profile, the golden rows and everything else of the one before", async () => {
  const base = await rig.importNew();

  const made = await attach(base, await packageFor(base.model));

  const [old, manifest] = [await manifestOf(base), await manifestOf(made)];
  expect([made.version, made.parentVersion, made.checkpoint]).toEqual([2, 1, base.checkpoint]);
  const { profile: _profile, golden: _golden, goldenFeatures: _features, ...others } = manifest;
  expect({ ...others, version: 1, lineage: old.lineage }).toEqual(old);
  const profile = decodeProfile(await bytesOf(manifest.profile));
  const golden = decodeSafetensors(await bytesOf(manifest.golden?.tensors)).tensors;
  expect(checkSkew(profile, golden)).toBeNull();
  expect(golden.find(({ name }) => name === "features/input[2]")?.data).toEqual(Float64Array.of(2));
});

test("what keeps, exports and publishes a version knows its profile", async () => {
  const base = await rig.importNew();
  const manifest = await manifestOf(await attach(base, await packageFor(base.model)));

  const hashes = manifestBlobs(manifest).map(({ sha256 }) => sha256);

  expect(hashes).toEqual(expect.arrayContaining([manifest.profile?.sha256, manifest.goldenFeatures?.sha256]));
});

test("a round that begins with a monitored version gives one, and what proves a device's features stays", async () => {
  const base = await rig.importNew();
  const monitored = await manifestOf(await attach(base, await packageFor(base.model)));

  const trained = await manifestOf(await rig.commitRound(base.model));

  expect(trained.version).toBe(3);
  expect([trained.profile, trained.golden]).toEqual([monitored.profile, undefined]);
  const rows = decodeSafetensors(await bytesOf(trained.goldenFeatures)).tensors;
  expect(checkSkew(decodeProfile(await bytesOf(trained.profile)), rows)).toBeNull();
});

test("a profile that does not fit makes no version", async () => {
  const base = await rig.importNew();
  const good = await packageFor(base.model);
  const [first, ...others] = good.profile.features;
  if (first === undefined) throw new Error("the profile has features");
  const stray = { ...first, source: { take: "mean", of: "input", name: "other" } as const };
  const rows = (good.golden?.tensors ?? []).map((one) =>
    one.name === "features/input[0]" ? { ...one, data: Float64Array.of(7) } : one,
  );

  await expect(attach(base, await packageFor("another"))).rejects.toThrow('of model "another"');
  await expect(
    attach(base, { ...good, profile: { ...good.profile, features: [stray, ...others] } }),
  ).rejects.toThrow("a tensor that the model does not have");
  await expect(attach(base, { ...good, golden: { tensors: rows, tolerance: 1 } })).rejects.toThrow(
    'feature "input[0]" is 1 here for golden row 0, where 7 is expected',
  );
  expect((await rig.store.latestVersion(base.model as ModelName))?.version).toBe(1);
});

const INPUT = { of: "input", name: "input" } as const;

test.each([
  [
    "number 77 of a row of 4",
    { take: "value", ...INPUT, at: 77 },
    'number 77 of a row of input "input", which has 4, counted',
  ],
  ["number 4, for the first is number 0", { take: "value", ...INPUT, at: 4 }, "which has 4, counted from 0"],
  [
    "number 3 of three outputs",
    { take: "value", of: "output", name: "logits", at: 3 },
    'output "logits", which has 3',
  ],
] as const)(
  "a profile with a feature that the model has not makes no version: %s",
  async (_, source, words) => {
    const base = await rig.importNew();
    const { profile } = await packageFor(base.model);
    const features = profile.features.map((one, at) => (at === 0 ? { ...one, source } : one));
    const strayed = packageOf({ ...profile, features }, GOLDEN_ROWS, 0.001);

    await expect(attach(base, strayed)).rejects.toMatchObject({
      code: "PROFILE_INVALID",
      message: expect.stringContaining(words) as unknown,
    });
  },
);

test("golden rows without a single value of a feature prove nothing of it", async () => {
  const base = await rig.importNew();
  const { profile } = await packageFor(base.model);
  const noNumber = GOLDEN_ROWS.map((one) =>
    one.name === "inputs/input" ? tensor(one.name, [1, 4], 1, 0, Number.NaN, 0) : one,
  );

  await expect(attach(base, packageOf(profile, noNumber, 0.001))).rejects.toThrow(
    'feature "input[2]" has no value in any golden row, so they prove nothing of it',
  );
});

test("counts that are not of the profile's rows are refused when it arrives", async () => {
  const given = await packageFor("digits", { numRows: 3 });

  expect(() => decodeProfilePackage(encodeProfilePackage(given, null))).toThrow(
    'the counts of feature "input[0]" are 2, fewer than the 3 rows',
  );
});

test("only the newest version can be given a profile", async () => {
  const base = await rig.importNew();
  await attach(base, await packageFor(base.model));

  await expect(attach(base, await packageFor(base.model))).rejects.toMatchObject({
    code: "VERSION_CONFLICT",
  });
});

test("a package is what its bytes say, with and without a model", async () => {
  const given = await packageFor("digits");

  for (const onnx of [null, Uint8Array.of(1, 2, 3)])
    expect(decodeProfilePackage(encodeProfilePackage(given, onnx))).toEqual({ ...given, onnx });
});

test("a package is refused when nobody reviewed it or its cells were changed afterwards", async () => {
  const [unread, moved] = [
    await packageFor("digits", { reviewedBy: null }),
    await packageFor("digits", { layoutSha256: "0".repeat(64) }),
  ];

  expect(() => decodeProfilePackage(encodeProfilePackage(unread, null))).toThrow("nobody has reviewed it");
  expect(() => decodeProfilePackage(encodeProfilePackage(moved, null))).toThrow("was changed after");
});
