import { describe, expect, test } from "vitest";
import { MAX_PROFILE_BYTES, checkProfile, decodeProfile, encodeProfile } from "./reference-profile.js";
import { sampleCategorical, sampleNumeric, sampleProfile } from "./testing/sample-profile.js";

const age = sampleNumeric({ name: "age", edges: [0, 18, 40], counts: [5, 5, 0, 0, 1, 0, 0] });
const colour = sampleCategorical({
  name: "colour",
  categories: ["red", 1, true],
  counts: [4, 3, 2, 1, 0, 0],
});
const profile = sampleProfile([age, colour]);

const refusal = (value: unknown): unknown => {
  try {
    checkProfile(value);
  } catch (error) {
    return error;
  }
  return null;
};

test("a profile is what its bytes say", () => {
  expect(decodeProfile(encodeProfile(profile))).toEqual(profile);
});

test("the bytes do not depend on the order in which a person wrote the fields", () => {
  const shuffled = Object.fromEntries(Object.entries(profile).reverse());

  expect(encodeProfile(shuffled as typeof profile)).toEqual(encodeProfile(profile));
});

test("a field that this version does not know is dropped", () => {
  expect(checkProfile({ ...profile, later: 1 })).toEqual(profile);
});

test.each(["...", ".age", "a..b", "größe", "年齢", "می\u200cروم"])("a feature may be called %s", (name) => {
  expect(() => checkProfile(sampleProfile([{ ...age, name }]))).not.toThrow();
});

describe("is refused", () => {
  test.each<[string, unknown, string]>([
    ["of another format", { ...profile, format: 2 }, "format"],
    ["without features", { ...profile, features: [] }, "features"],
    ["with a name of no characters", sampleProfile([{ ...age, name: "" }]), "features.0.name"],
    ["with a name that no path can hold", sampleProfile([{ ...age, name: ".." }]), "other than . and .."],
    ["with a name of two lines", sampleProfile([{ ...age, name: "age\nheight" }]), "control characters"],
    ["with a name of two paragraphs", sampleProfile([{ ...age, name: "a\u2029b" }]), "control characters"],
    ["with a name that no URL can hold", sampleProfile([{ ...age, name: "a\ud800" }]), "control characters"],
    ["with a mark of direction", sampleProfile([{ ...age, name: "a\u200fb" }]), "turn text"],
    ["with a name that is shown turned around", sampleProfile([{ ...age, name: "a\u202Eb" }]), "turn text"],
    ["with a feature twice", { ...profile, features: [age, age] }, '"age" twice'],
    ["with edges that stand still", sampleProfile([{ ...age, edges: [0, 18, 18] }]), "do not rise"],
    ["with one edge", sampleProfile([{ ...age, edges: [0], counts: [0, 0, 0, 0, 0] }]), "edges"],
    ["with an edge that is no number", sampleProfile([{ ...age, edges: [0, 1, Number.NaN] }]), "edges"],
    [
      "with a count too few",
      sampleProfile([{ ...age, counts: [5, 5, 0, 0, 1, 0] }]),
      "6 counts; its cells are 7",
    ],
    ["with a negative count", sampleProfile([{ ...age, counts: [5, -5, 0, 0, 1, 0, 0] }]), "counts"],
    ["with an empty range", sampleProfile([{ ...age, range: { min: 2, max: 1 } }]), "range is empty"],
    [
      "with a category twice",
      sampleProfile([{ ...colour, categories: ["red", "red", 1] }]),
      "category twice",
    ],
    ["with a negative deviation", sampleProfile([{ ...age, std: -1 }]), "std"],
    ["with a share above 1", sampleProfile([{ ...age, mostly: 1.5 }]), "mostly"],
    [
      "with a source that there is not",
      { ...profile, features: [{ ...age, source: { take: "soul" } }] },
      "source",
    ],
    ["with a hash that is none", { ...profile, layoutSha256: "abc" }, "layoutSha256"],
  ])("%s", (_, value, words) => {
    expect(refusal(value)).toMatchObject({
      code: "PROFILE_INVALID",
      message: expect.stringContaining(words) as unknown,
    });
  });

  test.each<[string, Uint8Array, string]>([
    ["as bytes that are no text", Uint8Array.of(0xff, 0xfe), "not UTF-8 JSON"],
    ["as half a profile", encodeProfile(profile).subarray(0, 40), "not UTF-8 JSON"],
    [
      "before it is read when it is too long",
      new Uint8Array(MAX_PROFILE_BYTES + 1),
      `at most ${MAX_PROFILE_BYTES}`,
    ],
  ])("%s", (_, bytes, words) => {
    expect(() => decodeProfile(bytes)).toThrow(words);
  });
});
