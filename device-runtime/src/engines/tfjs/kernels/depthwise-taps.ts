import { outputsInside, type ConvGeometry } from "./conv-geometry.js";

/** Where one element of a depthwise filter meets one input pixel for one output pixel: the first of their channels. */
export type TapVisitor = (input: number, filter: number, output: number) => void;

/** Visits every meeting of a filter element, over all channels at once, with an input pixel. */
export function visitTaps(geometry: ConvGeometry, visit: TapVisitor): void {
  const { batchSize, filterHeight, filterWidth, inHeight, outHeight, strideHeight } = geometry;
  for (let tapY = 0; tapY < filterHeight; tapY += 1) {
    const offset = tapY * geometry.dilationHeight - geometry.padInfo.top;
    const ys = outputsInside({ offset, stride: strideHeight, inputSize: inHeight, outputSize: outHeight });
    for (let example = 0; example < batchSize; example += 1) {
      for (let y = ys.first; y < ys.end; y += 1) {
        const inputLine = example * inHeight + y * strideHeight + offset;
        const outputLine = example * outHeight + y;
        for (let tapX = 0; tapX < filterWidth; tapX += 1) {
          visitLine(geometry, { tap: tapY * filterWidth + tapX, tapX, inputLine, outputLine }, visit);
        }
      }
    }
  }
}

function visitLine(
  geometry: ConvGeometry,
  line: { tap: number; tapX: number; inputLine: number; outputLine: number },
  visit: TapVisitor,
): void {
  const { inWidth, inChannels, outWidth, outChannels, strideWidth } = geometry;
  const offset = line.tapX * geometry.dilationWidth - geometry.padInfo.left;
  const xs = outputsInside({ offset, stride: strideWidth, inputSize: inWidth, outputSize: outWidth });
  const filter = line.tap * outChannels;
  for (let x = xs.first; x < xs.end; x += 1) {
    const input = (line.inputLine * inWidth + x * strideWidth + offset) * inChannels;
    visit(input, filter, (line.outputLine * outWidth + x) * outChannels);
  }
}
