import type { Random } from "@fedge/protocol";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/** What is used of a layer, a wrapper of a layer, or a model that is a layer. */
interface SomeLayer {
  getClassName(): string;
  readonly layers?: readonly SomeLayer[];
  readonly layer?: SomeLayer;
  seed?: number;
}

const SEEDED: readonly string[] = ["Dropout", "SpatialDropout1D"];

/** Layers that drop values; tfjs would give each the same mask at every step, or one that nobody can repeat. */
export class DropoutSeeds {
  readonly #layers: readonly SomeLayer[];

  constructor(model: LayersModel) {
    const all = flatten(model as unknown as SomeLayer);
    this.#layers = all.filter((layer) => SEEDED.includes(layer.getClassName()));
  }

  /** Other masks for the next step. */
  draw(random: Random): void {
    for (const layer of this.#layers) layer.seed = random.uint32();
  }
}

function flatten(layer: SomeLayer): SomeLayer[] {
  const inner = [...(layer.layers ?? []), ...(layer.layer === undefined ? [] : [layer.layer])];
  return [layer, ...inner.flatMap(flatten)];
}
