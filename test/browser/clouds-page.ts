import { startServer, type RunningServer } from "@fedge/aggregator";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { cloudsConverted } from "../e2e/layers-model.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { startChromium } from "./chromium.js";

export const CLOUDS = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

/** A built page, a browser, and a server that has version 1 of the clouds' model, with a folder for whatever keeps something. */
export interface CloudsPage {
  readonly directory: string;
  readonly built: BuiltPage;
  readonly browser: Browser;
  readonly server: RunningServer;
  close(): Promise<void>;
}

/** With the page of that folder. */
export async function openCloudsPage(page: string): Promise<CloudsPage> {
  const directory = await mkdtemp(join(tmpdir(), "fedge-clouds-"));
  const [built, browser] = await Promise.all([buildPage(page), startChromium()]);
  const server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
    allowedOrigins: [new URL(built.url).origin],
  });
  const onnx = await cloudsConverted();
  await server.service.importModel({ model: CLOUDS, onnx, training: { loss: "softmax-cross-entropy" } });
  return {
    ...{ directory, built, browser, server },
    close: async () => {
      await browser.close();
      await built.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
