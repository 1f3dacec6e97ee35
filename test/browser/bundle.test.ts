import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

interface BuiltFile {
  readonly name: string;
  /** After gzip at its best. */
  readonly sizeBytes: number;
}

const isScript = ({ name }: BuiltFile): boolean => name.endsWith(".js");
const sizeOf = (files: readonly BuiltFile[]): number =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** What a build of the smallest app ships; `external` packages come from elsewhere. */
async function filesOf(external: readonly string[]): Promise<readonly BuiltFile[]> {
  const { output } = (await build({
    root: fileURLToPath(new URL("bundle-page", import.meta.url)),
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "esnext",
      reportCompressedSize: false,
      rollupOptions: { external: [...external] },
    },
  })) as Rolldown.RolldownOutput;
  return output.map((file) => {
    const content = file.type === "chunk" ? file.code : file.source;
    return { name: file.fileName, sizeBytes: gzipSync(content, { level: 9 }).length };
  });
}

let all: readonly BuiltFile[];
beforeAll(async () => {
  all = await filesOf([]);
});

/** The engine's worker is fetched when an engine is needed. */
const isEngine = ({ name }: BuiltFile): boolean => name.includes("engine-worker");

test("an app ships at most 170 kB of JavaScript with the MQTT client, beside the engine", () => {
  const scripts = all.filter((file) => isScript(file) && !isEngine(file));

  expect(scripts.length).toBeGreaterThan(0);
  expect(sizeOf(scripts)).toBeLessThanOrEqual(170_000);
});

test("and at most 60 kB without it", async () => {
  const scripts = (await filesOf(["mqtt"])).filter((file) => isScript(file) && !isEngine(file));

  expect(sizeOf(scripts)).toBeLessThanOrEqual(60_000);
});

test("one WASM file, which the engine fetches by itself", () => {
  expect(all.filter(({ name }) => name.endsWith(".wasm"))).toHaveLength(1);
  expect(all.filter(isEngine)).toHaveLength(1);
});
