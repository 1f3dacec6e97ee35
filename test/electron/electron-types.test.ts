import { existsSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";

const hasElectronTypes = existsSync(join(repositoryRoot, "node_modules/electron/electron.d.ts"));

test.skipIf(!hasElectronTypes)(
  "Electron's own types satisfy the shell's port (needs the electron package, which npm installs from Node 22.12)",
  () => {
    const program = ts.createProgram([join(repositoryRoot, "test/electron/electron-types/fits.mts")], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: ["node"],
      ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
      allowImportingTsExtensions: true,
    });
    const complaints = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));

    expect(complaints).toEqual([]);
  },
);
