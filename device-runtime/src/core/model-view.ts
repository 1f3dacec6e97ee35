import type { DeviceModel } from "./device-interface.js";

/** A model as the app uses it, wherever it lives. A class: an object with a getter of its own, made for every request, costs more. */
export class ModelView implements DeviceModel {
  constructor(
    readonly predict: DeviceModel["predict"],
    private readonly versionOf: () => number | null,
  ) {}

  get version(): number | null {
    return this.versionOf();
  }
}
