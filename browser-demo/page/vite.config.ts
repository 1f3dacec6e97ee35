import { defineConfig, type Plugin } from "vite";

/** With `--mode double` the page runs on the device double, which tests reach as `deviceDouble`. */
function deviceDouble(mode: string): Plugin {
  return {
    name: "device-double",
    transformIndexHtml: {
      order: "pre",
      handler: (html) => (mode === "double" ? html.replace("/main.ts", "/testing/main.ts") : html),
    },
  };
}

/** Only while developing: Vite's own connection, which says when a file changed. */
function developmentConnection(): Plugin {
  return {
    name: "development-connection",
    apply: (_, { command, isPreview }) => command === "serve" && isPreview !== true,
    transformIndexHtml: (html) => html.replace("connect-src 'self'", "connect-src 'self' http: ws:"),
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [deviceDouble(mode), developmentConnection()],
  // The page may be served under any path.
  base: "./",
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is inlined as a data: URL, so that the content security policy can stay narrow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
}));
