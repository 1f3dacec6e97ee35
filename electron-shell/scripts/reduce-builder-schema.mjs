// Of electron-builder's own schema, what `electron-builder.yml` uses:
//   npm pack app-builder-lib@26.17.0 && tar xzf app-builder-lib-26.17.0.tgz package/scheme.json
//   node electron-shell/scripts/reduce-builder-schema.mjs package/scheme.json
// The whole has 360 kB, and electron-builder is no dependency: `npm run package` fetches it. Names and types stay as they
// are; only descriptions, and properties that a configuration of ours does not name, are left out.
import { readFileSync, writeFileSync } from "node:fs";

const SECTIONS = {
  LinuxConfiguration: ["target", "category", "icon", "maintainer"],
  MacConfiguration: ["target", "category", "icon", "hardenedRuntime"],
  WindowsConfiguration: ["target", "icon"],
};
const TOP = [
  ...[
    "appId",
    "productName",
    "electronVersion",
    "directories",
    "files",
    "executableName",
    "asar",
    "asarUnpack",
  ],
  ...["electronFuses", "linux", "mac", "win"],
];

const scheme = JSON.parse(readFileSync(process.argv[2], "utf8"));
const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

const definitions = {};
function take(value) {
  if (Array.isArray(value)) return value.map(take);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, inner]) => !(name === "description" && typeof inner === "string") && name !== "default",
  );
  const target = /^#\/definitions\/(.+)$/.exec(value.$ref ?? "")?.[1];
  if (target !== undefined && definitions[target] === undefined) {
    const whole = scheme.definitions[target];
    definitions[target] = {};
    const named = SECTIONS[target];
    const cut = named === undefined ? whole : { ...whole, properties: pick(whole.properties, named) };
    definitions[target] = take(cut);
  }
  return Object.fromEntries(kept.map(([name, inner]) => [name, take(inner)]));
}

const { $schema, type, additionalProperties } = scheme;
const properties = take(pick(scheme.properties, TOP));
const reduced = { $schema, type, additionalProperties, properties, definitions };
const path = new URL("../fixtures/electron-builder.schema.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(reduced, null, 2)}\n`);
