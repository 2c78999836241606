package dev.detr4j.plan;

import static dev.detr4j.tensor.ElementType.BF16;
import static dev.detr4j.tensor.ElementType.F32;
import static dev.detr4j.tensor.ElementType.I32;
import static dev.detr4j.tensor.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.backend.OperandTypes;
import dev.detr4j.error.BackendException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.TopK;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The choice of types for a made-up backend, whose operations take what each test says. */
class StoredTypesTest {
  private static final Shape MAP = Shape.of(1, 2, 2, 8);
  private static final List<ElementType> NARROW = List.of(BF16, F32);
  private static final List<ElementType> AS_IN_GRAPH = List.of();

  private final Graph.Builder builder = new Graph.Builder();
  private final IdentityHashMap<OpSpec, OperandTypes> proposals = new IdentityHashMap<>();
  private final Value image = builder.input("image", F32, MAP);

  @Test
  void whatAllTakeIsStoredSo() {
    Value a = pool("a", image, NARROW, NARROW);
    Value b = pool("b", a, NARROW, NARROW);
    Value c = pool("c", b, NARROW, NARROW);
    StoredTypes types = types(Set.of(c), Set.of());
    assertEquals(F32, types.of(image), "what a call provides stays");
    assertEquals(BF16, types.of(a));
    assertEquals(BF16, types.of(b));
    assertEquals(F32, types.of(c), "what a caller looks at stays");
  }

  @Test
  void oneReaderThatRefusesIsEnough() {
    Value a = pool("a", image, NARROW, NARROW);
    Value b = pool("b", a, NARROW, NARROW);
    pool("c", a, AS_IN_GRAPH, NARROW);
    pool("d", b, NARROW, NARROW);
    StoredTypes types = types(Set.of(), Set.of());
    assertEquals(F32, types.of(a));
    assertEquals(BF16, types.of(b));
  }

  @Test
  void aWriterThatRefusesIsEnough() {
    Value a = pool("a", image, NARROW, AS_IN_GRAPH);
    pool("b", a, NARROW, NARROW);
    assertEquals(F32, types(Set.of(), Set.of()).of(a));
  }

  @Test
  void eachInputCountsForItself() {
    Value a = pool("a", image, NARROW, NARROW);
    Value b = pool("b", image, NARROW, NARROW);
    add("sum", a, b, List.of(NARROW), List.of());
    StoredTypes types = types(Set.of(), Set.of());
    assertEquals(BF16, types.of(a), "the first summand has a list");
    assertEquals(F32, types.of(b), "the second has none");
  }

  @Test
  void viewsAreOfOneMindWithTheirRoot() {
    Value a = pool("a", image, NARROW, NARROW);
    Value left = a.columns("left", 0, 4);
    Value right = a.columns("right", 4, 4);
    pool("b", left, NARROW, NARROW);
    OpSpec ofRight = poolOp(NARROW, NARROW);
    builder.add("c", ofRight, right);
    StoredTypes types = types(Set.of(), Set.of());
    assertEquals(BF16, types.of(a));
    assertEquals(BF16, types.of(right));
    proposals.put(ofRight, OperandTypes.AS_IN_GRAPH);
    types = types(Set.of(), Set.of());
    assertEquals(F32, types.of(a));
    assertEquals(F32, types.of(left));
  }

  @Test
  void aViewThatIsKeptKeepsItsRoot() {
    Value a = pool("a", image, NARROW, NARROW);
    pool("b", a, NARROW, NARROW);
    assertEquals(F32, types(Set.of(a.columns("tap", 2, 3)), Set.of()).of(a));
  }

  @Test
  void jointRootsNeedEachOfTheirWriters() {
    Value joint = builder.joint("levels", F32, Shape.of(1, 8, 8));
    OpSpec second = poolOp(NARROW, NARROW);
    builder.addInto(
        "first",
        WeightedOp.of(poolOp(NARROW, NARROW)),
        joint.rowsFrom("0", 0, Shape.of(1, 4, 8)),
        image);
    builder.addInto(
        "second", WeightedOp.of(second), joint.rowsFrom("1", 4, Shape.of(1, 4, 8)), image);
    pool("reader", joint.reshaped(Shape.of(1, 4, 2, 8)), NARROW, NARROW);
    assertEquals(BF16, types(Set.of(), Set.of()).of(joint));
    proposals.put(second, new OperandTypes(F32, List.of(NARROW), List.of()));
    assertEquals(F32, types(Set.of(), Set.of()).of(joint));
  }

