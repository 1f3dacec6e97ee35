import { expect, test } from "vitest";
import type { WindowsData } from "../data/api-types.js";
import { heatRows } from "./heat-map.js";

type Window = WindowsData["windows"][number];

function window(number: number, scores: readonly (number | null)[] | null): Window {
  const cells = scores?.map((score) => ({ verdict: "ok" as const, score })) ?? null;
  return {
    window: number,
    beginsAtMs: number * 10,
    endsAtMs: number * 10 + 10,
    verdict: "ok",
    cells,
  } as Window;
}

function marker(atMs: number, text: string): WindowsData["markers"][number] {
  return { atMs, kind: "release", version: 1, text };
}

function heat(windows: readonly Window[], markers: WindowsData["markers"] = []): WindowsData {
  const shared = { model: "digits", version: 3, cohort: "", features: ["age", "height"] };
  return { ...shared, windows: [...windows], markers } as WindowsData;
}

test("a feature has a cell for every window, none for one that is not shown", () => {
  const { rows } = heatRows(heat([window(1, [0.1, 0.4]), window(2, null), window(3, [0.2, 0])]), String);

  expect(rows.map(({ feature, cells }) => [feature, cells.map((cell) => cell?.level ?? null)])).toEqual([
    ["age", [0.25, null, 0.5]],
    ["height", [1, null, 0]],
  ]);
});

test("a feature that nobody counted in a window has a cell at the lowest level, without a score", () => {
  const { rows } = heatRows(heat([window(1, [0.4, null])]), String);

  expect(rows[1]?.cells).toEqual([{ verdict: "ok", score: null, level: 0 }]);
});

test("a marker stands in the window in which it happened, one between windows in the next", () => {
  const windows = [window(1, [0, 0]), window(3, [0, 0]), window(4, [0, 0])];
  const markers = [marker(5, "before"), marker(19, "within"), marker(25, "between"), marker(99, "after")];

  const { columns } = heatRows(heat(windows, markers), String);

  expect(columns.map((column) => column.markers.map(({ text }) => text))).toEqual([
    ["within"],
    ["between"],
    ["after"],
  ]);
});

test("every sixth column has a label", () => {
  const windows = Array.from({ length: 8 }, (_, at) => window(at, [0, 0]));

  const { columns } = heatRows(heat(windows), (atMs) => `at ${atMs}`);

  expect(columns.flatMap(({ label }) => label ?? [])).toEqual(["at 0", "at 60"]);
});
