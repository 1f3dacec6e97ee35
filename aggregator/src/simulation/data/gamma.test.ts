import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { seededNormal } from "@fedge/protocol/drift";
import { dirichlet, logGamma } from "./gamma.js";

const DRAWS = 20_000;

const moments = (draw: () => number): { mean: number; variance: number } => {
  const values = Array.from({ length: DRAWS }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / DRAWS;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS };
};

describe("seeded draws", () => {
  test.each([0.1, 0.5, 1, 2.5, 30])("Gamma(%d) has mean and variance equal to its shape", (shape) => {
    const random = createRandom(`gamma ${shape}`);

    const { mean, variance } = moments(() => Math.exp(logGamma(shape, random)));

    // Five standard errors: of the mean sqrt(a/n); of the variance a * sqrt((2 + 6/a)/n), from the kurtosis 6/a.
    expect(Math.abs(mean - shape)).toBeLessThan(5 * Math.sqrt(shape / DRAWS));
    expect(Math.abs(variance - shape)).toBeLessThan(5 * shape * Math.sqrt((2 + 6 / shape) / DRAWS));
  });

  test("the logarithm of Gamma(0.01) has mean digamma(0.01)", () => {
    const random = createRandom("tiny");

    const { mean } = moments(() => logGamma(0.01, random));

    // scipy.special: digamma(0.01) = -100.56088545786868, polygamma(1, 0.01) = 10001.62121353
    expect(Math.abs(mean + 100.56088545786868)).toBeLessThan(5 * Math.sqrt(10001.62121353 / DRAWS));
  });

  test("the standard normal has mean 0 and variance 1", () => {
    const random = createRandom("normal");

    const { mean, variance } = moments(() => seededNormal(random));

    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(DRAWS));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / DRAWS));
  });

  test.each([0.001, 0.3, 100])("a Dirichlet(%d) draw is non-negative, finite and sums to 1", (alpha) => {
    const fractions = dirichlet(50, alpha, createRandom("simplex"));

    expect(fractions.every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    expect(fractions.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
  });

  test("a component of Dirichlet(alpha) over K has variance (K - 1) / (K^2 (K alpha + 1))", () => {
    const random = createRandom("spread");
    const [length, alpha] = [5, 0.4];

    const { mean, variance } = moments(() => dirichlet(length, alpha, random)[0] as number);

    // Mean 1/5, variance 4/(25*3) = 0.05333; the component lies in [0, 1], so 5 % of the variance is ample.
    expect(mean).toBeCloseTo(0.2, 2);
    expect(Math.abs(variance / (4 / 75) - 1)).toBeLessThan(0.05);
  });
});
