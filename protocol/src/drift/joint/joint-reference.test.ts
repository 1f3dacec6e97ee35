import { describe, expect, test } from "vitest";
import { logWeightedChiSquaredTail, weightedChiSquared } from "../special/weighted-chi-squared.js";
import { JOINT, fixtureFeatures } from "../testing/joint-reference.js";
import { classifierBasis } from "./classifier-basis.js";
import { tellApart } from "./domain-classifier.js";
import { chanceOf, distanceFrom } from "./embedding-distance.js";
import { copulaRows, correlationRoot, type CellRows } from "./gaussian-copula.js";
import { hermiteCoefficients, latentCorrelation } from "./latent-correlation.js";
import { logisticRegression } from "./logistic-regression.js";
import { meanCosines } from "./random-cosines.js";
import { scoredCells } from "./scored-cells.js";

/** Both sides iterate to the zero of a gradient. */
const ITERATIVE = 1e-8;

const features = fixtureFeatures();
const rowsOf = (cells: readonly number[]): CellRows => {
  return { numRows: cells.length / 3, numFeatures: 3, cells: Uint8Array.from(cells) };
};

function expectEach(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-10): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, at) => {
    expect(Math.abs((actual[at] as number) - value)).toBeLessThanOrEqual(tolerance);
  });
}

describe("as SciPy and NumPy have it", () => {
  test("cells score the normal quantile of their middle rank, and what is no value scores 0", () => {
    features.forEach((feature, at) => expectEach(scoredCells(feature).scores, JOINT.scores[at] ?? []));
  });

  test.each(JOINT.latent)(
    "the correlation behind cells $one and $other is $correlation",
    ({ one, other, correlation, meanProduct }) => {
      const series = features.map((feature) => hermiteCoefficients(scoredCells(feature)));

      const found = latentCorrelation(series[one]!, series[other]!, meanProduct);

      // SciPy integrates the bivariate normal to about 1e-5; a hundred terms leave less than 1e-3 out.
      expect(found).toBeCloseTo(correlation, 3);
    },
  );

  test("rows of a copula are those that the same normals give", () => {
    const scored = features.map(scoredCells);
    const root = correlationRoot(JOINT.correlations, 3)!;

    const { cells } = copulaRows(scored, root, Float64Array.from(JOINT.copula.normals));

    expect([...cells]).toEqual(JOINT.copula.cells);
  });

  test("logistic regression finds the weights of the least penalised loss", () => {
    const { values, labels, ridge, weights } = JOINT.logistic;
    const rows = { numColumns: 3, values: Float64Array.from(values), labels: Uint8Array.from(labels) };

    expectEach(logisticRegression(rows, ridge), weights, ITERATIVE);
  });

  test.each(JOINT.classifier)(
    "rows are told apart by the rank test of held-out scores: $name",
    ({ reference, current, than, auc, logPValue }) => {
      const basis = classifierBasis(features, JOINT.correlations);

      const found = tellApart(basis, { reference: rowsOf(reference), current: rowsOf(current) }, than);

      expect(found?.auc).toBeCloseTo(auc, 10);
      expect(found?.logPValue).toBeCloseTo(logPValue, 8);
    },
  );

  test("the distance of mean cosines, what chance gives it and its p-value", () => {
    const { width, weights, phases, reference, current, covariance, ...expected } = JOINT.vectors;
    const cosines = { weights: Float64Array.from(weights), phases: Float64Array.from(phases) };

    const byChance = chanceOf(Float64Array.from(covariance), phases.length);
    const mean = meanCosines(cosines, Float64Array.from(reference), width);
    const now = meanCosines(cosines, Float64Array.from(current), width);
    const found = distanceFrom(
      { mean, numRows: reference.length / width, byChance },
      now,
      current.length / width,
    );

    expectEach(mean, expected.referenceMean);
    expectEach(now, expected.currentMean);
    const { mean: byMean, variance, freedom, excess, logPValue } = expected;
    expectEach([byChance.mean, byChance.variance, byChance.freedom], [byMean, variance, freedom], 1e-9);
    expectEach([found.excess, found.logPValue], [excess, logPValue], 1e-9);
  });

  test.each(JOINT.weightedTails)(
    "P of a weighted sum of chi-squared variables above $x is near Imhof's integral",
    ({ sums: [sum, squares, cubes], x, tail }) => {
      const isExact = squares === 0.25 && cubes === 0.0625;

      const found = Math.exp(logWeightedChiSquaredTail(x, weightedChiSquared(sum, squares, cubes)));

      if (isExact) expect(Math.abs(found / tail - 1)).toBeLessThan(1e-8);
      // Three moments: a hundredth of a p-value around the middle, a tenth of it where it decides.
      else expect(Math.abs(found - tail)).toBeLessThan(Math.max(0.1 * tail, 0.01));
    },
  );
});

describe("a classifier", () => {
  test("says nothing of fewer than twenty rows", () => {
    const basis = classifierBasis(features, JOINT.correlations);
    const [few, many] = [rowsOf(JOINT.copula.cells.slice(0, 57)), rowsOf(JOINT.copula.cells)];

    expect(tellApart(basis, { reference: many, current: few })).toBeNull();
  });

  test("looks at no more than 64 numbers of a row, and at pairs of features however many there are", () => {
    const [first] = features;
    const many = Array.from({ length: 64 }, () => first!);
    const pairs = Array<number>((64 * 63) / 2).fill(0);

    const { columns } = classifierBasis(many, pairs);

    expect(columns).toHaveLength(64);
    expect(columns.filter(({ places }) => places.length === 2)).toHaveLength(32);
  });
});
