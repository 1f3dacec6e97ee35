import type { TensorData } from "@fedge/protocol";
import { TENSOR_ARRAYS, elementTypeOf } from "../serving/tensor-types.js";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { padded } from "./row-sizes.js";

/** Of one piece of memory that several copies share: about a segment's rows. */
const SHARED_BYTES = 32_768;
/** What is larger has memory of its own. */
const MAX_SHARED_BYTES = SHARED_BYTES / 4;

/** Copies of tensors. Small ones share memory: an allocation for each costs a prediction more than the copy. */
export class TensorCopies {
  #memory = new ArrayBuffer(0);
  #usedBytes = 0;

  copyOf(values: TensorValues): TensorValues {
    const copies: Record<string, TensorValue> = {};
    for (const name of Object.keys(values)) {
      const { shape, data } = values[name] as TensorValue;
      copies[name] = { shape, data: data.byteLength > MAX_SHARED_BYTES ? data.slice() : this.#shared(data) };
    }
    return copies;
  }

  #shared(data: TensorData): TensorData {
    const sizeBytes = padded(data.byteLength);
    if (this.#usedBytes + sizeBytes > this.#memory.byteLength) {
      this.#memory = new ArrayBuffer(SHARED_BYTES);
      this.#usedBytes = 0;
    }
    const Container = TENSOR_ARRAYS[elementTypeOf(data)] as unknown as SharingContainer;
    const copy = new Container(this.#memory, this.#usedBytes, data.length);
    copy.set(data as never);
    this.#usedBytes += sizeBytes;
    return copy;
  }
}

type SharingContainer = new (memory: ArrayBuffer, offsetBytes: number, length: number) => TensorData;
