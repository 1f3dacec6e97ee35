import { defineConfig, type Plugin } from "vite";

/** What begins the page, by mode: on a double of the device that tests reach as `deviceDouble`, or in the desktop shell. */
const ENTRIES: Readonly<Record<string, string>> = { double: "/testing/main.ts", shell: "/shell/main.ts" };

function entryOf(mode: string): Plugin {
  return {
    name: "entry",
    transformIndexHtml: {
      order: "pre",
      handler: (html) => html.replace("/main.ts", ENTRIES[mode] ?? "/main.ts"),
    },
  };
}

/** Only while developing: Vite's own connection, which says when a file changed. */
function developmentConnection(): Plugin {
  return {
    name: "development-connection",
    apply: (_, { command, isPreview }) => command === "serve" && isPreview !== true,
    transformIndexHtml: (html) => html.replace("connect-src 'self' ws:", "connect-src 'self' http: ws:"),
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [entryOf(mode), developmentConnection()],
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
