package dev.detr4j.backend.vector;

import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The bias that an epilogue adds: padded like the panels, zeros when there is none. */
final class PanelBias {
  private PanelBias() {}

  static long address(HostContext context, @Nullable Weight bias, int outChannels, int groups) {
    MemorySegment packed =
        PanelPacking.bias(context.weights(), bias, outChannels, groups, RegisterTile.TILE_COLUMNS);
    if (packed != null) {
      return packed.address();
    }
    int panels = groups * PanelPacking.panels(outChannels, groups, RegisterTile.TILE_COLUMNS);
    return context.arena().allocate((long) panels * RegisterTile.PANEL_BYTES, 64).address();
  }
}
