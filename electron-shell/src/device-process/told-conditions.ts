import type { HostConditions } from "@fedge/device-runtime";

/** Conditions that another process watches. Until it has said how they are the device does not train. */
export class ToldConditions implements HostConditions {
  readonly #listeners = new Set<() => void>();
  #reasons: readonly string[] = ["the desktop has not said whether it may"];

  isEligible(): boolean {
    return this.#reasons.length === 0;
  }

  reasons(): readonly string[] {
    return this.#reasons;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(reasons: readonly string[]): void {
    this.#reasons = reasons;
    for (const listener of [...this.#listeners]) listener();
  }
}
