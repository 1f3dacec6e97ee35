import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** A process's module that makes windows of the rows that every platform counts, in one file. */
export interface MonitorProcess {
  readonly path: string;
  remove(): Promise<void>;
}

/** Builds it for Node and for Electron's utility process. */
export async function buildMonitorProcess(): Promise<MonitorProcess> {
  const outDir = await mkdtemp(join(tmpdir(), "fedge-monitor-"));
  await build({
    root: fileURLToPath(new URL("monitor-process", import.meta.url)),
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: {
      ...{ outDir, target: "node20", reportCompressedSize: false, ssr: "entry.ts" },
      rollupOptions: { output: { entryFileNames: "entry.mjs" } },
    },
  });
  return {
    path: join(outDir, "entry.mjs"),
    remove: () => rm(outDir, { recursive: true, force: true }),
  };
}
