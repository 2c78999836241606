package dev.detr4j.backend.c;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TileSizesTest {
  @Test
  void oneThreadTakesAnItemWhole() {
    assertEquals(17_821, TileSizes.rows(1, 1, 17_821, 256));
  }

  @Test
  void everyThreadGetsSeveralTilesOfALargeMap() {
    int rows = TileSizes.rows(8, 1, 17_821, 256);
    assertEquals(32, (17_821 + rows - 1) / rows);
  }

  @Test
  void statisticsOfALargeMapHaveAFixedNumberOfTiles() {
    int rows = TileSizes.statisticsRows(1, 17_821, 256);
    assertEquals(32, (17_821 + rows - 1) / rows);
    assertEquals(30, TileSizes.statisticsRows(1, 30, 256));
  }

  @Test
  void littleWorkIsNotCut() {
    assertEquals(30, TileSizes.rows(8, 1, 30, 256));
    assertEquals(
        new TileSizes.Block(204, 1),
        TileSizes.REGISTERS.block(8, 1, 200, 1, 1024, 256 * 4),
        "256 -> 4");
  }

  @Test
  void blocksAreEven() {
    assertEquals(
        new TileSizes.Block(156, 1), TileSizes.REGISTERS.block(1, 1, 300, 1, 1024, 256 * 4));
  }

  @Test
  void emptyMapsStillHaveARow() {
    assertEquals(1, TileSizes.rows(2, 1, 0, 256));
    assertTrue(TileSizes.REGISTERS.block(2, 0, 0, 1, 1024, 1).rows() >= 1);
  }

  @Test
  void inputOfABlockFitsTheCache() {
    // The first 1x1 convolution of a ResNet stage: 64 channels in, 256 out.
    TileSizes.Block block = TileSizes.REGISTERS.block(1, 1, 200 * 267, 8, 64 * 4, 64 * 256);
    assertTrue(block.rows() * 64 * 4 <= (256 << 10) + 12 * 64 * 4, block.toString());
    assertEquals(8, block.panels());
  }

  @Test
  void fewRowsAreCutAlongPanels() {
    // The feed-forward layer of a decoder with 100 queries, 256 -> 2048.
    TileSizes.Block block = TileSizes.REGISTERS.block(4, 1, 100, 64, 256 * 4, 256 * 2048);
    long tiles =
        (long) ((100 + block.rows() - 1) / block.rows())
            * ((64 + block.panels() - 1) / block.panels());
    assertTrue(tiles >= 16, block.toString());
  }
}
