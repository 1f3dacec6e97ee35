import type { DeviceId, ErrorCode, Report } from "@fedge/protocol";
import type { RoundPolicy } from "../tasks/task-config.js";
import type { AbandonReason, CountedUpdate, FoldSnapshotRef, JournalEvent, RoundRecord } from "./journal.js";

export type MemberStatus =
  /** Told to train; nothing heard since. */
  | "assigned"
  /** Reported; waits for one of the few upload slots, which bound the memory of a round. */
  | "waiting"
  /** Has a slot and sends blocks. */
  | "uploading"
  /** Its whole update is here and is being checked and folded. */
  | "checking"
  | "counted"
  | "refused"
  | "dropped"
  | "aborted"
  | "late"
  | "not-needed";

export interface Member {
  readonly status: MemberStatus;
  /** Out of touch since it was selected; the grace timer runs. */
  readonly isLost: boolean;
  readonly report: Report | null;
  readonly counted: CountedUpdate | null;
  readonly code: ErrorCode | null;
}

export type Phase = "selecting" | "reporting" | "aggregating" | "committed" | "abandoned";

export interface RoundState {
  readonly record: RoundRecord;
  readonly policy: RoundPolicy;
  /** Updates that may be in memory at once. */
  readonly uploadSlots: number;
  readonly phase: Phase;
  readonly members: ReadonlyMap<DeviceId, Member>;
  /** The reporting deadline has passed; only updates that are already being checked may still count. */
  readonly isExpired: boolean;
  readonly snapshot: FoldSnapshotRef | null;
  readonly version: number | null;
  readonly abandonReason: AbandonReason | null;
  readonly closedAtMs: number | null;
}

/** What happens to a round: what is journaled, and what a restart may forget. */
export type RoundEvent =
  | JournalEvent
  | { readonly type: "reported"; readonly deviceId: DeviceId; readonly report: Report }
  /** A report that cannot become part of the round. An update that is being checked is past that. */
  | {
      readonly type: "report-refused";
      readonly atMs: number;
      readonly deviceId: DeviceId;
      readonly code: ErrorCode;
    }
  | { readonly type: "received"; readonly deviceId: DeviceId }
  | { readonly type: "upload-stalled"; readonly deviceId: DeviceId }
  | { readonly type: "lost"; readonly deviceId: DeviceId }
  | { readonly type: "grace-expired"; readonly atMs: number; readonly deviceId: DeviceId }
  | { readonly type: "returned"; readonly deviceId: DeviceId };

export type RoundTimer =
  | { readonly kind: "selection" }
  | { readonly kind: "reporting" }
  | { readonly kind: "lost"; readonly deviceId: DeviceId };

export type RoundEffect =
  | { readonly type: "arm-timer"; readonly timer: RoundTimer; readonly delayMs: number }
  | { readonly type: "cancel-timer"; readonly timer: RoundTimer }
  | { readonly type: "assign"; readonly deviceId: DeviceId }
  | { readonly type: "proceed"; readonly deviceId: DeviceId; readonly report: Report }
  | { readonly type: "forget-upload"; readonly deviceId: DeviceId }
  | { readonly type: "fold"; readonly deviceId: DeviceId; readonly report: Report }
  | {
      readonly type: "receipt";
      readonly deviceId: DeviceId;
      readonly outcome: "counted" | "refused";
      readonly code: ErrorCode | null;
    }
  | {
      readonly type: "tell-closed";
      readonly deviceId: DeviceId;
      readonly reason: "goal-reached" | "deadline" | "abandoned" | "task-stopped";
    }
  | { readonly type: "aggregate" }
  | { readonly type: "finish" };

export interface Step {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
  /** What must be durable before the effects run; null for what a restart may forget. */
  readonly journal: JournalEvent | null;
}

const OUTSTANDING: ReadonlySet<MemberStatus> = new Set(["assigned", "waiting", "uploading", "checking"]);

/** True while the member's update may still be counted. */
export function isOutstanding(member: Member): boolean {
  return OUTSTANDING.has(member.status);
}

export function countMembers(state: RoundState, ...statuses: readonly MemberStatus[]): number {
  let count = 0;
  for (const member of state.members.values()) if (statuses.includes(member.status)) count += 1;
  return count;
}

export function openRound(record: RoundRecord, policy: RoundPolicy, uploadSlots: number): RoundState {
  return {
    record,
    policy,
    uploadSlots,
    phase: "selecting",
    members: new Map(),
    isExpired: false,
    snapshot: null,
    version: null,
    abandonReason: null,
    closedAtMs: null,
  };
}

export function devicesWhere(state: RoundState, matches: (member: Member) => boolean): DeviceId[] {
  return [...state.members].filter(([, member]) => matches(member)).map(([deviceId]) => deviceId);
}

export function withMember(state: RoundState, deviceId: DeviceId, member: Member): RoundState {
  return { ...state, members: new Map(state.members).set(deviceId, member) };
}

export function unchanged(state: RoundState): Step {
  return { state, effects: [], journal: null };
}
