import type { FedgeBridge } from "@fedge/electron-shell/renderer";
import { systemClock } from "../clock.js";
import { openKeyboardDevice } from "../device/open-keyboard-device.js";
import { openPageStorage } from "../device/page-storage.js";
import { showKeyboardPage } from "../keyboard-page.js";
import { ShellHost } from "./shell-host.js";

declare global {
  /** Put there by the shell's preload script. */
  var fedge: FedgeBridge | undefined;
}

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the keyboard");
if (globalThis.fedge === undefined) throw new Error("the page runs without the shell's preload script");
const host = new ShellHost(globalThis.fedge);
const storage = openPageStorage(() => localStorage);
showKeyboardPage(root, openKeyboardDevice({ host, storage }), systemClock);
