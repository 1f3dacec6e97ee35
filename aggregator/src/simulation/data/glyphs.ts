/** A point of the unit square: x to the right, y downwards. */
export type Point = readonly [x: number, y: number];
/** Points joined by straight lines. */
export type Stroke = readonly Point[];
export type Glyph = readonly Stroke[];

interface Ellipse {
  readonly centre: Point;
  readonly radius: Point;
}

const DEGREES_PER_SEGMENT = 30;

/** The part of an ellipse between two angles, clockwise on the screen from the right. */
function arc(ellipse: Ellipse, fromDegrees: number, toDegrees: number): Stroke {
  const segments = Math.ceil((toDegrees - fromDegrees) / DEGREES_PER_SEGMENT);
  return Array.from({ length: segments + 1 }, (_, index) => {
    const angle = ((fromDegrees + ((toDegrees - fromDegrees) * index) / segments) * Math.PI) / 180;
    return [
      ellipse.centre[0] + ellipse.radius[0] * Math.cos(angle),
      ellipse.centre[1] + ellipse.radius[1] * Math.sin(angle),
    ];
  });
}

const at = (x: number, y: number, radiusX: number, radiusY: number): Ellipse => ({
  centre: [x, y],
  radius: [radiusX, radiusY],
});

const upperRing = at(0.5, 0.28, 0.34, 0.28);
const lowerRing = at(0.48, 0.72, 0.34, 0.28);

/** The ways in which people write each digit, 0 to 9. */
export const GLYPHS: readonly (readonly Glyph[])[] = [
  [[arc(at(0.5, 0.5, 0.38, 0.5), -90, 270)], [arc(at(0.5, 0.5, 0.28, 0.5), -60, 300)]],
  [
    [
      [
        [0.5, 0],
        [0.5, 1],
      ],
    ],
    [
      [
        [0.28, 0.24],
        [0.54, 0],
        [0.54, 1],
      ],
    ],
    [
      [
        [0.3, 0.2],
        [0.5, 0],
        [0.5, 1],
      ],
      [
        [0.22, 1],
        [0.8, 1],
      ],
    ],
  ],
  [
    [[...arc(at(0.48, 0.27, 0.34, 0.27), 190, 390), [0.12, 1], [0.9, 1]]],
    [[...arc(at(0.48, 0.24, 0.3, 0.24), 200, 420), [0.16, 0.86], [0.34, 0.78], [0.6, 1], [0.92, 0.92]]],
  ],
  [
    [arc(at(0.45, 0.25, 0.35, 0.25), 200, 450), arc(at(0.45, 0.75, 0.39, 0.25), -90, 160)],
    [[[0.15, 0], [0.85, 0], [0.45, 0.42], ...arc(at(0.45, 0.71, 0.38, 0.29), -80, 160)]],
  ],
  [
    [
      [
        [0.66, 1],
        [0.66, 0],
        [0.08, 0.66],
        [0.94, 0.66],
      ],
    ],
    [
      [
        [0.2, 0],
        [0.14, 0.52],
        [0.84, 0.52],
      ],
      [
        [0.76, 0.1],
        [0.7, 1],
      ],
    ],
  ],
  [
    [[[0.86, 0], [0.24, 0], [0.18, 0.46], ...arc(at(0.45, 0.69, 0.4, 0.31), -120, 150)]],
    [
      [[0.2, 0.06], [0.2, 0.46], ...arc(at(0.46, 0.7, 0.36, 0.3), -110, 140)],
      [
        [0.2, 0.04],
        [0.88, 0],
      ],
    ],
  ],
  [
    [
      [
        [0.78, 0.02],
        [0.45, 0.2],
        [0.2, 0.5],
        [0.14, 0.72],
      ],
      arc(lowerRing, -180, 180),
    ],
    [[[0.5, 0], [0.2, 0.36], [0.15, 0.72], ...arc(at(0.45, 0.76, 0.3, 0.24), 180, 500)]],
  ],
  [
    [
      [
        [0.1, 0],
        [0.9, 0],
        [0.38, 1],
      ],
    ],
    [
      [
        [0.12, 0.04],
        [0.88, 0],
        [0.5, 0.5],
        [0.42, 1],
      ],
      [
        [0.3, 0.52],
        [0.76, 0.5],
      ],
    ],
  ],
  [
    [arc(at(0.5, 0.25, 0.3, 0.25), -90, 270), arc(at(0.5, 0.75, 0.37, 0.25), -90, 270)],
    [arc(at(0.52, 0.24, 0.28, 0.22), -60, 300), arc(at(0.48, 0.72, 0.32, 0.28), -60, 300)],
  ],
  [
    [
      arc(upperRing, 0, 360),
      [
        [0.84, 0.28],
        [0.8, 0.66],
        [0.58, 1],
      ],
    ],
    [
      arc(at(0.46, 0.26, 0.32, 0.26), -30, 330),
      [
        [0.8, 0.06],
        [0.78, 0.5],
        [0.78, 1],
      ],
    ],
  ],
];
