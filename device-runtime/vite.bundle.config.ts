import { defineConfig, type UserConfig } from "vite";

/** Names without hashes: the files are copied, and named by people. */
const output = {
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  assetFileNames: "[name][extname]",
};

/** The runtime for pages in one file, with its engine's worker and one WASM file beside it. */
const RUNTIME = { directory: "bundle", input: { fedge: "dist/browser/index.js" } };

/** The worker with WebGPU and its WASM file, in a folder of their own: only pages that ask for it copy and fetch them. */
const WEBGPU_WORKER = {
  directory: "bundle-webgpu",
  input: { "engine-worker-webgpu": "dist/browser/engine-worker-webgpu-entry.js" },
};

/** For pages without a bundler; `--mode webgpu` builds the other worker. */
export default defineConfig(({ mode }) => configOf(mode === "webgpu" ? WEBGPU_WORKER : RUNTIME));

const configOf = ({ directory, input }: typeof RUNTIME | typeof WEBGPU_WORKER): UserConfig => ({
  base: "./",
  build: {
    outDir: `dist/${directory}`,
    emptyOutDir: true,
    target: "es2022",
    reportCompressedSize: false,
    // Nothing is inlined as a data: URL, so that a content security policy can stay narrow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { ...input },
      preserveEntrySignatures: "strict",
      output,
    },
  },
  worker: { format: "es", rollupOptions: { output } },
});
