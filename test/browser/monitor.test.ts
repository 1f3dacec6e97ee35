import { expect, test } from "vitest";
import { buildPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";
import { monitoredRows } from "./monitor-page/monitored-rows.js";

test.skipIf(!hasChromium)(
  "a page's monitor makes the very bytes that Node's makes of the same rows (needs chromium)",
  async () => {
    const [built, browser] = await Promise.all([buildPage("monitor-page"), startChromium()]);
    try {
      const tab = await browser.newPage();
      await tab.goto(built.url);
      const inPage = await tab.evaluate(() => window.monitoredRows());

      expect(inPage).toEqual(await monitoredRows());
      expect(inPage).toHaveLength(3);
      expect(new Set(inPage).size).toBe(3);
    } finally {
      await browser.close();
      await built.close();
    }
  },
);
