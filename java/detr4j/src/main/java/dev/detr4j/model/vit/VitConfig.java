package dev.detr4j.model.vit;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * A vision transformer (Dosovitskiy et al. 2021) whose blocks attend inside of windows, but for
 * some that attend to the whole map. The blocks up to a map that the projector takes are a stage.
 *
 * @param form what kinds of it differ in
 * @param channels of every token; a multiple of the heads
 * @param storedBlocks blocks that the checkpoint has; those behind the last of {@code taken} do not
 *     count
 * @param ffnDim width of the feed-forward networks
 * @param activation of the feed-forward networks
 * @param patch pixels on a side of a cell
 * @param windows on a side of the map
 * @param global indices of the blocks that attend to the whole map
 * @param taken after how many blocks the projector takes the map, ascending
 * @param positions cells on a side of the stored position code
 * @param epsilon of the norms
 */
public record VitConfig(
    Form form,
    int channels,
    int storedBlocks,
    int heads,
    int ffnDim,
    Activation activation,
    int patch,
    int windows,
    Set<Integer> global,
    List<Integer> taken,
    int positions,
    float epsilon)
    implements BackboneConfig {
  /** What kinds of vision transformers differ in. */
  public enum Form {
    /**
     * DINOv2 (Oquab et al. 2024) as RF-DETR has it: each window has a copy of the class token, the
     * position code is resampled with antialiasing, and the maps that are taken are normalised.
     */
    DINO_V2,
    /** LW-DETR's: no class token, keys without a bias, maps as they are. */
    PLAIN
  }

  /** Copies the lists. */
  public VitConfig {
    global = Set.copyOf(global);
    taken = List.copyOf(taken);
  }

  /** Whether windows have a class token. */
  boolean hasClassToken() {
    return form == Form.DINO_V2;
  }

  /** A side of the map, and of the input in pixels, is a multiple of this. */
  public int pixelsPerStep() {
    return patch * windows;
  }

  @Override
  public Backbone network(WeightSource source) {
    return new WindowedVit(this, new Parameters(source, "model.backbone.backbone."));
  }

  /** {@inheritDoc} As in {@code DINOv2-S/14}: kind, size and pixels of a cell. */
  @Override
  public String title() {
    String size =
        switch (channels) {
          case 192 -> "Ti";
          case 384 -> "S";
          case 768 -> "B";
          case 1024 -> "L";
          default -> Integer.toString(channels);
        };
    return (form == Form.DINO_V2 ? "DINOv2" : "ViT") + "-" + size + "/" + patch;
  }

  @Override
  public List<Integer> depths() {
    List<Integer> depths = new ArrayList<>();
    int before = 0;
    for (int blocks : taken) {
      depths.add(blocks - before);
      before = blocks;
    }
    return List.copyOf(depths);
  }

  @Override
  public List<Integer> widths() {
    return Collections.nCopies(taken.size(), channels);
  }

  @Override
  public List<Integer> taps() {
    List<Integer> taps = new ArrayList<>();
    for (int i = 1; i <= taken.size(); i++) {
      taps.add(i);
    }
    return List.copyOf(taps);
  }
}
