import { expect, test } from "vitest";
import { servedByModel } from "./served-versions.js";

test("versions are counted model by model, the newest first", () => {
  expect(servedByModel({ "b@2": 5, "a@1": 1, "b@10": 7 })).toEqual([
    { model: "a", shares: [{ name: "version 1", value: 1, colour: "serving-version" }] },
    {
      model: "b",
      shares: [
        { name: "version 10", value: 7, colour: "serving-version" },
        { name: "version 2", value: 5, colour: "serving-version" },
      ],
    },
  ]);
});

test("from the sixth version on, versions share a line", () => {
  const counts = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((version) => [`m@${version}`, version]));

  const shares = servedByModel(counts)[0]?.shares ?? [];

  expect(shares.map(({ name, value }) => [name, value])).toEqual([
    ["version 7", 7],
    ["version 6", 6],
    ["version 5", 5],
    ["version 4", 4],
    ["version 3", 3],
    ["older versions", 1 + 2],
  ]);
});
