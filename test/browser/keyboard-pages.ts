import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type {} from "../../browser-demo/page/testing/main.js";
import type { BuiltPage } from "./built-page.js";
import { startChromium } from "./chromium.js";
import { buildKeyboardPage } from "./keyboard-page-build.js";

export const DESKTOP = { width: 1280, height: 800 };
export const SMALL_PHONE = { width: 360, height: 740 };

/** The keyboard page on its device double, and pages that are opened of it. */
export class KeyboardPages {
  readonly #opened: Page[] = [];

  private constructor(
    readonly built: BuiltPage,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<KeyboardPages> {
    const [built, browser] = await Promise.all([buildKeyboardPage(), startChromium()]);
    return new KeyboardPages(built, browser);
  }

  async open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    this.#opened.push(page);
    await page.goto(this.built.url);
    await page.getByTestId("field").waitFor();
    return page;
  }

  async closeOpened(): Promise<void> {
    for (const page of this.#opened.splice(0)) await page.context().close();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.built.close();
  }
}

export const field = (page: Page): Locator => page.getByTestId("field");

export const key = (page: Page, name: string): Locator =>
  page.locator(".keyboard").getByRole("button", { name, exact: true });

export const messages = (page: Page): Promise<string[]> => page.locator(".message").allTextContents();

/** What the page told the double. */
export const told = (page: Page) => page.evaluate(() => globalThis.deviceDouble.told);

/** Waits until these are the words above the keys. */
export const offers = (page: Page, words: readonly string[]) =>
  page.waitForFunction(
    (expected) =>
      [...document.querySelectorAll(".suggestion-word")].map((node) => node.textContent).join() ===
      expected.join(),
    words,
  );

/** Waits until what was changed has been drawn. */
export function twoFrames(page: Page): Promise<void> {
  return page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
  );
}
