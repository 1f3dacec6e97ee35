import type {
  ContentsApi,
  ElectronApi,
  FrameApi,
  MainPort,
  MenuApi,
  MenuItem,
  PowerEvent,
  Rectangle,
  UtilityProcessApi,
  WindowOptions,
} from "../main/electron-api.js";
import { Emitter } from "./emitter.js";
import { createPortPair } from "./port-double.js";
import { WindowDouble } from "./window-double.js";

export interface DoubleOptions {
  readonly userData: string;
  readonly fork: (modulePath: string) => UtilityProcessApi;
  /** Another double whose app runs already, with the same lock. */
  readonly first?: ElectronDouble;
  readonly displays?: readonly Rectangle[];
  /** Electron tells less of a Linux machine than of others. */
  readonly platform?: "darwin" | "linux" | "win32";
}

/** The part of Electron that the shell uses, in memory, with what a test may see and do. */
export class ElectronDouble {
  readonly appEvents = new Emitter();
  readonly power = new Emitter();
  readonly ipc = new Emitter();
  readonly windows: WindowDouble[] = [];
  readonly schemes: string[] = [];
  readonly trays: { toolTip: string; menu: MenuItem[]; isDestroyed: boolean; readonly events: Emitter }[] =
    [];
  /** What the app answers to requests of its scheme. */
  answer: (request: Request) => Promise<Response> = () => Promise.reject(new Error("nothing is handled"));
  isPermitted: ((permission: string) => boolean) | null = null;
  isChecked: (() => boolean) | null = null;
  isOnBattery = false;
  idleSeconds = 0;
  hasQuit = false;
  isReady = false;

  constructor(private readonly options: DoubleOptions) {}

  readonly api: ElectronApi = {
    app: {
      requestSingleInstanceLock: () => {
        this.options.first?.appEvents.emit("second-instance");
        return this.options.first === undefined;
      },
      whenReady: () => Promise.resolve(void (this.isReady = true)),
      getPath: () => this.options.userData,
      quit: () => this.quit(),
      on: (event: string, listener: (...details: never[]) => void) => this.appEvents.on(event, listener),
    },
    protocol: {
      registerSchemesAsPrivileged: (schemes) => {
        if (this.isReady)
          throw new Error("protocol.registerSchemesAsPrivileged should be called before app is ready");
        this.schemes.push(...schemes.map(({ scheme }) => scheme));
      },
      handle: (_scheme, handler) => (this.answer = handler),
    },
    session: {
      defaultSession: {
        setPermissionRequestHandler: (handler) => {
          this.isPermitted = (permission) => {
            let isGranted = true;
            handler(null, permission, (answer) => (isGranted = answer));
            return isGranted;
          };
        },
        setPermissionCheckHandler: (handler) => (this.isChecked = handler),
      },
    },
    ipcMain: { on: (channel, listener) => this.ipc.on(channel, listener) },
    powerMonitor: {
      isOnBatteryPower: () => this.isOnBattery && this.options.platform !== "linux",
      getSystemIdleTime: () => this.idleSeconds,
      on: (event: PowerEvent, listener: () => void) => this.power.on(event, listener),
      off: (event: PowerEvent, listener: () => void) => this.power.off(event, listener),
    },
    screen: {
      getAllDisplays: () =>
        (this.options.displays ?? [{ x: 0, y: 0, width: 1920, height: 1080 }]).map((workArea) => ({
          workArea,
        })),
    },
    utilityProcess: { fork: (modulePath) => this.options.fork(modulePath) },
    Menu: { buildFromTemplate: (template) => menuOf(template) },
    BrowserWindow: this.#windowClass(),
    MessageChannelMain: class {
      readonly #pair = createPortPair();
      readonly port1: MainPort = this.#pair.port1;
      readonly port2: MainPort = this.#pair.port2;
    },
    Tray: this.#trayClass(),
  };

  /** What happens to the machine, told where Electron tells it. */
  tellPower(event: PowerEvent): void {
    const isTold = this.options.platform !== "linux" || event === "suspend" || event === "resume";
    if (isTold) this.power.emit(event);
  }

  /** As when its person or the system quits the app. */
  quit(): void {
    let isPrevented = false;
    this.appEvents.emit("before-quit", { preventDefault: () => (isPrevented = true) });
    this.hasQuit = !isPrevented;
  }

  /** A page asks on a channel. */
  ask(channel: string, frame: FrameApi | null): void {
    this.ipc.emit(channel, { senderFrame: frame });
  }

  /** A page was made; what it may do is in what comes back. */
  createContents(): ContentsDouble {
    const contents = new ContentsDouble();
    this.appEvents.emit("web-contents-created", {}, contents);
    return contents;
  }

  #windowClass(): ElectronApi["BrowserWindow"] {
    const { windows } = this;
    return class extends WindowDouble {
      constructor(options: WindowOptions) {
        super(options);
        windows.push(this);
      }
    };
  }

  #trayClass(): ElectronApi["Tray"] {
    const { trays } = this;
    return class {
      readonly #tray = { toolTip: "", menu: [] as MenuItem[], isDestroyed: false, events: new Emitter() };
      constructor(_imagePath: string) {
        trays.push(this.#tray);
      }
      setToolTip(text: string): void {
        this.#tray.toolTip = text;
      }
      setContextMenu(menu: MenuApi): void {
        this.#tray.menu = (menu as MenuDouble).items;
      }
      on(event: string, listener: () => void): void {
        this.#tray.events.on(event, listener);
      }
      destroy(): void {
        this.#tray.isDestroyed = true;
      }
    };
  }
}

/** A page, as far as what it may do goes. */
export class ContentsDouble implements ContentsApi {
  readonly #events = new Emitter();
  openWindow: () => { action: string } = () => ({ action: "allow" });

  setWindowOpenHandler(handler: () => { action: "deny" }): void {
    this.openWindow = handler;
  }

  on(event: string, listener: (event: { preventDefault(): void }) => void): void {
    this.#events.on(event, listener);
  }

  /** Whether the page gets its way. */
  tries(event: "will-navigate" | "will-attach-webview"): boolean {
    let isPrevented = false;
    this.#events.emit(event, { preventDefault: () => (isPrevented = true) });
    return !isPrevented;
  }
}

interface MenuDouble extends MenuApi {
  readonly items: MenuItem[];
}

function menuOf(items: MenuItem[]): MenuDouble {
  return { items, closePopup: () => undefined };
}
