import { expect, test } from "vitest";
import type { WindowsData } from "../data/api-types.js";
import { hiddenOf, layoutText } from "./hidden.js";

type Window = WindowsData["windows"][number];

function window(
  beginsAtMs: number,
  suppressed: Window["suppressed"],
  withheld: Window["withheld"] = [],
): Window {
  return { beginsAtMs, suppressed, withheld } as unknown as Window;
}

test("a cohort that is hidden in several windows for one reason is one line with the last of them", () => {
  const small = { cohort: "platform=node", reason: "below-minimum" as const };
  const rest = { cohort: "", reason: "complement" as const };

  const hidden = hiddenOf([window(10, [small]), window(30, [small, rest]), window(20, [])], 50);

  expect(hidden.map(({ what, numWindows, lastAtMs }) => [what, numWindows, lastAtMs])).toEqual([
    ["platform = node", 2, 30],
    ["whole fleet", 1, 30],
  ]);
  expect(hidden[0]?.text).toBe("fewer than 50 devices counted");
});

test("what too few devices of a shown cohort counted is named with the cohort", () => {
  const withheld = ["labels", "feature:price"].map((part) => ({
    ...{ cohort: "", part, reason: "below-minimum" as const },
  }));

  const hidden = hiddenOf([window(10, [], withheld)], 50);

  expect(hidden.map(({ what }) => what)).toEqual(["labels, whole fleet", "price, whole fleet"]);
});

test("versions that count in different cells are said to be apart", () => {
  const layouts = [
    { version: 4, layoutSha256: "b" },
    { version: 3, layoutSha256: "a" },
    { version: 2, layoutSha256: "a" },
  ];

  expect(layoutText(layouts)).toContain("version 4 and versions 2, 3 count in different cells");
});

test("versions of one layout still have each its own reference", () => {
  const layouts = [2, 1].map((version) => ({ version, layoutSha256: "a" }));

  expect(layoutText(layouts)).toContain("versions 1, 2 count in the same cells");
});
