// Preloaded into a real `fedge serve` by --import: kills the process with SIGKILL when a rollout is about to do what
// FEDGE_KILL_AT names, `open-wave 1` or `tell 1` for the second wave. What led to it is on the disk then, and nothing of
// it was done. Once: the file FEDGE_KILLED_FILE is written first, and with it the process goes on.
import { RolloutEffects } from "../../aggregator/dist/rollouts/rollout-effects.js";
import { existsSync, writeFileSync } from "node:fs";

const [type, wave] = (process.env.FEDGE_KILL_AT ?? "").split(" ");
const file = process.env.FEDGE_KILLED_FILE;
const run = RolloutEffects.prototype.run;
let numTold = 0;

RolloutEffects.prototype.run = function (effect) {
  if (effect.type === "tell") numTold += 1;
  const at = effect.type === "tell" ? numTold - 1 : effect.wave;
  if (effect.type === type && String(at) === wave && !existsSync(file)) {
    writeFileSync(file, "");
    process.kill(process.pid, "SIGKILL");
  }
  return run.call(this, effect);
};
