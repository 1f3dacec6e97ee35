import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

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

/** A browser without a window. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...QUIET, ...SOFTWARE_GRAPHICS] });
}
