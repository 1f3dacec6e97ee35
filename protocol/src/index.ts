/**
 * What devices and aggregators agree on: messages, topics, blobs, tensors, updates, manifests, errors and limits.
 *
 * @packageDocumentation
 */
export * from "./errors.js";
export * from "./limits.js";
export * from "./ids.js";
export * from "./schema.js";
export * from "./blob-ref.js";
export * from "./envelope.js";
export * from "./topics.js";
export * from "./manifest.js";
export * from "./random.js";
export * from "./stable-fraction.js";
export * from "./messages/round-up.js";
export * from "./messages/round.js";
export * from "./own-value.js";
export * from "./messages/evaluation-up.js";
export * from "./messages/evaluation.js";
export * from "./messages/fleet.js";
export * from "./messages/serving-metrics.js";
export * from "./messages/profile-window.js";
export * from "./messages/metrics-up.js";
export * from "./codec/blocks.js";
export * from "./codec/upload-frame.js";
export * from "./codec/update.js";
export * from "./codec/num-values.js";
export * from "./codec/safetensors.js";
export * from "./codec/tensors.js";
export * from "./tuf/canonical-json.js";
export * from "./tuf/metadata.js";
export * from "./tuf/signatures.js";
export * from "./tuf/trusted-metadata.js";
export * from "./tuf/client.js";
export * from "./tuf/sign.js";
export * from "./tuf/release-profile.js";
