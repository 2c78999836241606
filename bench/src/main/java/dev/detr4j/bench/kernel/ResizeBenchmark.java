package dev.detr4j.bench.kernel;

import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResamplingPlan;
import dev.detr4j.image.TorchvisionResampling;
import dev.detr4j.op.ResizeNormalize;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.openjdk.jmh.annotations.Param;

/**
 * {@link ResizeNormalize} of a photo to 1066x800, bilinear and antialiased as torchvision does it.
 */
public class ResizeBenchmark extends KernelBenchmark {
  /** Width and height of the photo. */
  @Param({"640x480", "4000x3000"})
  public String photo;

  @Override
  KernelCase kernel(CaseSize size) {
    int by = photo.indexOf('x');
    int part = size == CaseSize.REAL ? 1 : 20;
    PixelSize from =
        new PixelSize(
            Integer.parseInt(photo.substring(0, by)) / part,
            Integer.parseInt(photo.substring(by + 1)) / part);
    PixelSize to = new PixelSize(1066 / part, 800 / part);
    ResamplingPlan plan = new TorchvisionResampling(ResamplingFilter.BILINEAR).plan(from, to);
    List<Float> lookup = new ArrayList<>();
    for (int i = 0; i < 768; i++) {
      lookup.add((i % 256 / 255f - 0.45f) / 0.225f);
    }
    byte[] pixels = new byte[Math.toIntExact(3 * from.pixels())];
    new Random(KernelInput.SEED).nextBytes(pixels);
    return new KernelCase(
        "resize " + photo,
        new ResizeNormalize(
            from.height(),
            from.width(),
            to.height(),
            to.width(),
            to.height(),
            to.width(),
            plan.horizontal(),
            plan.vertical(),
            plan.arithmetic(),
            lookup),
        List.of(KernelInput.bytes(pixels, 1, from.height(), from.width(), 3)),
        KernelCase.EXACT);
  }
}
