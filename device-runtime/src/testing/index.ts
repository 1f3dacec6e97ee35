/**
 * Time, broker and stores in memory, for tests of an app.
 *
 * @module @fedge/device-runtime/testing
 */
export { ManualClock } from "./manual-clock.js";
export { MemoryBroker, type Delivery, type MemoryBrokerOptions } from "./memory-broker.js";
export { createMemoryBlobStore, createMemoryByteStore } from "../memory/memory-stores.js";
export { createTrustingTrust } from "./trusting-trust.js";
