import { FedgeError, type ModelName } from "@fedge/protocol";
import type { AnchoredAudit } from "../../audit/audit.js";
import type { Audited } from "../../audit/ports.js";
import type { ControlStore } from "../../store/port.js";
import {
  CANDIDATE,
  CHAMPION,
  type AliasMove,
  type AliasMoveRecord,
  type RegistryStore,
} from "../registry-store.js";

export interface AliasPorts {
  readonly store: Pick<ControlStore, "getVersion"> & Pick<RegistryStore, "moveAlias" | "listAliases">;
  readonly audit: Pick<AnchoredAudit, "anchorHead">;
  readonly nowMs: () => number;
}

export type AliasChange = Omit<AliasMove, "atMs">;

const ALIAS = /^[a-z][a-z0-9_-]{0,63}$/;
/** Who moves aliases when no person does. */
export const SYSTEM = "system";

/**
 * Moves the names of versions. A move is a record and a proposal: it never changes what a device runs; a rollout does.
 */
export class Aliases {
  constructor(private readonly ports: AliasPorts) {}

  /**
   * Moves an alias to a version, or with `toVersion: null` takes it away; undefined when it is there already.
   *
   * Throws OPTION_INVALID for a name that is none, VERSION_UNKNOWN, ALIAS_UNKNOWN when there is none to take away, and
   * VERSION_CONFLICT when it is not where `expected` says.
   */
  async move(change: AliasChange): Promise<AliasMoveRecord | undefined> {
    requireAliasName(change.alias);
    await this.#requireTarget(change);
    const moved = await this.ports.store.moveAlias({ ...change, atMs: this.ports.nowMs() }, entryOf);
    if (moved !== undefined) await this.ports.audit.anchorHead();
    return moved;
  }

  /** A model's first version is its champion, whatever task or person comes later. */
  async firstImported(model: ModelName, version: number): Promise<void> {
    const reason = "first version of the model";
    await this.move({ model, alias: CHAMPION, toVersion: version, actor: SYSTEM, reason });
  }

  /** The newest result of a task is the candidate. */
  async committed(model: ModelName, version: number, roundId: string | null): Promise<void> {
    const reason = `result of round ${roundId ?? "unknown"}`;
    await this.ports.store.moveAlias({
      ...{ model, alias: CANDIDATE, toVersion: version, actor: SYSTEM, reason },
      atMs: this.ports.nowMs(),
    });
  }

  async #requireTarget({ model, alias, toVersion }: AliasChange): Promise<void> {
    if (toVersion === null) {
      const aliases = await this.ports.store.listAliases(model);
      if (aliases.some((known) => known.alias === alias)) return;
      throw new FedgeError(
        "ALIAS_UNKNOWN",
        `model ${model} has no alias "${alias}"; see \`fedge model show ${model}\``,
      );
    }
    const version = await this.ports.store.getVersion(model, toVersion);
    if (version === undefined)
      throw new FedgeError(
        "VERSION_UNKNOWN",
        `model ${model} has no version ${toVersion}; see \`fedge model show ${model}\``,
      );
    if (version.deletedAtMs !== null)
      throw new FedgeError(
        "VERSION_UNKNOWN",
        `version ${toVersion} of model ${model} was deleted by the retention policy; choose one that is kept`,
      );
  }
}

function entryOf({ model, alias, actor, reason, fromVersion, toVersion, atMs }: AliasMoveRecord): Audited {
  const details = { alias, fromVersion, toVersion, reason };
  return { draft: { actor, action: "alias.move", subject: model, details }, atMs };
}

function requireAliasName(alias: string): void {
  if (ALIAS.test(alias)) return;
  throw new FedgeError(
    "OPTION_INVALID",
    `"${alias}" is no alias; use a lower-case letter, then up to 63 lower-case letters, digits, - or _`,
  );
}
