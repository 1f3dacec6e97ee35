import type {} from "./page/bench-page.js";
import { openBenchPage } from "./page/open-page.js";
import type { BenchResult } from "./result.js";
import { measureNode } from "./serve/serve-node.js";
import { startServerChild, type ServerChild } from "./serve/server-child.js";
import { servingResults } from "./serve/serving-measures.js";
import { prepareServer } from "./serve/workload.js";

/**
 * `predict` of a device with its feature log on beside `run` of a bare session, for 2nn and one image at a time: in
 * Node, and in Chromium, where both run in a worker. Then the slowest of a hundred requests while a round trains.
 *
 * The second half needs Chromium and a checkout, and is left out without.
 */
export async function benchServe(): Promise<BenchResult[]> {
  const server = await startServerChild();
  try {
    const onnx = await prepareServer(server);
    return [
      ...servingResults("Node", await measureNode(server, onnx)),
      ...(await measureChromium(server, onnx)),
    ];
  } finally {
    await server.close();
  }
}

async function measureChromium(server: ServerChild, onnx: Uint8Array): Promise<BenchResult[]> {
  const opened = await openBenchPage("bench-page.js");
  if (opened === undefined) {
    process.stderr.write(
      "Chromium is not measured: it needs /usr/bin/chromium, or CHROMIUM, and a checkout.\n",
    );
    return [];
  }
  const { page } = opened;
  try {
    await page.evaluate((url) => globalThis.benchPage.start(url), server.url);
    const measures = await page.evaluate(
      (text) =>
        globalThis.benchPage.measureServing(Uint8Array.from(atob(text), (char) => char.charCodeAt(0))),
      Buffer.from(onnx).toString("base64"),
    );
    const inPage = { name: "Chromium: bare run that blocks the page, median", unit: "µs" };
    return [...servingResults("Chromium", measures), { ...inPage, value: measures.inPage.medianMs * 1000 }];
  } finally {
    await opened.close();
  }
}
