import { describe, expect, test } from "vitest";
import { NUM_SYMBOLS, WINDOW, windowsOf } from "./characters.js";
import { rolesOf } from "./plays.js";

describe("plays by role", () => {
  test("join what a role says in different scenes, in order", () => {
    const text = "ROMEO:\nBut soft!\nWhat light?\n\nJULIET:\nAy me!\n\nROMEO:\nShe speaks.\n";

    expect(rolesOf(text)).toEqual([
      { name: "ROMEO", text: "But soft!\nWhat light?\nShe speaks." },
      { name: "JULIET", text: "Ay me!" },
    ]);
  });

  test("leave out what is under no role", () => {
    expect(rolesOf("Act one.\n\nA street.\nNight: dark.\n\nROMEO:\nHere.")).toEqual([
      { name: "ROMEO", text: "Here." },
    ]);
  });

  test("read lines that end in carriage return and line feed", () => {
    expect(rolesOf("A:\r\nx\r\n\r\nB:\r\ny")).toEqual([
      { name: "A", text: "x" },
      { name: "B", text: "y" },
    ]);
  });
});

describe("windows of a text", () => {
  test("read a beginning and then the bytes, and want the byte after each", () => {
    const { inputs, targets, numWindows } = windowsOf("ab".repeat(40));

    expect(numWindows).toBe(1);
    expect([...inputs.slice(0, 3)]).toEqual([256n, 97n, 98n]);
    expect([...targets.slice(0, 3)]).toEqual([97n, 98n, 97n]);
    expect(targets.at(-1)).toBe(98n);
  });

  test("follow one another without overlap, and leave the rest out", () => {
    const { inputs, targets, numWindows } = windowsOf("x".repeat(2 * WINDOW + 7));

    expect([numWindows, inputs.length, targets.length]).toEqual([2, 2 * WINDOW, 2 * WINDOW]);
    expect(inputs[WINDOW]).toBe(120n);
  });

  test("take every character as UTF-8, within the symbols of the model", () => {
    const { targets } = windowsOf("é€".repeat(WINDOW));

    expect([...targets.slice(0, 5)]).toEqual([0xc3n, 0xa9n, 0xe2n, 0x82n, 0xacn]);
    expect(targets.every((symbol) => symbol < NUM_SYMBOLS)).toBe(true);
  });
});
