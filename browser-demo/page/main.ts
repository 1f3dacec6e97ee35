import { systemClock } from "./clock.js";
import { PageHost } from "./device/page-host.js";
import { openKeyboardDevice } from "./device/open-keyboard-device.js";
import { openPageStorage } from "./device/page-storage.js";
import { showKeyboardPage } from "./keyboard-page.js";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the keyboard");
// The page's own server, unless the address names another.
const server = new URLSearchParams(location.search).get("server") ?? location.origin;
const storage = openPageStorage(() => localStorage);
showKeyboardPage(root, openKeyboardDevice({ host: new PageHost(server, storage), storage }), systemClock);
