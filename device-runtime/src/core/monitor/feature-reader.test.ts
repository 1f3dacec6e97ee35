import type { NumericFeature, ReferenceProfile } from "@fedge/protocol/profile";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { numericFeature, sampleProfile } from "../../testing/sample-profile.js";
import { FeatureReader } from "./feature-reader.js";
import { RowBatch } from "./row-batch.js";
import { watchedProfile } from "./watched-feature.js";

const EDGES = [-1, -0.5, 0, Number.MIN_VALUE, 1, 2.5];

/** Numbers of the tensor `x`, of one that is not there, and of places beyond its width. */
function profileOf(): Promise<ReferenceProfile> {
  const value = (name: string, at: number) =>
    ({ take: "value", of: name === "y" ? "output" : "input", name, at }) as const;
  const sampleNumeric = ({ edges, ...change }: Partial<NumericFeature> & { edges: number[] }) =>
    numericFeature({ required: false, ...change, edges, counts: Array(edges.length + 4).fill(0) });
  const features = [
    sampleNumeric({ name: "a", edges: EDGES, source: value("x", 0), mean: 0.25, std: 0.5 }),
    sampleNumeric({ name: "b", edges: [0, 1], source: value("x", 1), required: true, std: 0 }),
    sampleNumeric({ name: "c", edges: EDGES, source: value("x", 2), range: { min: -0.75, max: 2 } }),
    sampleNumeric({ name: "beyond", edges: EDGES, source: value("x", 7), required: true }),
    sampleNumeric({ name: "nowhere", edges: EDGES, source: value("z", 0) }),
    sampleNumeric({ name: "mean", edges: EDGES, source: { take: "mean", of: "input", name: "x" } }),
    sampleNumeric({ name: "out", edges: EDGES, source: value("y", 0) }),
  ];
  return sampleProfile(nodeDigest, { features });
}

test("reading features together notes what each alone does, whatever the values", async () => {
  const { features } = watchedProfile(await profileOf());
  const places = Uint8Array.from(features.keys());
  const reader = new FeatureReader(features, places);
  const special = fc.constantFrom(...EDGES, -0, Number.NaN, Infinity, -Infinity, 1e300, -1e300, 2);
  const values = fc.array(fc.oneof(special, fc.double()), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(values, fc.boolean(), (data, isSingle) => {
      const numbers = isSingle ? Float32Array.from(data) : Float64Array.from(data);
      const rows = {
        inputs: { x: { shape: [2, 3], data: numbers as Float32Array } },
        outputs: { y: { shape: [2], data: BigInt64Array.of(1n, -2n) } },
        ...{ label: null, fields: {}, latencyUs: null },
      };
      const [together, alone] = [new RowBatch(features.length), new RowBatch(features.length)];
      for (const batch of [together, alone]) batch.begin(2);

      reader.read(together, rows);

      for (const row of [0, 1])
        for (const [place, watched] of features.entries()) alone.note(row, place, watched, rows, row);
      for (const name of ["cells", "sums", "squares"] as const)
        expect([...together[name]]).toEqual([...alone[name]]);
    }),
  );
});
