import type { DeviceId } from "@fedge/protocol";
import type { WantedModel } from "../fleet/desired-states.js";
import { heldVersions } from "./held-versions.js";
import type { RolloutSurroundings } from "./ports.js";
import {
  isInFlight,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
  type Target,
} from "./rollout-state.js";

type Purpose = "forward" | "back";

/** Executes what the machine asks for. Everything here may run twice, and must come to the same. */
export class RolloutEffects {
  /** Entries for devices' documents, by release counter. */
  readonly #wanted = new Map<number, WantedModel>();
  /** Devices whose shadow has ended, until they have been told. */
  readonly #ended = new Set<DeviceId>();
  #isLooking = false;
  #isComparing = false;

  constructor(
    private readonly ports: RolloutSurroundings,
    private readonly stateNow: () => RolloutState,
    private readonly dispatch: (event: RolloutEvent) => void,
  ) {}

  async run(effect: RolloutEffect): Promise<void> {
    switch (effect.type) {
      case "sign-release":
        return this.#signRelease(effect.purpose, effect.version);
      case "open-wave":
        return this.#openWave(effect.wave);
      case "tell":
        return this.#tell(effect.devices);
      case "tell-back":
        return this.#tellBack(effect.devices);
      case "promote":
        return this.#promote(effect.purpose);
      case "look":
        return this.#look(effect.wave);
      case "compare":
        return this.#compare();
    }
  }

  /**
   * After a start: every device that was told is wanted to run the same again. Those who have not answered are told it
   * again, since the process may have died before the broker heard it.
   */
  async recall(): Promise<void> {
    const { targets } = this.stateNow();
    if (hasShadowEnded(this.stateNow())) return;
    const unanswered: DeviceId[] = [];
    for (const [deviceId, target] of targets.entries()) {
      if (!target.wasTold || target.isReplaced) continue;
      const forward = target.back === null ? await this.#forward(target) : null;
      const wanted = forward === null ? await this.#back() : this.#asKind(deviceId, forward);
      if (wanted !== null) this.ports.desired.override(deviceId, wanted);
      // One that was called back in the middle of it may count as back while the broker still has the older document.
      const isCalledBack = target.back === "told" || (target.back === "done" && target.state === "canceled");
      if (isInFlight(target) || isCalledBack) unanswered.push(deviceId);
    }
    await this.ports.desired.tellAll(unanswered);
  }

  /** Lets go of the blobs of versions that no device of the rollout needs any more. */
  tidy(): void {
    const state = this.stateNow();
    const held = heldVersions(state);
    if (held === null) return;
    for (const [counter, { version }] of this.#wanted) {
      if (held.has(version)) continue;
      this.#wanted.delete(counter);
      this.ports.desired.releaseBlobs(ownerOf(state, version));
    }
  }

  /** A shadow that is over stops on every device; what the device serves stays as it is. Another that it pushed aside runs again. */
  async endShadow(): Promise<void> {
    const { config, targets } = this.stateNow();
    for (const [deviceId] of targets.entries()) {
      const wanted = this.ports.desired.wantedOf(deviceId, config.model);
      if (wanted?.shadow?.rolloutId !== config.rolloutId) continue;
      const { shadow: _, ...served } = wanted;
      this.ports.desired.override(deviceId, served);
      this.#ended.add(deviceId);
    }
    const ended = [...this.#ended];
    await this.ports.desired.tellAll(ended);
    this.#ended.clear();
    this.ports.onShadowEnded(config, ended);
  }

  get #nowMs(): number {
    return this.ports.clock.nowMs();
  }

