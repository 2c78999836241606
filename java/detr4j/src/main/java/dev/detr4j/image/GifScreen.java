package dev.detr4j.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;

/**
 * The logical screen of a GIF and where its first frame lies on it. As Pillow does, the screen
 * grows to hold the frame and shows the transparent colour, or else colour 0, around it.
 */
record GifScreen(PixelSize size, int left, int top) {

  static GifScreen read(ImageReader reader, PixelSize frame) throws IOException {
    IIOMetadataNode screen =
        child(
            reader.getStreamMetadata(), "javax_imageio_gif_stream_1.0", "LogicalScreenDescriptor");
    IIOMetadataNode descriptor =
        child(reader.getImageMetadata(0), "javax_imageio_gif_image_1.0", "ImageDescriptor");
    int left = number(descriptor, "imageLeftPosition");
    int top = number(descriptor, "imageTopPosition");
    return new GifScreen(
        new PixelSize(
            Math.max(number(screen, "logicalScreenWidth"), left + frame.width()),
            Math.max(number(screen, "logicalScreenHeight"), top + frame.height())),
        left,
        top);
  }

  /** Writes the frame into packed RGB of the whole screen. */
  void place(BufferedImage frame, MemorySegment rgb, String name) {
    if (frame.getWidth() == size.width() && frame.getHeight() == size.height()) {
      DecodedPixels.toRgb(frame, rgb, name);
      return;
    }
    if (frame.getColorModel() instanceof IndexColorModel palette) {
      DecodedPixels.fill(rgb, palette.getRGB(Math.max(palette.getTransparentPixel(), 0)));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment packed = arena.allocate(3L * frame.getWidth() * frame.getHeight());
      DecodedPixels.toRgb(frame, packed, name);
      long rowBytes = 3L * frame.getWidth();
      for (int y = 0; y < frame.getHeight(); y++) {
        long to = 3L * ((long) (top + y) * size.width() + left);
        MemorySegment.copy(packed, y * rowBytes, rgb, to, rowBytes);
      }
    }
  }

  private static IIOMetadataNode child(IIOMetadata metadata, String format, String name)
      throws IOException {
    if (metadata != null && metadata.getAsTree(format) instanceof IIOMetadataNode root) {
      for (org.w3c.dom.Node node = root.getFirstChild();
          node != null;
          node = node.getNextSibling()) {
        if (node instanceof IIOMetadataNode found && found.getNodeName().equals(name)) {
          return found;
        }
      }
    }
    throw new IOException("no " + name);
  }

  private static int number(IIOMetadataNode node, String attribute) throws IOException {
    try {
      return Integer.parseInt(node.getAttribute(attribute));
    } catch (NumberFormatException e) {
      throw new IOException(attribute + " is missing", e);
    }
  }
}
