/** Colours that the style sheet defines for the present theme, as charts need them. */
export interface ChartColours {
  readonly text: string;
  readonly grid: string;
  readonly surface: string;
  series(name: string): string;
}

/** Reads the custom properties of the page; call again when the theme changes. */
export function readChartColours(): ChartColours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("text-muted"),
    grid: read("grid"),
    surface: read("surface"),
    series: (name) => read(`series-${name}`),
  };
}

/** The colour with another opacity; `opacity` in [0, 1]. */
export function withOpacity(hexColour: string, opacity: number): string {
  const alpha = Math.round(opacity * 255);
  return `${hexColour}${alpha.toString(16).padStart(2, "0")}`;
}
