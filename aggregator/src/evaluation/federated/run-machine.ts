import type { DeviceId, Evaluated } from "@fedge/protocol";

/*
 * One federated evaluation.
 *
 *   state    event                     ->  state    effects
 *   running  replied, of one asked         running  -, or close when nobody is waited for
 *   running  declined, left                running  ask the next of the reserve, or close when nobody is waited for
 *   running  expired, abandoned            closed   close
 *   closed   anything                      closed   -
 *
 * F1  A device is asked at most once, and its first word counts.
 * F2  Whoever was not asked changes nothing. One that was lost may still answer while the run is open.
 * F3  Answered and waited for are together at most `numDevices`.
 * F4  A run is open only while somebody is waited for.
 * F5  What comes after the end changes nothing.
 */

export type Outcome =
  | { readonly type: "asked" }
  | { readonly type: "answered"; readonly reply: Evaluated }
  | { readonly type: "declined"; readonly reason: string }
  | { readonly type: "lost" };

export interface RunState {
  readonly numDevices: number;
  readonly members: ReadonlyMap<DeviceId, Outcome>;
  /** Who is asked when others do not answer, in order. */
  readonly reserve: readonly DeviceId[];
  /** Null while it is open. */
  readonly closed: { readonly type: "answered" | "expired" | "abandoned"; readonly reason: string } | null;
}

export type RunEvent =
  | { readonly type: "replied"; readonly deviceId: DeviceId; readonly reply: Evaluated }
  | { readonly type: "declined"; readonly deviceId: DeviceId; readonly reason: string }
  /** Its connection ended; it forgets what it was asked when its process did, too. */
  | { readonly type: "left"; readonly deviceId: DeviceId }
  | { readonly type: "expired" }
  | { readonly type: "abandoned"; readonly reason: string };

export type RunEffect = { readonly type: "ask"; readonly deviceId: DeviceId } | { readonly type: "close" };

export interface RunStep {
  readonly state: RunState;
  readonly effects: readonly RunEffect[];
}

/** Asks the first `numDevices` of the candidates; the others are the reserve. */
export function openRun(candidates: readonly DeviceId[], numDevices: number): RunStep {
  const state: RunState = { numDevices, members: new Map(), reserve: candidates, closed: null };
  return filled(state);
}

export function stepRun(state: RunState, event: RunEvent): RunStep {
  if (state.closed !== null) return { state, effects: [] };
  switch (event.type) {
    case "replied":
      return heard(state, event.deviceId, { type: "answered", reply: event.reply });
    case "declined":
      return heard(state, event.deviceId, { type: "declined", reason: event.reason });
    case "left":
      return state.members.get(event.deviceId)?.type === "asked"
        ? heard(state, event.deviceId, { type: "lost" })
        : { state, effects: [] };
    case "expired":
      return closed(state, { type: "expired", reason: "its deadline passed" });
    case "abandoned":
      return closed(state, { type: "abandoned", reason: event.reason });
  }
}

/** How many members have this outcome. */
export function numWith(state: RunState, type: Outcome["type"]): number {
  return [...state.members.values()].filter((outcome) => outcome.type === type).length;
}

function heard(state: RunState, deviceId: DeviceId, outcome: Outcome): RunStep {
  const before = state.members.get(deviceId);
  if (before?.type !== "asked" && before?.type !== "lost") return { state, effects: [] };
  // A place that was given to another when this one was lost is not given twice.
  const isTaken =
    outcome.type === "answered" && numOpen(state) + 1 > state.numDevices && before.type === "lost";
  if (isTaken) return { state, effects: [] };
  return filled({ ...state, members: new Map(state.members).set(deviceId, outcome) });
}

/** Asks from the reserve as long as there is room, and closes when nobody is waited for. */
function filled(state: RunState): RunStep {
  const room = Math.max(0, state.numDevices - numOpen(state));
  const next = state.reserve.slice(0, room);
  const members = new Map(state.members);
  for (const deviceId of next) members.set(deviceId, { type: "asked" });
  const asked: RunState = { ...state, members, reserve: state.reserve.slice(next.length) };
  const effects = next.map((deviceId): RunEffect => ({ type: "ask", deviceId }));
  if (numWith(asked, "asked") > 0) return { state: asked, effects };
  return closed(asked, { type: "answered", reason: "everybody who was asked has answered or gone" });
}

/** Whoever has not answered by the end is lost. */
function closed(state: RunState, end: NonNullable<RunState["closed"]>): RunStep {
  const members = new Map(
    [...state.members].map(([deviceId, outcome]): [DeviceId, Outcome] => [
      deviceId,
      outcome.type === "asked" ? { type: "lost" } : outcome,
    ]),
  );
  return { state: { ...state, members, closed: end }, effects: [{ type: "close" }] };
}

function numOpen(state: RunState): number {
  return numWith(state, "asked") + numWith(state, "answered");
}
