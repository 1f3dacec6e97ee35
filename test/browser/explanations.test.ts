import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { ATTRIBUTION, LOANS, ROWS, loansModel } from "../e2e/loans-model.js";
import { eventually } from "../e2e/waiting.js";
import { hasChromium } from "./chromium.js";
import { openCloudsPage } from "./clouds-page.js";

test.skipIf(!hasChromium)(
  "a page's device explains what it and its other tabs predict, with the engine in its worker (needs chromium)",
  async () => {
    const { server, built, browser, close } = await openCloudsPage("device-page");
    const onnx = loansModel();
    await server.service.importModel({ model: LOANS, onnx, training: { loss: "softmax-cross-entropy" } });
    const profile = await browser.newContext();
    const openTab = async (): Promise<Page> => {
      const tab = await profile.newPage();
      await tab.goto(built.url);
      await tab.evaluate((url) => page.start(url, ["loans"], undefined, { explainEvery: 1 }), server.httpUrl);
      return tab;
    };
    const [leader, follower] = [await openTab(), await openTab()];
    await eventually("the version", async () =>
      (await leader.evaluate(() => page.status().versions["loans"])) === 1 ? true : undefined,
    );
    await follower.evaluate((x) => page.predict("loans", { x }), ROWS);
    const explanation = await eventually(
      "the explanation",
      async () => (await follower.evaluate(() => page.explanations()))[0] ?? undefined,
    );

    expect(await Promise.all([leader, follower].map((tab) => tab.evaluate(() => page.role())))).toEqual([
      "leader",
      "follower",
    ]);
    expect(explanation).toEqual({ x: ATTRIBUTION });
    expect(await leader.evaluate(() => page.errors())).toEqual([]);
    await close();
  },
);
