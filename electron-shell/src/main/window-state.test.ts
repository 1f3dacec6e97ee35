import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FIRST_STATE, readWindowState, writeWindowState } from "./window-state.js";

const DISPLAY = { x: 0, y: 0, width: 1920, height: 1080 };
const STATE = { x: 100, y: 50, width: 800, height: 600, isMaximized: false };

describe("the window's place", () => {
  let directory = "";
  let path = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-window-"));
    path = join(directory, "window.json");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("is what was kept, in a file that is written whole", async () => {
    await writeWindowState(path, { ...STATE, isMaximized: true });

    expect(await readWindowState(path, [DISPLAY])).toEqual({ ...STATE, isMaximized: true });
    expect(await readdir(directory)).toEqual(["window.json"]);
  });

  test("is the first one when nothing was kept", async () => {
    expect(await readWindowState(path, [DISPLAY])).toEqual(FIRST_STATE);
  });

  test.each<[string, string]>([
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["text for a number", JSON.stringify({ ...STATE, x: "100" })],
    ["a fraction of a pixel", JSON.stringify({ ...STATE, x: 0.5 })],
    ["a window of no height", JSON.stringify({ ...STATE, height: 0 })],
    ["a number beyond all displays", JSON.stringify({ ...STATE, x: 1e9 })],
    ["a missing field", JSON.stringify({ ...STATE, isMaximized: undefined })],
  ])("is the first one when the file holds %s", async (_, text) => {
    await writeFile(path, text);

    expect(await readWindowState(path, [DISPLAY])).toEqual(FIRST_STATE);
  });

  test.each<[string, object, boolean]>([
    ["left of the display", { x: -800 }, false],
    ["119 pixels into the display", { x: -681 }, false],
    ["120 pixels into the display", { x: -680 }, true],
    ["with its title above the display", { y: -1 }, false],
    ["with its title at the lower edge", { y: 1032 }, true],
    ["with its title below the display", { y: 1033 }, false],
  ])("counts when it is %s: %o, %s", async (_, place, counts) => {
    await writeWindowState(path, { ...STATE, ...place });

    expect(await readWindowState(path, [DISPLAY])).toEqual(counts ? { ...STATE, ...place } : FIRST_STATE);
  });

  test("counts on any of the displays", async () => {
    const place = { ...STATE, x: 2000 };
    await writeWindowState(path, place);

    expect(await readWindowState(path, [DISPLAY, { ...DISPLAY, x: 1920 }])).toEqual(place);
  });
});
