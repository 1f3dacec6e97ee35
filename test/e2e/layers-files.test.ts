import * as core from "@tensorflow/tfjs-core";
import { layers, loadLayersModel, sequential, type LayersModel } from "@tensorflow/tfjs-layers";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runFedge, type CommandResult } from "./fedge-command.js";
import { cloudsLayersModel } from "./layers-model.js";
import { ServerProcess, freePort } from "./server-process.js";

let directory = "";
let server: ServerProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-layers-"));
  const state = join(directory, "state");
  server = new ServerProcess({ state, httpPort: await freePort(), mqttPort: await freePort() });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const fedge = (...args: string[]): Promise<CommandResult> => {
  const place = ["--server", server.url, "--state", join(directory, "state")];
  return runFedge([...args, ...place], { cwd: directory });
};

/** The files that `model.save("file://…")` writes, in a directory of this name. */
async function save(model: LayersModel, name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ["./weights.bin"], weights: weightSpecs }];
      const file = { format: "layers-model", modelTopology, weightsManifest };
      await writeFile(join(path, "model.json"), JSON.stringify(file));
      await writeFile(join(path, "weights.bin"), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    },
  });
  return join(path, "model.json");
}

async function load(path: string): Promise<LayersModel> {
  const file = JSON.parse(await readFile(join(path, "model.json"), "utf8")) as {
    modelTopology: object;
    weightsManifest: { weights: never[] }[];
  };
  const bytes = await readFile(join(path, "weights.bin"));
  return loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology: file.modelTopology,
        weightSpecs: file.weightsManifest.flatMap(({ weights }) => weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
      }),
  });
}

test("a model.json is imported under its directory's name, and exported as the model that it was", async () => {
  const model = await cloudsLayersModel();
  const imported = await fedge("model", "import", await save(model, "clouds"));
  const exported = await fedge("model", "export", "clouds@1", "--format", "tfjs", "--output", "back");

  expect([imported.exitCode, exported.exitCode, imported.stderr + exported.stderr]).toEqual([0, 0, ""]);
  expect(imported.stdout).toContain("imported clouds version 1");
  const examples = core.randomUniform(
    [5, ...(model.inputs[0]?.shape.slice(1) as number[])],
    -1,
    1,
    "float32",
    1,
  );
  const [before, after] = [model, await load(join(directory, "back"))].map(
    (one) => one.predict(examples) as core.Tensor,
  );
  expect(after?.dataSync()).toEqual(before?.dataSync());
});

test("layers that are not trainable stay frozen, unless --trainable says otherwise", async () => {
  const model = sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3], trainable: false, name: "base" }),
      layers.dense({ units: 2, name: "head" }),
    ],
  });
  const path = await save(model, "frozen");
  const trained = async (...flags: string[]): Promise<string[]> => {
    const { stdout } = await fedge("model", "import", path, "--dry-run", "--json", ...flags);
    const summary = JSON.parse(stdout) as { parameters: { name: string; isTrained: boolean }[] };
    return summary.parameters.filter(({ isTrained }) => isTrained).map(({ name }) => name);
  };

  expect(await trained()).toEqual(["head/kernel", "head/bias"]);
  expect(await trained("--trainable", "*")).toEqual(["base/kernel", "base/bias", "head/kernel", "head/bias"]);
});

test("a model.json without its weights is refused in one sentence that names the file", async () => {
  const path = await save(await cloudsLayersModel(), "lost");
  await rm(join(directory, "lost", "weights.bin"));

  const { exitCode, stderr } = await fedge("model", "import", path);

  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^fedge: cannot read .*weights\.bin.*\n$/)]);
});
