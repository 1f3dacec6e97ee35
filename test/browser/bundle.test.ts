import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

interface BuiltFile {
  readonly name: string;
  /** After gzip at its best. */
  readonly sizeBytes: number;
  /** Whether the page fetches it before anything asks for an engine. */
  readonly isInitial: boolean;
}

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
  const initial = initialChunks(output);
  return output.map((file) => {
    const content = file.type === "chunk" ? file.code : file.source;
    const sizeBytes = gzipSync(content, { level: 9 }).length;
    return { name: file.fileName, sizeBytes, isInitial: initial.has(file.fileName) };
  });
}

/** The entry, and what it imports without being asked to. */
function initialChunks(output: Rolldown.RolldownOutput["output"]): ReadonlySet<string> {
  const chunks = new Map(
    output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])),
  );
  const found = new Set<string>();
  const add = (name: string): void => {
    const chunk = chunks.get(name);
    if (chunk === undefined || found.has(name)) return;
    found.add(name);
    for (const imported of chunk.imports) add(imported);
  };
  for (const chunk of chunks.values()) if (chunk.isEntry) add(chunk.fileName);
  return found;
}

let all: readonly BuiltFile[];
beforeAll(async () => {
  all = await filesOf([]);
});

/** The engine's worker is fetched when an engine is needed. */
const isEngine = ({ name }: BuiltFile): boolean => name.includes("engine-worker");

test("an app ships at most 170 kB of JavaScript with the MQTT client, beside the engine", () => {
  const scripts = all.filter(({ isInitial }) => isInitial);

  expect(scripts.length).toBeGreaterThan(0);
  expect(sizeOf(scripts)).toBeLessThanOrEqual(170_000);
});

test("and at most 60 kB without it", async () => {
  const scripts = (await filesOf(["mqtt"])).filter(({ isInitial }) => isInitial);

  expect(sizeOf(scripts)).toBeLessThanOrEqual(60_000);
});

test("one WASM file, which the engine fetches by itself", () => {
  expect(all.filter(({ name }) => name.endsWith(".wasm"))).toHaveLength(1);
  expect(all.filter(isEngine)).toHaveLength(1);
});
