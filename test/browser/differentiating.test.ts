import { buildTrainingGraphs, type TrainingOptions } from "@fedge/onnx-autodiff";
import { cnn, gru, transformer } from "@fedge/onnx-autodiff/zoo";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const MODELS = [
  ["a CNN", cnn({ side: 8, filters: [2, 3], hidden: 4 })],
  ["a GRU", gru({ vocabulary: 20, steps: 4, embedding: 3, hidden: 5 })],
  ["a transformer", transformer({ vocabulary: 20, steps: 4 })],
] as const;

describe.skipIf(!hasChromium)("in a browser (needs chromium)", () => {
  let page: BuiltPage;
  let browser: Browser;
  beforeAll(async () => {
    [page, browser] = await Promise.all([buildPage("page"), startChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await page.close();
  });

  test.each(MODELS)("%s is differentiated into the same bytes as in Node", async (_, model) => {
    const options: TrainingOptions = {
      loss: "softmax-cross-entropy",
      optimizer: { kind: "adam" },
      clipNorm: 1,
    };
    const { infer, train, eval: evaluate } = buildTrainingGraphs(model, options);
    const tab = await browser.newPage();
    await tab.goto(page.url);

    const given = await tab.evaluate(([bytes, how]) => engines.differentiate(bytes, how), [
      model,
      options,
    ] as const);
    await tab.close();

    // Compared as numbers: a difference of megabytes is not worth printing.
    for (const [mine, theirs] of [
      [infer, given.infer],
      [train, given.train],
      [evaluate, given.eval],
    ] as const) {
      expect(Buffer.compare(mine, theirs)).toBe(0);
    }
  });
});
