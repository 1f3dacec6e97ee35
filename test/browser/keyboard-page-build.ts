import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";
import type { BuiltPage } from "./built-page.js";

const ROOT = fileURLToPath(new URL("../../browser-demo/page", import.meta.url));

/** The keyboard page as it is shipped, for a server of the tests to serve; gives back its directory. */
export async function buildKeyboardFiles(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "fedge-keyboard-"));
  const configFile = join(ROOT, "vite.config.ts");
  const options = { outDir, emptyOutDir: true, reportCompressedSize: false };
  await build({ root: ROOT, configFile, logLevel: "error", build: options });
  return outDir;
}

/** Builds the keyboard page as it is shipped, but on the device double, and serves it on a free port. */
export async function buildKeyboardPage(): Promise<BuiltPage> {
  const outDir = await mkdtemp(join(tmpdir(), "fedge-keyboard-"));
  const configFile = join(ROOT, "vite.config.ts");
  const shared = { root: ROOT, configFile, mode: "double", logLevel: "error" } as const;
  await build({ ...shared, build: { outDir, emptyOutDir: true, reportCompressedSize: false } });
  const server = await preview({
    ...shared,
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, open: false },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error("the page is served nowhere");
  return {
    url,
    close: async () => {
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
