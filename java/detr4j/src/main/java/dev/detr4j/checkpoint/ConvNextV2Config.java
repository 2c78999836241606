package dev.detr4j.checkpoint;

import java.util.List;

/**
 * A ConvNeXt V2 (Woo et al. 2023) as birder has it: a 4x4 stem of stride 4 with layer norm of eps
 * 1e-5, and layer norms of eps 1e-6 elsewhere. The taps are the raw outputs of the stages.
 */
public record ConvNextV2Config(List<Integer> depths, List<Integer> widths, List<Integer> taps)
    implements BackboneConfig {
  public ConvNextV2Config {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    taps = List.copyOf(taps);
  }

  @Override
  public String title() {
    boolean tiny = depths.equals(List.of(3, 3, 9, 3)) && widths.equals(List.of(96, 192, 384, 768));
    return tiny ? "ConvNeXt V2 tiny" : "ConvNeXt V2 " + depths + " x " + widths;
  }
}
