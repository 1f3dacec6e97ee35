import type { TensorData } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { TENSOR_ARRAYS, elementTypeOf } from "../serving/tensor-types.js";
import { padded } from "./row-sizes.js";

/** Of one piece of memory that several copies share. */
const SHARED_BYTES = 32_768;
/** What is larger has memory of its own. */
const MAX_COPY_BYTES = SHARED_BYTES / 4;

type SharingContainer = new (memory: ArrayBuffer, offsetBytes: number, length: number) => TensorData;

/** Copies of tensors. Small ones share memory: a piece of its own for each would cost a prediction more than the copy. */
export class TensorCopies {
  #memory = new ArrayBuffer(0);
  #usedBytes = 0;

  copyOf(values: TensorValues): TensorValues {
    const copies: Record<string, TensorValue> = {};
    for (const name of Object.keys(values)) {
      const { shape, data } = values[name] as TensorValue;
      copies[name] = { shape, data: data.byteLength > MAX_COPY_BYTES ? data.slice() : this.#copy(data) };
    }
    return copies;
  }

  #copy(data: TensorData): TensorData {
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
