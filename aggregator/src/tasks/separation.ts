import type { DeviceId } from "@fedge/protocol";
import type { ControlStore } from "../store/port.js";
import type { TaskConfig } from "./task-config.js";

/** Keeps a device from being selected twice within `minRounds` rounds, as participation-limited privacy needs. */
export class Separation {
  readonly #lastSelected = new Map<DeviceId, number>();

  constructor(private readonly minRounds: number) {}

  allows(deviceId: DeviceId, roundNumber: number): boolean {
    const last = this.#lastSelected.get(deviceId);
    return last === undefined || roundNumber - last > this.minRounds;
  }

  selected(devices: readonly DeviceId[], roundNumber: number): void {
    if (this.minRounds === 0) return;
    for (const deviceId of devices) this.#lastSelected.set(deviceId, roundNumber);
  }
}

/** Reads from the journal who was selected in the rounds that still count: a restart must not forget them. */
export async function recallSelections(
  separation: Separation,
  store: Pick<ControlStore, "countRounds" | "listRounds" | "getRound">,
  { taskId, round }: Pick<TaskConfig, "taskId" | "round">,
): Promise<void> {
  if (round.minSeparationRounds === 0) return;
  // One more than the distance: the last of them may be open and have no cohort yet.
  const limit = round.minSeparationRounds + 1;
  const offset = Math.max(0, (await store.countRounds(taskId)) - limit);
  const recent = await store.listRounds(taskId, { limit, offset });
  for (const { roundId, number } of recent) {
    const found = await store.getRound(roundId);
    const selection = found?.events.find((event) => event.type === "cohort-selected");
    if (selection?.type === "cohort-selected") separation.selected(selection.devices, number);
  }
}
