package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_resize;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link ResizeNormalize} by {@code detr4j_resize_u8}: the rows of the source, then those of the
 * padded output.
 */
record CResizeNormalize(CpuTier tier) implements HostOp<ResizeNormalize> {
  @Override
  public long workspaceBytes(ResizeNormalize op, BoundNode node, HostContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = parameters(op, node, context, arena);
      return TileKernel.checkCount(node, Detr4jAbi.detr4j_resize_u8_workspace(p));
    }
  }

  @Override
  public List<HostKernel> bind(
      ResizeNormalize op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = parameters(op, node, context, context.arena());
    detr4j_resize.workspace(p, workspace);
    List<HostKernel> phases = new ArrayList<>();
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_resize_u8_horizontal_tiles(p),
            0,
            (parameters, tile, scratch) ->
                Detr4jAbi.detr4j_resize_u8_horizontal(parameters, tile)));
    phases.addAll(
        TileKernel.phase(
            node,
            p,
            Detr4jAbi.detr4j_resize_u8_vertical_tiles(p),
            Detr4jAbi.detr4j_resize_u8_vertical_scratch(p),
            Detr4jAbi::detr4j_resize_u8_vertical));
    return phases;
  }

  private MemorySegment parameters(
      ResizeNormalize op, BoundNode node, HostContext context, Arena arena) {
    TensorView pixels = node.input(0);
    MemorySegment p = detr4j_resize.allocate(arena);
    detr4j_resize.tier(p, tier.id());
    detr4j_resize.source_h(p, op.sourceHeight());
    detr4j_resize.source_w(p, op.sourceWidth());
    detr4j_resize.height(p, op.height());
    detr4j_resize.width(p, op.width());
    detr4j_resize.padded_h(p, op.paddedHeight());
    detr4j_resize.padded_w(p, op.paddedWidth());
    detr4j_resize.rows_per_tile(
        p, TileSizes.rows(context.threads(), 1, op.paddedHeight(), 3L * op.paddedWidth()));
    detr4j_resize.pixels(p, Pointers.toContiguous(node, pixels));
    detr4j_resize.pixels_row_stride(p, 3L * op.sourceWidth());
    detr4j_resize.arithmetic(
        p,
        switch (op.arithmetic()) {
          case ROUND_EACH_PASS -> Detr4jAbi.DETR4J_RESIZE_ROUND_EACH_PASS();
          case OPENCV_LINEAR -> Detr4jAbi.DETR4J_RESIZE_OPENCV_LINEAR();
          case LINEAR_F32 -> Detr4jAbi.DETR4J_RESIZE_LINEAR_F32();
        });
    ResamplingTable horizontal = op.horizontal();
    if (horizontal != null) {
      detr4j_resize.taps_x(p, horizontal.maxCount());
      detr4j_resize.precision_x(p, horizontal.precision());
      detr4j_resize.start_x(p, Pointers.toCopy(arena, horizontal.start()));
      detr4j_resize.count_x(p, Pointers.toCopy(arena, horizontal.count()));
      detr4j_resize.weight_x(p, Pointers.toCopy(arena, horizontal.weights()));
    }
    ResamplingTable vertical = op.vertical();
    if (vertical != null) {
      detr4j_resize.taps_y(p, vertical.maxCount());
      detr4j_resize.precision_y(p, vertical.precision());
      detr4j_resize.start_y(p, Pointers.toCopy(arena, vertical.start()));
      detr4j_resize.count_y(p, Pointers.toCopy(arena, vertical.count()));
      detr4j_resize.weight_y(p, Pointers.toCopy(arena, vertical.weights()));
    }
    detr4j_resize.lookup(p, Pointers.toCopy(arena, lookup(op)));
    detr4j_resize.out(p, Pointers.toContiguous(node, node.output(0)));
    return p;
  }

  private static float[] lookup(ResizeNormalize op) {
    float[] lookup = new float[op.lookup().size()];
    for (int i = 0; i < lookup.length; i++) {
      lookup[i] = op.lookup().get(i);
    }
    return lookup;
  }
}
