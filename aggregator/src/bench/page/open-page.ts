import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is used of Playwright and of Vite, which only a checkout has. */
interface Tools {
  readonly chromium: { launch(options: object): Promise<BrowserLike> };
  readonly build: (options: object) => Promise<unknown>;
  readonly preview: (options: object) => Promise<PreviewLike>;
}

interface BrowserLike {
  newPage(): Promise<PageLike>;
  close(): Promise<void>;
}

interface PreviewLike {
  readonly resolvedUrls: { readonly local: readonly string[] } | null;
  close(): Promise<void>;
}

export interface PageLike {
  goto(url: string): Promise<unknown>;
  evaluate<Result, Argument>(
    work: (given: Argument) => Result | Promise<Result>,
    given: Argument,
  ): Promise<Result>;
}

export interface OpenPage {
  readonly page: PageLike;
  close(): Promise<void>;
}

const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** A page that is isolated from other origins has a clock of 5 µs instead of 100. */
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
/** Beside the built script, so that its imports are found as Node finds them. */
const DIRECTORY = fileURLToPath(new URL(".", import.meta.url));

/** The page of that script in a headless Chromium; undefined without Chromium or outside of a checkout. */
export async function openBenchPage(script: string): Promise<OpenPage | undefined> {
  const tools = await loadTools();
  if (tools === undefined) return undefined;
  const root = join(DIRECTORY, `root-${process.pid}`);
  const outDir = join(root, "dist");
  await mkdir(root, { recursive: true });
  await writeFile(
    join(root, "index.html"),
    `<!doctype html><title>Bench</title><script type="module" src="../${script}"></script>`,
  );
  const shared = { root, configFile: false, logLevel: "error" };
  await tools.build({ ...shared, build: { outDir, target: "esnext", reportCompressedSize: false } });
  const server = await tools.preview({
    ...shared,
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, headers: ISOLATED },
  });
  const browser = await tools.chromium.launch({ executablePath: EXECUTABLE, args: QUIET });
  const page = await browser.newPage();
  await page.goto(server.resolvedUrls?.local[0] ?? "");
  return {
    page,
    close: async () => {
      await browser.close();
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** By name only: an installed aggregator has neither. */
async function loadTools(): Promise<Tools | undefined> {
  if (!existsSync(EXECUTABLE)) return undefined;
  const names = ["playwright-core", "vite"] as const;
  try {
    const [playwright, vite] = await Promise.all(names.map((name) => import(name) as Promise<Tools>));
    return playwright === undefined || vite === undefined
      ? undefined
      : { ...vite, chromium: playwright.chromium };
  } catch {
    return undefined;
  }
}
