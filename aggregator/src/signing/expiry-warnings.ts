import type { Logger } from "../rounds/ports.js";
import { DAY_MS } from "./lifetimes.js";
import { expiryRemedy, type MetadataExpiry } from "./metadata-expiry.js";

/** Says in the log what is near its end: when it comes near, when it has come, and every day in between. */
export class ExpiryWarnings {
  readonly #said = new Map<MetadataExpiry["role"], { readonly name: string; readonly atMs: number }>();

  constructor(private readonly logger: Pick<Logger, "warn">) {}

  look(expiries: readonly MetadataExpiry[], nowMs: number): void {
    for (const expiry of expiries) {
      if (expiry.state === "fresh") this.#said.delete(expiry.role);
      else this.#say(expiry, nowMs);
    }
  }

  #say(expiry: MetadataExpiry, nowMs: number): void {
    const { role, version, expiresAtMs, state } = expiry;
    const before = this.#said.get(role);
    const name = `${version} ${state}`;
    if (before?.name === name && nowMs - before.atMs < DAY_MS) return;
    this.#said.set(role, { name, atMs: nowMs });
    const what =
      state === "expired"
        ? "signed metadata have expired: devices install nothing"
        : "signed metadata expire soon";
    this.logger.warn(
      { role, version, expiresAt: new Date(expiresAtMs).toISOString() },
      `${what}; ${expiryRemedy(expiry)}`,
    );
  }
}
