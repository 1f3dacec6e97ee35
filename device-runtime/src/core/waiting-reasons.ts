import type { Consent, HostConditions } from "./ports/application.js";

export interface WaitingParts {
  readonly consent: () => Consent;
  readonly isOnline: () => boolean;
  /** Labelled ones. */
  readonly numExamples: () => number;
  readonly conditions: HostConditions;
  /** Models that must not learn from the device's data now, and why. */
  readonly unfit: () => readonly string[];
  /** Told when the reasons are others than before. */
  readonly onChange: (reasons: readonly string[]) => void;
}

/** What keeps a device from training, in words that a person can read. */
export class WaitingReasons {
  #last: string | null = null;
  #isClosed = false;

  constructor(private readonly parts: WaitingParts) {}

  /** The person's own decision first; none when nothing keeps the device from training. */
  reasons(): readonly string[] {
    return reasonsOf(this.parts);
  }

  /** Tells when they have changed since the last time, and whether they have. */
  tell(): boolean {
    const reasons = this.reasons();
    const isNew = reasons.join() !== this.#last && !this.#isClosed;
    this.#last = reasons.join();
    if (isNew) this.parts.onChange(reasons);
    return isNew;
  }

  close(): void {
    this.#isClosed = true;
  }
}

function reasonsOf(of: WaitingParts): readonly string[] {
  const { conditions } = of;
  const app = asked(() => ({
    hasExamples: of.numExamples() > 0,
    reasons: conditions.isEligible() ? [] : (conditions.reasons?.() ?? ["the app says not now"]),
  }));
  return [
    ...(of.consent().training ? [] : ["no consent to training"]),
    ...(app?.hasExamples === false ? ["nothing to learn from yet"] : []),
    ...of.unfit(),
    ...(of.isOnline() ? [] : ["not connected"]),
    ...(app?.reasons ?? ["the app's conditions failed"]),
  ];
}

/** Null when the app's own functions throw, which the device reports where it acts on them. */
function asked<T>(question: () => T): T | null {
  try {
    return question();
  } catch {
    return null;
  }
}
