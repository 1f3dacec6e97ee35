import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Overlap } from "../drift-store.js";
import { factorLists } from "../testing/factor-lists.js";
import { leastCut } from "./least-cut.js";
import { suppressedCohorts, type CohortSize } from "./suppression.js";

const MIN_DEVICES = 50;

const sizesOf = (sizes: Readonly<Record<string, number>>): CohortSize[] =>
  Object.entries(sizes).map(([cohort, numDevices]) => ({ cohort, numDevices, numReporting: numDevices }));
const suppressed = (sizes: Readonly<Record<string, number>>, overlaps: [string, string, number][] = []) =>
  Object.fromEntries(
    suppressedCohorts(
      sizesOf(sizes),
      overlaps.map(([first, second, num]) => ({ first, second, numDevices: num, numReporting: num })),
      MIN_DEVICES,
    ),
  );

describe("a cohort is not shown", () => {
  test("below the minimum, and one at the minimum is", () => {
    expect(suppressed({ "": 150, "os=a": 100, "os=b": 50 })).toEqual({});
    expect(suppressed({ "": 49, "os=a": 49 })).toEqual({ "": "below-minimum", "os=a": "below-minimum" });
  });

  test("when the whole less the others would show a small one", () => {
    expect(suppressed({ "": 1000, "os=a": 600, "os=b": 360, "os=c": 40 })).toEqual({
      "os=c": "below-minimum",
      "os=b": "complement",
    });
  });

  test("and two small ones hide each other when they are enough together", () => {
    expect(suppressed({ "": 1000, "os=a": 920, "os=b": 40, "os=c": 40 })).toEqual({
      "os=b": "below-minimum",
      "os=c": "below-minimum",
    });
  });

  test("when it differs from another attribute's by too few devices; the first attribute's stay", () => {
    const sizes = { "": 300, "os=a": 100, "os=b": 200, "region=x": 110, "region=y": 190 };
    const overlaps: [string, string, number][] = [
      ["os=a", "region=x", 100],
      ["os=b", "region=x", 10],
      ["os=b", "region=y", 190],
    ];

    expect(suppressed(sizes, overlaps)).toEqual({ "region=x": "overlap", "region=y": "overlap" });
  });

  test("when two of another attribute together differ from it by too few", () => {
    const sizes = { "": 400, "os=a": 150, "os=b": 250, "region=x": 80, "region=y": 75, "region=z": 245 };
    const overlaps: [string, string, number][] = [
      ["os=a", "region=x", 80],
      ["os=a", "region=y", 70],
      // x and y together, less a, would be these five.
      ["os=b", "region=y", 5],
      ["os=b", "region=z", 245],
    ];

    expect(Object.values(suppressed(sizes, overlaps))).toContain("overlap");
  });

  test("but cohorts of the same devices show nothing more than one of them", () => {
    const overlaps: [string, string, number][] = [
      ["os=a", "region=x", 100],
      ["os=b", "region=y", 100],
    ];

    expect(
      suppressed({ "": 200, "os=a": 100, "os=b": 100, "region=x": 100, "region=y": 100 }, overlaps),
    ).toEqual({});
  });

  test("when it would show a device that has no rows, whose labels count all the same", () => {
    const sizes = [
      { cohort: "", numDevices: 100, numReporting: 101 },
      { cohort: "os=a", numDevices: 100, numReporting: 100 },
      { cohort: "os=b", numDevices: 0, numReporting: 1 },
    ];

    expect(Object.fromEntries(suppressedCohorts(sizes, [], MIN_DEVICES))).toEqual({
      "os=a": "complement",
      "os=b": "below-minimum",
    });
  });
});

/** Devices of each pair of cohorts: with rows, and without. */
type Table = readonly (readonly (readonly [number, number])[])[];

const device = fc.oneof(
  { weight: 3, arbitrary: fc.constant([0, 0] as const) },
  { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 2 })) },
  { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 45, max: 120 }), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(0), fc.integer({ min: 1, max: 2 })) },
);
const tables: fc.Arbitrary<Table> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
  .chain(([rows, columns]) =>
    fc.array(fc.array(device, { minLength: columns, maxLength: columns }), {
      ...{ minLength: rows, maxLength: rows },
    }),
  );

function cohortsOf(table: Table): { readonly sizes: CohortSize[]; readonly overlaps: Overlap[] } {
  const overlaps = table.flatMap((row, first) =>
    row.flatMap(([numDevices, numOthers], second) =>
      numDevices + numOthers === 0
        ? []
        : [{ first: `a=${first}`, second: `b=${second}`, numDevices, numReporting: numDevices + numOthers }],
    ),
  );
  const sizes = new Map<string, CohortSize>();
  for (const { first, second, numDevices, numReporting } of overlaps)
    for (const cohort of ["", first, second]) {
      const before = sizes.get(cohort) ?? { cohort, numDevices: 0, numReporting: 0 };
      sizes.set(cohort, {
        cohort,
        numDevices: before.numDevices + numDevices,
        numReporting: before.numReporting + numReporting,
      });
    }
  return { sizes: [...sizes.values()], overlaps };
}

test("no sum or difference of what is shown leaves anybody's counts, or it leaves those of enough devices", () => {
  fc.assert(
    fc.property(tables, (table) => {
      const { sizes, overlaps } = cohortsOf(table);
      const hidden = suppressedCohorts(sizes, overlaps, MIN_DEVICES);
      const shown = sizes.map(({ cohort }) => cohort).filter((cohort) => !hidden.has(cohort));

      for (const factors of factorLists(shown.length)) {
        const factorOf = new Map(shown.map((cohort, at) => [cohort, factors[at] as number]));
        const of = (cohort: string): number => factorOf.get(cohort) ?? 0;
        const left = overlaps.filter(({ first, second }) => of("") + of(first) + of(second) !== 0);
        const numDevices = left.reduce((sum, each) => sum + each.numDevices, 0);
        expect(left.length === 0 || numDevices >= MIN_DEVICES).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test("cohorts are taken back only where they have to be: large ones of two independent attributes are all shown", () => {
  const table = [0, 1, 2].map(() => [0, 1, 2].map((): [number, number] => [60, 0]));
  const { sizes, overlaps } = cohortsOf(table);

  expect(suppressedCohorts(sizes, overlaps, MIN_DEVICES).size).toBe(0);
});

test("the least cut is the least of all divisions of a part of the graph", () => {
  const weight = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(weight, { minLength: 15, maxLength: 15 }),
      (num, all) => {
        const weights = Array.from({ length: num }, () => new Array<number>(num).fill(0));
        let next = 0;
        for (let one = 0; one < num; one += 1)
          for (let other = 0; other < one; other += 1) {
            const given = all[next++] as number;
            (weights[one] as number[])[other] = given;
            (weights[other] as number[])[one] = given;
          }
        const cutOf = (isIn: (node: number) => boolean): number =>
          weights.reduce(
            (sum, row, one) =>
              sum + row.reduce((own, each, other) => own + (isIn(one) && !isIn(other) ? each : 0), 0),
            0,
          );
        const cuts = Array.from({ length: 2 ** num }, (_, set) => cutOf((node) => ((set >> node) & 1) === 1));
        const above = cuts.filter((cut) => cut > 0);

        const found = leastCut(weights);

        expect(found?.weight ?? null).toBe(above.length === 0 ? null : Math.min(...above));
        if (found !== null) expect(cutOf((node) => found.side.has(node))).toBe(found.weight);
      },
    ),
  );
});
