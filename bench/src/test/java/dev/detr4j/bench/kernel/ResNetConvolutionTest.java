package dev.detr4j.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.resnet.ResNetBackbone;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.op.Convolution;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ResNetConvolutionTest {
  /** Of the operation and its input; weights are left out. */
  private static String signature(Convolution op, Shape input) {
    return "%s %dx%d/%d+%d %d -> %d %s%s"
        .formatted(
            input,
            op.window().height(),
            op.window().width(),
            op.window().stride(),
            op.window().padding(),
            op.inChannels(),
            op.outChannels(),
            op.activation(),
            op.hasResidual() ? " residual" : "");
  }

  @Test
  void theTableHasTheConvolutionsOfTheNetwork() {
    ResNetConfig resNet50 =
        new ResNetConfig(
            ResNetConfig.Block.BOTTLENECK,
            64,
            List.of(3, 4, 6, 3),
            List.of(256, 512, 1024, 2048),
            false,
            false,
            32,
            List.of(4),
            ResNetConfig.Origin.TIMM);
    Graph.Builder graph = new Graph.Builder();
    new ResNetBackbone(resNet50, new FormulaSource())
        .add(graph, graph.input("pixels", ElementType.F32, Shape.of(1, 800, 1066, 3)));
    Map<String, Integer> expected = new TreeMap<>();
    for (Node node : graph.build().nodes()) {
      if (node.op() instanceof Convolution op) {
        expected.merge(signature(op, node.inputs().getFirst().shape()), 1, Integer::sum);
      }
    }
    Map<String, Integer> actual = new TreeMap<>();
    for (ResNetConvolution convolution : ResNetConvolution.values()) {
      KernelCase kernel = convolution.fused(CaseSize.REAL);
      actual.merge(
          signature((Convolution) kernel.op(), kernel.inputs().getFirst().shape()),
          convolution.times(),
          Integer::sum);
    }
    assertEquals(expected, actual);
  }

  private static final class FormulaSource implements WeightSource {
    @Override
    public Weight get(String canonicalName, Shape expected, String reason) {
      return new FormulaWeight(canonicalName, expected, 0, 1);
    }

    @Override
    public void finish() {}
  }
}
