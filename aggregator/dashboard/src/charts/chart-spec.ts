export interface ChartSeries {
  readonly name: string;
  /** Name of its colour: `--series-<colour>` in the style sheet. */
  readonly colour: string;
  /** One value per label; null leaves a gap. */
  readonly values: readonly (number | null)[];
  /** Draws a thin dashed line without points, for goals. */
  readonly isGoal?: boolean;
}

export interface ChartSpec {
  readonly kind: "line" | "stacked-bars" | "bars";
  /** What the labels count, such as "Version". */
  readonly axis: string;
  readonly labels: readonly (string | number)[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Shorter form for the value axis; `format` unless given. */
  readonly formatTick?: (value: number) => string;
  /** Fixed lower end of the value axis; the data decides otherwise. */
  readonly least?: number;
  readonly most?: number;
}
