import { build } from "vite";
import { gzipSync } from "node:zlib";
const { output } = await build({
  root: "test/browser/bundle-page",
  configFile: false,
  logLevel: "error",
  build: {
    write: false,
    target: "esnext",
    rollupOptions: { external: process.argv[2] === "all" ? [] : ["mqtt"] },
  },
});
const chunks = new Map(output.filter((f) => f.type === "chunk").map((f) => [f.fileName, f]));
const found = new Set();
const add = (n) => {
  const c = chunks.get(n);
  if (!c || found.has(n)) return;
  found.add(n);
  c.imports.forEach(add);
};
for (const c of chunks.values()) if (c.isEntry) add(c.fileName);
let t = 0;
for (const f of output) {
  const s = gzipSync(f.type === "chunk" ? f.code : f.source, { level: 9 }).length;
  if (found.has(f.fileName)) t += s;
  console.log(found.has(f.fileName) ? "*" : " ", s, f.fileName);
}
console.log("initial", t);
if (process.argv[3])
  for (const n of found) {
    const m = Object.entries(chunks.get(n).modules)
      .map(([k, v]) => [v.renderedLength, k.replace(/.*work\/main\//, "")])
      .sort((a, b) => b[0] - a[0])
      .slice(0, +process.argv[3]);
    console.log(n, m.map((x) => x.join(" ")).join("\n"));
  }
