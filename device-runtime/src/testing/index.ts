export { ManualClock } from "./manual-clock.js";
export { createMemoryBlobStore, createMemoryByteStore } from "./memory-stores.js";
