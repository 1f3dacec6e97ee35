/** Sizes that both sides hold each other to. They bound every allocation that a peer can cause. */

/** Largest MQTT payload: what AWS IoT Core accepts, so that an operator's broker works unchanged. */
export const MAX_MESSAGE_BYTES = 128 * 1024;

/** Bytes of a blob in one block. Leaves room for an upload frame's header inside `MAX_MESSAGE_BYTES`. */
export const BLOCK_BYTES = 120 * 1024;

/** Largest blob that a device or an aggregator agrees to move: 4,096 blocks. */
export const MAX_BLOB_BYTES = 4096 * BLOCK_BYTES;

/** Largest number of scalars in one model: a float32 checkpoint of it still fits one blob. */
export const MAX_PARAMETERS = 100_000_000;

/** Most tensors that one model or one checkpoint may hold. */
export const MAX_TENSORS = 4096;

/** Most examples that one update may claim. */
export const MAX_EXAMPLES_PER_UPDATE = 2 ** 24;
