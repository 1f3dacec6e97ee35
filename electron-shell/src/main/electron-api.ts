/**
 * The part of Electron that the shell uses. The `electron` module satisfies it; tests have a double that does.
 * Names and behaviour are Electron's own: https://www.electronjs.org/docs/latest/api.
 */

export interface ElectronApi {
  readonly app: AppApi;
  readonly protocol: ProtocolApi;
  readonly session: { readonly defaultSession: SessionApi };
  readonly ipcMain: IpcMainApi;
  readonly powerMonitor: PowerMonitorApi;
  readonly screen: { getAllDisplays(): readonly { readonly workArea: Rectangle }[] };
  readonly utilityProcess: {
    fork(modulePath: string, args: string[], options: { readonly serviceName: string }): UtilityProcessApi;
  };
  readonly Menu: { buildFromTemplate(template: MenuItem[]): MenuApi };
  readonly BrowserWindow: new (options: WindowOptions) => WindowApi;
  readonly MessageChannelMain: new () => { readonly port1: MainPort; readonly port2: MainPort };
  readonly Tray: new (imagePath: string) => TrayApi;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Opaque to the shell; it comes from Electron and goes back to it. */
export interface MenuApi {
  closePopup(): void;
}

export interface AppApi {
  requestSingleInstanceLock(): boolean;
  whenReady(): Promise<void>;
  getPath(name: "userData"): string;
  quit(): void;
  on(event: "second-instance" | "window-all-closed" | "activate", listener: () => void): unknown;
  on(event: "before-quit", listener: (event: { preventDefault(): void }) => void): unknown;
  on(event: "web-contents-created", listener: (event: unknown, contents: ContentsApi) => void): unknown;
}

export interface ProtocolApi {
  /** Before the app is ready only. */
  registerSchemesAsPrivileged(
    schemes: {
      scheme: string;
      privileges: { standard: boolean; secure: boolean; supportFetchAPI: boolean };
    }[],
  ): void;
  handle(scheme: string, handler: (request: Request) => Promise<Response>): void;
}

export interface SessionApi {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, callback: (isGranted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(handler: () => boolean): void;
}

/** A frame of a page; null in an event whose frame is gone. */
export interface FrameApi {
  readonly origin: string;
  postMessage(channel: string, message: unknown, transfer?: MainPort[]): void;
}

export interface IpcMainApi {
  on(channel: string, listener: (event: { readonly senderFrame: FrameApi | null }) => void): unknown;
}

export interface PowerMonitorApi {
  isOnBatteryPower(): boolean;
  /** Seconds. */
  getSystemIdleTime(): number;
  on(event: PowerEvent, listener: () => void): unknown;
  off(event: PowerEvent, listener: () => void): unknown;
}

export type PowerEvent = "on-ac" | "on-battery" | "lock-screen" | "unlock-screen" | "suspend" | "resume";

export interface UtilityProcessApi {
  postMessage(message: unknown, transfer?: MainPort[]): void;
  kill(): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
}

export interface MainPort {
  postMessage(message: unknown): void;
  on(event: "message", listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  /** What came before waits for this. */
  start(): void;
  close(): void;
}

export interface MenuItem {
  readonly label?: string;
  readonly type?: "normal" | "separator";
  readonly enabled?: boolean;
  readonly click?: () => void;
}

export interface TrayApi {
  setToolTip(text: string): void;
  /** Takes what `buildFromTemplate` gave, whose type only Electron knows whole. */
  setContextMenu(menu: never): void;
  on(event: "click", listener: () => void): unknown;
  destroy(): void;
}

export interface WindowOptions extends Partial<Rectangle> {
  readonly width: number;
  readonly height: number;
  readonly minWidth: number;
  readonly minHeight: number;
  readonly show: boolean;
  readonly title: string;
  /** Path of an image. */
  readonly icon: string;
  readonly webPreferences: {
    readonly preload: string;
    readonly contextIsolation: boolean;
    readonly sandbox: boolean;
    readonly nodeIntegration: boolean;
    readonly webSecurity: boolean;
    readonly webviewTag: boolean;
  };
}

export interface WindowApi {
  readonly webContents: { readonly mainFrame: FrameApi };
  loadURL(url: string): Promise<void>;
  show(): void;
  hide(): void;
  focus(): void;
  restore(): void;
  maximize(): void;
  isMinimized(): boolean;
  isMaximized(): boolean;
  isDestroyed(): boolean;
  /** Where it is when it is not maximized. */
  getNormalBounds(): Rectangle;
  on(event: "move" | "resize" | "closed", listener: () => void): unknown;
  on(event: "close", listener: (event: { preventDefault(): void }) => void): unknown;
  once(event: "ready-to-show", listener: () => void): unknown;
}

export interface ContentsApi {
  setWindowOpenHandler(handler: () => { action: "deny" }): void;
  on(
    event: "will-navigate" | "will-attach-webview",
    listener: (event: { preventDefault(): void }) => void,
  ): unknown;
}
