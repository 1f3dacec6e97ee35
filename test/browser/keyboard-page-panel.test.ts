import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "./chromium.js";
import { KeyboardPages, field, key, messages, offers, told, twoFrames } from "./keyboard-pages.js";

describe.skipIf(!hasChromium)("the keyboard page (needs chromium): panel", () => {
  let pages: KeyboardPages;
  beforeAll(async () => {
    pages = await KeyboardPages.start();
  });
  afterEach(() => pages.closeOpened());
  afterAll(() => pages.close());

  describe("the panel", () => {
    test("nothing is allowed until somebody allows it", async () => {
      const page = await pages.open();

      const switches = page.getByRole("switch");

      expect(
        await switches.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).checked)),
      ).toEqual([false, false]);
      expect(await page.getByTestId("train").getAttribute("aria-disabled")).toBe("true");
    });

    test("each switch gives its own consent", async () => {
      const page = await pages.open();

      await page.getByTestId("consent-reporting").click();

      expect(await page.evaluate(() => globalThis.deviceDouble.status().consent)).toEqual({
        training: false,
        reporting: true,
      });
    });

    test("a consent that the device refuses stays as it was, and the page says why", async () => {
      const page = await pages.open();
      await page.evaluate(() => {
        globalThis.deviceDouble.setConsent = () => Promise.reject(new Error("storage is full"));
      });

      await page.getByTestId("consent-training").click();

      await page.getByTestId("problem").getByText("Not changed: storage is full").waitFor();
      expect(await page.getByTestId("consent-training").isChecked()).toBe(false);
    });

    test("a training is told in numbers, and what was sent in bytes", async () => {
      const page = await pages.open();
      await field(page).fill("See you.");
      await field(page).press("Enter");
      await page.getByTestId("consent-training").click();

      await page.getByTestId("train").click();
      await page.getByTestId("gain").getByText("20 % better").waitFor();

      expect(await page.getByTestId("last-training").textContent()).toBe(
        "1 example, loss 2.50 → 2.00, just now",
      );
      expect(await page.getByTestId("sent-total").textContent()).toBe("48.0 kB");
    });

    test("waiting is said with its reason", async () => {
      const page = await pages.open();

      await page.evaluate(() =>
        globalThis.deviceDouble.change({ eligibility: { isEligible: false, reasons: ["on-battery"] } }),
      );

      expect(await page.getByTestId("phase").textContent()).toBe("Not training. Waiting: on battery.");
    });

    test("erasing asks first, and keeping leaves everything", async () => {
      const page = await pages.open();
      await field(page).fill("See you.");
      await field(page).press("Enter");

      await page.getByTestId("erase").click();
      await page.getByTestId("keep").click();

      expect(await page.getByTestId("log-rows").textContent()).toBe("1 row");
    });

    test("erasing takes the log, the messages and the text", async () => {
      const page = await pages.open();
      await field(page).fill("See you.");
      await field(page).press("Enter");
      await field(page).fill("half a sen");

      await page.getByTestId("erase").click();
      await page.getByTestId("erase-confirm").click();
      await page.getByTestId("log-rows").getByText("0 rows").waitFor();

      expect([await messages(page), await field(page).inputValue()]).toEqual([[], ""]);
    });
  });

  describe("whatever is written", () => {
    const NONSENSE = [
      ["a script", "<script>globalThis.hacked = true</script><img src=x onerror='globalThis.hacked = true'>"],
      ["emoji", "👨‍👩‍👧‍👦🇳🇴🙂".repeat(50)],
      ["text from right to left", "שלום עולם, مرحبا بالعالم\u202e!"],
      ["control characters", "a\u0000b\u200bc\ufeffd"],
      ["marks upon marks", `z${"\u0300".repeat(1000)}`],
    ] as const;

    test.each(NONSENSE)("%s is shown as it is, and runs nothing", async (_, text) => {
      const page = await pages.open();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await field(page).fill(text);

      await field(page).press("Enter");

      expect(await messages(page)).toEqual([await page.evaluate((given) => given.trim(), text)]);
      expect(await page.evaluate(() => "hacked" in globalThis)).toBe(false);
      expect(errors).toEqual([]);
    });

    test("words of a model are text too", async () => {
      const page = await pages.open();
      await page.evaluate(() => {
        const word = "<img src=x onerror='globalThis.hacked = true'>";
        globalThis.deviceDouble.suggest = () => Promise.resolve([{ word, predictionId: null }]);
        globalThis.deviceDouble.change({ problem: word });
      });

      await field(page).pressSequentially("a");
      await offers(page, ["<img src=x onerror='globalThis.hacked = true'>", "", ""]);

      expect(await page.locator("main img").count()).toBe(0);
    });

    test("a paste of 100 kB is taken, edited and sent within a second", async () => {
      const page = await pages.open();
      const pasted = "All work and no play. ".repeat(4700);
      await field(page).fill(pasted);
      const startedAtMs = performance.now();

      await key(page, "A").click();
      await key(page, "backspace").click();
      await field(page).press("Enter");
      await page.locator(".message").waitFor();

      expect(performance.now() - startedAtMs).toBeLessThan(1000);
      expect((await told(page)).filter(({ what }) => what === "finished")).toHaveLength(20);
    });
  });

  describe("what leaves the page", () => {
    test("nothing: after its own files are loaded, it asks for nothing", async () => {
      const page = await pages.open();
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));

      await field(page).fill("a secret");
      await field(page).press("Enter");
      await page.getByTestId("consent-training").click();
      await page.getByTestId("consent-reporting").click();
      await twoFrames(page);

      expect(requests).toEqual([]);
    });

    test("its own files are all that it asks for when it opens, and nothing offends the policy", async () => {
      const page = await pages.open();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on("request", (request) => requests.push(new URL(request.url()).origin));
      page.on("console", (message) => complaints.push(message.text()));

      await page.reload();
      await field(page).waitFor();

      expect(new Set(requests)).toEqual(new Set([new URL(pages.built.url).origin]));
      expect(complaints).toEqual([]);
    });

    test("a script that somebody put into the page does not run", async () => {
      const page = await pages.open();

      await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "globalThis.hacked = true";
        document.body.append(script);
      });

      expect(await page.evaluate(() => "hacked" in globalThis)).toBe(false);
    });

    test("sentences go to the device one by one", async () => {
      const page = await pages.open();
      await field(page).fill("See you. Soon!");

      await field(page).press("Enter");
      await page.getByTestId("log-rows").getByText("2 rows").waitFor();

      expect((await told(page)).filter(({ what }) => what === "finished").map(({ text }) => text)).toEqual([
        "See you.",
        "Soon!",
      ]);
    });
  });
});