  @Test
  void constantsStay() {
    Value given = builder.constant("given", F32, MAP, host -> {});
    Value made = pool("made", given, NARROW, NARROW);
    Value sum = add("sum", image, made, List.of(NARROW, NARROW), List.of(NARROW));
    pool("reader", sum, NARROW, NARROW);
    StoredTypes types = types(Set.of(), Set.of(given, made));
    assertEquals(F32, types.of(given));
    assertEquals(F32, types.of(made));
    assertEquals(BF16, types.of(sum));
  }

  @Test
  void typesThatNobodySpeaksOfStay() {
    OpSpec top = new TopK(3);
    proposals.put(top, new OperandTypes(F32, List.of(), List.of(NARROW)));
    List<Value> values = builder.addAll("top", top, builder.input("x", F32, Shape.of(1, 8, 1)));
    StoredTypes types = types(Set.of(), Set.of());
    assertEquals(BF16, types.of(values.get(0)));
    assertEquals(I32, types.of(values.get(1)));
  }

  @Test
  void ofSeveralCommonTypesTheForemostInAllLists() {
    Value a = pool("a", image, AS_IN_GRAPH, List.of(U8, BF16, F32));
    pool("b", a, List.of(BF16, F32, U8), AS_IN_GRAPH);
    pool("c", a, List.of(BF16, F32, U8), AS_IN_GRAPH);
    Value d = pool("d", image, AS_IN_GRAPH, List.of(U8, BF16, F32));
    pool("e", d, NARROW, AS_IN_GRAPH);
    Value f = pool("f", image, AS_IN_GRAPH, List.of(U8, BF16, F32));
    pool("g", f, List.of(F32, U8), AS_IN_GRAPH);
    StoredTypes types = types(Set.of(), Set.of());
    assertEquals(BF16, types.of(a), "two readers outweigh the writer");
    assertEquals(BF16, types.of(d), "the writer's first is not among the reader's");
    assertEquals(U8, types.of(f), "places 0 + 1 and 2 + 0");
  }

  @Test
  void betweenEqualsTheWritersOrderDecides() {
    Value a = pool("a", image, AS_IN_GRAPH, List.of(U8, F32));
    pool("b", a, List.of(F32, U8), AS_IN_GRAPH);
    assertEquals(U8, types(Set.of(), Set.of()).of(a));
  }

  @Test
  void aTypeThatTheGraphLacksIsFineWhereAllTakeIt() {
    Value a = pool("a", image, AS_IN_GRAPH, List.of(U8));
    pool("b", a, List.of(BF16, U8), AS_IN_GRAPH);
    assertEquals(U8, types(Set.of(), Set.of()).of(a));
  }

  @Test
  void everyDisagreementIsNamed() {
    Value a = pool("a", image, List.of(BF16), List.of(U8, BF16));
    pool("b", a, AS_IN_GRAPH, AS_IN_GRAPH);
    BackendException e = assertThrows(BackendException.class, () -> types(Set.of(), Set.of()));
    assertEquals(
        "this model cannot run here: no element type of image F32 [1, 2, 2, 8] suits all that touch"
            + " it: each call provides it ([F32]), a reads ([BF16]); no element type of a F32"
            + " [1, 2, 2, 8] suits all that touch it: a writes ([U8, BF16]), b reads ([F32])",
        e.getMessage());
  }

  @Test
  void aListNamesATypeOnce() {
    List<List<ElementType>> twice = List.of(List.of(BF16, F32, BF16));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> new OperandTypes(BF16, List.of(), twice));
    assertEquals("an element type is named twice in [BF16, F32, BF16]", e.getMessage());
  }

  private StoredTypes types(Set<Value> kept, Set<Value> constants) {
    return new StoredTypes(builder.build(), proposals::get, kept, constants);
  }

  private Value pool(String label, Value x, List<ElementType> in, List<ElementType> out) {
    return builder.add(label, poolOp(in, out), x);
  }

  private OpSpec poolOp(List<ElementType> in, List<ElementType> out) {
    OpSpec op = new MaxPool(1, 1, 0);
    proposals.put(op, new OperandTypes(F32, List.of(in), List.of(out)));
    return op;
  }

  private Value add(
      String label, Value a, Value b, List<List<ElementType>> in, List<List<ElementType>> out) {
    OpSpec op = new Add();
    proposals.put(op, new OperandTypes(F32, in, out));
    return builder.add(label, op, a, b);
  }
}
