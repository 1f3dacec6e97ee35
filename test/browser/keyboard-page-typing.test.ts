import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "./chromium.js";
import { KeyboardPages, SMALL_PHONE, field, key, messages, offers, told } from "./keyboard-pages.js";

describe.skipIf(!hasChromium)("the keyboard page (needs chromium): typing", () => {
  let pages: KeyboardPages;
  beforeAll(async () => {
    pages = await KeyboardPages.start();
  });
  afterEach(() => pages.closeOpened());
  afterAll(() => pages.close());

  describe("typing", () => {
    test("with the keyboard of the machine, Enter sends", async () => {
      const page = await pages.open();

      await field(page).pressSequentially("see you at the station");
      await field(page).press("Enter");

      expect(await messages(page)).toEqual(["see you at the station"]);
      expect(await field(page).inputValue()).toBe("");
    });

    test("the Enter that ends a composition sends nothing, also where it comes after the end, as in Safari", async () => {
      const page = await pages.open();
      await field(page).fill("日本語");
      await field(page).evaluate((area) => {
        area.dispatchEvent(new CompositionEvent("compositionstart"));
        area.dispatchEvent(new CompositionEvent("compositionend", { data: "日本語" }));
        const enter = { key: "Enter", isComposing: false, bubbles: true, cancelable: true };
        area.dispatchEvent(new KeyboardEvent("keydown", { ...enter, keyCode: 229 }));
      });
      const composed = await messages(page);
      await field(page).press("Enter");

      expect([composed, await messages(page)]).toEqual([[], ["日本語"]]);
    });

    test("Shift and Enter begin a new line", async () => {
      const page = await pages.open();

      await field(page).pressSequentially("one");
      await field(page).press("Shift+Enter");
      await field(page).pressSequentially("two");

      expect(await field(page).inputValue()).toBe("one\ntwo");
    });

    test("with the keys on the screen, a capital begins the sentence", async () => {
      const page = await pages.open();

      for (const name of ["H", "i", "comma", "space", "y", "o"]) await key(page, name).click();

      expect(await field(page).inputValue()).toBe("Hi, yo");
    });

    test("with touches, whose keys write at once", async () => {
      const page = await pages.open({ viewport: SMALL_PHONE, hasTouch: true, isMobile: true });

      for (const name of ["H", "i"]) await key(page, name).tap();

      expect(await field(page).inputValue()).toBe("Hi");
    });

    test("numbers and signs stand on layers of their own, and a space leads back", async () => {
      const page = await pages.open();

      for (const name of ["numbers and signs", "4", "more signs", "%", "space", "a"]) {
        await key(page, name).click();
      }

      expect(await field(page).inputValue()).toBe("4% a");
    });

    test("numbers and signs are reached by touches, one press for one touch", async () => {
      const page = await pages.open({ viewport: SMALL_PHONE, hasTouch: true, isMobile: true });

      for (const name of ["numbers and signs", "4", "more signs", "%", "space", "a"]) {
        await key(page, name).tap();
      }

      expect(await field(page).inputValue()).toBe("4% a");
    });

    test("shift twice writes capitals until it is tapped again", async () => {
      const page = await pages.open();
      await field(page).fill("so ");

      await key(page, "shift").dblclick();
      for (const name of ["O", "K"]) await key(page, name).click();
      await key(page, "shift").click();
      await key(page, "a").click();

      expect(await field(page).inputValue()).toBe("so OKa");
    });

    test("backspace held down goes on deleting", async () => {
      const page = await pages.open();
      await field(page).fill("see you soon");

      await key(page, "backspace").hover();
      await page.mouse.down();
      await page.waitForFunction(() => document.querySelector("textarea")?.value === "");
      await page.mouse.up();

      expect(await field(page).inputValue()).toBe("");
    });

    test("keys write where the caret stands", async () => {
      const page = await pages.open();
      await field(page).fill("se you");
      await field(page).evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(2, 2));

      await key(page, "e").click();

      expect(await field(page).inputValue()).toBe("see you");
    });
  });

  describe("suggestions", () => {
    test("by mouse: the word is written, and the caret stays in the field", async () => {
      const page = await pages.open();
      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);

      await page.getByTestId("suggestion-1").click();
      await page.keyboard.type("then");

      expect(await field(page).inputValue()).toBe("see you tomorrow then");
    });

    test("by Alt+1, Alt+2 and Alt+3", async () => {
      const page = await pages.open();
      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);

      await page.keyboard.press("Alt+2");

      expect(await field(page).inputValue()).toBe("see you today ");
    });

    test("by the Tab key, arrows and Enter alone", async () => {
      const page = await pages.open();
      await field(page).focus();
      await page.keyboard.type("see you to");
      await offers(page, ["tomorrow", "today", ""]);

      for (const press of ["Tab", "Tab", "ArrowRight", "Enter"]) await page.keyboard.press(press);

      expect(await field(page).inputValue()).toBe("see you today ");
      expect(await field(page).evaluate((area) => area === document.activeElement)).toBe(true);
    });

    test("the place of a word that does not exist takes nothing", async () => {
      const page = await pages.open();
      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);

      await page.keyboard.press("Alt+3");

      expect(await field(page).inputValue()).toBe("see you to");
    });

    test("punctuation takes back the space behind a taken word", async () => {
      const page = await pages.open();
      await field(page).pressSequentially("see you to");
      await offers(page, ["tomorrow", "today", ""]);

      await page.keyboard.press("Alt+1");
      await page.keyboard.type("!");

      expect(await field(page).inputValue()).toBe("see you tomorrow!");
    });

    test("begin with a capital where a sentence does", async () => {
      const page = await pages.open();

      await offers(page, ["See", "I", "Thank"]);
    });

    test("the device is told what was taken", async () => {
      const page = await pages.open();
      await field(page).pressSequentially("see yo");
      await offers(page, ["you", "", ""]);
      await page.keyboard.press("Alt+1");
      // After "you" the double's text says "tomorrow" twice, and the others once.
      await offers(page, ["tomorrow", "soon", "at"]);

      expect(await told(page)).toContainEqual({ what: "taken", text: "you" });
    });

    test("a word typed against the suggestions counts as passed over", async () => {
      const page = await pages.open();
      await field(page).fill("see you");
      await field(page).fill("see you ");
      await offers(page, ["tomorrow", "soon", "at"]);
      await page.evaluate(() => {
        globalThis.deviceDouble.suggest = () => Promise.resolve([{ word: "soon", predictionId: "p" }]);
      });

      await field(page).pressSequentially("n");
      await offers(page, ["soon", "", ""]);
      await field(page).pressSequentially("ow ");

      expect(await told(page)).toContainEqual({ what: "passed over", text: "soon" });
    });

    test("change with the model, without a letter typed", async () => {
      const page = await pages.open();
      await field(page).fill("see you by the sea");
      await field(page).press("Enter");
      await page.getByTestId("consent-training").click();

      await page.getByTestId("train").click();
      await page.getByTestId("version").getByText("Version 2").waitFor();
      await field(page).fill("you ");

      await offers(page, ["by", "tomorrow", "soon"]);
    });

    test("a model that fails is said in words, and typing goes on", async () => {
      const page = await pages.open();
      await page.evaluate(() => {
        globalThis.deviceDouble.suggest = () => Promise.reject(new Error("the engine stopped"));
      });

      await field(page).pressSequentially("see");

      await page.getByTestId("problem").getByText("No suggestions: the engine stopped").waitFor();
      expect(await field(page).inputValue()).toBe("see");
    });
  });
});
