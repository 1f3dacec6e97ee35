import { FedgeError } from "@fedge/protocol";
import type { OpenedServer } from "../../server.js";
import {
  FAULT_TEXTS,
  makeBadlyExported,
  makeBadlyTrained,
  type Fault,
  type FoundFault,
} from "../broken-versions/broken-version.js";
import type { Registry } from "../broken-versions/plant-version.js";
import { proposalOf } from "./approval.js";
import { MODEL, TASK } from "./rehearsal-plan.js";

export interface CandidatesParts {
  readonly opened: OpenedServer;
  readonly seed: string;
  /** One line of the story. */
  readonly tell: (line: string) => void;
}

/** Broken candidates, which the devices evaluate as they do any other. */
export class Candidates {
  constructor(private readonly parts: CandidatesParts) {}

  /**
   * A candidate with the weights of a version that is better than the fleet's, and a broken export. Gives its number.
   * Throws INTERNAL when the auto-pilot does not propose it for what the devices say.
   */
  async badlyExported(fault: Fault, weights: number): Promise<number> {
    const { opened, tell } = this.parts;
    const version = await makeBadlyExported(fault, this.#registry(), { model: MODEL, version: weights });
    tell(`version ${version} is a candidate with the weights of version ${weights}: ${FAULT_TEXTS[fault]}`);
    if (!(await this.#consider(version)))
      throw new FedgeError(
        "INTERNAL",
        `the auto-pilot did not propose version ${version}; look at its evaluations`,
      );
    const { config } = await opened.server.rollouts.get(proposalOf(version));
    tell(`the devices evaluated it on their own examples: ${config.note}`);
    return version;
  }

  /** A candidate that an evaluation can see through; whether the auto-pilot proposed it all the same. */
  async badlyTrained(
    fault: FoundFault,
    weights: number,
  ): Promise<{ readonly version: number; readonly isProposed: boolean }> {
    const of = { model: MODEL, version: weights, seed: this.parts.seed };
    const version = await makeBadlyTrained(fault, this.#registry(), of);
    return { version, isProposed: await this.#consider(version) };
  }

  #registry(): Registry {
    const { store, blobs, clock } = this.parts.opened.base;
    return { store, blobs, nowMs: () => clock.nowMs() };
  }

  async #consider(version: number): Promise<boolean> {
    const { server, orchestration } = this.parts.opened;
    const { config } = await server.service.getTask(TASK);
    return (await orchestration.autopilot.consider(config, version)) !== null;
  }
}
