import type { Browser } from "playwright-core";
import { createTfjsTrainer, type TfjsRuntime } from "@fedge/device-runtime/engines/tfjs";
import { NODE_BACKENDS, loadTfjsRuntime } from "@fedge/device-runtime/node/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AGREEMENT_CASES,
  agreementRequest,
  distanceOf,
} from "../../device-runtime/src/engines/tfjs/testing/agreement-cases.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

describe.skipIf(!hasChromium)("the layers engine in a browser (needs chromium)", () => {
  let page: BuiltPage;
  let browser: Browser;
  let reference: TfjsRuntime;
  beforeAll(async () => {
    [page, browser] = await Promise.all([buildPage("page"), startChromium()]);
    ({ runtime: reference } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "cpu")));
  });
  afterAll(async () => {
    await browser.close();
    await page.close();
  });

  test("a browser with WebGPU runs on it", async () => {
    const tab = await browser.newPage();
    await tab.goto(page.url);

    expect(await tab.evaluate(() => engines.chooseBackend())).toBe("webgpu");
    await tab.close();
  });

  describe.each(["webgpu", "webgl", "wasm"] as const)("in a browser, on %s", (backend) => {
    test.each(AGREEMENT_CASES.map((one) => [one[0], one] as const))(
      "five steps of %s move the weights as on the JavaScript backend",
      async (_, one) => {
        const request = agreementRequest(reference, one);
        const trainer = createTfjsTrainer(reference, {
          nowMs: () => 0,
          yieldToOthers: () => Promise.resolve(),
        });
        const expected = await trainer.train(request, never);
        const tab = await browser.newPage();
        await tab.goto(page.url);

        const given = await tab.evaluate(([kind, job]) => engines.train(kind, job), [
          backend,
          request,
        ] as const);
        await tab.close();

        const { largest, apart } = distanceOf(expected.delta, given.delta);
        expect(largest).toBeGreaterThan(1e-3);
        expect(apart).toBeLessThanOrEqual(1e-4 * Math.max(1, largest));
      },
    );
  });
});
