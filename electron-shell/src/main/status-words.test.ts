import { expect, test } from "vitest";
import type { ProcessState } from "./device-supervisor.js";
import { statusWords } from "./status-words.js";

const summary = {
  isOnline: true,
  versions: { "next-word": 3, spelling: null },
  waitingFor: [],
  phase: "resting",
  problems: [],
};
const running = (changes: object): ProcessState => ({
  phase: "running",
  summary: { ...summary, ...changes },
  failure: null,
});

test.each<[string, ProcessState, readonly string[]]>([
  ["a device that starts", { phase: "starting" }, ["Starting"]],
  ["a device that has not opened", { phase: "running", summary: null, failure: null }, ["Starting"]],
  [
    "a device that may train",
    running({}),
    ["Online", "next-word: version 3", "spelling: no version yet", "may train"],
  ],
  [
    "a device that waits",
    running({ isOnline: false, versions: {}, waitingFor: ["on battery", "in use"] }),
    ["Offline", "waiting: on battery, in use"],
  ],
  ["a device that trains", running({ versions: {}, phase: "training" }), ["Online", "training now"]],
  ["a device that sends", running({ versions: {}, phase: "reporting" }), ["Online", "sending an update"]],
  [
    "a device with a problem",
    running({ versions: {}, problems: ["the disk is full"] }),
    ["Online", "may train", "the disk is full"],
  ],
  [
    "a device that does not open",
    { phase: "running", summary: null, failure: "the directory is locked" },
    ["Cannot start", "the directory is locked"],
  ],
  ["a process that was given up", { phase: "gone", message: "it died" }, ["Not running", "it died"]],
  ["a process that was stopped", { phase: "stopped" }, ["Stopped"]],
])("the tray says of %s", (_, state, words) => {
  expect(statusWords(state)).toEqual(words);
});
