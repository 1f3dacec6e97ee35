import type {} from "./page/train-page.js";
import { openBenchPage, type PageLike } from "./page/open-page.js";
import { rendererBytes } from "./page/renderer-memory.js";
import type { BenchResult } from "./result.js";
import { startServerChild } from "./serve/server-child.js";
import { prepareServer } from "./serve/workload.js";

const NUM_STEPS = 100;
/** The sides take turns, so that other work on the machine meets both. */
const NUM_TURNS = 10;
/** What a local training must be over TensorFlow.js' WASM backend. */
const SPEED_BAR = 4;
const RESTART_BAR_MS = 2000;
const NUM_ROUNDS = 50;
/** What the last ten rounds may hold over the second ten: the first ones fill the heap. */
const MEMORY_BAR = 1.05;

/**
 * A local training of 2nn, batch 32, in a worker of a headless Chromium: of this runtime beside TensorFlow.js' WASM backend,
 * one thread each; then how soon a device answers whose worker has died, and the page's memory over fifty
 * rounds with an aggregator: selection, download, training of nineteen steps, upload and receipt.
 *
 * Needs Chromium and a checkout; measures nothing without.
 */
export async function benchTrainBrowser(): Promise<BenchResult[]> {
  const opened = await openBenchPage("train-page.js");
  if (opened === undefined) {
    process.stderr.write("This needs /usr/bin/chromium, or CHROMIUM, and a checkout.\n");
    return [];
  }
  try {
    const { page } = opened;
    return [...(await speed(page)), ...(await memory(page)), await restart(page)];
  } finally {
    await opened.close();
  }
}

async function speed(page: PageLike): Promise<readonly BenchResult[]> {
  // The first turn loads and compiles.
  const turns: { readonly oursMs: number; readonly theirsMs: number }[] = [];
  for (let turn = 0; turn <= NUM_TURNS; turn += 1)
    turns.push(await page.evaluate((numSteps) => globalThis.trainPage.measureTraining(numSteps), NUM_STEPS));
  const measured = turns.slice(1);
  // The best of the turns, as in the other training benchmark: what disturbs a turn makes it slower, never faster.
  const perStep = (times: readonly number[]): number => Math.min(...times) / NUM_STEPS;
  const ours = perStep(measured.map(({ oursMs }) => oursMs));
  const theirs = perStep(measured.map(({ theirsMs }) => theirsMs));
  const ratio = theirs / ours;
  const versus = "2nn, tfjs-wasm in a worker";
  return [
    { name: versus, value: theirs, unit: "ms/step" },
    {
      ...{ name: "2nn, this runtime in its worker", value: ours, unit: "ms/step", versus, ratio },
      ...{ bar: SPEED_BAR, pass: ratio >= SPEED_BAR },
    },
  ];
}

async function memory(page: PageLike): Promise<readonly BenchResult[]> {
  const sizes = await memoryByRound(page);
  if (sizes === null) return [];
  const before = mean(sizes.slice(10, 20));
  const after = mean(sizes.slice(-10));
  const versus = "memory of the page, rounds 11 to 20";
  const ratio = after / before;
  return [
    { name: versus, value: before, unit: "bytes" },
    {
      ...{ name: "memory of the page, rounds 41 to 50", value: after, unit: "bytes", versus, ratio },
      ...{ bar: MEMORY_BAR, pass: ratio <= MEMORY_BAR },
    },
  ];
}

/** Resident bytes of the page after each round in which its update was counted; null where that cannot be read. */
async function memoryByRound(page: PageLike): Promise<readonly number[] | null> {
  const server = await startServerChild();
  try {
    await prepareServer(server, { epochs: 1 });
    await page.evaluate((url) => globalThis.trainPage.startRounds(url), server.url);
    const sizes: number[] = [];
    for (let round = 1; round <= NUM_ROUNDS; round += 1) {
      await page.evaluate((numRounds) => globalThis.trainPage.counted(numRounds), round);
      const sizeBytes = rendererBytes();
      if (sizeBytes === null) return null;
      sizes.push(sizeBytes);
    }
    await page.evaluate(() => globalThis.trainPage.endRounds(), null);
    return sizes;
  } finally {
    await server.close();
  }
}

async function restart(page: PageLike): Promise<BenchResult> {
  const server = await startServerChild();
  try {
    await prepareServer(server);
    const value = await page.evaluate((url) => globalThis.trainPage.measureRestart(url), server.url);
    const pass = value <= RESTART_BAR_MS;
    return { name: "answer after the worker died", value, unit: "ms", bar: RESTART_BAR_MS, pass };
  } finally {
    await server.close();
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
