import { expect, test } from "vitest";
import { unseenOf } from "./suggestion-comparison.js";
import { typedByPersonas } from "./typed-text.js";

test("a sentence is unseen that stands word for word in no device's text", () => {
  const byDevice = [["see you soon", "good night"], ["the train is late"]];

  expect(unseenOf({ byDevice, heldOut: ["good night", "the train is", "see you soon"] })).toEqual([
    "the train is",
  ]);
});

test("of 600 sentences of people whom no device types as, 145 are everyday phrases that some device has, too", () => {
  const text = typedByPersonas("1", 100);

  expect([text.heldOut.length, unseenOf(text).length]).toEqual([600, 455]);
});
