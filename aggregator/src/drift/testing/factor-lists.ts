/** Every list of so many factors -1, 0 and 1. */
export function factorLists(length: number): number[][] {
  let lists: number[][] = [[]];
  for (let at = 0; at < length; at += 1)
    lists = lists.flatMap((list) => [-1, 0, 1].map((factor) => [...list, factor]));
  return lists;
}
