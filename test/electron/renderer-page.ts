import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createAppProtocol } from "../../electron-shell/src/main/app-protocol.js";
import type { MainPort } from "../../electron-shell/src/main/electron-api.js";
import type { ElectronDouble } from "../../electron-shell/src/testing/electron-double.js";
import { FrameDouble } from "../../electron-shell/src/testing/window-double.js";
import { repositoryRoot } from "../architecture/source-files.js";

/** What stands in the page for the one module that a preload script can load. */
const ELECTRON_IN_PAGE = `
  const listeners = new Map();
  const ports = new Map();
  globalThis.shellDouble = {
    say(channel, message, portIds) {
      const handed = portIds.map((id) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => void shellDoublePost(id, data);
        ports.set(id, port1);
        return port2;
      });
      for (const listener of listeners.get(channel) ?? []) listener({ ports: handed }, message);
    },
    post(id, data) { ports.get(id)?.postMessage(data); },
  };
  const contextBridge = {
    exposeInMainWorld: (name, api) => Object.defineProperty(globalThis, name, { value: Object.freeze(api) }),
  };
  const ipcRenderer = {
    send: (channel) => void shellDoubleAsk(channel),
    on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
  };
  const require = (name) => {
    if (name !== "electron") throw new Error("a sandboxed preload script cannot load " + name);
    return { contextBridge, ipcRenderer };
  };
`;

const ADDRESS = "https://shell.example";

/** Opens the shell's page in a real browser, with its real preload script, files and headers, and lines over real ports. */
export async function openRendererPage(browser: Browser, electron: ElectronDouble): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 980, height: 760 } });
  await serveFiles(page);
  await joinTo(page, electron);
  const preload = join(repositoryRoot, "electron-shell/dist/preload/preload.cjs");
  await page.addInitScript(`{ ${ELECTRON_IN_PAGE}\n${await readFile(preload, "utf8")} }`);
  await page.goto(`${ADDRESS}/`);
  return page;
}

async function serveFiles(page: Page): Promise<void> {
  const answer = createAppProtocol(join(repositoryRoot, "electron-shell/dist/page"));
  await page.route(`${ADDRESS}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const response = await answer(new Request(`app://fedge${pathname}`));
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  });
}

async function joinTo(page: Page, electron: ElectronDouble): Promise<void> {
  const frame = new FrameDouble();
  const ports = new Map<number, MainPort>();
  // One after the other: messages of a port keep their order.
  let telling: Promise<unknown> = Promise.resolve();
  const tell = (work: () => Promise<unknown>): void => {
    telling = telling.then(() => (page.isClosed() ? undefined : work())).catch(() => undefined);
  };
  await page.exposeFunction("shellDoubleAsk", (channel: string) => electron.ask(channel, frame));
  await page.exposeFunction("shellDoublePost", (id: number, data: unknown) =>
    ports.get(id)?.postMessage(data),
  );
  frame.passTo((channel, message, handed) => {
    const ids = handed.map((port) => {
      const id = ports.size;
      ports.set(id, port);
      port.on("message", ({ data }) =>
        tell(() => page.evaluate(([at, given]) => shellDouble.post(at, given), [id, data] as const)),
      );
      port.start();
      return id;
    });
    tell(() => page.evaluate((given) => shellDouble.say(...given), [channel, message, ids] as const));
  });
}

declare global {
  var shellDouble: {
    say(channel: string, message: unknown, portIds: readonly number[]): void;
    post(id: number, data: unknown): void;
  };
}