  /** A number that a kill left unused is lost, and harms nobody: numbers only grow. */
  async #signRelease(purpose: Purpose, version: number): Promise<void> {
    const { model, rolloutId } = this.stateNow().config;
    const atMs = this.#nowMs;
    const { releaseCounter } = await this.ports.store.reserveRelease({
      model,
      version,
      rolloutId,
      purpose,
      atMs,
    });
    await this.#entry(version, releaseCounter);
    this.dispatch({ type: "released", atMs: this.#nowMs, purpose, version, releaseCounter });
  }

  async #openWave(wave: number): Promise<void> {
    await this.ports.begin(this.stateNow());
    const { devices, numMatching } = await this.ports.members(this.stateNow(), wave);
    this.dispatch({ type: "wave-opened", atMs: this.#nowMs, wave, devices, numMatching });
  }

  async #tell(devices: readonly DeviceId[]): Promise<void> {
    const state = this.stateNow();
    for (const deviceId of devices) {
      const target = state.targets.get(deviceId);
      if (target === undefined || target.isReplaced || target.back !== null) continue;
      const wanted = await this.#forward(target);
      if (wanted !== null) this.ports.desired.override(deviceId, this.#asKind(deviceId, wanted));
    }
    this.ports.onTold(state.config, devices);
    await this.ports.desired.tellAll(devices);
    for (const deviceId of devices)
      if (this.ports.isOnline(deviceId))
        this.dispatch({ type: "seen", atMs: this.#nowMs, deviceId, serves: null });
  }

  async #tellBack(devices: readonly DeviceId[]): Promise<void> {
    const wanted = await this.#back();
    if (wanted === null) return;
    const { targets } = this.stateNow();
    const mine = devices.filter((deviceId) => targets.get(deviceId)?.isReplaced === false);
    for (const deviceId of mine) this.ports.desired.override(deviceId, wanted);
    await this.ports.desired.tellAll(mine);
  }

  async #promote(purpose: Purpose): Promise<void> {
    const { config, counters, backCounter, fallbackVersion } = this.stateNow();
    const version = purpose === "forward" ? config.version : fallbackVersion;
    const counter = purpose === "forward" ? counters[config.version] : backCounter;
    if (version === null || counter === undefined || counter === null) return;
    await this.ports.store.promoteRelease(counter);
    await this.ports.desired.adopt(config.model, version, counter);
    await this.ports.desired.tellEveryone();
  }

  async #look(wave: number): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const gates = await this.ports.look(this.stateNow());
      this.dispatch({ type: "looked", atMs: this.#nowMs, wave, gates });
    } finally {
      this.#isLooking = false;
    }
  }

  async #compare(): Promise<void> {
    if (this.#isComparing) return;
    this.#isComparing = true;
    try {
      const found = await this.ports.compare(this.stateNow());
      if (found !== null) this.dispatch({ type: "compared", atMs: this.#nowMs, ...found });
    } finally {
      this.#isComparing = false;
    }
  }

  /** What the device was told last: a failed device that waits for its next attempt was told the one before. */
  async #forward(target: Target): Promise<WantedModel | null> {
    const { config } = this.stateNow();
    const counter = target.releaseCounter;
    if (counter === null) return null;
    const attempt = target.state === "queued" ? Math.max(1, target.attempt - 1) : target.attempt;
    const entry = await this.#entry(target.version, counter);
    const policy = config.install === undefined ? {} : { policy: config.install };
    return { ...entry, ...policy, rolloutId: config.rolloutId, attempt };
  }

  async #back(): Promise<WantedModel | null> {
    const { backCounter, fallbackVersion, config } = this.stateNow();
    if (backCounter === null || fallbackVersion === null) return null;
    const entry = await this.#entry(fallbackVersion, backCounter);
    return { ...entry, rolloutId: config.rolloutId, attempt: 1 };
  }

  async #entry(version: number, releaseCounter: number): Promise<WantedModel> {
    const { model } = this.stateNow().config;
    const known = this.#wanted.get(releaseCounter);
    if (known !== undefined) return known;
    const owner = ownerOf(this.stateNow(), version);
    const entry = await this.ports.desired.prepare({ model, version, releaseCounter, owner });
    this.#wanted.set(releaseCounter, entry);
    return entry;
  }

  /** A shadow runs beside what the device serves, which stays as it is. */
  #asKind(deviceId: DeviceId, wanted: WantedModel): WantedModel {
    const { config } = this.stateNow();
    if (config.kind !== "shadow") return wanted;
    const served = this.ports.desired.wantedOf(deviceId, config.model);
    if (served === undefined) return wanted;
    const { version, manifest } = wanted;
    return { ...served, shadow: { version, manifest, rolloutId: config.rolloutId } };
  }
}

/** In whose name a version's blobs are within reach. */
function ownerOf({ config }: RolloutState, version: number): string {
  return `rollout/${config.rolloutId}/${version}`;
}

/** Nobody runs the shadow any more. */
export function hasShadowEnded({ config, phase }: RolloutState): boolean {
  return config.kind === "shadow" && !["running", "paused", "ready", "scheduled"].includes(phase);
}
