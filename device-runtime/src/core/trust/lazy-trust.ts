import { FedgeError, metaTopic, type Desired, type ModelName } from "@fedge/protocol";
import { deviceClosed } from "../device-closed.js";
import type { TopicHandler } from "../connection/connection.js";
import type { Credentials } from "../ports/transport.js";
import type { ReleaseTrust, TrustedRelease, WantedRelease } from "./release-trust.js";
import type { TufTrust, TufTrustOptions } from "./tuf-trust.js";
import { loadOnDemand } from "../load-on-demand.js";

/**
 * Trust by signed metadata, whose program is fetched when there is something to verify: a page that only serves what it
 * has does not carry it. One that cannot be fetched is METADATA_UNAVAILABLE, and is fetched again the next time.
 */
export class LazyTrust implements ReleaseTrust {
  #trust: Promise<TufTrust> | null = null;
  #isClosed = false;

  constructor(private readonly options: TufTrustOptions) {}

  /** What is heard waits, in its order, until the program is there. */
  topics(credentials: Credentials): TopicHandler[] {
    return (["root", "timestamp"] as const).map((role): TopicHandler => {
      const topic = metaTopic(credentials.tenantId, role);
      const hear = async (payload: Uint8Array): Promise<void> => {
        const handlers = new Map((await this.#loaded()).topics(credentials));
        handlers.get(topic)?.(payload);
      };
      return [topic, (payload): void => void hear(payload).catch(this.options.onError)];
    });
  }

  async refresh(): Promise<void> {
    return (await this.#loaded()).refresh();
  }

  async verifyDesired(desired: Desired): Promise<void> {
    return (await this.#loaded()).verifyDesired(desired);
  }

  async accept(entry: WantedRelease, nowMs: number): Promise<TrustedRelease> {
    return (await this.#loaded()).accept(entry, nowMs);
  }

  async committed(model: ModelName, release: TrustedRelease): Promise<void> {
    return (await this.#loaded()).committed(model, release);
  }

  close(): void {
    this.#isClosed = true;
    this.#trust?.then(
      (trust) => trust.close(),
      () => undefined,
    );
  }

  #loaded(): Promise<TufTrust> {
    if (this.#isClosed) return Promise.reject(deviceClosed());
    this.#trust ??= this.#load();
    return this.#trust;
  }

  async #load(): Promise<TufTrust> {
    try {
      const { TufTrust: Trust } = await loadOnDemand();
      return new Trust(this.options);
    } catch (cause) {
      this.#trust = null;
      throw new FedgeError("METADATA_UNAVAILABLE", "what verifies signed metadata could not be fetched", {
        cause,
      });
    }
  }
}
