package dev.detr4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConstantFoldingTest {
  private static final Shape SHAPE = Shape.of(1, 4, 8);

  private final Graph.Builder graph = new Graph.Builder();
  private final Value input = graph.input("input", ElementType.F32, SHAPE);
  private final Value constant = constant("constant");

  private Value constant(String name) {
    return graph.constant(name, ElementType.F32, SHAPE, memory -> {});
  }

  @Test
  void whatConstantsAloneMakeIsConstant() {
    Value twice = graph.add("twice", new Add(), constant, constant);
    Value thrice = graph.add("thrice", new Add(), twice, constant);
    Value mixed = graph.add("mixed", new Add(), thrice, input);
    graph.add("after", new Add(), mixed, constant);
    ConstantFolding folding = ConstantFolding.of(graph.build());
    assertEquals(Set.of(constant, twice, thrice), folding.roots());
    assertEquals(List.of("twice", "thrice"), labels(folding.prologue()));
    assertEquals(List.of("mixed", "after"), labels(folding.body()));
  }

  @Test
  void aViewIsAsConstantAsItsRoot() {
    Value half = constant.columns("half", 0, 4);
    Value other = constant.columns("other half", 4, 4);
    Value sum = graph.add("sum", new Add(), half, other);
    Value part = input.columns("part", 2, 4);
    graph.add("mixed", new Add(), sum, part);
    ConstantFolding folding = ConstantFolding.of(graph.build());
    assertEquals(Set.of(constant, sum), folding.roots());
    assertEquals(List.of("mixed"), labels(folding.body()));
  }

  @Test
  void memoryThatConstantsAloneFillIsConstant() {
    Value joint = graph.joint("joint", ElementType.F32, Shape.of(1, 8, 8));
    graph.addInto("first", new Add(), joint.rowsFrom("rows 0", 0, SHAPE), constant, constant);
    graph.addInto("second", new Add(), joint.rowsFrom("rows 4", 4, SHAPE), constant, constant);
    ConstantFolding folding = ConstantFolding.of(graph.build());
    assertEquals(Set.of(constant, joint), folding.roots());
    assertEquals(List.of(), folding.body());
  }

  /** Even what was computed of the constant half, ahead of the varying one, runs in every call. */
  @Test
  void memoryThatAVaryingNodeFillsTooVariesAsAWhole() {
    Value joint = graph.joint("joint", ElementType.F32, Shape.of(1, 8, 8));
    Value first = joint.rowsFrom("rows 0", 0, SHAPE);
    graph.addInto("first", new Add(), first, constant, constant);
    Value early = graph.add("early", new Add(), first, constant);
    graph.addInto("second", new Add(), joint.rowsFrom("rows 4", 4, SHAPE), constant, input);
    graph.add("late", new Add(), early, constant);
    ConstantFolding folding = ConstantFolding.of(graph.build());
    assertEquals(Set.of(constant), folding.roots());
    assertEquals(List.of("first", "early", "second", "late"), labels(folding.body()));
  }

  @Test
  void aDeclaredConstantIsNotWrittenTo() {
    graph.addInto("spoil", new Add(), constant, constant, input);
    Graph spoiling = graph.build();
    String reason =
        assertThrows(IllegalStateException.class, () -> ConstantFolding.of(spoiling)).getMessage();
    assertEquals("node spoil writes what varies into constant constant F32 [1, 4, 8]", reason);
  }

  private static List<String> labels(List<Node> nodes) {
    return nodes.stream().map(Node::label).toList();
  }
}
