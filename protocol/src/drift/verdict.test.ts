import { describe, expect, test } from "vitest";
import { createRandom } from "../random.js";
import { decodeDriftOptions, testDrift } from "./index.js";

/** A normal sample from the seeded generator, by the sum of twelve uniforms. */
function normals(seed: string, size: number, shift = 0): number[] {
  const random = createRandom(seed);
  return Array.from({ length: size }, () => {
    let sum = -6 + shift;
    for (let draw = 0; draw < 12; draw += 1) sum += random.unit();
    return sum;
  });
}

describe("the verdict on one pair of samples", () => {
  test("below a hundred rows there is a statistic, but no verdict", () => {
    const result = testDrift("ks", normals("a", 500), normals("b", 99, 3));

    expect(result.verdict).toBe("not_enough_data");
    expect(result.statistic).toBeGreaterThan(0.5);
    expect(result.reason).toMatch(/100 rows/);
  });

  test.each([
    "ks",
    "ks-binned",
    "psi",
    "jensen-shannon",
    "hellinger",
    "wasserstein",
    "welch",
    "total-variation",
  ] as const)("%s: half a deviation in a thousand rows is drift, no change is ok", (method) => {
    expect(testDrift(method, normals("a", 1000), normals("b", 1000, 0.5)).verdict).toBe("drift");
    expect(testDrift(method, normals("a", 1000), normals("b", 1000)).verdict).toBe("ok");
  });

  test("what is more than chance but too small to matter is ok, and says so", () => {
    const result = testDrift("ks", normals("a", 20_000), normals("b", 20_000, 0.1));

    expect(result.pValue).toBeLessThan(1e-6);
    expect(result.verdict).toBe("ok");
    expect(result.reason).toMatch(/below its floor/);
  });

  test("a hundred rows without a change do not alarm, though PSI is above 0.1 for many of them", () => {
    const reference = normals("reference", 5000);
    const results = Array.from({ length: 100 }, (_value, index) =>
      testDrift("psi", reference, normals(`current-${index}`, 100), { bins: 10 }),
    );

    expect(results.filter(({ statistic }) => (statistic ?? 0) > 0.1).length).toBeGreaterThan(15);
    expect(results.filter(({ verdict }) => verdict === "drift").length).toBeLessThanOrEqual(8);
  });

  test("values that go missing are a warning for tests that look at values only, and drift of counts", () => {
    const reference = normals("a", 500);
    const current = normals("b", 500).map((value, index) => (index % 5 === 0 ? null : value));

    expect(testDrift("ks", reference, current)).toMatchObject({
      verdict: "warning",
      reason: "missing values rose from 0.0 % to 20.0 %",
    });
    expect(testDrift("psi", reference, current).verdict).toBe("drift");
  });

  test("texts where numbers are due are broken data, but four of them are an accident", () => {
    const reference = normals("a", 300);
    const withTexts = (count: number) =>
      normals("b", 300).map((value, index) => (index < count ? "n/a" : value));

    expect(testDrift("ks", reference, withTexts(5)).verdict).toBe("broken_data");
    expect(testDrift("ks", reference, withTexts(4)).verdict).toBe("ok");
    expect(testDrift("ks", reference, withTexts(300)).verdict).toBe("broken_data");
    expect(testDrift("ks", reference, withTexts(20), { mostly: 0.9 }).verdict).toBe("ok");
  });

  test("an effect without a test is a warning", () => {
    const options = { permutations: 0 };

    expect(testDrift("mmd", normals("a", 200), normals("b", 200, 2), options)).toMatchObject({
      verdict: "warning",
    });
  });

  test("a new category in a fifth of the rows is drift", () => {
    const reference = Array.from({ length: 400 }, (_value, index) => (index % 2 === 0 ? "red" : "blue"));
    const current = reference.map((value, index) => (index % 5 === 0 ? "green" : value));

    expect(testDrift("chi-squared", reference, current)).toMatchObject({
      verdict: "drift",
      effect: { name: "Cramér's V" },
    });
  });

  test("p-values below the smallest double come with their logarithm", () => {
    const result = testDrift(
      "chi-squared",
      { categories: { a: 90_000, b: 10 } },
      { categories: { a: 10, b: 70_000 } },
    );

    expect(result.pValue).toBe(0);
    expect(result.logPValue).toBeLessThan(-70_000);
  });
});

test("options are checked by name and range", () => {
  expect(decodeDriftOptions(undefined)).toMatchObject({ alpha: 0.05, minRows: 100, adwin: { clock: 32 } });
  for (const wrong of [{ alpha: 0 }, { aplha: 0.1 }, { bins: 1 }, { adwin: { delta: 2 } }, []]) {
    expect(() => decodeDriftOptions(wrong)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  }
});
