import type { TfjsCore } from "../runtime.js";

/** Flags of the WebGL backend under which a kernel may write four numbers to one texel. */
const PACKING_FLAGS: readonly string[] = [
  "WEBGL_PACK",
  "WEBGL_PACK_NORMALIZATION",
  "WEBGL_PACK_CLIP",
  "WEBGL_PACK_DEPTHWISECONV",
  "WEBGL_PACK_BINARY_OPERATIONS",
  "WEBGL_PACK_UNARY_OPERATIONS",
  "WEBGL_PACK_ARRAY_OPERATIONS",
  "WEBGL_PACK_IMAGE_OPERATIONS",
  "WEBGL_PACK_REDUCE",
  "WEBGL_LAZILY_UNPACK",
  "WEBGL_CONV_IM2COL",
];

/**
 * Lets tfjs's WebGL backend train. Of 4.22 a packed tensor of odd width has numbers beyond its edge, such as the
 * sigmoid of nothing, and a matrix product whose inner dimension is odd adds the products of those: a gradient that is
 * wrong by several per cent as soon as neither factor came from JavaScript. Without packing there is no edge.
 *
 * Idempotent; without effect where the WebGL backend's package was not imported.
 */
export function unpackWebgl(tf: Pick<TfjsCore, "env" | "findBackendFactory">): void {
  if (tf.findBackendFactory("webgl") === null) return;
  for (const flag of PACKING_FLAGS) tf.env().set(flag, false);
}
