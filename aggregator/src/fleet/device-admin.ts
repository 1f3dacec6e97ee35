import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { AnchoredAudit, AuditDraft } from "../audit/audit.js";
import type { Audited } from "../audit/ports.js";
import type { GroupRecord, RolloutStore } from "../rollouts/rollout-store.js";
import type { ControlStore, DeviceRecord } from "../store/port.js";
import type { DeviceAdminPort, TagChange } from "./device-admin-port.js";
import { deviceFilter } from "./filter/device-filter.js";

const MAX_TAGS = 20;
const TAG = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export interface DeviceAdminOptions {
  readonly store: Pick<ControlStore, "getDevice" | "updateDevice">;
  readonly groups: Pick<RolloutStore, "saveGroup" | "listGroups" | "deleteGroup">;
  readonly audit: Pick<AnchoredAudit, "anchorHead">;
  readonly nowMs: () => number;
  /** Its tags are others now: it may be in other waves. */
  readonly onChanged: (deviceId: DeviceId) => Promise<void>;
  /** Its record is marked: its connection ends, and nothing of it stays at the broker or in a rollout. */
  readonly onDecommissioned: (deviceId: DeviceId) => Promise<void>;
}

/** What operators do to devices: tags, groups, and the end of a device. Everything is in the audit log. */
export class DeviceAdmin implements DeviceAdminPort {
  /** One change of tags after the other: each begins with what the one before left. */
  #changing: Promise<void> = Promise.resolve();

  constructor(private readonly options: DeviceAdminOptions) {}

  /**
   * Adds and removes tags; changes at the same time both count. Throws DEVICE_UNKNOWN, or OPTION_INVALID for more than 20 tags or one that is not of 1 to
   * 32 letters, digits, `_`, `.` and `-`.
   */
  setTags(deviceId: DeviceId, change: TagChange, actor: string): Promise<DeviceRecord> {
    const done = this.#changing.then(() => this.#setTags(deviceId, change, actor));
    this.#changing = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #setTags(deviceId: DeviceId, { add, remove }: TagChange, actor: string): Promise<DeviceRecord> {
    const before = await this.#require(deviceId);
    const kept = [...before.tags, ...add].filter((tag) => !remove.includes(tag));
    const unique = [...new Set(kept)].sort();
    if (unique.length > MAX_TAGS)
      throw new FedgeError(
        "OPTION_INVALID",
        `a device has at most ${MAX_TAGS} tags; these are ${unique.length}`,
      );
    const wrong = unique.find((tag) => !TAG.test(tag));
    if (wrong !== undefined)
      throw new FedgeError(
        "OPTION_INVALID",
        `"${wrong.slice(0, 40)}" is no tag: 1 to 32 letters, digits, _ . and -, the first a letter or digit`,
      );
    const details = { tags: unique };
    const entry = this.#entry({ actor, action: "device.tag", subject: deviceId, details });
    const device = await this.options.store.updateDevice(deviceId, { tags: unique }, entry);
    if (device === undefined) throw unknownDevice(deviceId);
    await this.options.audit.anchorHead();
    await this.options.onChanged(deviceId);
    return device;
  }

  /**
   * Takes the device out of the fleet for good: no token any more, no desired state, no part in rollouts. Its record and
   * history stay. Does nothing to one that is out already. Throws DEVICE_UNKNOWN.
   */
  async decommission(deviceId: DeviceId, actor: string, reason: string): Promise<DeviceRecord> {
    const device = await this.#require(deviceId);
    if (device.decommissionedAtMs !== null) return device;
    const decommissionedAtMs = this.options.nowMs();
    const gone = { decommissionedAtMs, presence: "offline" } as const;
    const draft = { actor, action: "device.decommission", subject: deviceId, details: { reason } };
    const marked = (await this.options.store.updateDevice(deviceId, gone, this.#entry(draft))) ?? device;
    await this.options.audit.anchorHead();
    await this.options.onDecommissioned(deviceId);
    return marked;
  }

  /**
   * Saves a filter under a name: `group == NAME` means whoever matches it at the time. Throws OPTION_INVALID for the name
   * and FILTER_INVALID for the filter.
   */
  async saveGroup(name: string, filter: string, actor: string): Promise<GroupRecord> {
    if (!GROUP_NAME.test(name))
      throw new FedgeError("OPTION_INVALID", "a group's name is 1 to 64 letters, digits, _ . and -");
    const changedAtMs = this.options.nowMs();
    const others = (await this.options.groups.listGroups()).filter((group) => group.name !== name);
    const known = new Map(others.map((group) => [group.name, group.filter]));
    deviceFilter(filter, changedAtMs, known);
    // Another group that names this one must still mean something: not itself.
    for (const group of others) deviceFilter(group.filter, changedAtMs, new Map([...known, [name, filter]]));
    const group = { name, filter, changedAtMs };
    const draft = { actor, action: "group.save", subject: name, details: { filter } };
    await this.options.groups.saveGroup(group, this.#entry(draft));
    await this.options.audit.anchorHead();
    return group;
  }

  listGroups(): Promise<GroupRecord[]> {
    return this.options.groups.listGroups();
  }

  /** Saved filters by name, as `deviceFilter` takes them. */
  async groups(): Promise<ReadonlyMap<string, string>> {
    return new Map((await this.listGroups()).map(({ name, filter }) => [name, filter]));
  }

  /** Filters that name it cannot be read any more. */
  async deleteGroup(name: string, actor: string): Promise<void> {
    const draft = { actor, action: "group.delete", subject: name, details: {} };
    await this.options.groups.deleteGroup(name, this.#entry(draft));
    await this.options.audit.anchorHead();
  }

  #entry(draft: AuditDraft): Audited {
    return { draft, atMs: this.options.nowMs() };
  }

  async #require(deviceId: DeviceId): Promise<DeviceRecord> {
    const device = await this.options.store.getDevice(deviceId);
    if (device === undefined) throw unknownDevice(deviceId);
    return device;
  }
}

function unknownDevice(deviceId: DeviceId): FedgeError {
  return new FedgeError("DEVICE_UNKNOWN", `there is no device "${deviceId}"; see \`fedge device list\``);
}
