import { FedgeError, type ErrorCode } from "@fedge/protocol";
import { floatAttribute, intAttribute, intsAttribute, textAttribute } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import type { Tensor } from "../onnx/tensor.js";
import { describeNode } from "./node.js";
import type { Dim, TensorType } from "./tensor-type.js";

/** What is known of values before the graph runs. */
export interface KnownValues {
  typeOf(name: string): TensorType | undefined;
  /** Contents of small integer tensors such as shapes and axes. */
  contentsOf(name: string): readonly Dim[] | undefined;
  /** The tensor of an initializer or a Constant node. */
  tensorOf(name: string): Tensor | undefined;
}

/** A node with what is known of its inputs. */
export class InferenceContext {
  constructor(
    readonly node: NodeProto,
    readonly opset: number,
    readonly known: KnownValues,
  ) {}

  /** Name of input `index`; undefined when it is absent. */
  inputName(index: number): string | undefined {
    const name = this.node.inputs[index];
    return name === "" ? undefined : name;
  }

  type(index: number): TensorType | undefined {
    const name = this.inputName(index);
    return name === undefined ? undefined : this.known.typeOf(name);
  }

  shape(index: number): readonly Dim[] | undefined {
    return this.type(index)?.shape;
  }

  contents(index: number): readonly Dim[] | undefined {
    const name = this.inputName(index);
    return name === undefined ? undefined : this.known.contentsOf(name);
  }

  /** The value of input `index` where it is an initializer or a Constant node. */
  tensor(index: number): Tensor | undefined {
    const name = this.inputName(index);
    return name === undefined ? undefined : this.known.tensorOf(name);
  }

  /** The text of a string attribute. */
  text(name: string, fallback: string): string {
    return textAttribute(this.node, name) ?? fallback;
  }

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  ints(name: string): readonly number[] | undefined {
    return intsAttribute(this.node, name);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  /** `axis` counted from 0. Throws `ONNX_SHAPE_MISMATCH` outside [-rank, rank). */
  axis(axis: number, rank: number): number {
    if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    return this.fail(
      "ONNX_SHAPE_MISMATCH",
      `axis ${axis} is outside an input of rank ${rank}`,
      "correct the axis",
    );
  }

  fail(code: ErrorCode, cause: string, remedy: string): never {
    const { name, opType, outputs } = this.node;
    throw new FedgeError(code, `${describeNode(this.node)}: ${cause}; ${remedy}`, {
      details: { node: name, operator: opType, outputs },
    });
  }
}
