import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "./chromium.js";
import { weakTexts } from "./contrast.js";
import { DESKTOP, KeyboardPages, SMALL_PHONE, field, key, offers, twoFrames } from "./keyboard-pages.js";

describe.skipIf(!hasChromium)("the keyboard page (needs chromium): access", () => {
  let pages: KeyboardPages;
  beforeAll(async () => {
    pages = await KeyboardPages.start();
  });
  afterEach(() => pages.closeOpened());
  afterAll(() => pages.close());

  describe("for everybody", () => {
    test("every button, switch and picture has a name", async () => {
      const page = await pages.open();
      await page.getByTestId("erase").click();

      for (const role of ["button", "switch", "textbox", "img"] as const) {
        // Pictures that are hidden on purpose only repeat what stands beside them.
        const includeHidden = role !== "img";
        const all = page.getByRole(role, { includeHidden });
        const named = page.getByRole(role, { includeHidden, name: /\S/ });
        expect([role, await named.count()]).toEqual([role, await all.count()]);
      }
    });

    test("ids are unique, and what refers to one finds it", async () => {
      const page = await pages.open();

      const broken = await page.evaluate(() => {
        const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
        const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
        const attributes = ["aria-labelledby", "aria-describedby", "for"];
        const referred = attributes.flatMap((name) =>
          [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name) ?? ""),
        );
        return [...twice, ...referred.filter((id) => !ids.includes(id))];
      });

      expect(broken).toEqual([]);
    });

    test.each(["light", "dark"] as const)(
      "text is readable: contrast of 4.5 at least, %s",
      async (colorScheme) => {
        const page = await pages.open({ colorScheme });
        await field(page).fill("See you.");
        await field(page).press("Enter");

        expect(await page.evaluate(weakTexts)).toEqual([]);
      },
    );

    test("the keys are one stop of the Tab key, and arrows reach them all", async () => {
      const page = await pages.open();
      await field(page).fill("so ");

      await key(page, "q").focus();
      for (const press of ["ArrowDown", "ArrowRight", "ArrowDown", "Enter", "End", "Tab"]) {
        await page.keyboard.press(press);
      }

      expect(await field(page).inputValue()).toBe("so z");
      expect(await page.evaluate(() => document.activeElement?.closest(".keyboard"))).toBeNull();
    });

    test("the focus can be seen", async () => {
      const page = await pages.open();

      const unseen: string[] = [];
      for (let stops = 0; stops < 14; stops += 1) {
        await page.keyboard.press("Tab");
        unseen.push(...(await page.evaluate(focusUnseen)));
      }

      expect(unseen).toEqual([]);
    });

    test("screen readers hear nothing of letters, but of a word taken", async () => {
      const page = await pages.open();
      await page.evaluate(() => {
        const said: string[] = [];
        Object.assign(globalThis, { said });
        new MutationObserver((records) => {
          const live = records.map(({ target }) =>
            (target as Element).closest?.("[role=status], [role=alert]"),
          );
          for (const region of live) if (region) said.push(region.textContent ?? "");
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
      });

      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);
      await page.keyboard.press("Alt+1");

      expect(await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)).toEqual([
        "tomorrow written",
      ]);
    });

    test.each([
      ["on a desk", DESKTOP],
      ["on a small phone", SMALL_PHONE],
    ])("nothing moves while suggestions come and problems with them, %s", async (_, viewport) => {
      const page = await pages.open({ viewport });
      await page.evaluate(() => {
        const shifts: number[] = [];
        Object.assign(globalThis, { shifts });
        // All shifts, also those right after a key press, which scores of pages leave out.
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
        }).observe({ type: "layout-shift" });
      });

      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);
      await page.keyboard.press("Alt+1");
      await page.evaluate(() => globalThis.deviceDouble.change({ problem: "The server cannot be reached." }));
      await key(page, "shift").click();
      await twoFrames(page);

      expect(await page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts)).toEqual([]);
    });

    // 320 pixels are 640 at 200 %; a scroll bar may take 15 of them.
    test.each([320, 305])("nothing stands beyond the edge of a page of %d pixels", async (width) => {
      const page = await pages.open({ viewport: { width, height: 640 } });
      const edges = await page.evaluate(() => ({
        page: document.documentElement.scrollWidth,
        theme: document.querySelector("[data-testid=theme]")?.getBoundingClientRect().right ?? Infinity,
        send: document.querySelector("[data-testid=send]")?.getBoundingClientRect().right ?? Infinity,
      }));

      expect(Math.max(edges.page, edges.theme, edges.send)).toBeLessThanOrEqual(width);
    });

    test("nothing stands beyond the edge of a screen of 360 pixels", async () => {
      const page = await pages.open({ viewport: SMALL_PHONE, hasTouch: true, isMobile: true });
      await field(page).fill("w".repeat(400));
      await field(page).press("Enter");
      await page.evaluate(() => globalThis.deviceDouble.change({ problem: "x".repeat(300) }));

      const width = await page.evaluate(() => document.documentElement.scrollWidth);

      expect(width).toBe(360);
    });

    test("the theme follows the system until the switch is used, and is remembered then", async () => {
      const page = await pages.open({ colorScheme: "dark" });
      const theme = () => page.evaluate(() => document.documentElement.dataset["theme"]);
      const before = await theme();

      await page.getByTestId("theme").click();
      await page.reload();

      expect([before, await theme()]).toEqual(["dark", "light"]);
    });

    test("nothing is animated for who asked for less motion", async () => {
      const page = await pages.open({ reducedMotion: "reduce" });

      const durations = await page.evaluate(() =>
        [...document.querySelectorAll("*")].map((node) => getComputedStyle(node).transitionDuration),
      );

      expect(new Set(durations)).toEqual(new Set(["0s"]));
    });
  });
});

/** Names the focused element if neither it nor its key cap has an outline. Runs in the page. */
function focusUnseen(): string[] {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return [];
  const seen = [focused, ...focused.querySelectorAll(".key-cap")].map((node) => getComputedStyle(node));
  return seen.some(({ outlineStyle }) => outlineStyle !== "none") ? [] : [focused.outerHTML.slice(0, 80)];
}
