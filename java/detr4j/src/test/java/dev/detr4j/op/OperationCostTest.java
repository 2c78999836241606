package dev.detr4j.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperationCostTest {
  private static Convolution convolution(int in, int out, int kernel, int stride, int groups) {
    KernelWindow window = KernelWindow.square(kernel).withStride(stride).withPadding(kernel / 2);
    return Convolution.of(in, out, window)
        .withGroups(groups)
        .withBias()
        .withActivation(Activation.RELU);
  }

  /** torchvision states 4.089 billion multiply-adds for ResNet-50 on 224 x 224 pixels. */
  @Test
  void aResNet50CostsWhatItsAuthorsSay() {
    long flops = OperationCost.of(convolution(3, 64, 7, 2, 1), List.of(map(224, 3))).flops();
    int[] blocks = {3, 4, 6, 3};
    int in = 64;
    int extent = 56;
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      for (int block = 0; block < blocks[stage]; block++) {
        int stride = stage > 0 && block == 0 ? 2 : 1;
        Shape x = map(extent, in);
        flops += OperationCost.of(convolution(in, width, 1, 1, 1), List.of(x)).flops();
        flops +=
            OperationCost.of(convolution(width, width, 3, stride, 1), List.of(map(extent, width)))
                .flops();
        if (block == 0) {
          flops += OperationCost.of(convolution(in, 4 * width, 1, stride, 1), List.of(x)).flops();
        }
        extent /= stride;
        in = 4 * width;
        flops +=
            OperationCost.of(convolution(width, in, 1, 1, 1), List.of(map(extent, width))).flops();
      }
    }
    Linear classes = Linear.of(2048, 1000).withBias();
    flops += OperationCost.of(classes, List.of(Shape.of(1, 2048))).flops();
    assertEquals(4.089, flops / 2e9, 0.0005);
  }

  private static Shape map(int extent, int channels) {
    return Shape.of(1, extent, extent, channels);
  }

  @Test
  void groupsDivideTheProducts() {
    OperationCost cost = OperationCost.of(convolution(8, 8, 3, 1, 8), List.of(map(10, 8)));
    assertEquals(2 * 10 * 10 * 8 * 9, cost.flops());
    assertEquals(4 * (10 * 10 * 8 + 8 * 9 + 8 + 10 * 10 * 8), cost.bytes());
  }

  @Test
  void masksHaveOneByteARow() {
    Linear linear = Linear.of(5, 6).withResidual().withRowMask(RowMask.ZERO_INPUT);
    OperationCost cost =
        OperationCost.of(linear, List.of(Shape.of(1, 7, 5), Shape.of(1, 7, 6), Shape.of(1, 7)));
    assertEquals(2 * 7 * 5 * 6, cost.flops());
    assertEquals(4 * (7 * 5 + 7 * 6 + 5 * 6 + 7 * 6) + 7, cost.bytes());

    Shape queries = Shape.of(2, 3, 16);
    Shape keys = Shape.of(2, 11, 16);
    OperationCost attention =
        OperationCost.of(
            new Attention(2, 8, 1, true), List.of(queries, keys, keys, Shape.of(2, 11)));
    assertEquals(2 * 3 * 11 * 2 * (4 * 8 + 5), attention.flops());
    assertEquals(4 * (2 * 3 * 16 * 2 + 2 * 11 * 16 * 2) + 2 * 11, attention.bytes());
  }

  /** Of what is picked from, only the picked part is read. */
  @Test
  void pickingReadsWhatItPicks() {
    OperationCost gather =
        OperationCost.of(new Gather(), List.of(Shape.of(1, 1000, 8), Shape.of(1, 3)));
    assertEquals(0, gather.flops());
    assertEquals(4 * (3 * 8 + 3 + 3 * 8), gather.bytes());

    MsDeformAttention sampling =
        new MsDeformAttention(2, 8, List.of(new LevelShape(100, 100)), 4, 2);
    Shape value = Shape.of(1, 10_000, 16);
    OperationCost few = OperationCost.of(sampling, samplingInputs(value, 3));
    long samples = 3 * 2 * 4;
    assertEquals(samples * (8 * 8 + 24), few.flops());
    assertEquals(4 * (samples * 4 * 8 + samples * 2 + samples + 3 * 2 + 2 + 3 * 16), few.bytes());
    OperationCost many = OperationCost.of(sampling, samplingInputs(value, 10_000));
    assertEquals(
        4L * (10_000 * 16 + 80_000 * 2 + 80_000 + 10_000 * 2 + 2 + 10_000 * 16), many.bytes());
  }

  private static List<Shape> samplingInputs(Shape value, int queries) {
    return List.of(
        value,
        Shape.of(1, queries, 2 * 4 * 2),
        Shape.of(1, queries, 2 * 4),
        Shape.of(1, queries, 2),
        Shape.of(1, 1, 2));
  }

  @Test
  void everyOutputIsWritten() {
    Shape x = Shape.of(1, 5, 4);
    OperationCost norm = OperationCost.of(new LayerNorm(4, 1e-5f, true, true), List.of(x, x, x));
    assertEquals(20 * 10, norm.flops());
    assertEquals(4 * (3 * 20 + 8 + 2 * 20), norm.bytes());
    assertEquals(200.0 / norm.bytes(), norm.intensity());
    OperationCost topK = OperationCost.of(new TopK(3), List.of(Shape.of(1, 9, 2)));
    assertEquals(new OperationCost(18, 4 * (18 + 3 + 3)), topK);
    assertEquals(new OperationCost(218, norm.bytes() + 96), norm.plus(topK));
  }
}
