import type { Context } from "hono";

/** The peer's address where the platform tells it; one shared bucket where it does not. */
export function remoteAddress(context: Context): string {
  const bindings = context.env as
    { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } } | undefined;
  return bindings?.incoming?.socket?.remoteAddress ?? "unknown";
}
