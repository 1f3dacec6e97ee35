import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { createSystemClock } from "../../aggregator/src/clock/system-clock.js";
import { listen, type HttpListener } from "../../aggregator/src/http/listen.js";
import type { HttpAppOptions } from "../../aggregator/src/http/ports.js";
import { createAppDouble, type AppDouble } from "../../aggregator/src/http/testing/app-double.js";
import { signIn } from "../../aggregator/src/http/testing/callers.js";
import { startChromium } from "./chromium.js";
import type { Person } from "./dashboard-people.js";

export const DESKTOP = { width: 1280, height: 900 };
export const SMALL_PHONE = { width: 360, height: 740 };

const ROOT = fileURLToPath(new URL("../../aggregator/dashboard", import.meta.url));

/** The dashboard as it is shipped, over an aggregator in memory, in a real browser. */
export class DashboardPages {
  app: AppDouble = createAppDouble();
  readonly #opened: Page[] = [];
  readonly #joined = new Set<string>();
  /** Cookies by name: signing in is limited, as it should be. */
  readonly #cookies = new Map<string, string>();
  #listener: HttpListener | null = null;

  private constructor(
    private readonly directory: string,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<DashboardPages> {
    const directory = await mkdtemp(join(tmpdir(), "fedge-dashboard-"));
    const [browser] = await Promise.all([
      startChromium(),
      build({
        root: ROOT,
        configFile: join(ROOT, "vite.config.ts"),
        logLevel: "error",
        build: { outDir: directory, emptyOutDir: true, reportCompressedSize: false },
      }),
    ]);
    return new DashboardPages(directory, browser);
  }

  /** A new aggregator in memory, with nothing and nobody in it. */
  async renew(change: Partial<Pick<HttpAppOptions, "allowOpenReads" | "drift">> = {}): Promise<void> {
    await this.#end();
    const clock = createSystemClock();
    this.app = createAppDouble({ clock, dashboardDirectory: this.directory, ...change });
    this.#listener = await listen(this.app.http, { host: "127.0.0.1", port: 0 });
    this.#joined.clear();
    this.#cookies.clear();
  }

  get url(): string {
    if (this.#listener === null) throw new Error("renew before opening a page");
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  /** Opens the address behind `#`, signed in as that person. */
  async open(path: string, who: Person | null = null, options: BrowserContextOptions = {}): Promise<Page> {
    // Dots that breathe are drawn without a graphics card, on the test's own cores, in every page that is open.
    const still = { viewport: DESKTOP, reducedMotion: "reduce" } as const;
    const context = await this.browser.newContext({ ...still, ...options });
    if (who !== null) await context.addCookies([await this.#session(who)]);
    const page = await context.newPage();
    this.#opened.push(page);
    await page.goto(`${this.url}/#/${path}`);
    await page.getByTestId(who === null ? "connection" : "who").waitFor();
    return page;
  }

  /** Closes what is open, but for these pages: each follows what happens, on the same cores as the test. */
  async leave(kept: readonly Page[] = []): Promise<void> {
    for (const page of this.#opened.splice(0)) {
      if (kept.includes(page)) this.#opened.push(page);
      else await page.context().close();
    }
  }

  async close(): Promise<void> {
    await this.#end();
    await this.browser.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Makes the account that the person needs. */
  async join({ name, role }: Person): Promise<void> {
    if (this.#joined.has(name)) return;
    this.#joined.add(name);
    await this.app.people.join(name, role);
  }

  async #session(who: Person) {
    await this.join(who);
    const cookie = this.#cookies.get(who.name) ?? (await signIn(this.app, who.name));
    this.#cookies.set(who.name, cookie);
    const [name = "", value = ""] = cookie.split("=");
    return { name, value, url: this.url, httpOnly: true };
  }

  async #end(): Promise<void> {
    await this.leave();
    await this.#listener?.close();
    this.#listener = null;
    this.app.http.close();
  }
}

/** True when the page is wider than its window. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

/** Buttons, links and fields without a name, as a screen reader would find them. */
export function unnamedControls(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("button, a[href], input, select, textarea")]
      .filter((control) => {
        const labels = (control as HTMLInputElement).labels;
        const label =
          labels !== null && labels !== undefined ? [...labels].map((each) => each.textContent) : [];
        const words = [control.getAttribute("aria-label"), control.textContent, ...label].join("").trim();
        return words === "";
      })
      .map((control) => control.outerHTML),
  );
}
