import type { DatabaseStore } from "../../drizzle-store.js";
import {
  namesOf,
  sampleRound,
  sampleTaskConfig,
  sampleVersion,
  type SampleNames,
} from "../sample-records.js";

/** One store for all tests of a suite, each under names of its own. */
export class StoreWorld {
  #store: DatabaseStore | null = null;
  #numTests = 0;

  constructor(private readonly openStore: () => Promise<DatabaseStore>) {}

  get store(): DatabaseStore {
    if (this.#store === null) throw new Error("the store is not open");
    return this.#store;
  }

  async open(): Promise<void> {
    this.#store = await this.openStore();
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  names(): SampleNames {
    return namesOf(`${(this.#numTests += 1)}`);
  }

  async withTask(): Promise<SampleNames> {
    const names = this.names();
    await this.store.createTask(sampleTaskConfig(names.taskId, names.model), 1000);
    return names;
  }

  async withRound(): Promise<SampleNames> {
    const names = await this.withTask();
    await this.store.openRound(sampleRound(names));
    return names;
  }

  async withVersion(): Promise<SampleNames> {
    const names = this.names();
    await this.store.commitVersion({ version: sampleVersion(names), round: null });
    return names;
  }
}
