import { ManualClock } from "@fedge/device-runtime/testing";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CONNECT, PORT, TRAIN_NOW } from "../messages/channels.js";
import { ElectronDouble, type DoubleOptions } from "../testing/electron-double.js";
import { ScriptedProcess } from "../testing/process-double.js";
import { FrameDouble, type WindowDouble } from "../testing/window-double.js";
import { startShell } from "./start-shell.js";

describe("the shell", () => {
  let directory = "";
  let processes: ScriptedProcess[];
  let clock: ManualClock;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-shell-"));
    processes = [];
    clock = new ManualClock();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const createElectron = (more: Partial<DoubleOptions> = {}): ElectronDouble =>
    new ElectronDouble({
      userData: directory,
      fork: () => {
        processes.push(new ScriptedProcess());
        return processes.at(-1) as ScriptedProcess;
      },
      ...more,
    });

  const options = {
    ...{ appName: "Keyboard", server: "http://127.0.0.1:1", model: "digits" },
    ...{ iconPath: "icon.png", trayIconPath: "tray.png" },
  };
  const start = (electron: ElectronDouble, more: object = {}) =>
    startShell(electron.api, { ...options, pageDirectory: directory, ...more }, clock);

  const windowOf = (electron: ElectronDouble): WindowDouble => electron.windows[0] as WindowDouble;
  const menuOf = (electron: ElectronDouble): (string | undefined)[] =>
    (electron.trays[0]?.menu ?? []).map(({ label }) => label);
  const choose = (electron: ElectronDouble, label: string): void =>
    electron.trays[0]?.menu.find((item) => item.label === label)?.click?.();
  /** Lets files be read and written. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };

  /** The file that keeps the window's place, once it is there. */
  const writtenPlace = async (): Promise<unknown> => {
    for (;;) {
      await settle();
      const text = await readFile(join(directory, "window.json"), "utf8").catch(() => null);
      if (text !== null) return JSON.parse(text);
    }
  };

  test("shows its page in a window that has nothing of Node's", async () => {
    const electron = createElectron();
    await start(electron, { preloadPath: "/preload.cjs" });

    expect(windowOf(electron).loaded).toEqual(["app://fedge/"]);
    expect(windowOf(electron).isVisible).toBe(true);
    expect(windowOf(electron).options.webPreferences).toEqual({
      ...{ contextIsolation: true, sandbox: true, nodeIntegration: false },
      ...{ webSecurity: true, webviewTag: false, preload: "/preload.cjs" },
    });
  });

  test("registers its scheme before Electron is ready, and answers it with its page's files", async () => {
    const electron = createElectron();
    await writeFile(join(directory, "index.html"), "the page");
    await start(electron);

    expect(electron.schemes).toEqual(["app"]);
    expect(await (await electron.answer(new Request("app://fedge/"))).text()).toBe("the page");
  });

  test("grants no permission, and lets no page open windows, leave, or embed others", async () => {
    const electron = createElectron();
    await start(electron);
    const contents = electron.createContents();

    expect([electron.isPermitted?.("notifications"), electron.isChecked?.()]).toEqual([false, false]);
    expect(contents.openWindow()).toEqual({ action: "deny" });
    expect([contents.tries("will-navigate"), contents.tries("will-attach-webview")]).toEqual([false, false]);
  });

  test("is one instance: a second one shows the first one's window and quits", async () => {
    const first = createElectron();
    await start(first);
    windowOf(first).close();
    const second = createElectron({ first });

    expect(await start(second)).toBeNull();
    await settle();
    expect([second.hasQuit, second.windows.length, processes.length]).toEqual([true, 0, 1]);
    expect([windowOf(first).isVisible, windowOf(first).hasFocus]).toEqual([true, true]);
  });

  test("hides its window when that is closed, goes on, and shows it again from the tray", async () => {
    const electron = createElectron();
    await start(electron);
    windowOf(electron).close();
    const isVisible = windowOf(electron).isVisible;
    choose(electron, "Show Keyboard");
    await settle();

    expect([isVisible, windowOf(electron).isVisible, electron.windows.length]).toEqual([false, true, 1]);
    expect([electron.hasQuit, processes[0]?.isKilled]).toEqual([false, false]);
  });

  test("brings a minimized window back", async () => {
    const electron = createElectron();
    await start(electron);
    windowOf(electron).minimize();
    electron.appEvents.emit("activate");
    await settle();

    expect(windowOf(electron).isMinimized()).toBe(false);
  });

  test("opens where its window was the last time", async () => {
    const bounds = { x: 40, y: 30, width: 700, height: 650 };
    const first = createElectron();
    await start(first);
    windowOf(first).moveTo(bounds);
    windowOf(first).maximize();
    clock.advance(500);
    await writtenPlace();
    const second = createElectron();
    await start(second);

    expect(windowOf(second).options).toMatchObject(bounds);
    expect(windowOf(second).isMaximized()).toBe(true);
  });

  test("keeps a place that its window was moved to just before it quits", async () => {
    const bounds = { x: 60, y: 50, width: 720, height: 640 };
    const first = createElectron();
    await start(first);
    windowOf(first).moveTo(bounds);
    first.quit();
    await writtenPlace();
    const second = createElectron();
    await start(second);

    expect(windowOf(second).options).toMatchObject(bounds);
  });

  test("writes a window's place once it rests", async () => {
    const electron = createElectron();
    await start(electron);
    for (let x = 0; x < 10; x += 1) {
      windowOf(electron).moveTo({ x, y: 0, width: 700, height: 650 });
      clock.advance(100);
    }
    await settle();
    const during = await readFile(join(directory, "window.json")).catch(() => null);
    clock.advance(500);

    expect(during).toBeNull();
    expect(await writtenPlace()).toMatchObject({ x: 9 });
  });

  test("says in the tray how its device is", async () => {
    const electron = createElectron();
    await start(electron);
    processes[0]?.say({
      type: "summary",
      summary: {
        ...{ isOnline: true, versions: { digits: 4 }, waitingFor: ["on battery"], phase: "resting" },
        problems: [],
      },
    });

    expect(electron.trays[0]?.toolTip).toBe("Keyboard: Online");
    expect(menuOf(electron)).toEqual([
      ...["Online", "digits: version 4", "waiting: on battery", undefined],
      ...["Show Keyboard", "Quit"],
    ]);
  });

  test("offers to start a device again that was given up", async () => {
    const electron = createElectron();
    await start(electron);
    for (let death = 0; death < 5; death += 1) {
      processes.at(-1)?.end(1);
      clock.advance(2000);
    }
    const offered = menuOf(electron);
    choose(electron, "Start again");

    expect([offered[0], offered.includes("Start again")]).toEqual(["Not running", true]);
    expect([processes.length, menuOf(electron).includes("Start again")]).toEqual([6, false]);
  });

  test("gives lines to its own pages only", async () => {
    const electron = createElectron();
    await start(electron);
    const [own, other] = [new FrameDouble(), new FrameDouble("https://elsewhere.example")];
    for (const frame of [own, other, null]) electron.ask(CONNECT, frame);

    expect([own.sent.map(({ channel }) => channel), other.sent]).toEqual([[PORT], []]);
  });

  test("tells the device when the desktop's conditions change, and when its person wants to train now", async () => {
    const electron = createElectron();
    electron.isOnBattery = true;
    await start(electron);
    electron.idleSeconds = 3600;
    clock.advance(5000);
    electron.ask(TRAIN_NOW, new FrameDouble());
    clock.advance(120_000);
    const reasons = processes[0]?.told.map(({ message }) => (message as { reasons: unknown }).reasons);

    expect(reasons).toEqual([["on battery", "in use"], ["on battery"], [], ["on battery"]]);
  });

  test("quits when its device has said goodbye, however often it is asked", async () => {
    const electron = createElectron();
    await start(electron);
    choose(electron, "Quit");
    electron.quit();
    const early = electron.hasQuit;
    const told = processes[0]?.told.filter(({ message }) => (message as { type: string }).type === "stop");
    processes[0]?.end(0);
    await settle();

    expect([early, told?.length, electron.hasQuit]).toEqual([false, 1, true]);
    expect([electron.trays[0]?.isDestroyed, electron.power.numListeners()]).toEqual([true, 0]);
  });

  test("lets its window close once it quits", async () => {
    const electron = createElectron();
    await start(electron);
    electron.quit();
    windowOf(electron).close();

    expect(windowOf(electron).isDestroyed()).toBe(true);
  });

  test.each<[string, object]>([
    ["no server", { server: "" }],
    ["a server without http", { server: "fedge.example" }],
    ["no model", { model: undefined }],
    ["a model's name that is a path", { model: "../digits" }],
  ])("does not start with %s", async (_, wrong) => {
    await expect(start(createElectron(), wrong)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(processes).toEqual([]);
  });
});
