import { startServer, type RunningServer } from "@fedge/aggregator";
import { DEMO_WORDS, Vocabulary, contextOf } from "@fedge/browser-demo/words";
import { createDevice } from "@fedge/device-runtime/node";
import { gru } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cloudsTask } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { found, tracesOfText } from "./encodings.js";
import { RecordingProxy, plainBytes } from "./recording-proxy.js";
import { KNOWN_WORDS, STRANGE_WORD, tracesOfTyped } from "./typed-canaries.js";

const ROUNDS = 2;
const model = decodeWith(modelName, "next-word", { what: "model", code: "OPTION_INVALID" });
const task = decodeWith(taskId, "words-1", { what: "task", code: "OPTION_INVALID" });
const vocabulary = new Vocabulary(DEMO_WORDS);

let directory = "";
let server: RunningServer;
let proxy: RecordingProxy;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-canary-"));
  server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
  });
  proxy = await RecordingProxy.start(Number(new URL(server.httpUrl).port));
  const onnx = new Uint8Array(gru({ vocabulary: vocabulary.size, embedding: 16, hidden: 16, seed: 1 }));
  await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
});
afterAll(async () => {
  await proxy.close();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

test("a recording of everything that a device in Node sends holds nothing of what it was asked, told and trained on", async () => {
  // Without a path around the proxy: the address that it enrols at is the only one it is given.
  const device = await createDevice({
    ...{ server: `http://127.0.0.1:${proxy.port}`, model, useWebSocket: true },
    stateDirectory: join(directory, "device"),
    consent: { training: true, reporting: true },
  });
  await eventually("a version", async () => device.model(model).version ?? undefined);
  for (let at = 1; at < KNOWN_WORDS.length; at += 1) {
    const tokens = contextOf(KNOWN_WORDS.slice(0, at), vocabulary);
    const { id } = await device.model(model).predict({ tokens });
    await device.log(id, { typed: STRANGE_WORD, sentence: KNOWN_WORDS.join(" ") });
    await device.label(id, vocabulary.idOf(KNOWN_WORDS[at] ?? ""));
  }
  await server.service.createTask(
    cloudsTask({
      ...{ taskId: task, model, maxRounds: ROUNDS },
      round: { goalReports: 1, minAvailable: 1 },
    }) as never,
  );
  await eventually("the rounds", async () => {
    const rounds = await server.service.listRounds(task);
    return rounds.filter(({ outcome }) => outcome === "committed").length === ROUNDS ? true : undefined;
  });
  const { bytesUp } = device.status();
  expect(await device.forget()).toEqual({ isServerTold: true });

  const everything = Buffer.concat(proxy.sent.map(plainBytes));
  expect(proxy.isPacked).toBe(false);
  expect(found(tracesOfTyped(), everything)).toEqual([]);
  // The recording is whole: the device's own messages and the updates are in it.
  expect(found(tracesOfText("runtimeVersion"), everything)).toContain("UTF-8");
  expect(everything.length).toBeGreaterThanOrEqual(bytesUp);
});
