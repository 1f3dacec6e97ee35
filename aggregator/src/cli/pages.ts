const PAGE_ROWS = 500;

/** Every row of a paged list, or the first `limit` of them. */
export async function readAll<Row>(
  limit: number,
  readPage: (page: { limit: number; offset: number }) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  while (rows.length < limit) {
    const page = { limit: Math.min(PAGE_ROWS, limit - rows.length), offset: rows.length };
    const fresh = await readPage(page);
    rows.push(...fresh);
    if (fresh.length < page.limit) break;
  }
  return rows;
}
