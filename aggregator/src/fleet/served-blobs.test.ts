import type { BlobRef, ModelManifest, Sha256 } from "@fedge/protocol";
import { expect, test } from "vitest";
import { servedBlobs } from "./served-blobs.js";

const blob = (digit: string): BlobRef => ({ sha256: digit.repeat(64) as Sha256, sizeBytes: 1 });
const trained = {
  ...{ checkpoint: blob("1"), graphs: { infer: blob("2"), train: blob("3") } },
  ...{ profile: blob("4"), goldenFeatures: blob("5") },
} as ModelManifest;

test("devices get a profile and the rows that prove it, also of a version that a round made", () => {
  const hashes = servedBlobs(blob("0"), trained).map(({ sha256 }) => sha256[0]);

  expect(hashes).toEqual(["0", "1", "2", "5", "4"]);
});

test("golden rows that are both answers and features are one blob", () => {
  const attached = { ...trained, golden: { tensors: blob("5"), tolerance: 0.1 } };

  expect(servedBlobs(blob("0"), attached).filter(({ sha256 }) => sha256[0] === "5")).toHaveLength(1);
});

test("devices get what explains a version, if there is such a graph", () => {
  const explained = { ...trained, graphs: { ...trained.graphs, attribution: blob("6") } };

  expect(servedBlobs(blob("0"), explained).map(({ sha256 }) => sha256[0])).toContain("6");
});
