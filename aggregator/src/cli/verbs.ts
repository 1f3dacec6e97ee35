import type { Command } from "commander";
import type { Terminal } from "./terminal.js";

export type AddCommand = (program: Command, terminal: Terminal) => void;

export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<AddCommand>;
}

/** Everything `fedge` can do, in the order of its help. */
export const VERBS: readonly Verb[] = [
  {
    name: "start",
    summary: "run an aggregator with a small simulated fleet, to look around",
    load: async () => (await import("./verbs/start.js")).addStart,
  },
  {
    name: "serve",
    summary: "run an aggregator",
    load: async () => (await import("./verbs/serve.js")).addServe,
  },
  {
    name: "simulate",
    summary: "train with many simulated devices and report how it went",
    load: async () => (await import("./verbs/simulate.js")).addSimulate,
  },
  {
    name: "task",
    summary: "create, list, show, pause, resume and stop training tasks",
    load: async () => (await import("./verbs/task.js")).addTask,
  },
  {
    name: "round",
    summary: "list and show the rounds of a task",
    load: async () => (await import("./verbs/round.js")).addRound,
  },
  {
    name: "model",
    summary: "models: versions, aliases, cards, comparisons, bundles",
    load: async () => (await import("./verbs/model.js")).addModel,
  },
  {
    name: "rollout",
    summary: "bring versions to the fleet in waves, watch, pause and roll back",
    load: async () => (await import("./verbs/rollout.js")).addRollout,
  },
  {
    name: "device",
    summary: "list, show, tag and decommission devices",
    load: async () => (await import("./verbs/device.js")).addDevice,
  },
  {
    name: "group",
    summary: "give device filters names",
    load: async () => (await import("./verbs/group.js")).addGroup,
  },
  {
    name: "account",
    summary: "list accounts, invite people, give roles, disable",
    load: async () => (await import("./verbs/account.js")).addAccount,
  },
  {
    name: "token",
    summary: "create, list and revoke API tokens",
    load: async () => (await import("./verbs/token.js")).addToken,
  },
  {
    name: "audit",
    summary: "list who did what, and verify that nobody changed the list",
    load: async () => (await import("./verbs/audit.js")).addAudit,
  },
  {
    name: "keys",
    summary: "make, show, rotate and carry the signing keys",
    load: async () => (await import("./verbs/keys.js")).addKeys,
  },
  {
    name: "tuf",
    summary: "verify the signed metadata of any TUF repository",
    load: async () => (await import("./verbs/tuf.js")).addTuf,
  },
  {
    name: "drift",
    summary: "the fleet's drift: verdicts, features, alerts; and any test of drift by hand",
    load: async () => (await import("./verbs/drift.js")).addDrift,
  },
  {
    name: "bench",
    summary: "measure this machine against what the project promises",
    load: async () => (await import("./verbs/bench.js")).addBench,
  },
];
