/** Visible texts with a contrast below 4.5 to what they stand on (WCAG 2.2, 1.4.3). Runs in the page. */
export function weakTexts(): string[] {
  const numbersOf = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = numbersOf(colour)
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (node: Element): string => {
    const { backgroundColor } = getComputedStyle(node);
    const isClear = numbersOf(backgroundColor)[3] === 0;
    return isClear && node.parentElement !== null ? groundOf(node.parentElement) : backgroundColor;
  };
  const weak: string[] = [];
  for (const node of document.querySelectorAll<HTMLElement>("body *")) {
    const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent?.trim());
    if (!hasText || !node.checkVisibility({ visibilityProperty: true })) continue;
    const [one, other] = [luminance(getComputedStyle(node).color), luminance(groundOf(node))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) weak.push(`${node.className} "${node.textContent}": ${contrast.toFixed(2)}`);
  }
  return weak;
}
