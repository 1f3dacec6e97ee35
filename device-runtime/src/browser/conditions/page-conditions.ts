import type { HostConditions } from "../../core/ports/application.js";
import type { Clock } from "../../core/ports/clock.js";
import {
  DEFAULT_POLICY,
  reasonsAgainst,
  type HostFacts,
  type TrainingPolicy,
} from "../../core/conditions/training-policy.js";
import { INPUT_EVERY_MS, watchUse } from "./watch-use.js";

/** When a page may train, and why not. */
export interface PageConditions extends HostConditions {
  /** Such as "on battery"; none when it may train. */
  reasons(): readonly string[];
  /** As if this page were in use: the person is at another page of the same device. */
  usedElsewhere(): void;
  /** Whether a training runs: meanwhile storage is looked at several times a second. */
  trainingChanged(isTraining: boolean): void;
  /** Stops watching. Idempotent. */
  close(): void;
}

/** Battery Status API. */
export interface BatteryLike extends EventTarget {
  readonly charging: boolean;
}

/** Network Information API. */
export interface ConnectionLike extends EventTarget {
  readonly saveData?: boolean;
  readonly type?: string;
}

/** What the conditions read of a page; the globals of a window fit. */
export interface PageHost {
  readonly document: EventTarget & { readonly visibilityState: string };
  readonly navigator: {
    /** Missing in browsers without a Battery Status API. */
    readonly getBattery?: () => Promise<BatteryLike>;
    readonly connection?: ConnectionLike;
    readonly storage?: StorageLike;
  };
}

/** Storage Standard: bytes that the origin may use, and uses. */
export interface StorageLike {
  /** What is not known is missing, and in some browsers all of it. */
  estimate?(): Promise<{ readonly quota?: number; readonly usage?: number }>;
  /** Whether the browser keeps what is stored when it runs out of room. */
  persisted?(): Promise<boolean>;
}

/** Browsers tell of storage only when they are asked. */
const STORAGE_EVERY_MS = 60_000;
/** While a training runs: what is seen this late, and the half second that a step gets to end, are within one second. */
const STORAGE_WHILE_TRAINING_MS = 400;

/** Watches what the browser tells of battery, connection, visibility, use and storage. What it does not tell counts as good. */
export function watchPage(
  host: PageHost,
  clock: Clock,
  policy: Partial<TrainingPolicy> = {},
): PageConditions {
  return new WatchedPage(host, clock, { ...DEFAULT_POLICY, ...policy });
}

class WatchedPage implements PageConditions {
  #facts: HostFacts;
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  #cancelIdle: () => void = () => undefined;
  #cancelStorage: () => void = () => undefined;
  #isClosed = false;
  #isTraining = false;
  #was: string;

  constructor(
    private readonly host: PageHost,
    private readonly clock: Clock,
    private readonly policy: TrainingPolicy,
  ) {
    this.#facts = {
      isCharging: null,
      isMetered: isMetered(host.navigator.connection),
      isHidden: host.document.visibilityState === "hidden",
      lastInputAtMs: Number.NEGATIVE_INFINITY,
      freeBytes: null,
      isPersisted: null,
    };
    this.#was = this.#said();
    this.#watch();
  }

  isEligible(): boolean {
    return this.reasons().length === 0;
  }

  reasons(): readonly string[] {
    return reasonsAgainst(this.#facts, this.policy, this.clock.nowMs());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  usedElsewhere(): void {
    this.#used();
  }

  trainingChanged(isTraining: boolean): void {
    if (isTraining === this.#isTraining || this.#isClosed) return;
    this.#isTraining = isTraining;
    this.#cancelStorage();
    this.#askStorage();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelIdle();
    this.#cancelStorage();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #watch(): void {
    const { document, navigator } = this.host;
    this.#hear(document, "visibilitychange", () =>
      this.#learn({ isHidden: document.visibilityState === "hidden" }),
    );
    this.#stops.push(watchUse(document, this.clock, () => this.#used()));
    const { connection } = navigator;
    if (connection !== undefined) {
      this.#hear(connection, "change", () => this.#learn({ isMetered: isMetered(connection) }));
    }
    told(
      () => navigator.getBattery?.(),
      (battery) => this.#watchBattery(battery),
    );
    this.#askStorage();
  }

  #watchBattery(battery: BatteryLike): void {
    const learn = (): void => this.#learn({ isCharging: battery.charging });
    this.#hear(battery, "chargingchange", learn);
    learn();
  }

  #askStorage(): void {
    const { storage } = this.host.navigator;
    told(
      () => storage?.estimate?.(),
      ({ quota, usage }) => this.#learn({ freeBytes: quota === undefined ? null : quota - (usage ?? 0) }),
    );
    told(
      () => storage?.persisted?.(),
      (isPersisted) => this.#learn({ isPersisted }),
    );
    if (this.#isClosed) return;
    const everyMs = this.#isTraining ? STORAGE_WHILE_TRAINING_MS : STORAGE_EVERY_MS;
    this.#cancelStorage = this.clock.after(everyMs, () => this.#askStorage());
  }

  #used(): void {
    if (this.#isClosed) return;
    const nowMs = this.clock.nowMs();
    this.#cancelIdle();
    this.#cancelIdle = this.clock.after(this.policy.idleMs + INPUT_EVERY_MS, () => this.#learn({}));
    this.#learn({ lastInputAtMs: nowMs });
  }

  #learn(facts: Partial<HostFacts>): void {
    if (this.#isClosed) return;
    this.#facts = { ...this.#facts, ...facts };
    const said = this.#said();
    if (said === this.#was) return;
    this.#was = said;
    for (const listener of [...this.#listeners]) listener();
  }

  #said(): string {
    return this.reasons().join();
  }

  #hear(target: EventTarget, event: string, listener: () => void): void {
    if (this.#isClosed) return;
    target.addEventListener(event, listener, { passive: true });
    this.#stops.push(() => target.removeEventListener(event, listener));
  }
}

/** A browser may lack what is asked, refuse it or throw: what is not known is no reason against. */
function told<T>(ask: () => Promise<T> | undefined, learn: (answer: T) => void): void {
  const asking = async (): Promise<void> => {
    const answer = await ask();
    if (answer !== undefined) learn(answer);
  };
  asking().catch(() => undefined);
}

function isMetered(connection: ConnectionLike | undefined): boolean | null {
  if (connection === undefined) return null;
  return connection.saveData === true || connection.type === "cellular";
}
