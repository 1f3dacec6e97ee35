import type { ModelName } from "@fedge/protocol";
import type { Clock } from "@fedge/device-runtime";
import { createSystemClock } from "@fedge/device-runtime/node";
import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CONNECT, TRAIN_NOW } from "../messages/channels.js";
import type { HostedDevice } from "../messages/process-messages.js";
import { APP_ORIGIN, APP_SCHEME, createAppProtocol } from "./app-protocol.js";
import { DeviceSupervisor } from "./device-supervisor.js";
import type { ElectronApi, FrameApi } from "./electron-api.js";
import { harden } from "./hardening.js";
import { DesktopConditions } from "./host-conditions.js";
import { isLinuxOnBattery } from "./linux-power.js";
import { shellModels, type ShellOptions } from "./shell-options.js";
import { ShellWindow } from "./shell-window.js";
import { StatusTray } from "./status-tray.js";

/** How long "train now" holds: long enough to be chosen for a round. */
const TRAIN_NOW_MS = 120_000;

/** A running shell. */
export interface Shell {
  readonly supervisor: DeviceSupervisor;
  readonly window: ShellWindow;
}

/**
 * Starts the app: one instance, one window, a tray, and the device in a utility process of its own. Call it before
 * Electron is ready. Resolves with null in a second instance, which shows the first one's window and quits.
 *
 * Throws OPTION_INVALID.
 */
export async function startShell(
  electron: ElectronApi,
  options: ShellOptions,
  clock: Clock = createSystemClock(),
): Promise<Shell | null> {
  const { app, protocol } = electron;
  const models = shellModels(options);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return null;
  }
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges }]);
  harden(electron);
  await app.whenReady();
  protocol.handle(APP_SCHEME, createAppProtocol(options.pageDirectory));
  const shell = composeShell(electron, options, { clock, models });
  shell.supervisor.start();
  await shell.window.show();
  return shell;
}

function composeShell(
  electron: ElectronApi,
  options: ShellOptions,
  { clock, models }: { readonly clock: Clock; readonly models: ModelName[] },
): Shell {
  const { app, ipcMain, powerMonitor } = electron;
  const { appName, onError = printError, policy = {} } = options;
  const directory = app.getPath("userData");
  const window = new ShellWindow({
    ...{ electron, clock, iconPath: options.iconPath, title: appName, onError },
    preloadPath: options.preloadPath ?? besides("../preload/preload.cjs"),
    statePath: join(directory, "window.json"),
  });
  const show = (): void => void window.show().catch(onError);
  const tray = new StatusTray({
    ...{ electron, imagePath: options.trayIconPath, appName },
    ...{ onShow: show, onStartAgain: () => supervisor.startAgain(), onQuit: () => app.quit() },
  });
  const isOnBattery = process.platform === "linux" ? { isOnBattery: () => isLinuxOnBattery() } : {};
  const conditions = new DesktopConditions({
    ...{ power: powerMonitor, clock, freeBytes: () => freeBytesOf(directory) },
    ...{ policy, ...isOnBattery },
    onChange: () => supervisor.conditionsChanged(),
  });
  const supervisor: DeviceSupervisor = new DeviceSupervisor({
    ...{ electron, clock, reasons: () => conditions.reasons() },
    modulePath: options.deviceProcessPath ?? besides("../device-process/entry.js"),
    device: hostedDevice(options, { models, stateDirectory: join(directory, "device") }),
    onState: (state) => tray.show(state),
    onRefused: (message) => onError(new Error(message)),
  });
  fromOwnPages(ipcMain, CONNECT, (frame) => supervisor.connect(frame));
  fromOwnPages(ipcMain, TRAIN_NOW, () => conditions.setAside(TRAIN_NOW_MS));
  stayShown(app, show);
  quitAfter(app, () => ended({ window, conditions, supervisor, tray }));
  return { supervisor, window };
}

interface Parts extends Shell {
  readonly conditions: DesktopConditions;
  readonly tray: StatusTray;
}

async function ended({ window, conditions, supervisor, tray }: Parts): Promise<void> {
  const kept = window.letClose();
  conditions.close();
  await Promise.all([supervisor.stop(), kept]);
  tray.destroy();
}

function hostedDevice(
  options: ShellOptions,
  known: Pick<HostedDevice, "models" | "stateDirectory">,
): HostedDevice {
  const { server, enrolmentKey, featureLog, attributes, baselineDirectories } = options;
  const { trustedRootFile, population } = options;
  return {
    ...{ ...known, server },
    ...(trustedRootFile === undefined ? {} : { trustedRootFile: resolve(trustedRootFile) }),
    ...(population === undefined ? {} : { population }),
    ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
    ...(featureLog === undefined ? {} : { featureLog: featureLog && { ...featureLog } }),
    ...(attributes === undefined ? {} : { attributes: { ...attributes } }),
    ...(baselineDirectories === undefined ? {} : { baselineDirectories: { ...baselineDirectories } }),
  };
}

/** A second start shows the window, and closing it ends nothing: the device goes on in the tray. */
function stayShown(app: ElectronApi["app"], show: () => void): void {
  app.on("second-instance", show);
  app.on("activate", show);
  app.on("window-all-closed", () => undefined);
}

/** What comes from a frame that is none of this app's files is nobody's. */
function fromOwnPages(
  ipcMain: ElectronApi["ipcMain"],
  channel: string,
  listener: (frame: FrameApi) => void,
): void {
  ipcMain.on(channel, ({ senderFrame }) => {
    if (senderFrame !== null && senderFrame.origin === APP_ORIGIN) listener(senderFrame);
  });
}

/** Quits when the work is done, however often it is asked for. */
function quitAfter(app: ElectronApi["app"], work: () => Promise<void>): void {
  let working: Promise<void> | null = null;
  let isDone = false;
  app.on("before-quit", (event) => {
    if (isDone) return;
    event.preventDefault();
    working ??= work().finally(() => {
      isDone = true;
      app.quit();
    });
  });
}

async function freeBytesOf(directory: string): Promise<number | null> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

function besides(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function printError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
