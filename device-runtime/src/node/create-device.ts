import { FedgeError, createRandom } from "@fedge/protocol";
import { randomBytes } from "node:crypto";
import envPaths from "env-paths";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createDevice as createCoreDevice } from "../core/device.js";
import type { Device } from "../core/device-interface.js";
import { modelsOf, type AppOptions } from "../core/app-options.js";
import type { HostConditions } from "../core/ports/application.js";
import type { Trainer } from "../core/ports/engine.js";
import type { Identity } from "../core/ports/transport.js";
import { closingAfter } from "../core/closing-after.js";
import { createSystemClock } from "../clock/system-clock.js";
import { nodeDigest } from "./digest.js";
import { loadEngine, type NodeEngine } from "./engines.js";
import { openFileBlobs } from "./file-blobs.js";
import { createHttpIdentity } from "../identity/http-identity.js";
import { eraseDeviceKey, openDeviceKey } from "./key-file.js";
import { nodeVerifier } from "./signature-verifier.js";
import { openLevelStore } from "./level-store.js";
import { createNodeMqttTransport } from "./mqtt-transport.js";
import { createProcessTrainer } from "./process-trainer.js";

/** What an app in Node decides. */
export interface NodeDeviceOptions extends AppOptions {
  /**
   * Where this device keeps its key, models, log and rounds; one process at a time. By default a folder of the server's
   * name in the user's data directory.
   */
  readonly stateDirectory?: string;
  /** When the device may train; always by default. */
  readonly conditions?: HostConditions;
  readonly useWebSocket?: boolean;
  /** What runs the models; by default the first that loads of `NODE_ENGINES`. */
  readonly engine?: NodeEngine;
  /** A process of its own with the same engine by default. */
  readonly trainer?: Trainer;
}

export const alwaysEligible: HostConditions = { isEligible: () => true, onChange: () => () => undefined };

/**
 * A device in Node: ONNX by the native runtime (or WebAssembly) or layers models by TensorFlow.js, MQTT over TCP,
 * files, training in a child process.
 *
 * Throws STATE_DIRECTORY_UNUSABLE, STATE_DIRECTORY_LOCKED, ENGINE_UNAVAILABLE or OPTION_INVALID. A server that cannot
 * be reached is not an error: what is installed serves, and the device goes on trying.
 */
export async function createDevice(options: NodeDeviceOptions): Promise<Device> {
  const models = modelsOf(options);
  const directory = resolve(options.stateDirectory ?? defaultDirectory(options.server));
  await makeDirectory(directory);
  const { serving, engine } = await loadEngine(options.engine);
  // First: it keeps every other process out of the directory.
  const store = await openLevelStore(join(directory, "store"));
  try {
    const identity = await openIdentity(options, directory);
    const device = await createCoreDevice(
      {
        ...{ clock: createSystemClock(), store, identity, digest: nodeDigest, verifier: nodeVerifier },
        transport: createNodeMqttTransport(),
        random: createRandom(randomBytes(16).toString("hex")),
        blobs: await openFileBlobs(join(directory, "blobs")),
        serving,
        trainer: options.trainer ?? createProcessTrainer({ engine }),
        conditions: options.conditions ?? alwaysEligible,
        trainingData: options.trainingData ?? {},
        newStop: () => new AbortController(),
      },
      {
        models,
        consent: options.consent ?? {},
        ...(options.featureLog === undefined ? {} : { featureLog: options.featureLog }),
        ...(options.trustedRoot === undefined ? {} : { trustedRoot: options.trustedRoot }),
        platform: `node ${process.versions.node} ${process.platform}`,
      },
    );
    return closingAfter(device, () => store.close());
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openIdentity(
  { server, enrolmentKey, useWebSocket = false }: NodeDeviceOptions,
  directory: string,
): Promise<Identity> {
  const key = await openDeviceKey(directory);
  return createHttpIdentity({
    ...{ server, key, clock: createSystemClock(), useWebSocket },
    eraseKey: () => eraseDeviceKey(directory),
    ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
  });
}

/** The user's data directory for this platform, and in it one folder for each server. */
function defaultDirectory(server: string): string {
  const name = server.replace(/^[a-z]+:\/\//i, "").replace(/[^A-Za-z0-9.-]+/g, "_");
  return join(envPaths("fedge", { suffix: "" }).data, name === "" ? "server" : name);
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new FedgeError(
      "STATE_DIRECTORY_UNUSABLE",
      `cannot make ${directory}; choose a stateDirectory that can be written`,
      { cause },
    );
  }
}
