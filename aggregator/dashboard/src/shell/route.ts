/** What the address behind `#` says: a page, and what of it. */
export interface Route {
  readonly page: string;
  /** One thing of the page, such as a device; null for the page itself. */
  readonly item: string | null;
  /** What the link of an invitation, or of a new password, carries. */
  readonly code: string | null;
}

/** Reads `#/PAGE`, `#/PAGE/ITEM`, `#/invitation=CODE` and `#/new-password=CODE`; anything else is no page. */
export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#\/?/, "");
  const [, link, code] = /^(invitation|new-password)=([A-Za-z0-9_-]{1,256})$/.exec(path) ?? [];
  if (link !== undefined && code !== undefined) return { page: link, item: null, code };
  const [page = "", item = ""] = path.split("/");
  return { page, item: item === "" ? null : decoded(item), code: null };
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
