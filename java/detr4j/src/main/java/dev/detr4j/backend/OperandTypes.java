package dev.detr4j.backend;

import dev.detr4j.tensor.ElementType;
import java.util.EnumSet;
import java.util.List;

/**
 * The element types in which an operation of a backend takes its operands. The operation proposes,
 * the planner chooses: it keeps a value in a type that every operation takes which touches it.
 *
 * <p>Each input and each output has a list, the most preferred type first. The kernels work with
 * every type of the list, whatever the other operands are in. An operand whose list is missing or
 * empty is taken in the type that the graph gives it and in no other. What was chosen is the {@link
 * dev.detr4j.tensor.TensorView#type type} of the views of a {@link BoundNode}.
 *
 * @param products the type of the numbers that are multiplied, and so of packed weights; {@link
 *     ElementType#F32} where an operation has no weights to pack
 * @param inputs lists of the inputs, in the order of the operation
 * @param outputs lists of the outputs
 */
public record OperandTypes(
    ElementType products, List<List<ElementType>> inputs, List<List<ElementType>> outputs) {
  /** Every operand in the type that the graph gives it, and fp32 products. */
  public static final OperandTypes AS_IN_GRAPH =
      new OperandTypes(ElementType.F32, List.of(), List.of());

  /** Copies the lists; throws {@link IllegalArgumentException} when one names a type twice. */
  public OperandTypes {
    inputs = inputs.stream().map(OperandTypes::distinct).toList();
    outputs = outputs.stream().map(OperandTypes::distinct).toList();
  }

  /**
   * The types in which an input is taken, most preferred first; never empty.
   *
   * @param inGraph the type that the graph gives the input
   */
  public List<ElementType> input(int index, ElementType inGraph) {
    return of(inputs, index, inGraph);
  }

  /**
   * The types in which an output can be written, most preferred first; never empty.
   *
   * @param inGraph the type that the graph gives the output
   */
  public List<ElementType> output(int index, ElementType inGraph) {
    return of(outputs, index, inGraph);
  }

  private static List<ElementType> of(
      List<List<ElementType>> lists, int index, ElementType inGraph) {
    return index < lists.size() && !lists.get(index).isEmpty()
        ? lists.get(index)
        : List.of(inGraph);
  }

  private static List<ElementType> distinct(List<ElementType> types) {
    if (!types.isEmpty() && EnumSet.copyOf(types).size() < types.size()) {
      throw new IllegalArgumentException("an element type is named twice in " + types);
    }
    return List.copyOf(types);
  }
}
