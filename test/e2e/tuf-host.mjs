import { main } from "../../aggregator/dist/cli/main.js";

/*
 * The `fedge` command without its start: runs the commands that it is sent, one after the other, and answers each with its
 * exit code. Loading the command takes a hundred times as long as refreshing a small repository.
 */
process.on("message", async (args) => {
  process.exitCode = 0;
  await main(args);
  process.send({ exitCode: process.exitCode });
});
process.on("disconnect", () => process.exit());
