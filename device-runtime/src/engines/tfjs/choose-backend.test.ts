import { expect, test } from "vitest";
import { loadTfjsRuntime, NODE_BACKENDS } from "../../node/tfjs-runtime.js";
import { chooseBackend, type BackendCandidate, type BackendKind } from "./index.js";

function fakes(options: {
  readonly notInstalled?: readonly string[];
  readonly doNotStart?: readonly string[];
}): {
  readonly tf: { setBackend: (name: string) => Promise<boolean> };
  readonly offer: (...kinds: BackendKind[]) => BackendCandidate[];
  readonly started: string[];
} {
  const started: string[] = [];
  const setBackend = (name: string): Promise<boolean> => {
    const starts = !(options.doNotStart ?? []).includes(name);
    if (starts) started.push(name);
    return Promise.resolve(starts);
  };
  const load = (kind: string): Promise<void> =>
    (options.notInstalled ?? []).includes(kind)
      ? Promise.reject(new Error("not installed"))
      : Promise.resolve();
  const offer = (...kinds: BackendKind[]): BackendCandidate[] =>
    kinds.map((kind) => ({ kind, load: () => load(kind) }));
  return { tf: { setBackend }, offer, started };
}

test("the fastest of the offered backends is started, in whatever order they are offered", async () => {
  const { tf, offer, started } = fakes({});

  const kind = await chooseBackend(tf, offer("cpu", "wasm", "webgl", "tfjs-node", "webgpu"));

  expect(kind).toBe("tfjs-node");
  expect(started).toEqual(["tensorflow"]);
});

test("a backend that is not installed, and one that does not start, leave the next its turn", async () => {
  const { tf, offer } = fakes({ notInstalled: ["webgpu"], doNotStart: ["webgl"] });

  expect(await chooseBackend(tf, offer("webgpu", "webgl", "wasm", "cpu"))).toBe("wasm");
});

test("the error says of each backend why it does not run", async () => {
  const { tf, offer } = fakes({ notInstalled: ["tfjs-node"], doNotStart: ["wasm"] });

  const choice = chooseBackend(tf, offer("tfjs-node", "wasm"));

  await expect(choice).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  await expect(choice).rejects.toThrow("tfjs-node: not installed; wasm: does not start");
});

test("Node runs the WASM backend from the files of its own package", async () => {
  const { runtime, name } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind !== "tfjs-node"));

  expect(runtime.core.getBackend()).toBe("wasm");
  expect(name).toBe(`tfjs-wasm@${runtime.core.version_core}`);
});
