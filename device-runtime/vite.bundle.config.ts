import { defineConfig } from "vite";

/** Names without hashes: the files are copied, and named by people. */
const output = {
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  assetFileNames: "[name][extname]",
};

/** The runtime for pages in one file, with its engine's worker and one WASM file beside it: for pages without a bundler. */
export default defineConfig({
  base: "./",
  build: {
    outDir: "dist/bundle",
    emptyOutDir: true,
    target: "es2022",
    reportCompressedSize: false,
    // Nothing is inlined as a data: URL, so that a content security policy can stay narrow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { fedge: "dist/browser/index.js" },
      preserveEntrySignatures: "strict",
      output,
    },
  },
  worker: { format: "es", rollupOptions: { output } },
});
