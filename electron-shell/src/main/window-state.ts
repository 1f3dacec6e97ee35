import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod/mini";
import type { Rectangle } from "./electron-api.js";

const SMALLEST = { width: 360, height: 560 };
const FIRST = { width: 980, height: 760 };
/** So much of the window must be on a display for a person to take hold of it. */
const GRIP = { width: 120, height: 48 };

const pixels = z.int().check(z.gte(-100_000), z.lte(100_000));

const windowState = z.object({
  x: pixels,
  y: pixels,
  width: pixels.check(z.gte(SMALLEST.width)),
  height: pixels.check(z.gte(SMALLEST.height)),
  isMaximized: z.boolean(),
});

/** Where a window was when it was last seen; without a place it is centred. */
export type WindowState = Partial<Pick<Rectangle, "x" | "y">> &
  Pick<Rectangle, "width" | "height"> & { readonly isMaximized: boolean };

export const FIRST_STATE: WindowState = { ...FIRST, isMaximized: false };
export const SMALLEST_WINDOW = { minWidth: SMALLEST.width, minHeight: SMALLEST.height };

/** What the file keeps; the first state when it is missing, damaged, or on a display that is gone. */
export async function readWindowState(path: string, displays: readonly Rectangle[]): Promise<WindowState> {
  const kept = windowState.safeParse(await parsedFile(path)).data;
  if (kept === undefined) return FIRST_STATE;
  return displays.some((display) => holdsGrip(display, kept)) ? kept : FIRST_STATE;
}

/** Writes the whole file or none of it. */
export async function writeWindowState(path: string, state: WindowState): Promise<void> {
  const unfinished = `${path}.new`;
  await writeFile(unfinished, JSON.stringify(state));
  await rename(unfinished, path);
}

async function parsedFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    // Missing at the first start; whatever else is wrong with it costs the window its place and nothing else.
    return null;
  }
}

function holdsGrip(display: Rectangle, window: Rectangle): boolean {
  const shared = (from: number, length: number, otherFrom: number, otherLength: number): number =>
    Math.min(from + length, otherFrom + otherLength) - Math.max(from, otherFrom);
  return (
    shared(display.x, display.width, window.x, window.width) >= GRIP.width &&
    shared(display.y, display.height, window.y, GRIP.height) >= GRIP.height
  );
}
