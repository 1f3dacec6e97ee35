import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { suppressedCohorts, type CohortSize } from "./suppression.js";

const sizesOf = (sizes: Readonly<Record<string, number>>): CohortSize[] =>
  Object.entries(sizes).map(([cohort, numDevices]) => ({ cohort, numDevices }));
const suppressed = (sizes: Readonly<Record<string, number>>, overlaps: [string, string, number][] = []) =>
  Object.fromEntries(
    suppressedCohorts(
      sizesOf(sizes),
      overlaps.map(([first, second, numDevices]) => ({ first, second, numDevices })),
      50,
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

  test("when it differs from another attribute's by too few devices", () => {
    const sizes = { "": 300, "os=a": 100, "os=b": 200, "region=x": 110, "region=y": 190 };
    const overlaps: [string, string, number][] = [
      ["os=a", "region=x", 100],
      ["os=b", "region=x", 10],
      ["os=b", "region=y", 190],
    ];

    expect(suppressed(sizes, overlaps)).toMatchObject({ "os=a": "overlap" });
  });

  test("but cohorts of the same devices show nothing more than one of them", () => {
    const overlaps: [string, string, number][] = [["os=a", "region=x", 100]];

    expect(
      suppressed({ "": 200, "os=a": 100, "os=b": 100, "region=x": 100, "region=y": 100 }, overlaps),
    ).toEqual({});
  });
});

test("no cell below the minimum is shown, nor found by taking those of one attribute from the whole", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, sizes, (first, second) => {
      const total = first.reduce((sum, size) => sum + size, 0);
      // The second attribute divides the same devices.
      const scaled = [...second.slice(1), 0].map((size) => Math.floor((size * total) / 2000));
      scaled[scaled.length - 1] = total - scaled.reduce((sum, size) => sum + size, 0);
      const named = (attribute: string, all: readonly number[]): CohortSize[] =>
        all.flatMap((numDevices, at) =>
          numDevices === 0 ? [] : [{ cohort: `${attribute}=${at}`, numDevices }],
        );
      const cohorts = [{ cohort: "", numDevices: total }, ...named("a", first), ...named("b", scaled)];
      const hidden = suppressedCohorts(cohorts, [], 50);

      const isShown = ({ cohort }: CohortSize): boolean => !hidden.has(cohort);
      for (const cohort of cohorts.filter(isShown)) expect(cohort.numDevices).toBeGreaterThanOrEqual(50);
      if (hidden.has("")) return;
      for (const attribute of ["a", "b"]) {
        const own = cohorts.filter(({ cohort }) => cohort.startsWith(`${attribute}=`));
        const rest = total - own.filter(isShown).reduce((sum, { numDevices }) => sum + numDevices, 0);
        expect(rest === 0 || rest >= 50).toBe(true);
      }
    }),
  );
});
