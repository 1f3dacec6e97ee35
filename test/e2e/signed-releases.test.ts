import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createDevice } from "@fedge/device-runtime/node";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, hasErrorCode, modelName, type DeviceId } from "@fedge/protocol";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runFedge } from "./fedge-command.js";
import { freePort } from "./server-process.js";
import { eventually } from "./waiting.js";

const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

let directory = "";
let server: RunningServer;
let ports = { httpPort: 0, mqttPort: 0 };
const devices: Device[] = [];

const stateOf = (name: string): string => join(directory, name);
const rootOf = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(join(stateOf(name), "signing", "metadata", "1.root.json")));

function start(name: string): Promise<RunningServer> {
  return startServer({ host: "127.0.0.1", ...ports, stateDirectory: stateOf(name), logLevel: "silent" });
}

async function newDevice(
  name: string,
  trustedRoot?: Uint8Array,
): Promise<{ device: Device; codes: unknown[] }> {
  const root = trustedRoot === undefined ? {} : { trustedRoot };
  const device = await createDevice({
    server: server.httpUrl,
    model,
    stateDirectory: stateOf(name),
    ...root,
  });
  const codes: unknown[] = [];
  device.on("error", (error) => codes.push(hasErrorCode(error) ? error.code : error));
  devices.push(device);
  return { device, codes };
}

async function fedge(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await runFedge(args, { cwd: directory });
  if (exitCode !== 0) throw new Error(stderr);
}

const serves = (device: Device): Promise<true> =>
  eventually("the device to serve", async () => (device.model(model).version === 1 ? true : undefined));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-signed-"));
  ports = { httpPort: await freePort(), mqttPort: await freePort() };
  const other = await start("another-server");
  await other.close();
  server = await start("server");
  const onnx = logistic({ inputs: 4, classes: 3, seed: 1 });
  await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

test("a device with the server's root installs what the server signed", async () => {
  const { device, codes } = await newDevice("ana", await rootOf("server"));

  await serves(device);

  expect(codes).toEqual([]);
});

test("a device without a root trusts the one that its server names at enrolment", async () => {
  const { device } = await newDevice("bo");

  await serves(device);
});

test("a device with another server's root installs nothing", async () => {
  const { device, codes } = await newDevice("chen", await rootOf("another-server"));

  await eventually("a refusal", async () => (codes.includes("ROOT_UNKNOWN") ? true : undefined));

  expect(device.model(model).version).toBeNull();
});

test("`fedge tuf` downloads the released manifest over HTTP, by its signed hash", async () => {
  const root = join(directory, "root.json");
  await cp(join(stateOf("server"), "signing", "metadata", "1.root.json"), root);
  const [metadata, targets] = [join(directory, "metadata"), join(directory, "targets")];
  const url = `${server.httpUrl}/v1/metadata`;
  await fedge("tuf", "--metadata-dir", metadata, "init", root);
  const where = ["--metadata-dir", metadata, "--metadata-url", url, "--target-dir", targets];
  const target = ["--target-base-url", `${url}/targets`, "--target-name", `models/${model}/1/manifest.json`];

  await fedge("tuf", ...where, ...target, "download");

  const file = join(targets, encodeURIComponent(`models/${model}/1/manifest.json`));
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ model, version: 1 });
});

test("a device that begins with the first root follows it to a key that was rotated since", async () => {
  await server.close();
  await fedge("keys", "rotate", "timestamp", "--state", stateOf("server"));
  server = await start("server");
  const { device, codes } = await newDevice("dora", await rootOf("server"));

  await serves(device);

  expect(codes).toEqual([]);
  const newest = await readFile(join(stateOf("server"), "signing", "metadata", "2.root.json"), "utf8");
  expect(JSON.parse(newest)).toMatchObject({ signed: { version: 2 } });
});

test("a server that was made anew is refused and sees why, until the app ships its root", async () => {
  // The others would find the new server too, and refuse it, whenever their next attempt comes: only ana is counted here.
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  server = await start("server-anew");
  const onnx = logistic({ inputs: 4, classes: 3, seed: 2 });
  await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  const { manifest } = (await server.service.getVersion(model, 1)).version;
  const { device, codes } = await newDevice("ana", await rootOf("server"));
  const servedSha256 = async (): Promise<string | null | undefined> =>
    (await server.service.getDevice(device.status().deviceId as DeviceId)).serving[model]?.manifestSha256;

  await eventually("the reason", async () => {
    const { untrusting } = (await server.service.overview()).fleet;
    return untrusting["ROOT_UNKNOWN"] === 1 ? true : undefined;
  });
  expect(codes).toContain("ROOT_UNKNOWN");
  expect(device.status().problems).toMatchObject([
    { code: "ROOT_UNKNOWN", message: expect.stringContaining("trustedRoot") as string },
  ]);
  expect(device.model(model).version).toBe(1);
  expect(await servedSha256()).not.toBe(manifest.sha256);
  await device.close();

  const { device: updated } = await newDevice("ana", await rootOf("server-anew"));

  await eventually("the new server's version", async () =>
    (await servedSha256()) === manifest.sha256 ? true : undefined,
  );
  expect(updated.status().problems).toEqual([]);
  expect((await server.service.overview()).fleet.untrusting).toEqual({});
});
