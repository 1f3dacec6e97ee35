import { ManualClock } from "@fedge/device-runtime/testing";
import { describe, expect, test } from "vitest";
import { moveOf } from "../../browser-demo/page/keyboard/grid-moves.js";
import { layerAfter, rowsOf, textOf, type Layer } from "../../browser-demo/page/keyboard/key-layers.js";
import { KeyRepeat } from "../../browser-demo/page/keyboard/key-repeat.js";
import {
  AUTOMATIC_SHIFT,
  afterWriting,
  isShifted,
  tapShift,
} from "../../browser-demo/page/keyboard/shift.js";

const LAYERS: readonly Layer[] = ["letters", "numbers", "symbols"];
const keysOf = (layer: Layer) => rowsOf(layer).flat();
const widthsOf = (layer: Layer) => rowsOf(layer).map((row) => row.map(({ span }) => span));

describe("the layers", () => {
  test.each(LAYERS)("%s: four rows, none wider than twenty halves of a key", (layer) => {
    const totals = widthsOf(layer).map((row) => row.reduce<number>((sum, width) => sum + width, 0));

    expect(totals).toHaveLength(4);
    expect(Math.max(...totals)).toBe(20);
  });

  test.each(LAYERS)("%s: every key has a name of its own", (layer) => {
    const names = keysOf(layer).map(({ name }) => name);

    expect(names.every((name) => name.trim() !== "")).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(LAYERS)("%s: backspace, comma, space, full stop and enter are there", (layer) => {
    const names = keysOf(layer).map(({ name }) => name);

    expect(names).toEqual(expect.arrayContaining(["backspace", "comma", "space", "full stop", "send"]));
  });

  test("all letters of the alphabet are there once", () => {
    const texts = keysOf("letters").flatMap(({ action }) => (action.kind === "write" ? [action.text] : []));

    expect(texts.filter((text) => /[a-z]/.test(text)).sort()).toEqual([..."abcdefghijklmnopqrstuvwxyz"]);
  });

  test("every layer leads back to the letters", () => {
    const leadsTo = (layer: Layer): (Layer | null)[] =>
      keysOf(layer).map(({ action }) => (action.kind === "layer" ? action.layer : null));

    expect([leadsTo("numbers"), leadsTo("symbols")].every((layers) => layers.includes("letters"))).toBe(true);
  });

  test("a space among numbers leads back to the letters, a number does not", () => {
    expect([layerAfter("numbers", " "), layerAfter("numbers", "4")]).toEqual(["letters", "numbers"]);
  });

  test("shift changes letters and leaves signs", () => {
    expect([textOf("a", true), textOf("a", false), textOf(",", true)]).toEqual(["A", "a", ","]);
  });
});

describe("shift", () => {
  test("without a tap, a sentence begins with a capital and goes on without", () => {
    expect([isShifted(AUTOMATIC_SHIFT, true), isShifted(AUTOMATIC_SHIFT, false)]).toEqual([true, false]);
  });

  test("a tap lasts for one character", () => {
    const tapped = tapShift(AUTOMATIC_SHIFT, false, 0);

    expect([isShifted(tapped, false), isShifted(afterWriting(tapped), false)]).toEqual([true, false]);
  });

  test("a tap at the start of a sentence takes the capital away", () => {
    expect(isShifted(tapShift(AUTOMATIC_SHIFT, true, 0), true)).toBe(false);
  });

  test("two taps within 400 ms lock it", () => {
    const locked = tapShift(tapShift(AUTOMATIC_SHIFT, false, 0), false, 400);

    expect(isShifted(afterWriting(afterWriting(locked)), false)).toBe(true);
  });

  test("two slow taps leave it off", () => {
    expect(isShifted(tapShift(tapShift(AUTOMATIC_SHIFT, false, 0), false, 401), false)).toBe(false);
  });

  test("a third tap unlocks it", () => {
    const locked = tapShift(tapShift(AUTOMATIC_SHIFT, false, 0), false, 100);

    expect(isShifted(tapShift(locked, false, 200), false)).toBe(false);
  });
});

describe("arrow keys among the keys", () => {
  // Middles of the rows, from the middle: 10 keys at -9 … 9, 9 keys at -8 … 8.
  const widths = widthsOf("letters");
  const at = (row: number, column: number) => ({ row, column });

  test.each([
    ["right from q to w", at(0, 0), "ArrowRight", at(0, 1)],
    ["left from q: stays", at(0, 0), "ArrowLeft", at(0, 0)],
    ["right from p: stays", at(0, 9), "ArrowRight", at(0, 9)],
    ["to the last of the row", at(1, 3), "End", at(1, 8)],
    ["to the first of the row", at(1, 3), "Home", at(1, 0)],
    ["down from q to a", at(0, 0), "ArrowDown", at(1, 0)],
    ["down from l to backspace", at(1, 8), "ArrowDown", at(2, 8)],
    ["down from v to the space", at(2, 4), "ArrowDown", at(3, 2)],
    ["up from the space to v", at(3, 2), "ArrowUp", at(2, 4)],
    ["up from q: stays", at(0, 0), "ArrowUp", at(0, 0)],
    ["down from the space: stays", at(3, 2), "ArrowDown", at(3, 2)],
  ])("%s", (_, from, key, to) => {
    expect(moveOf(widths, from, key)).toEqual(to);
  });

  test("other keys lead nowhere", () => {
    expect(moveOf(widths, at(0, 0), "a")).toBeNull();
  });
});

describe("a key held down", () => {
  test("acts at once, after 400 ms, and every 60 ms then, until it is let go", () => {
    const clock = new ManualClock(0);
    const actedAtMs: number[] = [];
    const repeat = new KeyRepeat(clock, () => actedAtMs.push(clock.nowMs()));

    repeat.start();
    clock.advance(530);
    repeat.stop();
    clock.advance(10_000);

    expect(actedAtMs).toEqual([0, 400, 460, 520]);
  });

  test("pressed a second time without having been let go, repeats once only", () => {
    const clock = new ManualClock(0);
    const repeat = new KeyRepeat(clock, () => undefined);

    repeat.start();
    repeat.start();

    expect(clock.numTimers).toBe(1);
  });
});
