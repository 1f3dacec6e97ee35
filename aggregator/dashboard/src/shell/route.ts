/** What the address behind `#` says: a page, and what of it. */
export interface Route {
  readonly page: string;
  /** One thing of the page, such as a device; null for the page itself. */
  readonly item: string | null;
  /** One part of the thing, such as a model's feature. */
  readonly part: string | null;
  /** How it is looked at, so that an address can be passed on. */
  readonly query: RouteQuery;
  /** What the link of an invitation, or of a new password, carries. */
  readonly code: string | null;
}

export type RouteQuery = Readonly<Record<string, string>>;

/**
 * Reads `#/PAGE`, `#/PAGE/ITEM`, `#/PAGE/ITEM/PART`, each with `?NAME=VALUE` behind it, `#/invitation=CODE` and
 * `#/new-password=CODE`; anything else is no page.
 */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = splitOnce(hash.replace(/^#\/?/, ""), "?");
  const none = { item: null, part: null, query: {} };
  const [, link, code] = /^(invitation|new-password)=([A-Za-z0-9_-]{1,256})$/.exec(path) ?? [];
  if (link !== undefined && code !== undefined) return { ...none, page: link, code };
  const [page = "", item = "", part = ""] = path.split("/");
  const query = Object.fromEntries(new URLSearchParams(search));
  return { page, item: named(item), part: named(part), query, code: null };
}

/** The address of a page, of one thing of it, or of a part of that. */
export function hrefOf(page: string, item?: string, part?: string): string {
  const names = [item, part].filter((name) => name !== undefined);
  return ["#", page, ...names.map((name) => encodeURIComponent(name))].join("/");
}

/** The address with how it is looked at; what is empty is left out. */
export function withQuery(href: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? href : `${href}?${new URLSearchParams(given).toString()}`;
}

function splitOnce(text: string, sign: string): readonly string[] {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function named(text: string): string | null {
  return text === "" ? null : decoded(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand; it names nothing, and the page says so
  }
}
