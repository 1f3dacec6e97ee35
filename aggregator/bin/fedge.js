#!/usr/bin/env node
// Old syntax on purpose: this file must parse on a Node that is too old to run the rest.
var required = [20, 19];
var actual = process.versions.node.split(".").map(Number);
if (actual[0] < required[0] || (actual[0] === required[0] && actual[1] < required[1])) {
  process.stderr.write(
    "fedge: Node " +
      process.versions.node +
      " is too old; install Node " +
      required.join(".") +
      " or newer (https://nodejs.org).\n",
  );
  process.exit(1);
}
import("../dist/cli/main.js").then(
  function (cli) {
    return cli.main(process.argv.slice(2));
  },
  function (error) {
    if (error && error.code === "ERR_MODULE_NOT_FOUND") {
      process.stderr.write(
        "fedge: the packages are not built; run `npm run build` first. (" + error.message + ")\n",
      );
    } else {
      process.stderr.write("fedge: cannot start: " + (error && error.stack ? error.stack : error) + "\n");
    }
    process.exit(1);
  },
);
