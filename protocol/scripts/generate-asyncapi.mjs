// Writes protocol/asyncapi.yaml from the schemas: `npx tsc -b protocol && node protocol/scripts/generate-asyncapi.mjs`
import { writeFileSync } from "node:fs";
import { asyncapiDocument } from "../dist/asyncapi/document.js";
import { toYaml } from "../dist/asyncapi/yaml.js";

writeFileSync(new URL("../asyncapi.yaml", import.meta.url), toYaml(asyncapiDocument()));
