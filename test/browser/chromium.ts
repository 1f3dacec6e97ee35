import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext } from "playwright-core";

const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** False where tests of pages cannot run: `apt-get install chromium`, or name one with CHROMIUM. */
export const hasChromium = existsSync(EXECUTABLE);

/** Nothing of the browser's own may talk to the outside or wait for a display. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGL and WebGPU on the processor: the same code paths as with a graphics card, slower. */
const SOFTWARE_GRAPHICS = [
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];

const LAUNCH = { executablePath: EXECUTABLE, args: [...QUIET, ...SOFTWARE_GRAPHICS] };

/** A browser without a window. */
export function startChromium(): Promise<Browser> {
  return chromium.launch(LAUNCH);
}

/** A browser that reaches one port of this machine, and nothing else at all. */
export function startChromiumBehind(port: number): Promise<Browser> {
  // Everything but that port goes by a proxy that is not there; loopback addresses would otherwise go past it.
  const args = ["--proxy-server=http://127.0.0.1:1", `--proxy-bypass-list=<-loopback>;127.0.0.1:${port}`];
  return chromium.launch({ ...LAUNCH, args: [...LAUNCH.args, ...args] });
}

/** The browser of a person who has chosen in its settings that sites may keep no data; its profile is in `directory`. */
export async function startChromiumWithoutSiteData(directory: string): Promise<BrowserContext> {
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await mkdir(join(directory, "Default"), { recursive: true });
  await writeFile(join(directory, "Default", "Preferences"), JSON.stringify(preferences));
  return chromium.launchPersistentContext(directory, LAUNCH);
}
