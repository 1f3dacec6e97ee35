import type { TensorData } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { TENSOR_ARRAYS, elementTypeOf } from "../serving/tensor-types.js";
import { padded } from "./row-sizes.js";

/** Of one piece of memory that several copies share. */
const SHARED_BYTES = 32_768;
/** What is larger has memory of its own. */
const MAX_COPY_BYTES = SHARED_BYTES / 4;
/** Pieces that wait to be used again: about what waits to be written at most. */
const MAX_IDLE = 8;

interface Shared {
  readonly memory: ArrayBuffer;
  usedBytes: number;
  numCopies: number;
}

/**
 * Copies of tensors. Small ones share memory, which is used again once all of them are released: fresh memory for each
 * would cost a prediction more than the copy, and more again when it is collected. A copy that is never released keeps
 * its piece from being used again, and no more.
 */
export class TensorCopies {
  readonly #shared = new WeakMap<ArrayBufferLike, Shared>();
  readonly #idle: Shared[] = [];
  #current: Shared | null = null;

  copyOf(values: TensorValues): TensorValues {
    const copies: Record<string, TensorValue> = {};
    for (const name of Object.keys(values)) {
      const { shape, data } = values[name] as TensorValue;
      copies[name] = { shape, data: data.byteLength > MAX_COPY_BYTES ? data.slice() : this.#copy(data) };
    }
    return copies;
  }

  /** Nobody reads these values any more; those that are no copies of here are left alone. */
  release(values: TensorValues): void {
    for (const name of Object.keys(values)) this.#release((values[name] as TensorValue).data.buffer);
  }

  #copy(data: TensorData): TensorData {
    const sizeBytes = padded(data.byteLength);
    const shared = this.#withRoom(sizeBytes);
    const Container = TENSOR_ARRAYS[elementTypeOf(data)] as unknown as SharingContainer;
    const copy = new Container(shared.memory, shared.usedBytes, data.length);
    copy.set(data as never);
    shared.usedBytes += sizeBytes;
    shared.numCopies += 1;
    return copy;
  }

  #withRoom(sizeBytes: number): Shared {
    const current = this.#current;
    if (current !== null && current.usedBytes + sizeBytes <= SHARED_BYTES) return current;
    return (this.#current = this.#idle.pop() ?? this.#fresh());
  }

  #fresh(): Shared {
    const shared = { memory: new ArrayBuffer(SHARED_BYTES), usedBytes: 0, numCopies: 0 };
    this.#shared.set(shared.memory, shared);
    return shared;
  }

  #release(memory: ArrayBufferLike): void {
    const shared = this.#shared.get(memory);
    if (shared === undefined) return;
    shared.numCopies -= 1;
    if (shared.numCopies > 0) return;
    shared.usedBytes = 0;
    if (shared !== this.#current && this.#idle.length < MAX_IDLE) this.#idle.push(shared);
  }
}

type SharingContainer = new (memory: ArrayBuffer, offsetBytes: number, length: number) => TensorData;
