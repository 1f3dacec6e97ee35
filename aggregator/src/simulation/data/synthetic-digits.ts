import { createRandom, type Random } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";
import { GLYPHS, type Point, type Stroke } from "./glyphs.js";
import {
  IMAGE_PIXELS,
  IMAGE_SIDE,
  NUM_CLASSES,
  type DigitData,
  type LabelledImages,
} from "./labelled-images.js";

export interface SyntheticDigitsOptions {
  readonly seed: string;
  readonly numTrain: number;
  readonly numTest: number;
}

/** How much the writing varies. Together these make a classifier need some twenty rounds, not two. */
const STYLE = {
  /** Standard deviation of the slant, radians. */
  rotation: 0.18,
  shear: 0.18,
  /** Height and width of a digit, as a fraction of the image's side. */
  height: [0.54, 0.76],
  width: [0.36, 0.6],
  /** Largest shift of the centre, pixels. */
  shift: 2.5,
  /** Standard deviation of each point of a stroke, fraction of the glyph. */
  wobble: 0.035,
  /** Half the pen's width, pixels. */
  penRadius: [0.65, 1.5],
  ink: [0.55, 1],
  /** Probability of a stroke that belongs to no digit. */
  blot: 0.5,
  /** Standard deviation of the grain over the whole image, fraction of full ink. */
  grain: 0.09,
} as const;

/**
 * Digits drawn by rule, for trying federated training without a data set. They are no substitute for MNIST.
 *
 * Image number i of a set depends on the seed and i only. Classes are balanced: they differ by at most one image.
 */
export function drawDigits(options: SyntheticDigitsOptions): DigitData {
  const random = createRandom(options.seed).fork("synthetic-digits");
  return {
    train: drawSet(options.numTrain, random.fork("train")),
    test: drawSet(options.numTest, random.fork("test")),
  };
}

function drawSet(count: number, random: Random): LabelledImages {
  const pixels = new Uint8Array(count * IMAGE_PIXELS);
  const labels = new Uint8Array(count);
  const canvas = new Float32Array(IMAGE_PIXELS);
  for (let index = 0; index < count; index += 1) {
    labels[index] = index % NUM_CLASSES;
    drawDigit(canvas, index % NUM_CLASSES, random.fork(String(index)));
    for (let pixel = 0; pixel < IMAGE_PIXELS; pixel += 1) {
      pixels[index * IMAGE_PIXELS + pixel] = Math.round(255 * (canvas[pixel] as number));
    }
  }
  return { pixels, labels };
}

/** Draws one digit; the canvas then holds values in [0, 1]. */
function drawDigit(canvas: Float32Array, digit: number, random: Random): void {
  canvas.fill(0);
  const variants = GLYPHS[digit] ?? [];
  const glyph = variants[random.below(variants.length)] ?? [];
  const place = placement(random);
  const pen = { radius: between(STYLE.penRadius, random), ink: between(STYLE.ink, random) };
  for (const stroke of glyph) {
    drawStroke(
      canvas,
      stroke.map((point) => place(wobble(point, random))),
      pen,
    );
  }
  if (random.unit() < STYLE.blot) drawStroke(canvas, blot(random), pen);
  addGrain(canvas, random);
}

/** A random affine map from the unit square to pixels. */
function placement(random: Random): (point: Point) => Point {
  const angle = STYLE.rotation * seededNormal(random);
  const shear = STYLE.shear * seededNormal(random);
  const width = IMAGE_SIDE * between(STYLE.width, random);
  const height = IMAGE_SIDE * between(STYLE.height, random);
  const centreX = IMAGE_SIDE / 2 + STYLE.shift * (2 * random.unit() - 1);
  const centreY = IMAGE_SIDE / 2 + STYLE.shift * (2 * random.unit() - 1);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ([x, y]) => {
    const down = height * (y - 0.5);
    const right = width * (x - 0.5) - shear * down;
    return [centreX + cos * right - sin * down, centreY + sin * right + cos * down];
  };
}

function wobble([x, y]: Point, random: Random): Point {
  return [x + STYLE.wobble * seededNormal(random), y + STYLE.wobble * seededNormal(random)];
}

function blot(random: Random): Stroke {
  const [x, y] = [random.unit() * IMAGE_SIDE, random.unit() * IMAGE_SIDE];
  const angle = random.unit() * 2 * Math.PI;
  const length = 3 + 6 * random.unit();
  return [
    [x, y],
    [x + length * Math.cos(angle), y + length * Math.sin(angle)],
  ];
}

interface Pen {
  readonly radius: number;
  readonly ink: number;
}

function drawStroke(canvas: Float32Array, stroke: Stroke, pen: Pen): void {
  for (let index = 1; index < stroke.length; index += 1) {
    drawSegment(canvas, stroke[index - 1] as Point, stroke[index] as Point, pen);
  }
}

/** Inks every pixel near the segment; the pen's edge is one pixel soft. */
function drawSegment(canvas: Float32Array, [x1, y1]: Point, [x2, y2]: Point, pen: Pen): void {
  const reach = pen.radius + 1;
  const clamp = (value: number): number => Math.max(0, Math.min(IMAGE_SIDE - 1, value));
  const [dx, dy] = [x2 - x1, y2 - y1];
  const lengthSquared = dx * dx + dy * dy;
  for (let y = clamp(Math.ceil(Math.min(y1, y2) - reach)); y <= clamp(Math.max(y1, y2) + reach); y += 1) {
    for (let x = clamp(Math.ceil(Math.min(x1, x2) - reach)); x <= clamp(Math.max(x1, x2) + reach); x += 1) {
      const along = lengthSquared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / lengthSquared;
      const nearest = Math.max(0, Math.min(1, along));
      const distance = Math.sqrt((x - x1 - nearest * dx) ** 2 + (y - y1 - nearest * dy) ** 2);
      const ink = pen.ink * Math.max(0, Math.min(1, pen.radius + 0.5 - distance));
      const pixel = y * IMAGE_SIDE + x;
      if (ink > (canvas[pixel] as number)) canvas[pixel] = ink;
    }
  }
}

/** Standard deviation of the sum of four bytes, each uniform on 0 to 255. */
const FOUR_BYTES_DEVIATION = Math.sqrt((4 * (256 ** 2 - 1)) / 12);

/** Adds near-normal noise (the four bytes of one draw, summed) and clips to [0, 1]. */
function addGrain(canvas: Float32Array, random: Random): void {
  for (let pixel = 0; pixel < canvas.length; pixel += 1) {
    const bits = random.uint32();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    const noise = (STYLE.grain * (sum - 510)) / FOUR_BYTES_DEVIATION;
    canvas[pixel] = Math.max(0, Math.min(1, (canvas[pixel] as number) + noise));
  }
}

function between([low, high]: readonly [number, number], random: Random): number {
  return low + (high - low) * random.unit();
}
