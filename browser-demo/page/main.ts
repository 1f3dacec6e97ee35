import { systemClock } from "./clock.js";
import { showKeyboardPage } from "./keyboard-page.js";
import { DeviceDouble } from "./testing/device-double.js";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the keyboard");
showKeyboardPage(root, new DeviceDouble(systemClock), systemClock);
