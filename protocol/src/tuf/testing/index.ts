/**
 * A TUF repository in memory, for tests of whoever trusts one.
 *
 * @module @fedge/protocol/testing
 */
export { MemoryMetadata, SimulatedRepository, type MutableTargets } from "./simulated-repository.js";
