import { abort } from "./abort.js";
import { waveCounts } from "./install-gate.js";
import {
  changed,
  noted,
  unchanged,
  withWave,
  type RolloutEvent,
  type RolloutState,
  type Step,
} from "./rollout-state.js";
import { withdrawn } from "./targets.js";

type Tick = RolloutEvent & { readonly type: "tick" };

/** What the calendar changes: windows that open and close, and a schedule that has lapsed (R15). */
export function withCalendar(state: RolloutState, event: Tick): Step {
  const { phase } = state;
  if (event.isLapsed === true && ["scheduled", "running", "paused"].includes(phase))
    return lapsed(state, event);
  if (phase !== "running" || state.isWindowOpen === event.isWindowOpen) return unchanged(state);
  return changed(withWindow(state, event));
}

/** Devices that have not started wait for the next window, and their wave's timer with them. */
function withWindow(state: RolloutState, { atMs, isWindowOpen }: Tick): RolloutState {
  const next = { ...state, isWindowOpen };
  const index = state.currentWave;
  const wave = index === null ? undefined : state.waves[index];
  const numQueued = wave === undefined ? 0 : waveCounts(wave).numQueued;
  if (index === null || numQueued === 0) return next;
  const event = isWindowOpen ? "window open" : "window closed";
  const reason = isWindowOpen
    ? `${numQueued} devices go on`
    : `${numQueued} devices wait for the next window`;
  const timed = isWindowOpen ? withWave(next, index, { timedFromMs: atMs }) : next;
  return noted(timed, { atMs, actor: "system", event, reason });
}

/** No device may start any more. Whoever did ends; what never started is canceled with the rollout, or waits for a person. */
function lapsed(state: RolloutState, { atMs }: Tick): Step {
  const isUnfinished = state.currentWave === null || state.currentWave < state.waves.length - 1;
  const numNever = [...state.targets.entries()].filter(([, target]) => isNever(target)).length;
  if (!isUnfinished && numNever === 0) return withoutRetries(state, atMs);
  const { onEnd = "abort" } = state.config.schedule;
  const devices =
    numNever === 0 ? "with waves that were never opened" : `and ${numNever} devices never started`;
  const reason = `its schedule has ended ${devices}`;
  if (onEnd === "abort")
    return abort(noted(state, { atMs, actor: "system", event: "lapsed", reason }), { atMs, reason });
  if (state.phase === "paused") return unchanged(state);
  const paused = { ...state, phase: "paused", pauseReason: "lapsed", reason } as const;
  return changed(noted(paused, { atMs, actor: "system", event: "paused: lapsed", reason }));
}

function isNever({ state, wasTold }: { readonly state: string; readonly wasTold: boolean }): boolean {
  return state === "queued" && !wasTold;
}

/** Everyone had his turn: another attempt cannot begin, and the wave is judged without it. */
function withoutRetries(state: RolloutState, atMs: number): Step {
  const { state: next, devices } = withdrawn(state, (target) => target.state === "queued", {
    ...{ atMs, as: "canceled" },
  });
  if (devices.length === 0) return unchanged(state);
  const reason = `its schedule has ended; ${devices.length} devices get no further attempt`;
  return changed(noted({ ...next, queue: [] }, { atMs, actor: "system", event: "lapsed", reason }));
}
