import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";

/** A page of this folder, built as an app would build it, and served. */
export interface BuiltPage {
  readonly url: string;
  close(): Promise<void>;
}

/** A page of this folder, built, for another server to serve under any path; `close` removes the files. */
export async function buildPageFiles(
  directory: string,
): Promise<{ readonly outDir: string; close(): Promise<void> }> {
  const root = fileURLToPath(new URL(directory, import.meta.url));
  const outDir = await mkdtemp(join(tmpdir(), "fedge-page-"));
  await build({
    ...{ root, base: "./", configFile: false, logLevel: "error" },
    build: { outDir, target: "esnext", reportCompressedSize: false, assetsInlineLimit: 0 },
  });
  return { outDir, close: () => rm(outDir, { recursive: true, force: true }) };
}

/** Builds the page in `directory` of this folder and serves it, with those headers, on a free port of the loopback. */
export async function buildPage(
  directory: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<BuiltPage> {
  const root = fileURLToPath(new URL(directory, import.meta.url));
  const outDir = await mkdtemp(join(tmpdir(), "fedge-page-"));
  const shared = { root, configFile: false, logLevel: "error" } as const;
  await build({ ...shared, build: { outDir, target: "esnext", reportCompressedSize: false } });
  const server = await preview({
    ...shared,
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, open: false, headers },
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
