import { assigned, report } from "@fedge/protocol";
import type { ByteStore } from "../ports/storage.js";
import type { Participation } from "./participation-state.js";

const STATE_KEY = "round/state";
const UPDATE_KEY = "round/update";

/** What a device keeps of a round, so that one that was killed goes on where it was. */
export class ParticipationRecord {
  constructor(private readonly store: ByteStore) {}

  async save(state: Participation): Promise<void> {
    if (state.phase !== "training" && state.phase !== "reporting") return this.store.delete(STATE_KEY);
    await this.store.put(STATE_KEY, new TextEncoder().encode(JSON.stringify(state)));
  }

  /** The kept state; resting when there is none, or one that cannot be read. */
  async load(): Promise<Participation> {
    const bytes = await this.store.get(STATE_KEY);
    const value = bytes === undefined ? undefined : parse(bytes);
    if (typeof value !== "object" || value === null) return { phase: "resting" };
    const kept = value as Record<string, unknown>;
    const assignment = assigned.safeParse(kept["assignment"]);
    if (!assignment.success) return { phase: "resting" };
    const message = report.safeParse(kept["report"]);
    if (kept["phase"] === "reporting" && message.success && (await this.update()) !== undefined) {
      return { phase: "reporting", assignment: assignment.data, report: message.data };
    }
    return { phase: "training", assignment: assignment.data };
  }

  saveUpdate(bytes: Uint8Array): Promise<void> {
    return this.store.put(UPDATE_KEY, bytes);
  }

  update(): Promise<Uint8Array | undefined> {
    return this.store.get(UPDATE_KEY);
  }

  forgetUpdate(): Promise<void> {
    return this.store.delete(UPDATE_KEY);
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
