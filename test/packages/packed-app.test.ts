import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, startChromium } from "../browser/chromium.js";
import { PackedApp, pack, promisedFiles } from "./packed-app.js";

const INDEX = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>App</title><link rel="icon" href="data:," /></head>
  <body><script type="module" src="/main.ts"></script></body>
</html>`;

/** The ten lines of the README, as an app writes them. */
const MAIN = `import { createDevice, type BrowserDevice } from "@fedge/device-runtime/browser";
import type { DeviceStatus, LogRow } from "@fedge/device-runtime";

const device: BrowserDevice = await createDevice({
  server: "http://127.0.0.1:9",
  model: "next-word",
  consent: { training: true },
});
device.on("version", ({ model, version }) => console.info(model.length + version));
device.on("conditions", ({ waitingFor }) => console.info(waitingFor.join()));
export async function use(tokens: readonly number[], truth: number): Promise<readonly LogRow[]> {
  const { outputs, id, version } = await device.model("next-word").predict({ tokens });
  const scores: ArrayLike<number | bigint> | undefined = outputs["scores"]?.data;
  await device.log(id, { action: "accepted", version, first: Number(scores?.[0] ?? 0) });
  await device.label(id, truth);
  await device.featureLog.erase({ isLabelled: false });
  return device.featureLog.query({ model: "next-word", limit: 10 });
}
const status: DeviceStatus = device.status();
document.title = JSON.stringify({ role: device.role, engine: status.engine, problems: status.problems });
`;

/** Each line must be refused: a type that lets it pass helps nobody. */
const MISUSE = `import { createDevice } from "@fedge/device-runtime/browser";
import { createDevice as inNode } from "@fedge/device-runtime/node";
const device = await createDevice({ server: "https://fedge.example", model: "m" });
// @ts-expect-error a server is needed
await createDevice({ model: "m" });
// @ts-expect-error consent has two parts, and both are yes or no
await inNode({ server: "https://fedge.example", model: "m", consent: { training: "yes" } });
// @ts-expect-error there is no such event
device.on("verison", () => undefined);
// @ts-expect-error what is noted is flat
await device.log("id", { nested: {} });
// @ts-expect-error a label is a number, or several
await device.label("id", "cat");
// @ts-expect-error an input is numbers
await device.model("m").predict({ input: "text" });
`;

const compilerOptions = (more: object): string =>
  JSON.stringify({
    compilerOptions: {
      ...{ strict: true, noEmit: true, target: "ES2022", lib: ["ES2022", "DOM"], types: [] },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...more,
    },
    files: ["main.ts", "misuse.ts"],
  });

describe("an app that installs our packages", () => {
  let app: PackedApp;
  beforeAll(async () => {
    app = await PackedApp.create({
      "index.html": INDEX,
      "main.ts": MAIN,
      "misuse.ts": MISUSE,
      "tsconfig.json": compilerOptions({ module: "ESNext", moduleResolution: "Bundler" }),
      "tsconfig.node.json": compilerOptions({ module: "NodeNext", moduleResolution: "NodeNext" }),
    });
  }, 240_000);
  afterAll(() => app.remove());

  test.each(["protocol", "device-runtime"])("gets of %s what it runs, and no tests or sources", (folder) => {
    const files = app.packedFiles.get(folder) ?? [];

    expect(files.filter((file) => /\.test\.|^src\/|\.tsbuildinfo$/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["package.json", "README.md"]));
  });

  test.each(["tsconfig.json", "tsconfig.node.json"])(
    "is typed: %s takes what the documents say, and refuses misuse",
    async (project) => {
      await app.tool("tsc", ["--project", project]);
    },
  );

  test("can import every entry point, in Node or in a bundle", async () => {
    const entries = [
      ...(await app.exportsOf("@fedge/protocol")),
      ...(await app.exportsOf("@fedge/device-runtime")),
    ];
    const isForPages = (entry: string): boolean => /\/(browser|bundle)/.test(entry);
    // The test doubles want vitest beside them; the engine of TensorFlow.js its optional peers.
    const inNode = entries.filter(
      (entry) => !isForPages(entry) && !/testing|tfjs|\.ya?ml$|json$/.test(entry),
    );
    expect(inNode.length).toBeGreaterThanOrEqual(4);
    const script = inNode.map((entry) => `await import(${JSON.stringify(entry)});`).join("");

    await app.node(`${script}console.log("ok")`);
  });

  test("gets source maps that hold their sources, which are not packed", async () => {
    const maps = [...app.packedFiles].flatMap(([folder, files]) =>
      files
        .filter((file) => file.endsWith(".js.map"))
        .map((file) => join("node_modules/@fedge", folder, file)),
    );
    expect(maps.length).toBeGreaterThan(100);
    const bare: string[] = [];
    for (const map of maps) {
      const { sources, sourcesContent = [] } = JSON.parse(
        await readFile(join(app.directory, map), "utf8"),
      ) as { readonly sources: readonly string[]; readonly sourcesContent?: readonly (string | null)[] };
      if (sources.some((_, at) => typeof sourcesContent[at] !== "string")) bare.push(map);
    }

    expect(bare).toEqual([]);
  });

  test("can build every entry point for pages with Vite", async () => {
    const entries = (await app.exportsOf("@fedge/device-runtime")).filter((entry) =>
      /\/(browser|bundle)/.test(entry),
    );
    expect(entries.length).toBeGreaterThanOrEqual(5);
    for (const entry of entries) {
      await app.write({ "entry.ts": `import * as entry from ${JSON.stringify(entry)}; console.log(entry);` });
      const built = (await build({
        ...{ root: app.directory, configFile: false, logLevel: "error" },
        // The engine of TensorFlow.js stands on optional peers, which this app has not.
        build: {
          ...{ write: false, target: "esnext", reportCompressedSize: false },
          rollupOptions: { input: join(app.directory, "entry.ts"), external: /^@tensorflow\// },
        },
        worker: { format: "es", rollupOptions: { external: /^@tensorflow\// } },
      })) as { readonly output: readonly { readonly code?: string }[] };

      expect([entry, (built.output[0]?.code ?? "").length > 1000]).toEqual([entry, true]);
    }
  });

  test("is built by Vite as it comes, with one WASM file", async () => {
    await app.tool("vite", ["build", "--target", "esnext", "--logLevel", "error"]);
    const files = await app.builtFiles();

    expect(files.filter((file) => file.endsWith(".wasm"))).toHaveLength(1);
    expect(files.filter((file) => file.includes("tfjs") || file.includes("node:"))).toEqual([]);
  });

  test.skipIf(!hasChromium)("starts its device in a browser (needs chromium)", async () => {
    const server = await preview({
      ...{ root: app.directory, configFile: false, logLevel: "error" },
      build: { outDir: join(app.directory, "dist") },
      preview: { host: "127.0.0.1", port: 0, open: false },
    });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on("pageerror", (error) => failures.push(error.message));
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await page.waitForFunction(() => document.title.startsWith("{"), undefined, { timeout: 60_000 });

      expect(JSON.parse(await page.title())).toEqual({
        role: "leader",
        engine: expect.stringContaining("onnxruntime-web@") as string,
        problems: [],
      });
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

test.each(["protocol", "onnx-autodiff", "device-runtime", "aggregator"])(
  "what %s promises as entry points is packed",
  async (folder) => {
    const promised = await promisedFiles(folder);
    const { paths } = await pack(folder, ["--dry-run"]);

    expect(promised.length).toBeGreaterThan(0);
    expect(promised.filter((file) => !paths.includes(file))).toEqual([]);
  },
);

test("an app that uses one function ships that function, and not the rest", async () => {
  const entry = "virtual:entry";
  const { output } = (await build({
    ...{ configFile: false, logLevel: "error" },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) =>
          id === entry
            ? `import { hash32 } from "@fedge/protocol"; globalThis.hash = hash32("a");`
            : undefined,
      },
    ],
    build: { write: false, target: "esnext", rollupOptions: { input: entry } },
  })) as { readonly output: readonly { readonly code?: string }[] };

  expect(output.map(({ code = "" }) => code).join("").length).toBeLessThan(2000);
});
