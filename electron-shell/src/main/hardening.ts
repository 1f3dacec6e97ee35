import type { ElectronApi } from "./electron-api.js";

/**
 * What no page of the shell may do: ask for permissions, open windows, leave its files, embed others. After Electron's
 * security checklist, https://www.electronjs.org/docs/latest/tutorial/security.
 */
export function harden({ app, session }: Pick<ElectronApi, "app" | "session">): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-navigate", (event) => event.preventDefault());
    contents.on("will-attach-webview", (event) => event.preventDefault());
  });
}
