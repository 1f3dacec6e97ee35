import { systemClock } from "../clock.js";
import { showKeyboardPage } from "../keyboard-page.js";
import { DeviceDouble } from "./device-double.js";

declare global {
  /** The device behind the page, for tests to look at and to change. */
  var deviceDouble: DeviceDouble;
}

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the keyboard");
globalThis.deviceDouble = new DeviceDouble(systemClock);
showKeyboardPage(root, globalThis.deviceDouble, systemClock);
