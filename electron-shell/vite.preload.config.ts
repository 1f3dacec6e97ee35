import { defineConfig } from "vite";

/** One CommonJS file: a sandboxed preload script can load nothing but Electron. */
export default defineConfig({
  build: {
    outDir: "dist/preload",
    emptyOutDir: false,
    target: "es2022",
    minify: false,
    lib: { entry: "src/preload/preload.ts", formats: ["cjs"], fileName: () => "preload.cjs" },
    rollupOptions: { external: ["electron"] },
  },
});
