/** What the address behind `#` says: a page, and what of it. */
export interface Route {
  readonly page: string;
  /** One thing of the page, such as a device; null for the page itself. */
  readonly item: string | null;
  /** The code of an invitation that somebody followed here. */
  readonly invitation: string | null;
}

/** Reads `#/PAGE`, `#/PAGE/ITEM` and `#/invitation=CODE`; anything else is no page. */
export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#\/?/, "");
  const invitation = /^invitation=([A-Za-z0-9_-]{1,256})$/.exec(path)?.[1] ?? null;
  if (invitation !== null) return { page: "invitation", item: null, invitation };
  const [page = "", item = ""] = path.split("/");
  return { page, item: item === "" ? null : decoded(item), invitation: null };
}

/** The address of one thing of a page. */
export function hrefOf(page: string, item?: string): string {
  return item === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(item)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand; it names nothing, and the page says so
  }
}
