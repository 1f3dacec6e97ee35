import { checkSkew, encodeProfile } from "@fedge/protocol/profile";
import { expect, test } from "vitest";
import { requireReady } from "../../registry/profiles/profile-package.js";
import { sampleDigits } from "./digits.js";
import { sampleKeyboard } from "./keyboard.js";
import { sampleProfile } from "./sample-profile.js";

test("the keyboard's profile tells of lengths, unknown words, suggestions and scores, and of no word typed", async () => {
  const sample = await sampleKeyboard(4);
  const { profile, golden } = await sampleProfile(sample);

  requireReady(profile);
  expect(checkSkew(profile, golden?.tensors ?? [])).toBeNull();
  expect(profile.features.map(({ role, source }) => `${role} ${source.take}`)).toEqual([
    ...[
      "text length",
      "text zero-share",
      "text share-of",
      "prediction argmax",
      "score top-score",
      "label value",
    ],
  ]);
  expect(profile.numRows).toBe(sample.heldOut.numExamples);
  expect(encodeProfile(profile).byteLength).toBeLessThan(16_384);
}, 60_000);

test("the digits' profile describes and projects images, and has every class", async () => {
  const { profile, golden } = await sampleProfile(await sampleDigits(2));

  requireReady(profile);
  expect(checkSkew(profile, golden?.tensors ?? [])).toBeNull();
  const label = profile.features.find(({ role }) => role === "label");
  expect(label).toMatchObject({ categories: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], isClosed: true });
  expect(profile.features.filter(({ role }) => role === "embedding")).toHaveLength(16);
  expect(profile.outcomes).toMatchObject({ numClasses: 10, topK: 5 });
}, 60_000);
