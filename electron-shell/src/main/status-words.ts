import type { ProcessState } from "./device-supervisor.js";

const PHASES: Readonly<Record<string, string>> = {
  training: "training now",
  reporting: "sending an update",
};

/** What the tray says of the device, line by line; the first stands alone in the tool tip. */
export function statusWords(state: ProcessState): readonly string[] {
  switch (state.phase) {
    case "starting":
      return ["Starting"];
    case "stopped":
      return ["Stopped"];
    case "gone":
      return ["Not running", state.message];
    case "running":
      return runningWords(state);
  }
}

function runningWords({ summary, failure }: Extract<ProcessState, { phase: "running" }>): readonly string[] {
  if (failure !== null) return ["Cannot start", failure];
  if (summary === null) return ["Starting"];
  const versions = Object.entries(summary.versions).map(([model, version]) =>
    version === null ? `${model}: no version yet` : `${model}: version ${version}`,
  );
  const waits = summary.waitingFor.length > 0 ? `waiting: ${summary.waitingFor.join(", ")}` : "may train";
  return [
    summary.isOnline ? "Online" : "Offline",
    ...versions,
    PHASES[summary.phase] ?? waits,
    ...summary.problems,
  ];
}
